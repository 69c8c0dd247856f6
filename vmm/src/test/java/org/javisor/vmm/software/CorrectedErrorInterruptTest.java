// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.software;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.javisor.cpu.CpuVendor;
import org.javisor.cpu.CpuidModel;
import org.javisor.memory.Ram;
import org.javisor.vmm.EngineKind;
import org.javisor.vmm.GuestCode;
import org.javisor.vmm.Hypervisor;
import org.javisor.vmm.MachineCheckError;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.Vm;
import org.javisor.vmm.VmConfig;
import org.javisor.vmm.VmExit;
import org.junit.jupiter.api.Test;

/// The interrupt that tells of corrected errors, as guest code meets it.
class CorrectedErrorInterruptTest {
    private static final int CAPABILITIES = 0x179, HAS_INTERRUPT = 1 << 10, BANK = 4, CONTROL2 = 0x280 + BANK;
    private static final int VECTOR = 0x41;

    /// Switches to the x2APIC, has it interrupt by vector 0x41 for such errors, tells by port 0xe1, and sleeps.
    private static final String LISTENING = """
            66b91b000000  mov ecx, 0x1b
            0f32          rdmsr
            660d00040000  or eax, 0x400
            0f30          wrmsr
            66b90f080000  mov ecx, 0x80f
            66b8ff010000  mov eax, 0x1ff
            6631d2        xor edx, edx
            0f30          wrmsr
            66b92f080000  mov ecx, 0x82f
            66b841000000  mov eax, 0x41
            0f30          wrmsr
            e6e1          out 0xe1, al
            fb            sti
            f4            hlt
            ebfd          jmp to hlt
            """;

    @Test
    void aCorrectedErrorInterruptsWhereTheSystemWantsIt() {
        CpuidModel cpuid = CpuidModel.builder().vendor(CpuVendor.INTEL).build();
        VmConfig config = VmConfig.pc(1).withCpuid(cpuid).withExitsOnUnclaimed(true);
        try (Hypervisor hypervisor = Hypervisor.open(EngineKind.SOFTWARE); Vm vm = hypervisor.createVm(config);
                Ram ram = Ram.allocate(1 << 20)) {
            vm.memory().addSlot(0, 0, ram);
            vm.memory().store(0x1000, GuestCode.of(LISTENING));
            vm.memory().store(0x1800, GuestCode.of("e6e0 out 0xe0, al"));
            vm.memory().storeInt(4 * VECTOR, 0x1800);
            Vcpu vcpu = vm.createVcpu(0);
            vcpu.registers().realMode(0x1000);
            assertEquals(HAS_INTERRUPT, vcpu.registers().msr(CAPABILITIES) & HAS_INTERRUPT);
            assertEquals(0xe1, ((VmExit.PortWrite) vcpu.run()).port());
            long status = MachineCheckError.VALID | MachineCheckError.ENABLED | 0x136;
            vcpu.injectMachineCheck(new MachineCheckError(BANK, status, 0, 0, 0));
            vcpu.kick();
            assertEquals(VmExit.Interrupted.INSTANCE, vcpu.run(), "nobody wants it");

            vcpu.registers().msr(CONTROL2, 1 << 30 | 1);
            vcpu.injectMachineCheck(new MachineCheckError(BANK, status, 0, 0, 0));

            assertEquals(0xe0, ((VmExit.PortWrite) vcpu.run()).port());
        }
    }
}
