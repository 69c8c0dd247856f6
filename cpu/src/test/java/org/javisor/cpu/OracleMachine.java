// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.CS;
import static org.javisor.isa.Instruction.DS;
import static org.javisor.isa.Instruction.ES;
import static org.javisor.isa.Instruction.GS;
import static org.javisor.isa.Instruction.SS;

import java.util.Arrays;
import org.javisor.host.HostMemory;
import org.javisor.memory.GuestMemory;
import org.javisor.testkit.HostProcessor;

/// Our processor beside a [HostProcessor]: in 64-bit or compatibility mode at CPL 3, with the same linear
/// addresses for the same things, so that whatever depends on addresses comes out the same.
final class OracleMachine extends BareBoard {
    private static final long TABLES = 0x1000, WINDOW = 0x1_0000;
    private static final long USER_WRITABLE = 7;
    private static final int MAX_STEPS = 1000;
    private static final byte HLT = (byte) 0xf4;

    final Cpu cpu;
    private final HostProcessor host;
    private final boolean translates;
    private final GuestMemory memory = memory();
    private final InstructionDecoder decoder;
    private long nextTable = TABLES + GuestMemory.PAGE_BYTES;

    OracleMachine(HostProcessor host) {
        this(host, null);
    }

    /// @param translator what executes the instructions, but for those that it leaves to the interpreter; null for none
    OracleMachine(HostProcessor host, BlockTranslator translator) {
        super(1 << 20);
        this.host = host;
        this.translates = translator != null;
        group().translator(translator, false);
        group().translateAt(1);
        cpu = new Cpu(0, CpuidModel.builder().build(), this);
        decoder = new InstructionDecoder(cpu);
        for (int page = 0; page < HostProcessor.PAGES; page++) {
            long offset = (long) page * GuestMemory.PAGE_BYTES;
            map(host.base() + offset, WINDOW + offset);
        }
        int present = Segments.PRESENT | Segments.S | Segments.ACCESSED | Segments.WRITABLE
                | Segments.GRANULARITY | Segments.DPL;
        for (int n = 0; n <= GS; n++) {
            cpu.segments.base[n] = 0;
            cpu.segments.limit[n] = -1;
            cpu.segments.attributes[n] = present | (n == CS ? codeAttributes(host.codeBits()) : Segments.D);
        }
        selectors();
        cpu.efer = ControlBits.EFER_LME | ControlBits.EFER_LMA;
        cpu.cr4 = ControlBits.CR4_PAE | ControlBits.CR4_OSFXSR | ControlBits.CR4_OSXMMEXCPT
                | ControlBits.CR4_OSXSAVE;
        cpu.system.xcr0 = cpu.cpuid.xcr0Supported();
        cpu.cr3 = TABLES;
        cpu.cr0 = ControlBits.CR0_PE | ControlBits.CR0_PG | ControlBits.CR0_NE | ControlBits.CR0_MP;
        // Behind instructions that are translated there is a HLT.
        cpu.cpl = translates ? 0 : 3;
        cpu.rflags(Flags.IF);
    }

    private static int codeAttributes(int codeBits) {
        return Segments.CODE | (codeBits == 64 ? Segments.L : Segments.D);
    }

    /// Linux's selectors: data segments are null in 64-bit code.
    private void selectors() {
        boolean is64 = host.codeBits() == 64;
        cpu.segments.selector[CS] = is64 ? 0x33 : 0x23;
        cpu.segments.selector[SS] = 0x2b;
        cpu.segments.selector[DS] = is64 ? 0 : 0x2b;
        cpu.segments.selector[ES] = is64 ? 0 : 0x2b;
    }

    private void map(long gva, long gpa) {
        long table = TABLES;
        for (int shift = 39; shift > 12; shift -= 9) {
            long entry = table + 8 * (gva >>> shift & 511);
            if (memory.loadLong(entry) == 0) {
                memory.storeLong(entry, nextTable | USER_WRITABLE);
                nextTable += GuestMemory.PAGE_BYTES;
            }
            table = memory.loadLong(entry) & -GuestMemory.PAGE_BYTES;
        }
        memory.storeLong(table + 8 * (gva >>> 12 & 511), gpa | USER_WRITABLE);
    }

    /// Where the data window is in this process.
    long data() {
        return ram().hva() + WINDOW + host.data() - host.base();
    }

    Insn decode(byte[] code, int length) {
        return decoder.decodeOne(code, 0, length, host.codeBits());
    }

    private long xmm(int n) {
        return cpu.state + CpuLayout.XMM + (long) CpuLayout.XMM_STRIDE * n;
    }

    /// Takes the registers from the host's block.
    void load(long block) {
        HostMemory.copy(block + HostProcessor.GPR, cpu.state + CpuLayout.GPR, 128);
        int flags = (int) HostMemory.loadLong(block + HostProcessor.RFLAGS);
        cpu.arithmeticFlags(flags);
        cpu.systemFlags(1 << 1 | Flags.IF | flags & Flags.DF);
        long fx = block + HostProcessor.FX;
        for (int n = 0; n < 16; n++) {
            HostMemory.copy(fx + FxImage.XMM + 16L * n, xmm(n), 16);
            HostMemory.copy(block + HostProcessor.YMM + 16L * n, xmm(n) + 16, 16);
        }
        Mxcsr.set(cpu, HostMemory.loadInt(fx + FxImage.MXCSR));
        HostMemory.storeShort(cpu.state + CpuLayout.FCW, HostMemory.loadShort(fx + FxImage.FCW));
        HostMemory.storeShort(cpu.state + CpuLayout.FSW, HostMemory.loadShort(fx + FxImage.FSW));
        int top = HostMemory.loadShort(fx + FxImage.FSW) >> 11 & 7;
        int full = HostMemory.loadByte(fx + FxImage.FTW);
        int tags = 0;
        for (int n = 0; n < 8; n++) {
            tags |= (full >> n & 1) != 0 ? 0 : 3 << 2 * n;
            HostMemory.copy(fx + FxImage.ST + 16L * n,
                    cpu.state + CpuLayout.FPR + (long) CpuLayout.FPR_STRIDE * (n + top & 7), 10);
        }
        HostMemory.storeShort(cpu.state + CpuLayout.FTW, (short) tags);
    }

    /// Executes one instruction at the host's address.
    ///
    /// @return the vector of its fault (or something else that is not -1), or -1
    int execute(Insn insn) {
        return translates ? run(insn) : interpret(insn);
    }

    /// Runs the code up to a HLT. With nowhere to go, an exception shuts the processor down.
    private int run(Insn insn) {
        long code = WINDOW + host.instruction() - host.base();
        byte[] bytes = new byte[insn.length];
        memory.load(code, bytes, 0, bytes.length);
        if (!Arrays.equals(bytes, host.code(insn.length)) || memory.loadByte(code + insn.length) != HLT) {
            memory.store(code, host.code(insn.length));
            memory.storeByte(code + insn.length, HLT);
            memory.storeByte(code + HostProcessor.TAKEN_DISTANCE, HLT);
        }
        cpu.rip(host.instruction());
        cpu.modeChanged();
        int exit = cpu.run();
        if (exit == CpuExit.INTERNAL_ERROR) {
            throw new AssertionError(cpu.failure(), cpu.failureCause());
        }
        cpu.rip(cpu.rip() - 1);
        return exit == CpuExit.HALT ? -1 : exit;
    }

    private int interpret(Insn insn) {
        for (int step = 0; step < MAX_STEPS; step++) {
            cpu.rip(host.instruction() + insn.length);
            try {
                insn.handler.execute(cpu, insn);
            } catch (GuestFault fault) {
                return fault.vector;
            }
            // A repeated string instruction may stop in between.
            if (cpu.rip() != host.instruction()) {
                return -1;
            }
        }
        throw new AssertionError("the instruction never ends");
    }

    /// Gives the registers in the form of the host's block.
    void store(long block) {
        HostMemory.copy(cpu.state + CpuLayout.GPR, block + HostProcessor.GPR, 128);
        HostMemory.storeLong(block + HostProcessor.RFLAGS, cpu.rflags());
        HostMemory.storeByte(block + HostProcessor.TAKEN,
                (byte) (cpu.rip() == host.instruction() + HostProcessor.TAKEN_DISTANCE ? 1 : 0));
        long fx = block + HostProcessor.FX;
        for (int n = 0; n < 16; n++) {
            HostMemory.copy(xmm(n), fx + FxImage.XMM + 16L * n, 16);
            HostMemory.copy(xmm(n) + 16, block + HostProcessor.YMM + 16L * n, 16);
        }
        HostMemory.storeInt(fx + FxImage.MXCSR, Mxcsr.get(cpu));
        int fsw = HostMemory.loadShort(cpu.state + CpuLayout.FSW);
        HostMemory.storeShort(fx + FxImage.FCW, HostMemory.loadShort(cpu.state + CpuLayout.FCW));
        HostMemory.storeShort(fx + FxImage.FSW, (short) fsw);
        int tags = HostMemory.loadShort(cpu.state + CpuLayout.FTW);
        int full = 0;
        for (int n = 0; n < 8; n++) {
            full |= (tags >> 2 * n & 3) != 3 ? 1 << n : 0;
            HostMemory.copy(cpu.state + CpuLayout.FPR + (long) CpuLayout.FPR_STRIDE * (n + (fsw >> 11) & 7),
                    fx + FxImage.ST + 16L * n, 10);
        }
        HostMemory.storeByte(fx + FxImage.FTW, (byte) full);
    }

    @Override
    public void close() {
        cpu.close();
        super.close();
    }
}
