// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.javisor.vmm.Capability;
import org.javisor.vmm.Registers;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.VmConfig;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// IA32_TIME_STAMP_COUNTER and IA32_TSC_ADJUST, as guests write them, and as who restores a machine does.
///
/// @linux arch/x86/kvm/x86.c "kvm_synchronize_tsc"
@Timeout(60)
class TscConformanceTest {
    private static final String ENGINES = "org.javisor.vmm.conformance.Engines#all";
    private static final int TSC = 0x10, TSC_ADJUST = 0x3b;
    /// More ticks than any test takes.
    private static final long LONG = 1L << 44;

    private static void assertAbout(long expected, long actual) {
        assertTrue(actual >= expected && actual - expected < LONG / 2,
                () -> String.format("0x%x is not soon after 0x%x", actual, expected));
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void aGuestThatWritesTheCounterAdjustsIt(String engine) {
        Engines.assumeProcessor(engine);
        try (RegisterGuest guest = new RegisterGuest(engine, VmConfig.pc(1))) {
            Registers registers = guest.guest.vcpu.registers();
            long before = registers.msr(TSC);

            assertTrue(guest.write(TSC, 3 * LONG));

            assertAbout(3 * LONG, registers.msr(TSC));
            long adjusted = registers.msr(TSC_ADJUST);
            assertTrue(adjusted <= 3 * LONG - before && adjusted > 2 * LONG - before,
                    () -> String.format("adjusted by 0x%x", adjusted));
            assertEquals(adjusted, guest.read(TSC_ADJUST).orElseThrow());
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void aGuestThatAdjustsTheCounterMovesIt(String engine) {
        Engines.assumeProcessor(engine);
        try (RegisterGuest guest = new RegisterGuest(engine, VmConfig.pc(1))) {
            Registers registers = guest.guest.vcpu.registers();
            long before = registers.msr(TSC);

            assertTrue(guest.write(TSC_ADJUST, 5 * LONG));

            assertAbout(before + 5 * LONG, registers.msr(TSC));
            assertTrue(guest.write(TSC_ADJUST, 0));
            assertAbout(before, registers.msr(TSC));
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void whoRestoresWritesEachAlone(String engine) {
        Engines.assumeProcessor(engine);
        try (RegisterGuest guest = new RegisterGuest(engine, VmConfig.pc(1))) {
            Registers registers = guest.guest.vcpu.registers();
            registers.msr(TSC_ADJUST, 7 * LONG);
            assertEquals(7 * LONG, registers.msr(TSC_ADJUST));
            assertTrue(registers.msr(TSC) < LONG, "the counter is another");

            registers.msr(TSC, 9 * LONG);

            assertAbout(9 * LONG, registers.msr(TSC));
            assertEquals(7 * LONG, registers.msr(TSC_ADJUST));
            assertTrue(guest.write(TSC_ADJUST, 6 * LONG));
            assertAbout(8 * LONG, registers.msr(TSC));
        }
    }

    /// The one is written a little later than the other.
    @ParameterizedTest
    @MethodSource(ENGINES)
    void countersThatAreMeantToAgreeAgree(String engine) {
        Engines.assume(engine, Capability.TSC_OFFSET);
        Engines.assumeProcessor(engine);
        try (Guest guest = new Guest(engine, VmConfig.pc(3), "f4 hlt")) {
            Vcpu first = guest.vcpu;
            Vcpu second = guest.vm.createVcpu(1);
            Vcpu third = guest.vm.createVcpu(2);

            first.registers().msr(TSC, LONG);
            second.registers().msr(TSC, LONG);
            third.registers().msr(TSC, 3 * LONG);

            assertEquals(first.tscOffset(), second.tscOffset());
            assertAbout(2 * LONG - LONG / 4, third.tscOffset() - first.tscOffset());
            third.registers().msr(TSC, 0);
            second.registers().msr(TSC, 0);
            assertEquals(third.tscOffset(), second.tscOffset());
        }
    }
}
