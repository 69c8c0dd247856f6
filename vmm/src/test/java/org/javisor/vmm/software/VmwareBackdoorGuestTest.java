// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.software;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.util.Set;
import org.javisor.memory.Ram;
import org.javisor.vmm.EngineKind;
import org.javisor.vmm.GuestCode;
import org.javisor.vmm.Hypervisor;
import org.javisor.vmm.Registers;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.Vm;
import org.javisor.vmm.VmConfig;
import org.javisor.vmm.VmExit;
import org.javisor.vmm.pv.GuestInterface;
import org.junit.jupiter.api.Test;

/// VMware's backdoor as guest code meets it.
class VmwareBackdoorGuestTest {
    private static final int GET_HZ = 45;

    /// The counter's speed as the guest is told, in hertz.
    private static long hertz(Vcpu vcpu) {
        Registers registers = vcpu.registers();
        registers.realMode(0x1000);
        registers.general(Registers.RAX, 0x564d_5868);
        registers.general(Registers.RCX, GET_HZ);
        registers.general(Registers.RDX, 0x5658);
        assertInstanceOf(VmExit.PortWrite.class, vcpu.run());
        return registers.general(Registers.RBX) << 32 | registers.general(Registers.RAX) & 0xffff_ffffL;
    }

    @Test
    void theCountersSpeedIsTheProcessorsOwn() {
        VmConfig config = VmConfig.pc(1).withExitsOnUnclaimed(true).withInterfaces(Set.of(GuestInterface.VMWARE));
        try (Hypervisor hypervisor = Hypervisor.open(EngineKind.SOFTWARE); Vm vm = hypervisor.createVm(config);
                Ram ram = Ram.allocate(1 << 20)) {
            vm.memory().addSlot(0, 0, ram);
            vm.memory().store(0x1000, GuestCode.of("""
                    66ed    in eax, dx
                    e6e1    out 0xe1, al
                    """));
            Vcpu vcpu = vm.createVcpu(0);

            assertEquals(vcpu.tscKhz() * 1000L, hertz(vcpu));
            vcpu.tscKhz(7_000_000);
            assertEquals(7_000_000_000L, hertz(vcpu));
        }
    }
}
