// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.CS;
import static org.javisor.isa.Instruction.GS;

import org.javisor.memory.GuestMemory;
import org.javisor.memory.IoBus;
import org.javisor.memory.Ram;

/// One processor with 16 MiB of memory, in a mode of choice at CPL 0: for tests of single instructions. 64-bit mode maps
/// linear addresses to the same physical ones, in pages of 2 MiB, and nothing beyond the memory.
final class TestMachine implements CpuEnvironment, AutoCloseable {
    static final int BYTES = 16 << 20;
    /// Where code goes, and where tests have room for data.
    static final long CODE = 0x1000, DATA = 0x20_0000;
    private static final long PML4 = 0x4000, PDPT = 0x5000, PD = 0x6000;

    final Cpu cpu;
    private final Ram ram = Ram.allocate(BYTES);
    private final GuestMemory memory = new GuestMemory();
    private final IoBus ports = new IoBus("port", 0xffff);
    private final IoBus mmio = new IoBus("MMIO address", -1);
    private final CpuGroup group;
    private final InstructionDecoder decoder;

    private TestMachine() {
        memory.addSlot(0, 0, ram);
        group = new CpuGroup(memory);
        cpu = new Cpu(0, CpuidModel.builder().build(), this);
        decoder = new InstructionDecoder(cpu);
    }

    static TestMachine in64BitMode() {
        TestMachine machine = new TestMachine();
        GuestMemory memory = machine.memory;
        memory.storeLong(PML4, PDPT | 3);
        memory.storeLong(PDPT, PD | 3);
        for (int i = 0; i < BYTES >> 21; i++) {
            memory.storeLong(PD + 8 * i, (long) i << 21 | 0x83);
        }
        machine.cpu.efer = ControlBits.EFER_LME | ControlBits.EFER_LMA;
        machine.cpu.cr4 = ControlBits.CR4_PAE;
        machine.cpu.cr3 = PML4;
        machine.enter(ControlBits.CR0_PE | ControlBits.CR0_PG | ControlBits.CR0_ET, Segments.L);
        return machine;
    }

    /// Protected mode without paging, all segments flat.
    static TestMachine in32BitMode() {
        TestMachine machine = new TestMachine();
        machine.enter(ControlBits.CR0_PE | ControlBits.CR0_ET, Segments.D);
        return machine;
    }

    /// Protected mode without paging, 16-bit segments based at 0 with a limit of 64 KiB.
    static TestMachine in16BitMode() {
        TestMachine machine = in32BitMode();
        for (int n = 0; n <= GS; n++) {
            machine.cpu.segments.attributes[n] &= ~Segments.D;
            machine.cpu.segments.limit[n] = 0xffff;
        }
        machine.cpu.modeChanged();
        return machine;
    }

    private void enter(long cr0, int codeSize) {
        int present = Segments.PRESENT | Segments.S | Segments.ACCESSED | Segments.WRITABLE | Segments.GRANULARITY;
        for (int n = 0; n <= GS; n++) {
            cpu.segments.base[n] = 0;
            cpu.segments.limit[n] = -1;
            cpu.segments.attributes[n] = present | (n == CS ? Segments.CODE | codeSize : Segments.D);
        }
        cpu.cr0 = cr0;
        cpu.modeChanged();
    }

    /// Executes the instructions of `code` in the order in which they stand, each once, and returns the vector of the
    /// fault that ended this, or -1. RIP is that of the faulting instruction, or what the last one left.
    int execute(int... code) {
        byte[] bytes = new byte[code.length];
        for (int i = 0; i < code.length; i++) {
            bytes[i] = (byte) code[i];
        }
        for (int at = 0; at < bytes.length; ) {
            Insn insn = decoder.decodeOne(bytes, at, bytes.length, cpu.codeBits);
            at += insn.length;
            cpu.rip(CODE + at);
            try {
                insn.handler.execute(cpu, insn);
            } catch (GuestFault fault) {
                cpu.rip(CODE + at - insn.length);
                return fault.vector;
            }
        }
        return -1;
    }

    /// The first instruction of `code`.
    Insn decode(int... code) {
        byte[] bytes = new byte[code.length];
        for (int i = 0; i < code.length; i++) {
            bytes[i] = (byte) code[i];
        }
        return decoder.decodeOne(bytes, 0, bytes.length, cpu.codeBits);
    }

    Ram ram() {
        return ram;
    }

    @Override
    public void close() {
        cpu.close();
        ram.close();
    }

    @Override
    public GuestMemory memory() {
        return memory;
    }

    @Override
    public IoBus ports() {
        return ports;
    }

    @Override
    public IoBus mmio() {
        return mmio;
    }

    @Override
    public CpuGroup group() {
        return group;
    }

    @Override
    public long tsc() {
        return 0;
    }

    @Override
    public InterruptController interruptController() {
        throw new AssertionError("no interrupt was asked for");
    }
}
