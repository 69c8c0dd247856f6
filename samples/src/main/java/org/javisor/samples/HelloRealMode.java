// SPDX-License-Identifier: Apache-2.0
package org.javisor.samples;

import java.util.HexFormat;
import org.javisor.memory.Ram;
import org.javisor.vmm.EngineKind;
import org.javisor.vmm.Hypervisor;
import org.javisor.vmm.Registers;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.Vm;
import org.javisor.vmm.VmExit;

/// The guest that articles about KVM's interface begin with: 16-bit code adds two numbers that it finds in registers,
/// writes the sum and a line feed to the serial port, and halts.
///
/// A virtual machine has nothing but what it is given: here a page of memory and one processor. The serial port is this
/// program, which is told of each OUT because nothing else is there to answer.
///
/// The argument, SOFTWARE or KVM, says what executes the guest; without one, the best engine that the host has.
public final class HelloRealMode {
    private static final int START = 0x1000, SERIAL_PORT = 0x3f8;
    private static final byte[] CODE = HexFormat.of().parseHex(
            "baf803"    // mov dx, 0x3f8
            + "00d8"    // add al, bl
            + "0430"    // add al, '0'
            + "ee"      // out dx, al
            + "b00a"    // mov al, '\n'
            + "ee"      // out dx, al
            + "f4");    // hlt

    private HelloRealMode() { }

    public static void main(String... arguments) {
        EngineKind engine = arguments.length == 0 ? EngineKind.AUTO : EngineKind.valueOf(arguments[0]);
        try (Hypervisor hypervisor = Hypervisor.open(engine); Vm vm = hypervisor.createVm();
                Ram ram = Ram.allocate(0x1000)) {
            vm.memory().addSlot(0, START, ram);
            vm.memory().store(START, CODE);

            Vcpu vcpu = vm.createVcpu(0);
            vcpu.registers().realMode(START);
            vcpu.registers().general(Registers.RAX, 2);
            vcpu.registers().general(Registers.RBX, 2);
            run(vcpu);
        }
    }

    private static void run(Vcpu vcpu) {
        while (true) {
            switch (vcpu.run()) {
                case VmExit.PortWrite write when write.port() == SERIAL_PORT -> System.out.print((char) write.data8());
                case VmExit.Halt _ -> {
                    return;
                }
                case VmExit other -> throw new IllegalStateException("did not expect " + other);
            }
        }
    }
}
