// SPDX-License-Identifier: Apache-2.0
package org.javisor.samples;

import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicInteger;
import org.javisor.memory.BusDevice;
import org.javisor.memory.Ram;
import org.javisor.vmm.EngineKind;
import org.javisor.vmm.Hypervisor;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.Vm;
import org.javisor.vmm.VmExit;

/// Two ways to answer a guest that reads and writes addresses where no memory is.
///
/// At 0xa0000 is a device on the machine's bus: its doorbell is rung inside [Vcpu#run], which goes on without anybody
/// noticing. What is at 0xa0008 and 0xa0010 no device claims: each access is an exit, and this program the device.
public final class DeviceInMemory {
    private static final int START = 0x1000, DOORBELL = 0xa_0000, COUNT = 0xa_0008, READY = 0xa_0010;
    private static final byte[] CODE = HexFormat.of().parseHex(
            "b800a0"        // mov ax, 0xa000
            + "8ed8"        // mov ds, ax
            + "8a0e0800"    // mov cl, [8]      how often shall I ring?
            + "880e0000"    // next: mov [0], cl
            + "fec9"        // dec cl
            + "75f8"        // jnz next
            + "c606100001"  // mov byte [0x10], 1
            + "f4");        // hlt

    /// Rings for whoever waits for it.
    private record Doorbell(AtomicInteger rings) implements BusDevice {
        @Override
        public long read(long offset, int size) {
            return rings.get();
        }

        @Override
        public void write(long offset, int size, long value) {
            rings.incrementAndGet();
        }
    }

    private DeviceInMemory() { }

    public static void main(String... arguments) {
        EngineKind engine = arguments.length == 0 ? EngineKind.AUTO : EngineKind.valueOf(arguments[0]);
        try (Hypervisor hypervisor = Hypervisor.open(engine); Vm vm = hypervisor.createVm();
                Ram ram = Ram.allocate(0x1000)) {
            vm.memory().addSlot(0, START, ram);
            vm.memory().store(START, CODE);
            AtomicInteger rings = new AtomicInteger();
            vm.mmio().attach(DOORBELL, 4, new Doorbell(rings), "doorbell");

            Vcpu vcpu = vm.createVcpu(0);
            vcpu.registers().realMode(START);
            int exits = 0;
            for (VmExit exit = vcpu.run(); exit != VmExit.Halt.INSTANCE; exit = vcpu.run()) {
                exits++;
                switch (exit) {
                    case VmExit.MmioRead read when read.gpa() == COUNT -> vcpu.completeRead(100);
                    case VmExit.MmioWrite write when write.gpa() == READY -> System.out.println("The guest is ready.");
                    case VmExit other -> throw new IllegalStateException("did not expect " + other);
                }
            }
            System.out.println("The doorbell rang " + rings + " times; there were " + exits + " exits before HLT.");
        }
    }
}
