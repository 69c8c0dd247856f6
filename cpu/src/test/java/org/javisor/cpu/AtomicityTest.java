// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.TestBoard.CODE;
import static org.javisor.cpu.TestBoard.RDI;
import static org.javisor.cpu.TestBoard.TABLES;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.javisor.memory.GuestMemory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// LOCKed instructions of two processors at once lose no update, wherever the operand is.
@Timeout(60)
class AtomicityTest {
    private static final long DATA = 0x50_0000;

    private final TestBoard board = new TestBoard();
    private final GuestMemory memory = board.memory();

    @AfterEach
    void close() {
        board.close();
    }

    private void runOnTwo(String hex, long gva) throws InterruptedException {
        board.code(CODE, hex);
        Cpu[] cpus = {board.cpu, board.addCpu()};
        Thread[] threads = new Thread[cpus.length];
        for (int i = 0; i < cpus.length; i++) {
            Cpu cpu = cpus[i];
            board.longMode(cpu, CODE);
            cpu.reg64(CpuLayout.RSP, TestBoard.STACK - 0x1000 * i);
            cpu.reg64(RDI, gva);
            threads[i] = new Thread(() -> assertEquals(CpuExit.HALT, cpu.run()));
        }
        for (Thread thread : threads) {
            thread.start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 62})
    void doublewordsInAndAcrossCacheLines(int offset) throws InterruptedException {
        // mov ecx, 50000; again: lock inc dword [rdi]; lock add dword [rdi], 2; dec ecx; jnz again; hlt
        runOnTwo("b950c30000 f0ff07 f0830702 ffc9 75f5 f4", DATA + offset);
        assertEquals(2 * 3 * 50_000, memory.loadInt(DATA + offset));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3, 63})
    void words(int offset) throws InterruptedException {
        // mov ecx, 20000; again: lock inc word [rdi]; dec ecx; jnz again; hlt
        memory.storeInt(DATA + offset + 2, 0x5555_5555);
        runOnTwo("b9204e0000 f066ff07 ffc9 75f8 f4", DATA + offset);
        assertEquals(40_000, memory.loadShort(DATA + offset) & 0xffff);
        assertEquals(0x5555_5555, memory.loadInt(DATA + offset + 2));
    }

    @Test
    void exchangeAndAdd() throws InterruptedException {
        // mov ecx, 50000; again: mov eax, 1; lock xadd [rdi], rax; dec ecx; jnz again; hlt
        runOnTwo("b950c30000 b801000000 f0480fc107 ffc9 75f2 f4", DATA + 4);
        assertEquals(100_000, memory.loadLong(DATA + 4));
    }

    @Test
    void acrossPagesThatDoNotAdjoin() throws InterruptedException {
        memory.storeLong(TABLES + 0x3000, DATA | 7);
        memory.storeLong(TABLES + 0x3008, DATA + 0x8000 | 7);
        board.longMode(board.cpu, CODE);
        memory.storeLong(TABLES + 0x2000 + 8 * 3, TABLES + 0x3000 | 7);
        Cpu second = board.addCpu();
        board.code(CODE, "b9204e0000 f0ff07 ffc9 75f9 f4");
        Thread[] threads = {prepared(board.cpu), prepared(second)};
        for (Thread thread : threads) {
            thread.start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(40_000, memory.loadShort(DATA + 0xffe) & 0xffff | memory.loadShort(DATA + 0x8000) << 16);
    }

    /// Neither runs before both are in the tables, which the board writes anew for each.
    private Thread prepared(Cpu cpu) {
        if (cpu != board.cpu) {
            long entry = memory.loadLong(TABLES + 0x2000 + 8 * 3);
            board.longMode(cpu, CODE);
            memory.storeLong(TABLES + 0x2000 + 8 * 3, entry);
        }
        cpu.rip(CODE);
        cpu.reg64(RDI, 0x60_0ffe);
        return new Thread(() -> assertEquals(CpuExit.HALT, cpu.run()));
    }

    @Test
    void sixteenBytes() throws InterruptedException {
        // mov esi, 20000; again: mov rax, [rdi]; mov rdx, [rdi + 8]; retry: lea rbx, [rax + 1]; lea rcx, [rdx + 1];
        // lock cmpxchg16b [rdi]; jnz retry; dec esi; jnz again; hlt
        runOnTwo("be204e0000 488b07 488b5708 488d5801 488d4a01 f0480fc70f 75f1 ffce 75e6 f4", DATA + 16);
        assertEquals(40_000, memory.loadLong(DATA + 16));
        assertEquals(40_000, memory.loadLong(DATA + 24));
    }
}
