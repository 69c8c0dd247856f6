// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.CpuLayout.RAX;
import static org.javisor.cpu.CpuLayout.RCX;
import static org.javisor.cpu.CpuLayout.RDX;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Performance counters, with each engine.
class PerformanceMonitorTest {
    private static final long CYCLES = 0x3c, INSTRUCTIONS = 0xc0, BRANCHES = 0xc4;
    private static final long USER = 1 << 16, KERNEL = 1 << 17, INTERRUPT = 1 << 20, ENABLE = 1 << 22;
    private static final int ROUNDS = 1000;
    private static final long MODULUS = 1L << 48;
    /// mov ebx, ROUNDS; 1: test bl, 1; jz 2f; inc esi; 2: dec ebx; jnz 1b: 1 + 4.5 instructions a round, 2 branches
    private static final String WORK = "bbe8030000 f6c301 7402 ffc6 ffcb 75f5";
    /// mov ecx, IA32_PERF_GLOBAL_CTRL; mov eax, 3; xor edx, edx; wrmsr
    private static final String ENABLE_TWO = "b98f030000 b803000000 31d2 0f30";
    /// mov ecx, IA32_PERF_GLOBAL_CTRL; xor eax, eax; wrmsr; hlt
    private static final String DISABLE = "b98f030000 31c0 0f30 f4";

    private static void select(Cpu cpu, int counter, long bits) {
        assertTrue(cpu.msrs.write(Msrs.PERFEVTSEL0 + counter, bits | ENABLE));
    }

    private static long count(Cpu cpu, int counter) {
        return cpu.msrs.read(Msrs.PERFCTR0 + counter);
    }

    @ParameterizedTest
    @EnumSource
    void instructionsAndBranchesAreCountedExactly(Engine engine) {
        try (Engine.Guest it = engine.guest()) {
            SystemGuest guest = it.system().code(ENABLE_TWO + WORK + DISABLE);
            select(guest.cpu, 0, INSTRUCTIONS | USER | KERNEL);
            select(guest.cpu, 1, BRANCHES | USER | KERNEL);

            assertEquals(-1, guest.runToVector());

            // With the WRMSR that begins and without the one that ends it.
            assertEquals(1 + 1 + 4 * ROUNDS + ROUNDS / 2 + 2, count(guest.cpu, 0));
            assertEquals(2 * ROUNDS, count(guest.cpu, 1));
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatIsBeforeInTheBlockOfAReadIsCounted(Engine engine) {
        // ...; nop; nop; nop; xor ecx, ecx; rdpmc; mov esi, eax
        String read = "90 90 90 31c9 0f33 89c6";
        try (Engine.Guest it = engine.guest()) {
            SystemGuest guest = it.system().code(ENABLE_TWO + read + DISABLE);
            select(guest.cpu, 0, INSTRUCTIONS | KERNEL);

            assertEquals(-1, guest.runToVector());

            assertEquals(1 + 4, guest.cpu.reg64(CpuLayout.RSI));
            assertEquals(1 + 4 + 2 + 2, count(guest.cpu, 0));
        }
    }

    @ParameterizedTest
    @EnumSource
    void privilegesAreCountedApart(Engine engine) {
        // WORK; int3, which leads to HLT at CPL 0
        try (Engine.Guest it = engine.guest()) {
            SystemGuest guest = it.system().code(WORK + "cc").asUser();
            guest.gate(3, SystemGuest.CODE0, SystemGuest.HANDLERS + 16 * 3, 0xee);
            select(guest.cpu, 0, INSTRUCTIONS | USER);
            select(guest.cpu, 1, INSTRUCTIONS | KERNEL);
            guest.cpu.msrs.write(Msrs.PERF_GLOBAL_CTRL, 3);

            assertEquals(3, guest.runToVector());

            assertEquals(1 + 4 * ROUNDS + ROUNDS / 2 + 1, count(guest.cpu, 0));
            assertEquals(1, count(guest.cpu, 1));
        }
    }

    @ParameterizedTest
    @EnumSource
    void anOverflowInterruptsSoonAndSetsItsStatus(Engine engine) {
        try (Engine.Guest it = engine.guest()) {
            SystemGuest guest = it.system().code(ENABLE_TWO + WORK + DISABLE);
            select(guest.cpu, 0, INSTRUCTIONS | USER | KERNEL | INTERRUPT);
            assertTrue(guest.cpu.msrs.write(Msrs.PMC0, MODULUS - 2 * ROUNDS));

            assertEquals(-1, guest.runToVector());

            assertEquals(1, guest.counterInterrupts);
            assertEquals(1, guest.cpu.msrs.read(Msrs.PERF_GLOBAL_STATUS));
            assertEquals(4 + 2 * ROUNDS + ROUNDS / 2, count(guest.cpu, 0));
            assertTrue(guest.cpu.msrs.write(Msrs.PERF_GLOBAL_OVF_CTRL, 1));
            assertEquals(0, guest.cpu.msrs.read(Msrs.PERF_GLOBAL_STATUS));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aFrozenMonitorHasCountedLittleMoreThanToTheOverflow(Engine engine) {
        try (Engine.Guest it = engine.guest()) {
            SystemGuest guest = it.system().code(ENABLE_TWO + WORK + DISABLE);
            guest.cpu.msrs.write(Msrs.DEBUGCTL, 1 << 12);
            select(guest.cpu, 0, BRANCHES | KERNEL | INTERRUPT);
            guest.cpu.msrs.write(Msrs.PMC0, MODULUS - ROUNDS);

            assertEquals(-1, guest.runToVector());

            assertEquals(1, guest.counterInterrupts);
            assertTrue(count(guest.cpu, 0) <= 4, () -> count(guest.cpu, 0) + " branches late");
        }
    }

    @Test
    void cyclesAreTimeAndAskForAnAlarm() {
        try (SystemGuest guest = SystemGuest.in64BitMode()) {
            Cpu cpu = guest.cpu;
            guest.tsc = 1_000_000;
            select(cpu, 0, CYCLES | USER | KERNEL | INTERRUPT);
            cpu.msrs.write(Msrs.PMC0, MODULUS - 500_000);
            cpu.msrs.write(Msrs.PERF_GLOBAL_CTRL, 1);

            assertEquals(1_500_000, guest.alarm);
            guest.tsc = 1_400_000;
            assertEquals(MODULUS - 100_000, count(cpu, 0));
            assertEquals(0, guest.counterInterrupts);
            guest.tsc = 1_500_001;
            cpu.request(Requests.COUNTERS);
            guest.code("f4").run();

            assertEquals(1, guest.counterInterrupts);
            assertEquals(1, count(cpu, 0));
            cpu.msrs.write(Msrs.PERF_GLOBAL_CTRL, 0);
            assertEquals(Long.MAX_VALUE, guest.alarm);
        }
    }

    @Test
    void aCycleIsATickOfTheProcessorsOwnCounter() {
        try (SystemGuest guest = SystemGuest.in64BitMode()) {
            Cpu cpu = guest.cpu;
            cpu.tsc.khz(TimeStampCounter.MACHINE_KHZ / 8);
            select(cpu, 0, CYCLES | USER | KERNEL | INTERRUPT);
            cpu.msrs.write(Msrs.PMC0, MODULUS - 50_000);
            cpu.msrs.write(Msrs.PERF_GLOBAL_CTRL, 1);

            assertEquals(400_000, guest.alarm);
            guest.tsc = 80_000;
            assertEquals(MODULUS - 40_000, count(cpu, 0));
        }
    }

    @Test
    void fixedCountersCountWhatTheirFieldsSay() {
        try (SystemGuest guest = SystemGuest.in64BitMode()) {
            Cpu cpu = guest.cpu;
            cpu.msrs.write(Msrs.FIXED_CTR_CTRL, 0x331);
            cpu.msrs.write(Msrs.PERF_GLOBAL_CTRL, 7L << 32);
            guest.tsc = 77;

            guest.code("90 90 f4").run();

            assertEquals(3, cpu.msrs.read(Msrs.FIXED_CTR0));
            assertEquals(77, cpu.msrs.read(Msrs.FIXED_CTR0 + 1));
            assertEquals(77, cpu.msrs.read(Msrs.FIXED_CTR0 + 2));
        }
    }

    @Test
    void registersRefuseReservedBits() {
        try (SystemGuest guest = SystemGuest.in64BitMode()) {
            MsrTable msrs = guest.cpu.msrs;
            assertFalse(msrs.write(Msrs.PERFEVTSEL0, 1 << 21));
            assertFalse(msrs.write(Msrs.PERFEVTSEL0, 1L << 32));
            assertFalse(msrs.write(Msrs.FIXED_CTR_CTRL, 4));
            assertFalse(msrs.write(Msrs.PERF_GLOBAL_CTRL, 1 << PerformanceMonitor.GENERAL));
            assertFalse(msrs.write(Msrs.PERF_GLOBAL_STATUS, 0));
            assertFalse(msrs.write(Msrs.PERF_GLOBAL_OVF_CTRL, 1L << 40));
            assertFalse(msrs.write(Msrs.PMC0, MODULUS));
            assertTrue(msrs.write(Msrs.PERFCTR0, 0x8000_0000L));
            assertEquals(MODULUS - 0x8000_0000L, msrs.read(Msrs.PMC0));
        }
    }

    @Test
    void rdpmcWantsACounterAndPermission() {
        assertEquals(-1, rdpmc(3, true, true));
        assertEquals(-1, rdpmc(1 << 30 | 2, true, true));
        assertEquals(GuestFault.GP, rdpmc(PerformanceMonitor.GENERAL, true, true));
        assertEquals(GuestFault.GP, rdpmc(1 << 30 | PerformanceMonitor.FIXED, true, true));
        assertEquals(GuestFault.GP, rdpmc(1 << 31, true, true));
        assertEquals(-1, rdpmc(3, false, false));
        assertEquals(GuestFault.GP, rdpmc(3, true, false));
    }

    /// @return the exception, or -1
    private static int rdpmc(int index, boolean user, boolean permitted) {
        try (SystemGuest guest = SystemGuest.in64BitMode()) {
            Cpu cpu = guest.cpu;
            cpu.msrs.write(Msrs.PMC0 + 3, 0x1234_5678_9abcL);
            cpu.cr4 |= permitted ? ControlBits.CR4_PCE : 0;
            cpu.modeChanged();
            cpu.reg64(RCX, index);
            // rdpmc; int3
            guest.gate(3, SystemGuest.CODE0, SystemGuest.HANDLERS + 16 * 3, 0xee);
            guest.code("0f33 cc");
            int vector = (user ? guest.asUser() : guest).runToVector();
            if (vector == 3 && index == 3) {
                assertEquals(0x5678_9abcL, cpu.reg64(RAX));
                assertEquals(0x1234, cpu.reg64(RDX));
            }
            return vector == 3 ? -1 : vector;
        }
    }
}
