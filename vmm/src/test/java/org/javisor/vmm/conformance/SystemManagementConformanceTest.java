// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.javisor.memory.Ram;
import org.javisor.vmm.Capability;
import org.javisor.vmm.Registers;
import org.javisor.vmm.SmiState;
import org.javisor.vmm.VmExit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// System management interrupts from outside, and the state that goes with them.
@Timeout(60)
class SystemManagementConformanceTest {
    private static final String ENGINES = "org.javisor.vmm.conformance.Engines#all";
    private static final int SMBASE = 0x3_0000, ENTRY = 0x3_8000;
    /// Writes to a port that nothing has, so that the mode can be looked at, and goes back.
    private static final String HANDLER = """
            b077        mov al, 0x77
            e680        out 0x80, al
            0faa        rsm
            """;
    private static final String CODE = """
            b011        mov al, 0x11
            e681        out 0x81, al
            f4          hlt
            """;

    @ParameterizedTest
    @MethodSource(ENGINES)
    void anSmiLeadsToMemoryThatOnlyTheModeSees(String engine) {
        Engines.assume(engine, Capability.SYSTEM_MANAGEMENT_MODE);
        Ram smram = Ram.allocate(0x1_0000);
        try (Guest guest = new Guest(engine, CODE)) {
            guest.vm.memory().management().addSlot(0, SMBASE, smram);
            guest.vm.memory().management().store(ENTRY, Guest.code(HANDLER));
            guest.vcpu.registers().general(Registers.RAX, 0x5a);
            guest.vcpu.injectSmi();
            assertTrue(guest.vcpu.smi().pending());

            VmExit.PortWrite inside = assertInstanceOf(VmExit.PortWrite.class, guest.run());
            assertEquals(0x80, inside.port());
            assertTrue(guest.vcpu.inSystemManagement());
            assertEquals(new SmiState(true, false, false, SMBASE), guest.vcpu.smi());
            assertEquals(0x5a, guest.vm.memory().management().loadLong(SMBASE + 0xfff8));
            assertEquals(0, guest.vm.memory().loadLong(SMBASE + 0xfff8));

            assertEquals(0x81, assertInstanceOf(VmExit.PortWrite.class, guest.run()).port());
            assertFalse(guest.vcpu.inSystemManagement());
            assertEquals(VmExit.Halt.INSTANCE, guest.run());
        } finally {
            smram.close();
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void theStateIsGivenToAnotherProcessor(String engine) {
        Engines.assume(engine, Capability.SYSTEM_MANAGEMENT_MODE);
        try (Guest from = new Guest(engine, CODE); Guest to = new Guest(engine, CODE)) {
            from.vm.memory().store(ENTRY, Guest.code(HANDLER));
            from.vcpu.injectSmi();
            from.run();
            from.vcpu.injectSmi();
            SmiState state = from.vcpu.smi();
            assertTrue(state.active() && state.pending());
            byte[] memory = new byte[0x1_0000];
            from.vm.memory().load(SMBASE, memory, 0, memory.length);

            to.vm.memory().store(SMBASE, memory);
            to.vcpu.smi(state);
            for (int n = Registers.ES; n <= Registers.TR; n++) {
                to.vcpu.registers().segment(n, from.vcpu.registers().segment(n));
            }
            // Behind the OUT, at RSM.
            to.vcpu.registers().rip(0x8004);
            assertEquals(state, to.vcpu.smi());
            assertEquals(0x80, assertInstanceOf(VmExit.PortWrite.class, to.run()).port(), "the SMI that waited");
            assertEquals(0x81, assertInstanceOf(VmExit.PortWrite.class, to.run()).port());
        }
    }

    @Test
    void impossibleStatesAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new SmiState(false, false, true, SMBASE));
        assertThrows(IllegalArgumentException.class, () -> new SmiState(true, false, false, 1L << 32));
    }
}
