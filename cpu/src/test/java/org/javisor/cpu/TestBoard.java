// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.CS;
import static org.javisor.isa.Instruction.SS;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.javisor.isa.Instruction;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.Ram;

/// Memory from address 0, empty buses, and processors in the mode a test wants.
final class TestBoard extends BareBoard {
    static final long CODE = 0x10_0000, STACK = 0x9_0000, TABLES = 0x20_0000;

    final Ram ram = ram();
    private final GuestMemory memory = memory();
    private final CpuGroup group = group();
    private final CpuidModel cpuid = CpuidModel.builder().build();
    private final List<Cpu> cpus = new ArrayList<>();
    final List<String> unimplemented = new ArrayList<>();
    /// How often FERR# was asserted.
    int floatingPointErrors;
    boolean exitsOnUnclaimedAccess;
    /// The first of its processors.
    final Cpu cpu;

    TestBoard() {
        this(16 << 20, false);
    }

    TestBoard(long bytes, boolean exitsOnUnclaimedAccess) {
        this(bytes, exitsOnUnclaimedAccess, TestTranslators.create());
    }

    /// @param translator of all code, closed with the board; or null
    TestBoard(long bytes, boolean exitsOnUnclaimedAccess, BlockTranslator translator) {
        super(bytes);
        group.translator(translator, false);
        group.translateAt(1);
        group.counted = true;
        this.exitsOnUnclaimedAccess = exitsOnUnclaimedAccess;
        cpu = addCpu();
    }

    Cpu addCpu() {
        Cpu added = new Cpu(cpus.size(), cpuid, this);
        cpus.add(added);
        return added;
    }

    @Override
    public InterruptController interruptController() {
        return new InterruptController() {
            @Override
            public int acknowledge() {
                return -1;
            }

            @Override
            public int taskPriority() {
                return 0;
            }

            @Override
            public void taskPriority(int cr8) { }
        };
    }

    @Override
    public boolean exitsOnUnclaimedAccess() {
        return exitsOnUnclaimedAccess;
    }

    @Override
    public void floatingPointError() {
        floatingPointErrors++;
    }

    @Override
    public void unimplemented(String instruction) {
        unimplemented.add(instruction);
    }

    @Override
    public void close() {
        cpus.forEach(Cpu::close);
        super.close();
        if (group.translator != null) {
            group.endTranslating();
            group.translator.close();
        }
    }

    // ---- modes ----

    private static void segments(Cpu cpu, int codeAttributes, int dataAttributes, int limit) {
        for (int n = 0; n < 6; n++) {
            cpu.segments.selector[n] = n == CS ? 0x8 : 0x10;
            cpu.segments.base[n] = 0;
            cpu.segments.limit[n] = limit;
            cpu.segments.attributes[n] = n == CS ? codeAttributes : dataAttributes;
        }
        cpu.segments.selector[SS] = 0x10;
    }

    private static final int CODE_SEGMENT = Segments.PRESENT | Segments.S | Segments.CODE | Segments.READABLE
            | Segments.ACCESSED;
    private static final int DATA_SEGMENT = Segments.PRESENT | Segments.S | Segments.WRITABLE | Segments.ACCESSED;

    /// Real mode at `gpa`, with segment bases 0.
    static void realMode(Cpu cpu, long gpa) {
        segments(cpu, DATA_SEGMENT, DATA_SEGMENT, 0xffff);
        start(cpu, gpa, 0, 0, 0);
    }

    /// Protected mode at CPL 0 without paging, `bits` 16 or 32.
    static void protectedMode(Cpu cpu, long gpa, int bits) {
        int size = bits == 32 ? Segments.D : 0;
        segments(cpu, CODE_SEGMENT | size, DATA_SEGMENT | size, -1);
        start(cpu, gpa, ControlBits.CR0_PE, 0, 0);
    }

    /// 64-bit mode at CPL 0, the first GiB mapped one to one, user pages, by 4-level tables at [#TABLES].
    void longMode(Cpu cpu, long gva) {
        memory.storeLong(TABLES, TABLES + 0x1000 | 7);
        memory.storeLong(TABLES + 0x1000, TABLES + 0x2000 | 7);
        for (int i = 0; i < 512; i++) {
            memory.storeLong(TABLES + 0x2000 + 8 * i, (long) i << 21 | 0x87);
        }
        segments(cpu, CODE_SEGMENT | Segments.L, DATA_SEGMENT | Segments.D, -1);
        cpu.cr3 = TABLES;
        start(cpu, gva, ControlBits.CR0_PE | ControlBits.CR0_PG | ControlBits.CR0_WP,
                ControlBits.CR4_PAE | ControlBits.CR4_OSFXSR | ControlBits.CR4_OSXMMEXCPT,
                ControlBits.EFER_LME | ControlBits.EFER_LMA | ControlBits.EFER_NXE);
    }

    private static void start(Cpu cpu, long rip, long cr0, long cr4, long efer) {
        cpu.cr0 = cr0;
        cpu.cr4 = cr4;
        cpu.efer = efer;
        cpu.cpl = 0;
        cpu.rflags(2);
        cpu.rip(rip);
        cpu.reg64(CpuLayout.RSP, STACK);
        cpu.mmu.flush();
    }

    /// Puts `hex` bytes of code at `gpa`.
    void code(long gpa, String hex) {
        memory.store(gpa, HexFormat.of().parseHex(hex.replace(" ", "")));
    }

    long reg(int reg) {
        return cpu.reg64(reg);
    }

    static final int RAX = CpuLayout.RAX, RBX = CpuLayout.RBX, RCX = CpuLayout.RCX, RDX = CpuLayout.RDX,
            RSI = CpuLayout.RSI, RDI = CpuLayout.RDI, DS = Instruction.DS;
}
