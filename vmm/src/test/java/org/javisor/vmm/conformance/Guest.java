// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.conformance;

import java.util.HexFormat;
import org.javisor.memory.Ram;
import org.javisor.vmm.Hypervisor;
import org.javisor.vmm.Registers;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.Vm;
import org.javisor.vmm.VmConfig;
import org.javisor.vmm.VmExit;

/// A machine of one processor with 1 MiB of memory in slot 0, about to execute real-mode code at 0x1000 with a stack
/// below it.
final class Guest implements AutoCloseable {
    static final int CODE = 0x1000;
    static final long RAM_BYTES = 1 << 20;

    private final Hypervisor hypervisor;
    final Ram ram = Ram.allocate(RAM_BYTES);
    final Vm vm;
    final Vcpu vcpu;

    Guest(String engine, VmConfig config, String listing) {
        hypervisor = Engines.open(engine);
        vm = hypervisor.createVm(config);
        vm.memory().addSlot(0, 0, ram);
        vm.memory().store(CODE, code(listing));
        vcpu = vm.createVcpu(0);
        vcpu.registers().realMode(CODE);
        vcpu.registers().general(Registers.RSP, CODE);
    }

    Guest(String engine, String listing) {
        this(engine, VmConfig.BARE, listing);
    }

    /// A guest that switches to its x2APIC and enables it, tells by port 0xe1, and sleeps.
    static Guest sleeping(String engine, VmConfig config) {
        return new Guest(engine, config, """
                66b91b000000  mov ecx, 0x1b
                0f32          rdmsr
                660d00040000  or eax, 0x400
                0f30          wrmsr
                66b90f080000  mov ecx, 0x80f
                66b8ff010000  mov eax, 0x1ff
                6631d2        xor edx, edx
                0f30          wrmsr
                e6e1          out 0xe1, al
                fb            sti
                f4            hlt
                ebfd          jmp to hlt
                """);
    }

    /// A 32-bit segment of all memory, for code or data.
    private static Registers.Segment flat(int type, int privilege, int mode) {
        return new Registers.Segment(8 | privilege, 0, -1, 0x8090 | mode | privilege << 5 | type);
    }

    private static final int CODE_TYPE = 0xb, DATA_TYPE = 3, SIZE_32 = 1 << 14, LONG = 1 << 13;

    /// Has it about to execute the code in 64-bit mode, with the first 2 MiB mapped to themselves by tables at 64 KiB.
    Guest inLongMode() {
        int presentWritable = 3, large = 0x80;
        vm.memory().storeLong(0x1_0000, 0x1_1000 | presentWritable);
        vm.memory().storeLong(0x1_1000, 0x1_2000 | presentWritable);
        vm.memory().storeLong(0x1_2000, presentWritable | large);
        vcpu.registers().paging(new Registers.Paging(0x8000_0011L, 0x1_0000, 0x20, 0x500));
        inSegments(0, LONG);
        return this;
    }

    /// Has it about to execute the code in 32-bit mode, at a privilege level, which may use ports.
    Guest inProtectedMode(int privilege) {
        Registers registers = vcpu.registers();
        registers.paging(new Registers.Paging(0x11, 0, 0, 0));
        inSegments(privilege, SIZE_32);
        registers.rflags(2 | 3 << 12);
        return this;
    }

    private void inSegments(int privilege, int codeMode) {
        Registers registers = vcpu.registers();
        registers.segment(Registers.CS, flat(CODE_TYPE, privilege, codeMode));
        for (int number : new int[] {Registers.ES, Registers.SS, Registers.DS}) {
            registers.segment(number, flat(DATA_TYPE, privilege, SIZE_32));
        }
    }

    /// Machine code from a listing: on each line the bytes in hexadecimal, then whatever helps a reader.
    static byte[] code(String listing) {
        StringBuilder hex = new StringBuilder();
        listing.lines().filter(line -> !line.isBlank()).forEach(line -> hex.append(line.strip().split("\\s+")[0]));
        return HexFormat.of().parseHex(hex);
    }

    VmExit run() {
        return vcpu.run();
    }

    /// Has real-mode interrupt `vector` handled at `ip`.
    Guest handling(int vector, int ip, String listing) {
        vm.memory().storeInt(4L * vector, ip);
        vm.memory().store(ip, code(listing));
        return this;
    }

    /// Has interrupt `vector` of its x2APIC ended, and then told by port 0xe0.
    Guest ending(int vector) {
        return handling(vector, 0x1800, """
                66b90b080000  mov ecx, 0x80b
                6631c0        xor eax, eax
                6631d2        xor edx, edx
                0f30          wrmsr
                e6e0          out 0xe0, al
                cf            iret
                """);
    }

    @Override
    public void close() {
        hypervisor.close();
        ram.close();
    }
}
