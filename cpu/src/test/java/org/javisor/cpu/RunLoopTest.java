// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.TestBoard.CODE;
import static org.javisor.cpu.TestBoard.RAX;
import static org.javisor.cpu.TestBoard.RBX;
import static org.javisor.cpu.TestBoard.RCX;
import static org.javisor.cpu.TestBoard.RDI;
import static org.javisor.cpu.TestBoard.RSI;
import static org.javisor.cpu.TestBoard.TABLES;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.javisor.memory.GuestMemory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Executing, and noticing everything that changes what is to be executed.
@Timeout(60)
class RunLoopTest {
    private TestBoard board = new TestBoard();
    private Cpu cpu = board.cpu;
    private GuestMemory memory = board.memory();

    @AfterEach
    void close() {
        board.close();
    }

    private void load(String hex) {
        board.longMode(cpu, CODE);
        board.code(CODE, hex);
    }

    private void restart() {
        cpu.rip(CODE);
    }

    private void runToHalt() {
        assertEquals("HALT", CpuExit.name(cpu.run()), () -> "at " + Long.toHexString(cpu.rip()));
    }

    @Test
    void countsInstructions() {
        // mov ecx, 1000; again: inc dword [0x100f00]; dec ecx; jnz again; hlt
        load("b9e8030000 ff0425000f1000 ffc9 75f5 f4");
        runToHalt();
        assertEquals(1 + 3 * 1000 + 1, cpu.instructions());
        assertEquals(1000, memory.loadInt(0x10_0f00));
    }

    @Test
    void writesToACodePageKeepTheBlocksTheyDoNotTouch() {
        load("b932000000 ff0425000f1000 ffc9 75f5 f4");
        runToHalt();
        Block block = cpu.group.codePage(CODE).find(0, cpu.decodeMode);
        restart();
        runToHalt();
        assertTrue(block.valid);
        assertEquals(100, memory.loadInt(0x10_0f00));

        memory.storeInt(CODE + 1, 1);
        assertFalse(block.valid);
        restart();
        runToHalt();
        assertEquals(101, memory.loadInt(0x10_0f00));
    }

    @Test
    void aStoreIntoTheNextInstructionTakesEffectAtOnce() {
        // mov byte [rel patch + 1], 7; patch: mov al, 1; hlt
        load("c6050100000007 b001 f4");
        runToHalt();
        assertEquals(7, board.reg(RAX));
    }

    @Test
    void aStoreThroughAnotherMappingTakesEffect() {
        // mov ecx, 3; again: call f; mov byte [0x400000 + f + 1 - CODE], 9; dec ecx; jnz again; hlt; f: mov al, 1; ret
        load("b903000000 e816000000 c6042521 004000 09 ffc9 75ef f4 909090909090909090 b001 c3");
        memory.storeLong(TABLES + 0x2000 + 8 * 2, TABLES + 0x3000 | 7);
        memory.storeLong(TABLES + 0x3000, CODE | 7);
        runToHalt();
        assertEquals(9, board.reg(RAX));
    }

    @Test
    void aDeviceWritingCodeIsNoticed() throws InterruptedException {
        // again: call f; cmp al, 2; jne again; hlt; f: mov al, 1; ret
        load("e80b000000 3c02 75f7 f4 909090909090 b001 c3");
        Thread device = new Thread(() -> {
            while (cpu.thread == null) {
                Thread.onSpinWait();
            }
            memory.storeByte(CODE + 0x11, (byte) 2);
        });
        device.start();
        runToHalt();
        device.join();
    }

    @Test
    void anotherProcessorWritingCodeIsNoticed() throws InterruptedException {
        load("e80b000000 3c02 75f7 f4 909090909090 b001 c3");
        // Its write-permission is in the other processor's TLB before the page becomes code:
        // mov byte [CODE + 0x11], 2; hlt
        Cpu writer = board.addCpu();
        board.code(CODE + 0x800, "c604251100100002 f4");
        board.code(0x40_0000, "c604251100100001 f4");
        board.longMode(writer, 0x40_0000);
        assertEquals(CpuExit.HALT, writer.run());
        Thread other = new Thread(() -> {
            while (cpu.thread == null) {
                Thread.onSpinWait();
            }
            writer.rip(CODE + 0x800);
            writer.run();
        });
        other.start();
        runToHalt();
        other.join();
    }

    @Test
    void aPageBecomesCodeWhileAnotherProcessorKeepsWritingIt() throws InterruptedException {
        // again: mov byte [CODE + 0x11], 1; mov byte [0x500000], 1; cmp byte [0x500001], 0; je again;
        // mov byte [CODE + 0x11], 2; hlt
        Cpu writer = board.addCpu();
        board.code(0x40_0000, "c604251100100001 c604250000500001 803c250100500000 74e6 c604251100100002 f4");
        board.longMode(writer, 0x40_0000);
        Thread other = new Thread(writer::run);
        other.start();
        while (memory.loadByte(0x50_0000) == 0) {
            Thread.onSpinWait();
        }
        // mov byte [0x500001], 1; then as above
        load("e80b000000 3c02 75f7 f4 909090909090 b001 c3");
        board.code(0x60_0000, "c604250100500001 e9f3ff" + "afff");
        cpu.rip(0x60_0000);
        runToHalt();
        other.join();
        assertEquals(2, board.reg(RAX));
    }

    @Test
    void aKickEndsAnEndlessLoop() throws InterruptedException {
        load("ebfe");
        Thread kicker = new Thread(() -> {
            while (cpu.thread == null) {
                Thread.onSpinWait();
            }
            cpu.request(Requests.KICK);
        });
        kicker.start();
        assertEquals(CpuExit.KICK, cpu.run());
        kicker.join();
        assertEquals(CODE, cpu.rip());
        assertEquals(0, cpu.requests());
    }

    @Test
    void aFullCodeCacheStartsOverAndTheGuestDoesNotNotice() {
        load("b903000000 e816000000 ffc3 ffc9 75f5 f4" + "90".repeat(15) + "b001 c3");
        runToHalt();
        Block first = cpu.group.codePage(CODE).find(0, cpu.decodeMode);
        assertTrue(first.valid);

        cpu.group.code.maxInstructions = 5;
        // A program elsewhere that does not fit: 16 times inc ebx; jmp to the next
        for (int i = 0; i < 16; i++) {
            board.code(0x40_0000 + 4 * i, "ffc3 eb00");
        }
        board.code(0x40_0040, "f4");
        cpu.reg64(RBX, 0);
        cpu.rip(0x40_0000);
        runToHalt();
        assertEquals(16, board.reg(RBX));
        assertFalse(first.valid);

        memory.storeByte(CODE + 0x21, (byte) 9);
        restart();
        runToHalt();
        assertEquals(9, board.reg(RAX));
    }

    // ---- hot blocks, whose instructions are executed in fused sequences ----

    private static final int HOT = 1_100_000;

    @Test
    void aFaultWithinAFusedSequenceLeavesTheInstructionsBehindItUndone() {
        // again: inc eax; mov [rdi], eax; inc ebx; dec ecx; jnz again; hlt
        load("ffc0 8907 ffc3 ffc9 75f6 f4");
        cpu.reg64(RCX, HOT);
        cpu.reg64(RDI, 0x50_0000);
        runToHalt();
        assertEquals(HOT, board.reg(RBX));
        assertEquals(5 * HOT + 1, cpu.instructions());

        restart();
        cpu.reg64(RDI, 0x7000_0000_0000L);
        cpu.run();
        assertEquals(0x7000_0000_0000L, cpu.cr2());
        assertEquals(CODE + 2, cpu.rip());
        assertEquals(HOT + 1, board.reg(RAX));
        assertEquals(HOT, board.reg(RBX));
        assertEquals(5 * HOT + 2, cpu.instructions());
    }

    @Test
    void aStoreIntoAFusedSequenceTakesEffectAtOnce() {
        // again: inc ebx; mov [rdi], cl; mov al, 0x11; dec ecx; jnz again; hlt
        load("ffc3 880f b011 ffc9 75f6 f4");
        cpu.reg64(RCX, HOT);
        cpu.reg64(RDI, 0x50_0000);
        runToHalt();
        assertEquals(0x11, board.reg(RAX));

        restart();
        cpu.reg64(RCX, 0x77);
        cpu.reg64(RDI, CODE + 5);
        memory.storeByte(0x50_0000, (byte) 0);
        long before = cpu.instructions();
        runToHalt();
        assertEquals(1, board.reg(RAX));
        assertEquals(HOT + 0x77, board.reg(RBX));
        assertEquals(5 * 0x77 + 1, cpu.instructions() - before);
    }

    // ---- instructions across pages ----

    /// Maps two pages of code at 0x400000 that need not adjoin in memory.
    private void mapPair(long first, long second) {
        board.longMode(cpu, 0x40_0ffe);
        memory.storeLong(TABLES + 0x2000 + 8 * 2, TABLES + 0x3000 | 7);
        memory.storeLong(TABLES + 0x3000, first);
        memory.storeLong(TABLES + 0x3008, second);
    }

    @Test
    void anInstructionAcrossPagesIsFetchedFromWhereTheyAreMapped() {
        mapPair(0x50_0007, 0x60_0007);
        // mov eax, imm32 with two bytes of it in the second page
        board.code(0x50_0ffe, "b844");
        board.code(0x60_0000, "332211 f4");
        runToHalt();
        assertEquals(0x1122_3344, board.reg(RAX));

        board.code(0x70_0000, "778899 f4");
        memory.storeLong(TABLES + 0x3008, 0x70_0007);
        cpu.mmu.spaces.invalidate(0x40_1000);
        cpu.rip(0x40_0ffe);
        runToHalt();
        assertEquals(0x9988_7744L, board.reg(RAX));

        memory.storeByte(0x70_0001, (byte) 0xaa);
        cpu.rip(0x40_0ffe);
        runToHalt();
        assertEquals(0x99aa_7744L, board.reg(RAX));

        memory.storeByte(0x50_0fff, (byte) 0xbb);
        cpu.rip(0x40_0ffe);
        runToHalt();
        assertEquals(0x99aa_77bbL, board.reg(RAX));
    }

    @Test
    void aFetchFaultsWhenAByteIsNeededAndNotBefore() {
        mapPair(0x50_0007, 0);
        // nop; hlt
        board.code(0x50_0ffe, "90f4");
        runToHalt();

        board.code(0x50_0ffe, "90b8");
        cpu.rip(0x40_0ffe);
        cpu.run();
        assertEquals(0x40_1000, cpu.cr2());
        assertEquals(0x40_0fff, cpu.rip());
    }

    // ---- exits ----

    private void boardWithExits() {
        board.close();
        board = new TestBoard(16 << 20, true);
        cpu = board.cpu;
        memory = board.memory();
    }

    @Test
    void unclaimedAccessesExitInOrderAndTheInstructionGoesOnWithTheAnswers() {
        boardWithExits();
        // mov eax, [rdi]; mov [rdi + 4], ebx; add eax, [rdi]; hlt
        load("8b07 895f04 0307 f4");
        cpu.reg64(RDI, 0x3000_0000);
        cpu.reg64(RBX, 0x77);

        assertExit(CpuExit.MMIO_READ, 0x3000_0000, 4);
        cpu.completeRead(5);
        assertExit(CpuExit.MMIO_WRITE, 0x3000_0004, 4);
        assertEquals(0x77, cpu.exitValue());
        assertExit(CpuExit.MMIO_READ, 0x3000_0000, 4);
        cpu.completeRead(6);
        runToHalt();
        assertEquals(11, board.reg(RAX));
        assertEquals(4, cpu.instructions());
    }

    @Test
    void repeatedMovesFromDeviceToDeviceExitForEachAccess() {
        boardWithExits();
        // mov ecx, 3; rep movsd; hlt
        load("b903000000 f3a5 f4");
        cpu.reg64(RSI, 0x3000_0000);
        cpu.reg64(RDI, 0x3000_1000);
        for (int i = 0; i < 3; i++) {
            assertExit(CpuExit.MMIO_READ, 0x3000_0000 + 4 * i, 4);
            cpu.completeRead(100 + i);
            assertExit(CpuExit.MMIO_WRITE, 0x3000_1000 + 4 * i, 4);
            assertEquals(100 + i, cpu.exitValue());
        }
        runToHalt();
        assertEquals(0, board.reg(RCX));
    }

    private void assertExit(int exit, long address, int bytes) {
        assertEquals(CpuExit.name(exit), CpuExit.name(cpu.run()));
        assertEquals(address, cpu.exitAddress());
        assertEquals(bytes, cpu.exitBytes());
    }
}
