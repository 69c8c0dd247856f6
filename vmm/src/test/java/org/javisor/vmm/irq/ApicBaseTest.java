// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.javisor.vmm.EngineKind;
import org.javisor.vmm.Hypervisor;
import org.javisor.vmm.software.ProcessorViews;
import org.javisor.vmm.Registers;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.Vm;
import org.javisor.vmm.VmConfig;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// IA32_APIC_BASE and the x2APIC's registers, as RDMSR and WRMSR reach them on a processor with its chips.
class ApicBaseTest {
    private static final int BASE = 0x1b, DEADLINE = 0x6e0;
    private static final long PAGE = 0xfee0_0000L, EN = 1 << 11, EXTD = 1 << 10, BSP = 1 << 8;

    private final Hypervisor hypervisor = Hypervisor.open(EngineKind.SOFTWARE);
    private final Vm vm = hypervisor.createVm(VmConfig.pc(2));
    private final Vcpu first = vm.createVcpu(0);
    private final Registers msrs = first.registers();

    @AfterEach
    void close() {
        hypervisor.close();
    }

    private void faults(int index, long value) {
        assertThrows(IllegalArgumentException.class, () -> msrs.msr(index, value));
    }

    private void faults(int index) {
        assertThrows(IllegalArgumentException.class, () -> msrs.msr(index));
    }

    private void x2() {
        msrs.msr(BASE, PAGE | EN | EXTD);
    }

    @Test
    void afterPowerOnTheApicIsOnAndTheFirstProcessorBoots() {
        assertEquals(PAGE | EN | BSP, msrs.msr(BASE));
        assertEquals(PAGE | EN, vm.createVcpu(1).registers().msr(BASE));
    }

    @Test
    void theBootProcessorBitCannotBeWritten() {
        msrs.msr(BASE, PAGE | EN);

        assertEquals(PAGE | EN | BSP, msrs.msr(BASE));
    }

    @Test
    void reservedBitsFault() {
        faults(BASE, PAGE | EN | 1);
        faults(BASE, PAGE | EN | 1L << 60);
    }

    @Test
    void onlyStepsThatExistBetweenModesAreTaken() {
        faults(BASE, PAGE | EXTD);
        x2();
        faults(BASE, PAGE | EN);
        msrs.msr(BASE, PAGE);
        faults(BASE, PAGE | EN | EXTD);
        msrs.msr(BASE, PAGE | EN);
        x2();

        assertEquals(PAGE | EN | EXTD | BSP, msrs.msr(BASE));
    }

    @Test
    void theX2RegistersExistInTheirModeOnly() {
        faults(0x802);
        x2();
        assertEquals(0, msrs.msr(0x802));
        assertEquals(0x0106_0014, msrs.msr(0x803));

        msrs.msr(BASE, PAGE);

        faults(0x802);
    }

    @Test
    void registersThatX2LacksFault() {
        x2();

        faults(0x80e);
        faults(0x831);
        faults(0x80c);
        faults(0x809);
        faults(0x8ff);
    }

    @Test
    void registersAreReadOrWrittenAsTheyAllow() {
        x2();

        faults(0x80b);
        faults(0x83f);
        faults(0x802, 0);
        faults(0x80d, 0);
        faults(0x80a, 0);
        faults(0x839, 0);
        msrs.msr(0x80b, 0);
    }

    @Test
    void reservedBitsOfX2RegistersFault() {
        x2();

        faults(0x80b, 1);
        faults(0x828, 1);
        faults(0x808, 0x100);
        faults(0x80f, 1 << 9);
        faults(0x830, 1L << 20);
        faults(0x832, 1L << 32);
        faults(0x83e, 4);
        msrs.msr(0x830, 0xffff_ffff_0000_00f0L);
    }

    @Test
    void theLogicalIdFollowsFromTheId() {
        x2();

        assertEquals(1, msrs.msr(0x80d));
    }

    @Test
    void switchingOffForgetsEverything() {
        x2();
        msrs.msr(0x808, 0x20);
        msrs.msr(BASE, PAGE);
        msrs.msr(BASE, PAGE | EN);
        x2();

        assertEquals(0, msrs.msr(0x808));
    }

    @Test
    void enteringX2KeepsTheRegisters() {
        write(ApicLayout.TPR, 0x30);

        x2();

        assertEquals(0x30, msrs.msr(0x808));
    }

    private void write(int register, int value) {
        ProcessorViews.mmio(first).write(PAGE + register, 4, value);
    }

    private long read(long page, int register) {
        return ProcessorViews.mmio(first).read(page + register, 4);
    }

    @Test
    void thePageMovesAndVanishes() {
        long elsewhere = 0xfe00_0000L;
        assertEquals(0x0106_0014, read(PAGE, ApicLayout.VERSION));

        msrs.msr(BASE, elsewhere | EN);
        assertEquals(0x0106_0014, read(elsewhere, ApicLayout.VERSION));
        assertEquals(0xffff_ffffL, read(PAGE, ApicLayout.VERSION));
        msrs.msr(BASE, elsewhere | EN | EXTD);

        assertEquals(0xffff_ffffL, read(elsewhere, ApicLayout.VERSION));
    }

    @Test
    void cpuidTellsWhetherTheApicIsOn() {
        assertTrue(cpuidHasApic());

        msrs.msr(BASE, PAGE);

        assertFalse(cpuidHasApic());
    }

    private boolean cpuidHasApic() {
        return (msrs.cpuid(1, 0).edx() >> 9 & 1) != 0;
    }

    @Test
    void theDeadlineRegisterWorksInItsModeOnly() {
        x2();
        msrs.msr(DEADLINE, 1L << 40);
        assertEquals(0, msrs.msr(DEADLINE));

        msrs.msr(0x832, 2 << 17 | 0x40);
        msrs.msr(DEADLINE, 1L << 40);

        assertEquals(1L << 40, msrs.msr(DEADLINE));
    }
}
