// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.OptionalLong;
import java.util.Set;
import org.javisor.memory.Ram;
import org.javisor.vmm.VmConfig;
import org.javisor.vmm.pv.GuestInterface;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Guests that write to the registers of KVM's interface what does not belong there, or use an interface that they are
/// not offered: each gets what KVM answers.
///
/// @linux Documentation/virt/kvm/x86/msr.rst; arch/x86/kvm/x86.c "kvm_set_msr_common"
@Timeout(60)
class KvmMisuseConformanceTest {
    private static final String ENGINES = "org.javisor.vmm.conformance.Engines#all";
    private static final int OLD_WALL_CLOCK = 0x11, OLD_SYSTEM_TIME = 0x12, WALL_CLOCK = 0x4b56_4d00,
            SYSTEM_TIME = 0x4b56_4d01, ASYNC_FAULT = 0x4b56_4d02, STEAL_TIME = 0x4b56_4d03, LAZY_EOI = 0x4b56_4d04,
            POLL_CONTROL = 0x4b56_4d05, ASYNC_FAULT_INTERRUPT = 0x4b56_4d06, ASYNC_FAULT_ACK = 0x4b56_4d07;
    private static final int[] ALL = {OLD_WALL_CLOCK, OLD_SYSTEM_TIME, WALL_CLOCK, SYSTEM_TIME, ASYNC_FAULT, STEAL_TIME,
        LAZY_EOI, POLL_CONTROL, ASYNC_FAULT_INTERRUPT, ASYNC_FAULT_ACK};
    private static final int FEATURES = 0x4000_0001, NESTED_ASYNC_FAULT = 1 << 10;
    private static final long AREA = 0x2000, NOWHERE = 0x4000_0000;

    private static RegisterGuest offered(String engine, GuestInterface... what) {
        return new RegisterGuest(engine, VmConfig.pc(1).withInterfaces(Set.of(what)));
    }

    private static void assertRefused(RegisterGuest guest, int index, long value) {
        assertFalse(guest.write(index, value), () -> String.format("0x%x to register 0x%x", value, index));
    }

    private static void assertTaken(RegisterGuest guest, int index, long value) {
        assertTrue(guest.write(index, value), () -> String.format("0x%x to register 0x%x", value, index));
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void reservedBitsAreFaultsAndChangeNothing(String engine) {
        try (RegisterGuest guest = offered(engine, GuestInterface.KVM)) {
            for (long bit = 1 << 1; bit <= 1 << 5; bit <<= 1) {
                assertRefused(guest, STEAL_TIME, AREA | 1 | bit);
            }
            assertRefused(guest, LAZY_EOI, AREA | 2);
            assertRefused(guest, LAZY_EOI, AREA | 3);
            assertRefused(guest, ASYNC_FAULT, AREA | 0x10 | 9);
            assertRefused(guest, ASYNC_FAULT, AREA | 0x20 | 9);
            assertRefused(guest, ASYNC_FAULT_INTERRUPT, 0x100);
            assertRefused(guest, POLL_CONTROL, 2);
            assertRefused(guest, POLL_CONTROL, 1L << 63);

            for (int index : new int[] {STEAL_TIME, LAZY_EOI, ASYNC_FAULT, ASYNC_FAULT_INTERRUPT}) {
                assertEquals(OptionalLong.of(0), guest.read(index), Integer.toHexString(index));
            }
            assertEquals(OptionalLong.of(1), guest.read(POLL_CONTROL));
        }
    }

    /// Exits of nested guests for such faults have a feature bit of their own.
    @ParameterizedTest
    @MethodSource(ENGINES)
    void whatHasAFeatureBitIsThereWithTheBit(String engine) {
        try (RegisterGuest guest = offered(engine, GuestInterface.KVM)) {
            boolean announced =
                    (guest.guest.vcpu.registers().cpuid(FEATURES, 0).eax() & NESTED_ASYNC_FAULT) != 0;
            assertEquals(announced, guest.write(ASYNC_FAULT, AREA | 4 | 9));
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void areasThatHaveToBeMemoryAreLookedAt(String engine) {
        try (RegisterGuest guest = offered(engine, GuestInterface.KVM); Ram rom = Ram.allocate(0x1000)) {
            guest.guest.vm.memory().addSlot(1, 0x10_0000, rom, 0, 0x1000, true);
            for (long area : new long[] {NOWHERE, 0x10_0000}) {
                assertRefused(guest, ASYNC_FAULT, area | 9);
                assertRefused(guest, LAZY_EOI, area | 1);
                assertTaken(guest, ASYNC_FAULT, area);
                assertTaken(guest, LAZY_EOI, area);
                // These are written whenever there is something to tell, and not where nothing can be.
                assertTaken(guest, SYSTEM_TIME, area | 1);
                assertTaken(guest, WALL_CLOCK, area);
                assertTaken(guest, STEAL_TIME, area | 1);
            }
            assertEquals(0, guest.guest.vm.memory().loadLong(0x10_0000), "read-only memory has been written");
            assertEquals(0, guest.guest.vm.memory().loadLong(0x10_0010), "read-only memory has been written");
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void whatIsNotReservedIsTaken(String engine) {
        try (RegisterGuest guest = offered(engine, GuestInterface.KVM)) {
            for (long value : new long[] {0, 1, 2, 0xff00}) {
                assertTaken(guest, ASYNC_FAULT_ACK, value);
                assertEquals(OptionalLong.of(0), guest.read(ASYNC_FAULT_ACK));
            }
            assertTaken(guest, ASYNC_FAULT_INTERRUPT, 0xff);
            assertTaken(guest, ASYNC_FAULT, AREA | 9);
            assertEquals(OptionalLong.of(AREA | 9), guest.read(ASYNC_FAULT));
            assertTaken(guest, STEAL_TIME, AREA | 0x41);
            assertEquals(OptionalLong.of(AREA | 0x41), guest.read(STEAL_TIME));
        }
    }

    /// Address 0 is none, and what is there stays.
    @ParameterizedTest
    @MethodSource(ENGINES)
    void aWallClockAtZeroIsNone(String engine) {
        try (RegisterGuest guest = offered(engine, GuestInterface.KVM)) {
            byte[] before = new byte[16];
            byte[] after = new byte[16];
            guest.guest.vm.memory().load(0, before, 0, 16);

            assertTaken(guest, WALL_CLOCK, 0);

            guest.guest.vm.memory().load(0, after, 0, 16);
            assertArrayEquals(before, after);
        }
    }

    /// The register is each processor's, its effect the machine's.
    @ParameterizedTest
    @MethodSource(ENGINES)
    void theWallClockIsTheMachines(String engine) {
        VmConfig two = VmConfig.pc(2).withInterfaces(Set.of(GuestInterface.KVM));
        try (RegisterGuest guest = new RegisterGuest(engine, two)) {
            var second = guest.guest.vm.createVcpu(1);

            assertTaken(guest, WALL_CLOCK, AREA);

            assertEquals(AREA, second.registers().msr(WALL_CLOCK));
            assertEquals(AREA, second.registers().msr(OLD_WALL_CLOCK));
            assertEquals(0, guest.guest.vm.memory().loadInt(AREA) & 1, "not being changed");
            assertTrue(guest.guest.vm.memory().loadInt(AREA + 4) != 0, "seconds");
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void whatIsNotOfferedIsNotThere(String engine) {
        try (RegisterGuest guest = offered(engine)) {
            for (int index : ALL) {
                assertEquals(OptionalLong.empty(), guest.read(index), Integer.toHexString(index));
                assertRefused(guest, index, 0);
            }
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void registersThatKvmHasNotAreFaults(String engine) {
        try (RegisterGuest guest = offered(engine, GuestInterface.KVM)) {
            for (int index : new int[] {0x4b56_4d09, 0x4b56_4dff}) {
                assertEquals(OptionalLong.empty(), guest.read(index));
                assertRefused(guest, index, 0);
            }
        }
    }
}
