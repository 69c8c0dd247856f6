// SPDX-License-Identifier: Apache-2.0
package org.javisor.samples;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.Ram;
import org.javisor.vmm.EngineKind;
import org.javisor.vmm.Hypervisor;
import org.javisor.vmm.Registers;
import org.javisor.vmm.Registers.Segment;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.Vm;
import org.javisor.vmm.VmExit;

/// A 64-bit guest with page tables and a GDT of its own: it prints a greeting, and leaves 20! in RAX.
public final class LongMode {
    private static final int GDT = 0x500, PML4 = 0x1000, PDPT = 0x2000, PAGE_DIRECTORY = 0x3000, START = 0x8000;
    private static final long PRESENT = 1, WRITABLE = 1 << 1, LARGE = 1 << 7;
    private static final long CR0_PE = 1, CR0_PG = 1L << 31, CR4_PAE = 1 << 5, EFER_LME = 1 << 8, EFER_LMA = 1 << 10;
    private static final byte[] CODE = HexFormat.of().parseHex(
            "66b81000"          // mov ax, 0x10
            + "8ed8"            // mov ds, ax
            + "488d351d000000"  // lea rsi, [text]
            + "66baf803"        // mov dx, 0x3f8
            + "ac"              // next: lodsb
            + "84c0"            // test al, al
            + "7403"            // jz done
            + "ee"              // out dx, al
            + "ebf8"            // jmp next
            + "b801000000"      // done: mov eax, 1
            + "b914000000"      // mov ecx, 20
            + "480fafc1"        // again: imul rax, rcx
            + "e2fa"            // loop again
            + "f4");            // hlt, and behind it the text

    private LongMode() { }

    public static void main(String... arguments) {
        EngineKind engine = arguments.length == 0 ? EngineKind.AUTO : EngineKind.valueOf(arguments[0]);
        try (Hypervisor hypervisor = Hypervisor.open(engine); Vm vm = hypervisor.createVm();
                Ram ram = Ram.allocate(2 << 20)) {
            vm.memory().addSlot(0, 0, ram);
            layOut(vm.memory());
            Vcpu vcpu = vm.createVcpu(0);
            enterLongMode(vcpu.registers());
            while (vcpu.run() instanceof VmExit.PortWrite write) {
                System.out.print((char) write.data8());
            }
            System.out.println("20! = " + vcpu.registers().general(Registers.RAX));
        }
    }

    /// Maps the first 2 MiB where they are, with one large page; selector 8 is 64-bit code, 16 is data.
    private static void layOut(GuestMemory memory) {
        memory.storeLong(PML4, PDPT | PRESENT | WRITABLE);
        memory.storeLong(PDPT, PAGE_DIRECTORY | PRESENT | WRITABLE);
        memory.storeLong(PAGE_DIRECTORY, PRESENT | WRITABLE | LARGE);
        memory.storeLong(GDT + 8, 0x00af_9b00_0000_ffffL);
        memory.storeLong(GDT + 16, 0x00cf_9300_0000_ffffL);
        memory.store(START, CODE);
        memory.store(START + CODE.length, "Hello from 64-bit code\n\0".getBytes(StandardCharsets.US_ASCII));
    }

    /// What a boot loader does, from outside: paging on, and segments as the GDT has them.
    private static void enterLongMode(Registers registers) {
        registers.gdt(GDT, 3 * 8 - 1);
        registers.paging(new Registers.Paging(CR0_PE | CR0_PG, PML4, CR4_PAE, EFER_LME | EFER_LMA));
        registers.segment(Registers.CS, new Segment(8, 0, -1, 0xa09b));
        registers.segment(Registers.SS, new Segment(16, 0, -1, 0xc093));
        registers.rip(START);
    }
}
