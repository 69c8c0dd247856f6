// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.PageTables.D;
import static org.javisor.cpu.PageTables.P;
import static org.javisor.cpu.PageTables.RW;
import static org.javisor.isa.Instruction.DS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/// Shadow stacks and indirect branch tracking of code at CPL 0, at [SystemGuest#CODE].
class ShadowStackTest {
    private static final long CODE = TestBoard.CODE, STACK = 0x4000_0000L, PAGE = 0x50_0000, TOP = STACK + 0x1000;
    private static final int RAX = CpuLayout.RAX, RBX = CpuLayout.RBX, RCX = CpuLayout.RCX;
    private static final int PROTECTION = 1, WRITE = 2, SHADOW = 64;

    private final TestBoard board = new TestBoard();
    private final Cpu cpu = board.cpu;
    private final Mmu mmu = cpu.mmu;
    private PageTables tables;

    @BeforeEach
    void enable() {
        TestBoard.protectedMode(cpu, 0, 32);
        tables = new PageTables(cpu, PageTables.Mode.FOUR_LEVEL, 0x20_0000);
        for (int page = 0; page < 16; page++) {
            long offset = page * 0x1000L - 0x8000;
            tables.map(CODE + offset, 1, CODE + offset | P | RW);
            tables.map(TestBoard.STACK + offset, 1, TestBoard.STACK + offset | P | RW);
        }
        tables.map(STACK, 1, PAGE | P | D);
        cpu.control.writeCr4(cpu.cr4 | ControlBits.CR4_CET);
        cpu.reg64(CpuLayout.RSP, TestBoard.STACK);
    }

    @AfterEach
    void close() {
        board.close();
    }

    private void shadowed() {
        assertTrue(cpu.enforcement.supervisor(ControlFlowEnforcement.SHADOW_STACK
                | ControlFlowEnforcement.WRITE_SHADOW_STACK));
        cpu.shadowStack.pointer(TOP);
    }

    private int run(String hex) {
        board.code(CODE, hex);
        cpu.rip(CODE);
        cpu.modeChanged();
        return cpu.run();
    }

    private void assertPageFault(int code, Executable access) {
        GuestFault fault = assertThrows(GuestFault.class, access);
        assertEquals(GuestFault.PF, fault.vector);
        assertEquals(code, fault.errorCode, "error code");
    }

    @Test
    void aShadowStackIsOnADirtyReadOnlyPageOfItsOwnLevel() {
        mmu.shadowStacks.store(STACK, 8, 42, false);
        assertEquals(42, mmu.shadowStacks.load(STACK, 8, false));
        assertEquals(42, mmu.load(DS, STACK, 8));
        assertPageFault(PROTECTION | WRITE, () -> mmu.store(DS, STACK, 8, 1));
        assertPageFault(PROTECTION | SHADOW | 4, () -> mmu.shadowStacks.load(STACK, 8, true));
        assertPageFault(PROTECTION | SHADOW, () -> mmu.shadowStacks.load(CODE, 8, false));
        tables.map(STACK, 1, PAGE | P);
        assertPageFault(PROTECTION | SHADOW | WRITE, () -> mmu.shadowStacks.store(STACK, 8, 1, false));
        tables.map(STACK, 1, 0);
        assertPageFault(SHADOW, () -> mmu.shadowStacks.load(STACK, 8, false));
    }

    @Test
    void callsAndReturnsAgree() {
        shadowed();
        // call 1f; hlt; 1: call 2f (+0); 2: add rsp, 8; rdsspq rax; call 3f; ret; 3: ret
        assertEquals(CpuExit.HALT, run("e801000000 f4 e800000000 4883c408 f3480f1ec8 e801000000 c3 c3"));

        assertEquals(TOP - 8, cpu.reg64(RAX));
        assertEquals(TOP, cpu.shadowStack.pointer());
        assertEquals(CODE + 5, mmu.shadowStacks.load(TOP - 8, 8, false));
    }

    @Test
    void aReturnElsewhereIsAFault() {
        shadowed();
        // call 1f; hlt; 1: inc qword [rsp]; ret
        board.code(CODE, "e801000000 f4 48ff0424 c3");
        cpu.rip(CODE);
        cpu.modeChanged();
        // There is no IDT: the fault ends in shutdown with RIP at the return.
        assertEquals(CpuExit.SHUTDOWN, cpu.run());
        assertEquals(CODE + 10, cpu.rip());
        assertEquals(TOP - 8, cpu.shadowStack.pointer());
    }

    @Test
    void programsMoveBetweenStacksByTokens() {
        shadowed();
        // A restore token for another stack within the page.
        long other = STACK + 0x800;
        mmu.shadowStacks.store(other - 8, 8, other | 1, false);
        cpu.reg64(RBX, other - 8);
        // rstorssp [rbx]; saveprevssp; rdsspq rax
        assertEquals(CpuExit.HALT, run("f30f012b f30f01ea f3480f1ec8 f4"));

        assertEquals(other, cpu.reg64(RAX));
        assertEquals(TOP | 1, mmu.shadowStacks.load(TOP - 8, 8, false), "where to come back to");
        cpu.reg64(RBX, TOP - 8);
        assertEquals(CpuExit.HALT, run("f30f012b f30f01ea f3480f1ec8 f4"));
        assertEquals(TOP, cpu.reg64(RAX));
    }

    @Test
    void itemsAreWrittenAndDropped() {
        shadowed();
        cpu.shadowStack.pointer(TOP - 32);
        cpu.reg64(RBX, TOP - 16);
        cpu.reg64(RAX, 0x1234_5678_9abcL);
        cpu.reg64(RCX, 2);
        // wrssq [rbx], rax; incsspq rcx; mov rcx, 0; rdsspq rcx
        assertEquals(CpuExit.HALT, run("480f38f603 f3480faee9 31c9 f3480f1ec9 f4"));

        assertEquals(TOP - 16, cpu.reg64(RCX));
        assertEquals(0x1234_5678_9abcL, mmu.shadowStacks.load(TOP - 16, 8, false));
    }

    @Test
    void withoutAShadowStackReadingItsPointerDoesNothing() {
        cpu.reg64(RAX, 77);

        assertEquals(CpuExit.HALT, run("f3480f1ec8 e801000000 f4 c3"));

        assertEquals(77, cpu.reg64(RAX));
    }

    @Test
    void indirectBranchesLeadToEndBranches() {
        assertTrue(cpu.enforcement.supervisor(ControlFlowEnforcement.END_BRANCH));
        cpu.reg64(RAX, CODE + 3);
        // jmp rax; hlt; (1:) endbr64; mov ebx, 7; hlt
        assertEquals(CpuExit.HALT, run("ffe0 f4 f30f1efa bb07000000 f4"));
        assertEquals(7, cpu.reg64(RBX));
        assertFalse(cpu.enforcement.waits());

        // The same without ENDBR, which is another NOP instead.
        assertEquals(CpuExit.SHUTDOWN, run("ffe0 f4 0f1f4000 bb07000000 f4"));
        assertEquals(CODE + 3, cpu.rip());
    }

    @Test
    void directBranchesAndReturnsNeedNoEndBranch() {
        assertTrue(cpu.enforcement.supervisor(ControlFlowEnforcement.END_BRANCH));

        // call 1f; jmp 2f; 1: ret; 2: hlt
        assertEquals(CpuExit.HALT, run("e802000000 eb01 c3 f4"));
    }

    @Test
    void controlRegistersTakeWhatTheyHave() {
        assertFalse(cpu.enforcement.user(1 << 6));
        assertFalse(cpu.enforcement.user(ControlFlowEnforcement.SUPPRESS | ControlFlowEnforcement.TRACKER));
        assertFalse(cpu.shadowStack.pointer(3, 2));
        assertFalse(cpu.shadowStack.pointer(3, 1L << 60));
        assertThrows(GuestFault.class, () -> cpu.control.writeCr0(cpu.cr0 & ~ControlBits.CR0_WP));
    }
}
