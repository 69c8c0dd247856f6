// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.PageTables.P;
import static org.javisor.cpu.PageTables.RW;
import static org.javisor.cpu.PageTables.US;
import static org.javisor.isa.Instruction.DS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/// What PKRU and IA32_PKRS permit, and when that counts.
class ProtectionKeysTest {
    private static final long USER = 0x1234_5000L, KERNEL = 0x1234_7000L, PLAIN = 0x1234_9000L, DATA = 0x30_0000;
    private static final int KEY = 5, NO_ACCESS = 1 << 2 * KEY, NO_WRITE = 2 << 2 * KEY;
    private static final int PROTECTION = 1, WRITE = 2, BY_USER = 4, BY_KEY = 32;

    private final TestBoard board = new TestBoard();
    private final Cpu cpu = board.cpu;
    private final Mmu mmu = cpu.mmu;

    @BeforeEach
    void mapPages() {
        TestBoard.protectedMode(cpu, 0, 32);
        PageTables tables = new PageTables(cpu, PageTables.Mode.FOUR_LEVEL, 0x20_0000);
        tables.map(USER, 1, DATA | P | RW | US | (long) KEY << 59);
        tables.map(KERNEL, 1, DATA | P | RW | (long) KEY << 59);
        tables.map(PLAIN, 1, DATA | P | RW | US);
        cpu.control.writeCr4(cpu.cr4 | ControlBits.CR4_PKE | ControlBits.CR4_PKS);
        mmu.store(DS, USER, 4, 77);
        mmu.store(DS, KERNEL, 4, 77);
        mmu.store(DS, PLAIN, 4, 77);
    }

    @AfterEach
    void close() {
        board.close();
    }

    private void assertPageFault(int code, Executable access) {
        GuestFault fault = assertThrows(GuestFault.class, access);
        assertEquals(GuestFault.PF, fault.vector);
        assertEquals(code, fault.errorCode, "error code");
    }

    private void atCpl3() {
        cpu.cpl = 3;
        cpu.modeChanged();
    }

    private void write(int pkru) {
        cpu.keys.user(pkru);
    }

    @Test
    void disabledAccessStopsEveryDataAccessAtEveryLevelToPagesOfThatKeyAlone() {
        write(NO_ACCESS);

        assertPageFault(PROTECTION | BY_KEY, () -> mmu.load(DS, USER, 4));
        assertPageFault(PROTECTION | BY_KEY | WRITE, () -> mmu.store(DS, USER, 4, 1));
        assertEquals(77, mmu.load(DS, KERNEL, 4));
        assertEquals(77, mmu.load(DS, PLAIN, 4));
        mmu.code.codePage(USER);
        atCpl3();
        assertPageFault(PROTECTION | BY_USER | BY_KEY, () -> mmu.load(DS, USER, 4));
    }

    @Test
    void disabledWritesStopSupervisorsOnlyWhereReadOnlyPagesDo() {
        write(NO_WRITE);

        assertEquals(77, mmu.load(DS, USER, 4));
        assertPageFault(PROTECTION | BY_KEY | WRITE, () -> mmu.store(DS, USER, 4, 1));
        cpu.control.writeCr0(cpu.cr0 & ~ControlBits.CR0_WP);
        mmu.store(DS, USER, 4, 1);
        atCpl3();
        assertPageFault(PROTECTION | BY_USER | BY_KEY | WRITE, () -> mmu.store(DS, USER, 4, 1));
    }

    @Test
    void rightsGivenBackCountAtOnce() {
        write(NO_ACCESS);
        assertPageFault(PROTECTION | BY_KEY, () -> mmu.load(DS, USER, 4));

        write(NO_WRITE);
        assertEquals(77, mmu.load(DS, USER, 4));
        write(0);
        mmu.store(DS, USER, 4, 78);
        assertEquals(78, mmu.load(DS, USER, 4));
    }

    @Test
    void supervisorPagesFollowAnotherRegister() {
        cpu.keys.supervisor(NO_ACCESS);

        assertPageFault(PROTECTION | BY_KEY, () -> mmu.load(DS, KERNEL, 4));
        assertEquals(77, mmu.load(DS, USER, 4));
        cpu.keys.supervisor(NO_WRITE);
        assertEquals(77, mmu.load(DS, KERNEL, 4));
        assertPageFault(PROTECTION | BY_KEY | WRITE, () -> mmu.store(DS, KERNEL, 4, 1));
        assertPageFault(PROTECTION | BY_KEY | WRITE, () -> mmu.storeSystem(KERNEL, 4, 1));
    }

    @Test
    void withoutTheirControlBitsKeysMeanNothing() {
        write(NO_ACCESS);
        cpu.keys.supervisor(NO_ACCESS);
        cpu.control.writeCr4(cpu.cr4 & ~(ControlBits.CR4_PKE | ControlBits.CR4_PKS));

        mmu.store(DS, USER, 4, 79);
        assertEquals(79, mmu.load(DS, KERNEL, 4));
    }

    @Test
    void aKeyOfAnotherFaultIsToldToo() {
        write(NO_ACCESS);
        cpu.cpl = 3;
        cpu.modeChanged();

        assertPageFault(PROTECTION | BY_USER, () -> mmu.load(DS, KERNEL, 4));
        assertPageFault(PROTECTION | BY_USER | BY_KEY | WRITE, () -> mmu.store(DS, USER, 4, 0));
    }

    @Test
    void theInstructionsNeedTheControlBitAndZeros() {
        board.longMode(cpu, TestBoard.CODE);
        board.code(TestBoard.CODE, "0f 01 ee 0f 01 ef f4");
        cpu.cr4 |= ControlBits.CR4_PKE;
        cpu.modeChanged();
        cpu.keys.user(0x1234);
        cpu.reg64(CpuLayout.RCX, 0);
        cpu.reg64(CpuLayout.RDX, -1);

        assertEquals(CpuExit.HALT, cpu.run());
        assertEquals(0x1234, board.reg(TestBoard.RAX));
        assertEquals(0, board.reg(TestBoard.RDX));
    }
}
