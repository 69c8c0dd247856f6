// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.TestBoard.CODE;
import static org.javisor.cpu.TestBoard.RAX;
import static org.javisor.cpu.TestBoard.RBX;
import static org.javisor.cpu.TestBoard.RDI;
import static org.javisor.cpu.TestBoard.TABLES;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.javisor.memory.GuestMemory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Pages that hold code and are written, and accesses that lie across two pages.
@Timeout(60)
class WrittenPagesTest {
    private static final long LEAF = 0x18_0000, PAIR = 0x40_1000, FIRST = 0x50_0000, SECOND = 0x63_0000;

    private final TestBoard board = new TestBoard();
    private final Cpu cpu = board.cpu;
    private final GuestMemory memory = board.memory();

    @AfterEach
    void close() {
        board.close();
    }

    private void run(String hex) {
        board.code(CODE, hex);
        cpu.rip(CODE);
        runToHalt();
    }

    private void runToHalt() {
        assertEquals("HALT", CpuExit.name(cpu.run()), () -> "at " + Long.toHexString(cpu.rip()));
    }

    /// Writes 8 bytes so many times, far from code that is in the same page.
    private void writeBesideCode(int times) {
        cpu.reg64(CpuLayout.RCX, times);
        cpu.reg64(RDI, LEAF + 0x800);
        // again: mov [rdi], rcx; dec ecx; jnz again; hlt
        run("48890f ffc9 75f9 f4");
        assertEquals(1, memory.loadLong(LEAF + 0x800));
    }

    private void callLeaf(int expected) {
        // mov esp, 90000; mov eax, LEAF; call rax; hlt
        run("bc00000900 b800001800 ffd0 f4");
        assertEquals(expected, board.reg(RBX));
    }

    @Test
    void aPageThatIsWrittenAllTheTimeBecomesDataAndCodeAgain() {
        board.longMode(cpu, CODE);
        // mov ebx, 5; ret
        board.code(LEAF, "bb05000000 c3");
        callLeaf(5);
        CodePage page = cpu.group.codePage(LEAF);
        Block block = page.find(0, cpu.decodeMode);
        writeBesideCode(10);
        assertTrue(block.valid && page.sealed());

        writeBesideCode(1000);
        assertFalse(block.valid || page.sealed());

        callLeaf(5);
        assertTrue(page.sealed());
        memory.storeByte(LEAF + 1, (byte) 6);
        callLeaf(6);
    }

    @Test
    void codeInAPageThatIsWrittenAllTheTimeIsDroppedEachTimeLater() {
        board.longMode(cpu, CODE);
        board.code(LEAF, "bb05000000 c3");
        int dropped = 0;
        for (int round = 0; round < 64; round++) {
            callLeaf(5);
            Block block = cpu.group.codePage(LEAF).find(0, cpu.decodeMode);
            writeBesideCode(1000);
            dropped += block.valid ? 0 : 1;
        }
        assertTrue(dropped > 0 && dropped < 8, dropped + " times");
    }

    @Test
    void aStoreBehindADroppedPageDoesNotMissCodeThatIsFoundThereAgain() {
        board.longMode(cpu, CODE);
        board.code(LEAF, "bb05000000 c3");
        for (int round = 0; round < 20; round++) {
            callLeaf(round == 0 ? 5 : round);
            writeBesideCode(200 * round + 1);
            cpu.reg64(RDI, LEAF);
            cpu.reg64(RAX, round + 1);
            // mov [rdi + 1], al; hlt
            run("884701 f4");
        }
    }

    @Test
    void accessesAcrossPagesReachBothWhereverTheyAre() {
        board.longMode(cpu, CODE);
        memory.storeLong(TABLES + 0x2000 + 8 * 2, TABLES + 0x3000 | 7);
        memory.storeLong(TABLES + 0x3000, FIRST | 7);
        memory.storeLong(TABLES + 0x3008, SECOND | 7);
        long seed = Long.getLong("javisor.seed", System.nanoTime());
        SplittableRandom random = new SplittableRandom(seed);
        for (int bytes = 2; bytes <= 8; bytes *= 2) {
            for (int inFirst = 1; inFirst < bytes; inFirst++) {
                String what = bytes + " bytes, " + inFirst + " in the first page, seed " + seed;
                long gva = PAIR - inFirst;
                long first = FIRST + 0x1000 - 8;
                memory.storeLong(first, random.nextLong());
                memory.storeLong(SECOND, random.nextLong());
                byte[] around = new byte[16];
                memory.load(first, around, 0, 8);
                memory.load(SECOND, around, 8, 8);
                long expected = 0;
                for (int i = bytes; i-- > 0;) {
                    expected = expected << 8 | around[8 - inFirst + i] & 0xff;
                }
                assertEquals(expected, cpu.mmu.load(0, gva, bytes), what);

                long value = random.nextLong();
                cpu.mmu.store(0, gva, bytes, value);
                for (int i = 0; i < bytes; i++) {
                    around[8 - inFirst + i] = (byte) (value >>> 8 * i);
                }
                for (int i = 0; i < 8; i++) {
                    assertEquals(around[i], memory.loadByte(first + i), what);
                    assertEquals(around[8 + i], memory.loadByte(SECOND + i), what);
                }
            }
        }
    }
}
