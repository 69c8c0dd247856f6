// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.BitSet;
import java.util.List;
import org.javisor.vmm.Capability;
import org.javisor.vmm.EnabledCaps;
import org.javisor.vmm.MsrExitReason;
import org.javisor.vmm.MsrFilter;
import org.javisor.vmm.Registers;
import org.javisor.vmm.VmConfig;
import org.javisor.vmm.VmExit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/// Registers that guests are kept from: by ranges, by default, for reading or writing, and by another filter later.
@Timeout(60)
@ParameterizedClass
@MethodSource("org.javisor.vmm.conformance.Engines#all")
class MsrFilterConformanceTest {
    private static final int APIC_BASE = 0x1b, X2APIC = 1 << 10, X2APIC_TPR = 0x808, STAR = 0xc000_0081,
            LSTAR = 0xc000_0082, KERNEL_GS_BASE = 0xc000_0102, NOWHERE = 0x4b00_0000;

    @Parameter
    String engine;

    @BeforeEach
    void assume() {
        Engines.assume(engine, Capability.MSR_FILTER);
    }

    private RegisterGuest guest(MsrExitReason... exits) {
        return new RegisterGuest(engine, VmConfig.pc(1).withCaps(EnabledCaps.NONE.withMsrExits(exits)));
    }

    @Test
    void whatIsDeniedIsAFault() {
        try (RegisterGuest it = guest()) {
            it.guest.vm.msrFilter(new MsrFilter(true, List.of(MsrFilter.Range.denied(KERNEL_GS_BASE, 1))));
            assertTrue(it.read(KERNEL_GS_BASE).isEmpty());
            assertFalse(it.write(KERNEL_GS_BASE, 1));
            assertTrue(it.write(STAR, 1));

            it.guest.vm.msrFilter(MsrFilter.ALL);

            assertTrue(it.write(KERNEL_GS_BASE, 1));
        }
    }

    @Test
    void bitsOfARangeDecideAndTheFirstRangeDoes() {
        BitSet second = new BitSet();
        second.set(1);
        try (RegisterGuest it = guest()) {
            it.guest.vm.msrFilter(new MsrFilter(true, List.of(
                    new MsrFilter.Range(STAR, 2, true, false, second),
                    MsrFilter.Range.denied(LSTAR, 1))));
            assertTrue(it.read(STAR).isEmpty());
            assertTrue(it.write(STAR, 5), "the range speaks of reading");
            assertTrue(it.read(LSTAR).isPresent(), "the first range allows it");
            assertFalse(it.write(LSTAR, 5), "the second denies it");
        }
    }

    /// Those of the x2APIC are never filtered.
    @Test
    void whoDeniesByDefaultDeniesAllButTheLocalApics() {
        try (RegisterGuest it = guest()) {
            Registers registers = it.guest.vcpu.registers();
            registers.msr(APIC_BASE, registers.msr(APIC_BASE) | X2APIC);
            BitSet one = new BitSet();
            one.set(0);
            it.guest.vm.msrFilter(new MsrFilter(false,
                    List.of(new MsrFilter.Range(STAR, 1, true, true, one))));

            assertTrue(it.read(KERNEL_GS_BASE).isEmpty());
            assertTrue(it.read(APIC_BASE).isEmpty());
            assertTrue(it.write(STAR, 0x1234_0000_0000L));
            assertTrue(it.write(X2APIC_TPR, 0x20));
            assertEquals(0x20, it.read(X2APIC_TPR).orElseThrow());
            assertEquals(0x1234_0000_0000L, registers.msr(STAR));
        }
    }

    /// What is denied is told as that, whether there is such a register or not.
    @Test
    void theReasonOfAnExitIsTheFilterFirst() {
        try (RegisterGuest it = guest(MsrExitReason.FILTER, MsrExitReason.UNKNOWN, MsrExitReason.INVALID)) {
            Guest guest = it.guest;
            guest.vm.msrFilter(new MsrFilter(true, List.of(MsrFilter.Range.denied(NOWHERE, 1))));
            guest.vm.memory().store(Guest.CODE, Guest.code("""
                    0f30        wrmsr
                    0f30        wrmsr
                    0f30        wrmsr
                    """));
            Registers registers = guest.vcpu.registers();
            registers.general(Registers.RAX, 2);
            registers.general(Registers.RDX, 0x8000_0000L);
            long value = 0x8000_0000_0000_0002L;
            for (var expected : List.of(new VmExit.MsrWrite(NOWHERE, value, MsrExitReason.FILTER),
                    new VmExit.MsrWrite(NOWHERE + 1, value, MsrExitReason.UNKNOWN),
                    new VmExit.MsrWrite(KERNEL_GS_BASE, value, MsrExitReason.INVALID))) {
                registers.general(Registers.RCX, expected.index());
                assertEquals(expected, guest.run());
                guest.vcpu.completeRead(0);
                assertEquals(0, registers.msr(KERNEL_GS_BASE));
            }
        }
    }

    @Test
    void aFilterMayChangeWhileTheGuestRuns() {
        try (RegisterGuest it = guest(MsrExitReason.FILTER)) {
            Guest guest = it.guest;
            guest.vm.memory().store(Guest.CODE, Guest.code("""
                    0f32          again: rdmsr
                    66ff060020    inc dword [0x2000]
                    ebf7          jmp again
                    """));
            guest.vcpu.registers().general(Registers.RCX, STAR);
            for (int round = 0; round < 10; round++) {
                Running running = new Running(guest.vcpu);
                running.awaitMore(() -> guest.vm.memory().loadInt(0x2000), 10);
                guest.vm.msrFilter(new MsrFilter(true, List.of(MsrFilter.Range.denied(STAR, 1))));
                assertInstanceOf(VmExit.MsrRead.class, running.left());
                guest.vcpu.completeRead(0);
                guest.vm.msrFilter(MsrFilter.ALL);
            }
        }
    }
}
