// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.util.HexFormat;
import org.javisor.memory.Ram;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Hypercalls of a guest in real mode, where arguments have 32 bits.
@Timeout(60)
class KvmHypercallsTest {
    private static final long LOW = 0xffff_ffffL;
    private static final int CODE = 0x1000, PORT = 0xe1;

    private final Hypervisor hypervisor = Hypervisor.open();
    private final Ram ram = Ram.allocate(1 << 20);

    @AfterEach
    void close() {
        hypervisor.close();
        ram.close();
    }

    /// Executes `hex` between the arguments' arrival in registers and a write to a port.
    private Registers run(VmConfig config, String hex, long number, long... arguments) {
        Vm vm = hypervisor.createVm(config.withExitsOnUnclaimed(true));
        vm.memory().addSlot(0, 0, ram);
        vm.memory().store(CODE, HexFormat.of().parseHex(hex + "e6e1"));
        Vcpu vcpu = vm.createVcpu(0);
        for (int id = 1; id < config.cpuid().cpus(); id++) {
            vm.createVcpu(id);
        }
        Registers registers = vcpu.registers();
        registers.realMode(CODE);
        registers.general(Registers.RAX, number);
        int[] places = {Registers.RBX, Registers.RCX, Registers.RDX, Registers.RSI};
        for (int n = 0; n < arguments.length; n++) {
            registers.general(places[n], arguments[n]);
        }
        assertEquals(PORT, assertInstanceOf(VmExit.PortWrite.class, vcpu.run()).port());
        return registers;
    }

    private long call(long number, long... arguments) {
        return run(VmConfig.pc(2), "0f01c1", number, arguments).general(Registers.RAX);
    }

    @Test
    void whatIsNotKnownIsNotThere() {
        assertEquals(KvmHypercalls.ENOSYS & LOW, call(999));
        assertEquals(KvmHypercalls.ENOSYS & LOW, run(VmConfig.pc(1), "0f01d9", 998).general(Registers.RAX));
    }

    @Test
    void interruptsGoToTheProcessorsOfABitmapThatExist() {
        // The second processor waits for a start-up IPI: its APIC is on, but disabled by software.
        assertEquals(0, call(KvmHypercalls.SEND_IPI, 0xffff_ffffL, 0, 0xffff_ffffL, 0x30));
        assertEquals(1, call(KvmHypercalls.SEND_IPI, 6, 0, 0, 0x400));
        assertEquals(1, call(KvmHypercalls.SEND_IPI, 7, 0xff, 1, 0x400));
        assertEquals(0, call(KvmHypercalls.SEND_IPI, 0, 0xff, 0, 0x400));
    }

    @Test
    void anInterruptCommandWithADestinationOfItsOwnIsInvalid() {
        assertEquals(KvmHypercalls.EINVAL & LOW, call(KvmHypercalls.SEND_IPI, 1, 0, 0, 0x830));
        assertEquals(KvmHypercalls.EINVAL & LOW, call(KvmHypercalls.SEND_IPI, 1, 0, 0, 0x4_0030));
    }

    @Test
    void aBareMachineLeavesThemToItsOwner() {
        Vm vm = hypervisor.createVm();
        vm.memory().addSlot(0, 0, ram);
        vm.memory().store(CODE, HexFormat.of().parseHex("0f01c1"));
        Vcpu vcpu = vm.createVcpu(0);
        vcpu.registers().realMode(CODE);
        vcpu.registers().general(Registers.RAX, 7);

        assertEquals(new VmExit.Hypercall(7), vcpu.run());
    }
}
