// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Set;
import org.javisor.vmm.ClockReading;
import org.javisor.vmm.InvalidRegisterException;
import org.javisor.vmm.Registers;
import org.javisor.vmm.VmConfig;
import org.javisor.vmm.VmExit;
import org.javisor.vmm.pv.GuestInterface;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Time stamp counters and the machine's clock, as their owner sets them and the guest sees them.
@Timeout(60)
class TimeConformanceTest {
    private static final String ENGINES = "org.javisor.vmm.conformance.Engines#all";
    private static final String READ_TSC = """
            0f31    rdtsc
            f4      hlt
            ebfb    jmp 0x1000
            """;

    private static long readTsc(Guest guest) {
        assertEquals(VmExit.Halt.INSTANCE, guest.run());
        Registers registers = guest.vcpu.registers();
        return registers.general(Registers.RDX) << 32 | registers.general(Registers.RAX) & 0xffff_ffffL;
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void anOffsetMovesTheCounterAndNotItsAdjustment(String engine) {
        Engines.assumeProcessor(engine);
        int tscAdjust = 0x3b;
        try (Guest guest = new Guest(engine, READ_TSC)) {
            long before = readTsc(guest);
            long adjusted = guest.vcpu.registers().msr(tscAdjust);

            guest.vcpu.tscOffset(guest.vcpu.tscOffset() + (1L << 50));

            long after = readTsc(guest);
            assertTrue(after - before >= 1L << 50 && after - before < 3L << 49, before + " " + after);
            assertEquals(adjusted, guest.vcpu.registers().msr(tscAdjust));
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void aCounterCountsAsFastAsItIsTold(String engine) {
        Engines.assumeProcessor(engine);
        try (Guest guest = new Guest(engine, READ_TSC)) {
            int usual = guest.vcpu.tscKhz();
            guest.vcpu.tscKhz(usual * 2);
            assertEquals(usual * 2, guest.vcpu.tscKhz());

            long start = System.nanoTime();
            long first = readTsc(guest);
            long early = System.nanoTime();
            while (System.nanoTime() - early < 20_000_000) {
                Thread.onSpinWait();
            }
            long late = System.nanoTime();
            long ticks = readTsc(guest) - first;
            long end = System.nanoTime();

            double perNano = usual * 2 / 1e6;
            assertTrue(ticks >= (late - early) * perNano * 0.99, ticks + " ticks in more than " + (late - early));
            assertTrue(ticks <= (end - start) * perNano * 1.01, ticks + " ticks in less than " + (end - start));
            assertThrows(InvalidRegisterException.class, () -> guest.vcpu.tscKhz(0));
            assertEquals(usual * 2, guest.vcpu.tscKhz());
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void aGuestIsToldThatItWasStopped(String engine) {
        VmConfig config = VmConfig.pc(1).withExitsOnUnclaimed(true).withInterfaces(Set.of(GuestInterface.KVM));
        try (Guest guest = new Guest(engine, config, """
                66b9014d564b  mov ecx, 0x4b564d01
                66b801200000  mov eax, 0x2001
                6631d2        xor edx, edx
                0f30          wrmsr
                e680          again: out 0x80, al
                ebfc          jmp again
                """)) {
            int flags = 0x201d, stopped = 2;
            assertFalse(guest.vcpu.guestStopped(), "it has no clock yet");
            assertInstanceOf(VmExit.PortWrite.class, guest.run());
            assertEquals(0, guest.vm.memory().loadByte(flags) & stopped);

            guest.vm.pause();
            guest.vm.resume();

            assertInstanceOf(VmExit.PortWrite.class, guest.run());
            assertEquals(stopped, guest.vm.memory().loadByte(flags) & stopped);
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void theClockGoesOnFromWhereItIsSet(String engine) {
        try (Guest guest = new Guest(engine, VmConfig.pc(1), "f4 hlt")) {
            ClockReading before = guest.vm.clockReading();
            long tomorrow = before.nanos() + 86_400_000_000_000L;

            guest.vm.setClock(tomorrow);

            ClockReading after = guest.vm.clockReading();
            assertTrue(after.nanos() >= tomorrow && after.nanos() < tomorrow + 60_000_000_000L);
            assertTrue(after.tsc() - before.tsc() < 60_000_000_000L, "the counter is another");
            assertThrows(IllegalArgumentException.class, () -> guest.vm.setClock(-1));
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void theClockMakesUpForTimeThatTheGuestWasAway(String engine) {
        long hour = 3_600_000_000_000L;
        try (Guest guest = new Guest(engine, VmConfig.pc(1), "f4 hlt")) {
            ClockReading now = guest.vm.clockReading();

            guest.vm.setClock(new ClockReading(now.nanos(), now.wallNanos(), now.tsc(), now.hostNanos() - hour));

            long made = guest.vm.clockReading().nanos() - now.nanos();
            assertTrue(made >= hour && made < 2 * hour, "went on by " + made);
            guest.vm.setClock(new ClockReading(now.nanos(), now.wallNanos(), now.tsc(), now.hostNanos() + hour));
            assertTrue(guest.vm.clockReading().nanos() >= now.nanos(), "not earlier, whatever the host's clock");
        }
    }
}
