// SPDX-License-Identifier: Apache-2.0
package org.javisor.bench;

import java.util.HexFormat;
import org.javisor.memory.BusDevice;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.Ram;
import org.javisor.vmm.Hypervisor;
import org.javisor.vmm.Registers;
import org.javisor.vmm.Registers.Segment;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.Vm;
import org.javisor.vmm.VmConfig;
import org.javisor.vmm.VmExit;

/// A guest that does one thing again and again, and after each ten thousand of them writes to a port.
final class ObservedGuest implements AutoCloseable {
    static final int ROUND = 10_000;
    private static final int REAL_MODE_START = 0x1000, START = 0x8000;
    private static final int PML4 = 0x2000, PDPT = 0x3000, DIRECTORY = 0x4000, GDT = 0x500, IDT = 0x5000;
    private static final int PAGE_FAULT_GATE = IDT + 14 * 16, HANDLER = START + 0x40;

    /// What it does.
    enum Work {
        /// IN from a port that a device answers.
        DEVICE_ACCESS("b91027 e460 e2fc e6e1 ebf5"),
        /// WRMSR to the x2APIC's self-IPI register; the interrupt is taken, and ended by another WRMSR.
        INTERRUPT("c70600014a10 c70602010000 66b91b000000 0f32 660d000c0000 0f30 66b90f080000 66b8ff010000 6631d2 0f30"
                + "fb 66bd10270000 66b93f080000 66b840000000 0f30 664d 75ee e6e1 ebe3 66b90b080000 6631c0 0f30 cf"),
        /// INVLPG, and a load from the page.
        TLB_FILL("b910270000 b800001000 0f0138 488b18 ffc9 75f6 e6e1 ebe8"),
        /// UD2, and a handler that returns behind it.
        EXCEPTION("c70618001710 c7061a000000 b91027 0f0b e2fc e6e1 ebf5 89e5 83460002 cf"),
        /// The local APIC's timer is started for a moment that HLT waits for; the interrupt is taken and ended.
        HALT("c70600016810 c70602010000 66b91b000000 0f32 660d000c0000 0f30 66b90f080000 66b8ff010000 6631d2 0f30"
                + "66b932080000 66b840000000 0f30 66b93e080000 66b80b000000 0f30 bd1027 fa 66b938080000 66b8d0070000"
                + "6631d2 0f30 fb f4 fa 4d 75e9 e6e1 ebe1 66b90b080000 6631c0 6631d2 0f30 cf"),
        /// A load from where nothing is mapped, and a handler that returns behind it.
        PAGE_FAULT("b910270000 b800000040 488b18 ffc9 75f9 e6e1 ebeb" + "90".repeat(0x2b)
                + "4883c408 4883042403 48cf");

        private final byte[] code;

        Work(String code) {
            this.code = HexFormat.of().parseHex(code.replace(" ", ""));
        }

        private boolean needsChips() {
            return this == INTERRUPT || this == HALT;
        }

        private boolean is64Bit() {
            return this == TLB_FILL || this == PAGE_FAULT;
        }
    }

    private final Hypervisor hypervisor = Hypervisor.open();
    private final Vm vm;
    private final Ram ram = Ram.allocate(2 << 20);
    private final Vcpu vcpu;

    ObservedGuest(Work work) {
        vm = hypervisor.createVm(work.needsChips() ? VmConfig.pc(1).withExitsOnUnclaimed(true) : VmConfig.BARE);
        vm.memory().addSlot(0, 0, ram);
        vm.ports().attach(0x60, 1, new Nothing(), "nothing");
        vcpu = vm.createVcpu(0);
        if (work.is64Bit()) {
            enterLongMode();
            vm.memory().store(START, work.code);
        } else {
            vm.memory().store(REAL_MODE_START, work.code);
            vcpu.registers().realMode(REAL_MODE_START);
        }
    }

    private static final class Nothing implements BusDevice {
        @Override
        public long read(long offset, int size) {
            return 0;
        }

        @Override
        public void write(long offset, int size, long value) { }
    }

    private void enterLongMode() {
        GuestMemory memory = vm.memory();
        memory.storeLong(PML4, PDPT | 3);
        memory.storeLong(PDPT, DIRECTORY | 3);
        memory.storeLong(DIRECTORY, 0x83);
        memory.storeLong(GDT + 8, 0x00af_9b00_0000_ffffL);
        memory.storeLong(PAGE_FAULT_GATE, HANDLER | 8 << 16 | 0x8e00L << 32);
        Registers registers = vcpu.registers();
        registers.gdt(GDT, 15);
        registers.idt(IDT, 0xfff);
        registers.paging(new Registers.Paging(0x8000_0001L, PML4, 0x20, 0x500));
        for (int segment = Registers.ES; segment <= Registers.GS; segment++) {
            registers.segment(segment, new Segment(segment == Registers.CS ? 8 : 0, 0, -1,
                    segment == Registers.CS ? 0xa09b : 0xc093));
        }
        registers.general(Registers.RSP, START);
        registers.rip(START);
    }

    /// Does it ten thousand times.
    void round() {
        if (!(vcpu.run() instanceof VmExit.PortWrite write) || write.port() != 0xe1) {
            throw new IllegalStateException("the guest went astray");
        }
    }

    @Override
    public void close() {
        hypervisor.close();
        ram.close();
    }
}
