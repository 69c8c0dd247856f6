// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.util.Set;
import org.javisor.memory.GuestMemory;
import org.javisor.vmm.Registers;
import org.javisor.vmm.VmConfig;
import org.javisor.vmm.VmExit;
import org.javisor.vmm.pv.GuestInterface;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// KVM's clock and steal time as a guest finds them: what it computes lies between what the machine's owner reads
/// before and afterwards.
///
/// @linux Documentation/virt/kvm/x86/msr.rst "MSR_KVM_SYSTEM_TIME_NEW", "MSR_KVM_STEAL_TIME"
@Timeout(60)
class GuestClockConformanceTest {
    private static final String ENGINES = "org.javisor.vmm.conformance.Engines#all";
    private static final int AREA = 0x2000, WALL_CLOCK = 0x4b56_4d00, STEAL_TIME = 0x4b56_4d03;
    private static final VmConfig OFFERED =
            VmConfig.pc(1).withExitsOnUnclaimed(true).withInterfaces(Set.of(GuestInterface.KVM));
    private static final long SECOND = 1_000_000_000L;

    /// Has its clock told at 0x2000, and its counter in EDX:EAX again and again.
    private static Guest reading(String engine) {
        return new Guest(engine, OFFERED, """
                66b9014d564b  mov ecx, 0x4b564d01
                66b801200000  mov eax, 0x2001
                6631d2        xor edx, edx
                0f30          wrmsr
                0f31          again: rdtsc
                e680          out 0x80, al
                ebfa          jmp again
                """);
    }

    /// What the guest computes.
    private static long guestNanos(Guest guest) {
        assertEquals(0x80, ((VmExit.PortWrite) guest.run()).port());
        Registers registers = guest.vcpu.registers();
        long counter = registers.general(Registers.RDX) << 32 | registers.general(Registers.RAX) & 0xffff_ffffL;
        GuestMemory memory = guest.vm.memory();
        assertEquals(0, memory.loadInt(AREA) & 1, "not being changed");
        long ticks = counter - memory.loadLong(AREA + 8);
        int shift = memory.loadByte(AREA + 28);
        BigInteger scaled = BigInteger.valueOf(shift < 0 ? ticks >>> -shift : ticks << shift)
                .multiply(BigInteger.valueOf(Integer.toUnsignedLong(memory.loadInt(AREA + 24))));
        return memory.loadLong(AREA + 16) + scaled.shiftRight(32).longValueExact();
    }

    private static void assertAgree(Guest guest) {
        long slack = SECOND / 1000;
        long before = guest.vm.clockReading().nanos();
        long read = guestNanos(guest);
        long after = guest.vm.clockReading().nanos();
        assertTrue(read >= before - slack && read <= after + slack, read + " is not from " + before + " to " + after);
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void theGuestAndItsOwnerReadTheSameClock(String engine) {
        Engines.assumeProcessor(engine);
        try (Guest guest = reading(engine)) {
            guestNanos(guest);
            assertAgree(guest);
            for (long seconds : new long[] {180, 0, 100_000, 5}) {
                guest.vm.pause();
                guest.vm.setClock(seconds * SECOND);
                guest.vm.resume();
                long now = guestNanos(guest);
                assertTrue(now >= seconds * SECOND && now < (seconds + 60) * SECOND, seconds + " s, and " + now);
                assertAgree(guest);
            }
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void theWallClockAndTheClockMakeTheTimeOfDay(String engine) {
        try (RegisterGuest guest = new RegisterGuest(engine, OFFERED)) {
            assertTrue(guest.write(WALL_CLOCK, AREA));

            GuestMemory memory = guest.guest.vm.memory();
            long started = Integer.toUnsignedLong(memory.loadInt(AREA + 4)) * SECOND + memory.loadInt(AREA + 8);
            long day = started + guest.guest.vm.clockReading().nanos();
            long off = day - System.currentTimeMillis() * 1_000_000;
            assertTrue(Math.abs(off) < 5 * SECOND, "by " + off + " ns");
        }
    }

    /// A processor that waits for an interrupt has no time stolen; what is told of is whole, and no later less.
    @ParameterizedTest
    @MethodSource(ENGINES)
    void stolenTimeIsToldConsistently(String engine) {
        try (RegisterGuest guest = new RegisterGuest(engine, OFFERED)) {
            GuestMemory memory = guest.guest.vm.memory();
            long stolen = 0;
            for (int round = 0; round < 20; round++) {
                int version = memory.loadInt(AREA + 8);
                assertTrue(guest.write(STEAL_TIME, AREA | 1));
                assertTrue(guest.read(STEAL_TIME).isPresent());
                assertEquals(0, memory.loadInt(AREA + 8) & 1, "not being changed");
                assertTrue(memory.loadInt(AREA + 8) - version >= 2, "it is told when it is asked for");
                assertTrue(memory.loadLong(AREA) >= stolen, "more or as much");
                stolen = memory.loadLong(AREA);
                assertEquals(0, memory.loadInt(AREA + 12), "flags");
                assertEquals(0, memory.loadByte(AREA + 16) & 1, "it runs");
            }
            assertTrue(guest.write(STEAL_TIME, 0));
            int version = memory.loadInt(AREA + 8);
            for (int round = 0; round < 20; round++) {
                assertTrue(guest.read(STEAL_TIME).isPresent());
            }
            assertEquals(version, memory.loadInt(AREA + 8), "it is told no more");
        }
    }
}
