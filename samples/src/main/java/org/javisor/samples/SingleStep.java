// SPDX-License-Identifier: Apache-2.0
package org.javisor.samples;

import java.util.HexFormat;
import java.util.List;
import org.javisor.memory.Ram;
import org.javisor.vmm.EngineKind;
import org.javisor.vmm.GuestDebug;
import org.javisor.vmm.Hypervisor;
import org.javisor.vmm.Registers;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.Vm;
import org.javisor.vmm.VmExit;

/// Watches a guest instruction by instruction, as a debugger does: the guest neither helps nor notices.
public final class SingleStep {
    private static final int START = 0x1000, HLT = 0x100a;
    private static final byte[] CODE = HexFormat.of().parseHex(
            "b80100"    // mov ax, 1
            + "b90300"  // mov cx, 3
            + "01c0"    // next: add ax, ax
            + "e2fc"    // loop next
            + "f4");    // hlt

    private SingleStep() { }

    public static void main(String... arguments) {
        EngineKind engine = arguments.length == 0 ? EngineKind.AUTO : EngineKind.valueOf(arguments[0]);
        try (Hypervisor hypervisor = Hypervisor.open(engine); Vm vm = hypervisor.createVm();
                Ram ram = Ram.allocate(0x1000)) {
            vm.memory().addSlot(0, START, ram);
            vm.memory().store(START, CODE);
            Vcpu vcpu = vm.createVcpu(0);
            Registers registers = vcpu.registers();
            registers.realMode(START);

            vcpu.debug(new GuestDebug(true, false, List.of()));
            long next = START;
            while (next != HLT && vcpu.run() instanceof VmExit.Debug(long rip, GuestDebug.Event event, _)) {
                System.out.printf("%s: next at 0x%x, AX = %d, CX = %d%n", event, rip,
                        registers.general(Registers.RAX), registers.general(Registers.RCX));
                next = rip;
            }
        }
    }
}
