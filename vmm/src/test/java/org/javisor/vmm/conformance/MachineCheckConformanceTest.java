// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.javisor.vmm.Capability;
import org.javisor.vmm.MachineCheckError;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.VcpuEvents;
import org.javisor.vmm.VmConfig;
import org.javisor.vmm.VmExit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Hardware errors that a machine's owner reports: what banks tell of them, and what processors do.
@Timeout(60)
class MachineCheckConformanceTest {
    private static final String ENGINES = "org.javisor.vmm.conformance.Engines#all";
    private static final int MCG_STATUS = 0x17a, STATUS_OF_BANK_0 = 0x401, ADDRESS_OF_BANK_0 = 0x402, BANK = 4;
    private static final int RESTARTABLE = 1, IN_PROGRESS = 4, MACHINE_CHECK = 18;
    private static final long CORRECTED =
            MachineCheckError.VALID | MachineCheckError.ENABLED | MachineCheckError.ADDRESS_VALID | 0x136;
    private static final MachineCheckError FATAL = new MachineCheckError(BANK, CORRECTED | MachineCheckError.UNCORRECTED
            | MachineCheckError.CORRUPT, MachineCheckError.IN_PROGRESS | MachineCheckError.RESTARTABLE, 0x5000, 0);

    /// Tells by port 0x80 that it is there, again and again, and by port 0x81 of a machine check.
    private static Guest telling(String engine, boolean enabled) {
        String enable = """
                0f20e0        mov eax, cr4
                660d40000000  or eax, 0x40
                0f22e0        mov cr4, eax
                """;
        VmConfig config = VmConfig.pc(1).withExitsOnUnclaimed(true);
        return new Guest(engine, config, (enabled ? enable : "") + """
                e680          again: out 0x80, al
                ebfc          jmp again
                """).handling(MACHINE_CHECK, 0x1800, """
                e681          out 0x81, al
                """);
    }

    private static int toldBy(Guest guest) {
        return assertInstanceOf(VmExit.PortWrite.class, guest.run()).port();
    }

    private static long msr(Vcpu vcpu, int index) {
        return vcpu.registers().msr(index);
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void aCorrectedErrorIsFoundInItsBank(String engine) {
        try (Guest guest = telling(engine, true)) {
            guest.vcpu.injectMachineCheck(new MachineCheckError(BANK, CORRECTED, 0, 0x5000, 0));

            assertEquals(CORRECTED, msr(guest.vcpu, STATUS_OF_BANK_0 + 4 * BANK));
            assertEquals(0x5000, msr(guest.vcpu, ADDRESS_OF_BANK_0 + 4 * BANK));
            assertEquals(0x80, toldBy(guest), "it goes on");
            assertThrows(IllegalArgumentException.class,
                    () -> guest.vcpu.injectMachineCheck(new MachineCheckError(31, CORRECTED, 0, 0, 0)));
            assertEquals(0x80, toldBy(guest));
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void anUncorrectedErrorInterrupts(String engine) {
        try (Guest guest = telling(engine, true)) {
            assertEquals(0x80, toldBy(guest));
            guest.vcpu.kick();
            assertEquals(VmExit.Interrupted.INSTANCE, guest.run());

            guest.vm.injectMachineCheck(0, FATAL, true);

            assertEquals(0x81, toldBy(guest));
            assertEquals(IN_PROGRESS | RESTARTABLE, msr(guest.vcpu, MCG_STATUS));
            assertEquals(FATAL.status(), msr(guest.vcpu, STATUS_OF_BANK_0 + 4 * BANK));
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void aSystemThatDoesNotTakeThemShutsDown(String engine) {
        try (Guest guest = telling(engine, false)) {
            assertEquals(0x80, toldBy(guest));
            guest.vcpu.kick();
            assertEquals(VmExit.Interrupted.INSTANCE, guest.run());

            guest.vcpu.injectMachineCheck(FATAL);

            assertInstanceOf(VmExit.Shutdown.class, guest.run());
        }
    }

    /// Another machine goes on with it.
    @ParameterizedTest
    @MethodSource(ENGINES)
    void aShutdownThatWaitsIsAnEventThatWaits(String engine) {
        Engines.assume(engine, Capability.TRIPLE_FAULT_EVENT);
        try (Guest guest = telling(engine, false); Guest other = telling(engine, false)) {
            assertEquals(0x80, toldBy(guest));
            guest.vcpu.kick();
            assertEquals(VmExit.Interrupted.INSTANCE, guest.run());
            assertFalse(guest.vcpu.events().tripleFault());
            guest.vcpu.injectMachineCheck(FATAL);

            VcpuEvents events = guest.vcpu.events();

            assertTrue(events.tripleFault());
            other.vcpu.events(events);
            assertEquals(events, other.vcpu.events());
            assertInstanceOf(VmExit.Shutdown.class, other.run());
            assertFalse(other.vcpu.events().tripleFault());
            guest.vcpu.events(events.withTripleFault(false));
            assertEquals(0x80, toldBy(guest), "it has been taken back");
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void aProcessorThatThereIsNotReportsNothing(String engine) {
        try (Guest guest = telling(engine, true)) {
            assertThrows(IllegalArgumentException.class, () -> guest.vm.injectMachineCheck(1, FATAL, true));
            assertEquals(0, msr(guest.vcpu, STATUS_OF_BANK_0 + 4 * BANK));
            assertEquals(0x80, toldBy(guest));
        }
    }
}
