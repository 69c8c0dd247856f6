// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.CpuLayout.RAX;
import static org.javisor.cpu.CpuLayout.RBX;
import static org.javisor.cpu.CpuLayout.RCX;
import static org.javisor.cpu.CpuLayout.RDI;
import static org.javisor.cpu.CpuLayout.RSI;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.javisor.host.HostMemory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Pages that are forgotten in each round of a loop, so that each access walks the page tables, in each engine.
@Timeout(120)
class HostWalksTest {
    private static final int ROUNDS = 3_000;
    /// A page that nothing else is near, what it is mapped by, and the two that it is mapped to.
    private static final int PAGE = 0x80_5000, PAGE_TABLE = 0x3_8000, ENTRY = PAGE_TABLE + 8 * 5,
            DIRECTORY_ENTRY = SystemGuest.TABLES + 0x2020, ONE = 0x20_1000, OTHER = 0x20_2000;
    private static final int PRESENT = 1, WRITABLE = 2, ACCESSED = 0x20, DIRTY = 0x40, ALL = 0x63;
    /// xor qword [rsi], ONE ^ OTHER
    private static final String ELSEWHERE = "48813600300000";
    /// invlpg [PAGE]; add qword [PAGE], 1
    private static final String FORGET = "0f013c2500508000", INCREMENT = "488304250050800001";

    private static SystemGuest mapped(Engine.Guest it, int flags) {
        SystemGuest guest = it.system();
        guest.memory.storeLong(ONE, 0);
        guest.memory.storeLong(OTHER, 0);
        guest.memory.storeLong(ENTRY, ONE | flags);
        guest.memory.storeLong(DIRECTORY_ENTRY, PAGE_TABLE | ALL);
        guest.cpu.reg64(RSI, ENTRY);
        guest.cpu.reg64(RCX, ROUNDS);
        guest.cpu.reg64(RBX, 0);
        guest.cpu.mmu.flush();
        return guest;
    }

    private static long walks(SystemGuest guest) {
        return HostMemory.loadLong(guest.cpu.state + CpuLayout.WALKS);
    }

    private static void assertWalked(Engine engine, SystemGuest guest) {
        assertEquals(engine != Engine.INTERPRETER, walks(guest) > ROUNDS / 2, () -> walks(guest) + " walks");
    }

    @ParameterizedTest
    @EnumSource
    void readsAndWritesFindWhereAPageIsNow(Engine engine) {
        try (Engine.Guest it = engine.guest()) {
            SystemGuest guest = mapped(it, ALL);
            // 1: (elsewhere, forget, increment); add rbx, [PAGE]; dec rcx; jnz 1b; hlt
            guest.code(ELSEWHERE + FORGET + INCREMENT + "48031c2500508000 48ffc9 75db f4");
            assertEquals(-1, guest.runToVector());

            assertEquals(ROUNDS / 2, guest.memory.loadLong(ONE));
            assertEquals(ROUNDS / 2, guest.memory.loadLong(OTHER));
            assertEquals(ROUNDS / 2 * (ROUNDS / 2 + 1L), guest.cpu.reg64(RBX));
            assertWalked(engine, guest);
        }
    }

    @ParameterizedTest
    @EnumSource
    void flagsThatAreClearAreSet(Engine engine) {
        try (Engine.Guest it = engine.guest()) {
            SystemGuest guest = mapped(it, ALL);
            // 1: and qword [rsi], ~0x60; (forget); mov [PAGE], rax; mov rdx, [rsi]; and edx, 0x60; add rbx, rdx;
            // dec rcx; jnz 1b; hlt
            guest.code("4883269f" + FORGET + "4889042500508000 488b16 83e260 4801d3 48ffc9 75de f4");
            assertEquals(-1, guest.runToVector());

            assertEquals((ACCESSED | DIRTY) * (long) ROUNDS, guest.cpu.reg64(RBX));
            assertEquals(engine == Engine.TRANSLATOR, walks(guest) > ROUNDS / 2, () -> walks(guest) + " walks");
        }
    }

    @ParameterizedTest
    @EnumSource
    void aReadSetsNoDirtyFlagAndPermitsNoWrite(Engine engine) {
        try (Engine.Guest it = engine.guest()) {
            SystemGuest guest = mapped(it, ALL);
            // 1: and qword [rsi], ~0x40; (forget); mov rax, [PAGE]; mov rdx, [rsi]; and edx, 0x40; add rbx, rdx;
            // dec rcx; jnz 1b; mov [PAGE], rcx; mov rdi, [rsi]; hlt
            guest.code("488326bf" + FORGET + "488b042500508000 488b16 83e240 4801d3 48ffc9 75de"
                    + "48890c2500508000 488b3e f4");
            assertEquals(-1, guest.runToVector());

            assertEquals(0, guest.cpu.reg64(RBX));
            assertEquals(DIRTY, guest.cpu.reg64(RDI) & DIRTY);
            assertWalked(engine, guest);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aPageThatLosesARightFaults(Engine engine) {
        for (int lost : new int[] {WRITABLE, PRESENT}) {
            try (Engine.Guest it = engine.guest()) {
                SystemGuest guest = mapped(it, ALL);
                // 1: (elsewhere, forget, increment); dec rcx; jnz 1b; and qword [rsi], ~lost; jmp 1b
                guest.code(ELSEWHERE + FORGET + INCREMENT + "48ffc9 75e3 488326" + String.format("%02x", ~lost & 0xff)
                        + "ebdd");
                assertEquals(GuestFault.PF, guest.runToVector());

                assertEquals(PAGE, guest.cpu.cr2());
                assertEquals(lost == WRITABLE ? 3 : 2, guest.stackItem(0, 8), "error code");
                assertEquals(ROUNDS, guest.memory.loadLong(ONE) + guest.memory.loadLong(OTHER));
                assertWalked(engine, guest);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void codeThatIsWrittenThroughAnotherMappingIsExecutedAnew(Engine engine) {
        try (Engine.Guest it = engine.guest()) {
            SystemGuest guest = mapped(it, ALL);
            // ONE: mov eax, imm32; ret
            guest.code(ONE, "b800000000 c3");
            guest.cpu.reg64(RDI, ONE);
            // 1: (forget); mov [PAGE + 1], ecx; call rdi; add rbx, rax; dec rcx; jnz 1b; hlt
            guest.code(FORGET + "890c2501508000 ffd7 4801c3 48ffc9 75e7 f4");
            assertEquals(-1, guest.runToVector());

            assertEquals(ROUNDS * (ROUNDS + 1L) / 2, guest.cpu.reg64(RBX));
            assertEquals(1, guest.cpu.reg64(RAX));
        }
    }

    /// Pages come into the TLB by host code while the log is taken: none is written that the log does not name.
    @ParameterizedTest
    @EnumSource
    void noWriteEscapesTheDirtyLog(Engine engine) throws InterruptedException {
        try (Engine.Guest it = engine.guest()) {
            SystemGuest guest = mapped(it, ALL);
            // 1: (elsewhere, forget, increment); jmp 1b
            guest.code(ELSEWHERE + FORGET + INCREMENT + "ebe6");
            Thread running = new Thread(guest.cpu::run);
            running.start();
            for (int round = 0; round < 40; round++) {
                guest.memory.startDirtyLog(0);
                guest.memory.takeDirtyLog(0);
                long one = guest.memory.loadLong(ONE), other = guest.memory.loadLong(OTHER);
                while (guest.memory.loadLong(ONE) < one + 20 || guest.memory.loadLong(OTHER) < other + 20) {
                    Thread.onSpinWait();
                }
                long[] log = guest.memory.takeDirtyLog(0);
                assertTrue(isDirty(log, ONE) && isDirty(log, OTHER), "round " + round);
                guest.memory.stopDirtyLog(0);
                long before = guest.memory.loadLong(ONE);
                while (guest.memory.loadLong(ONE) < before + 20) {
                    Thread.onSpinWait();
                }
            }
            guest.cpu.request(Requests.KICK);
            running.join();
            assertTrue(engine == Engine.INTERPRETER || walks(guest) > 0);
        }
    }

    private static boolean isDirty(long[] log, long gpa) {
        return (log[(int) (gpa >>> 18)] >>> (gpa >>> 12 & 63) & 1) != 0;
    }
}
