// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.CS;
import static org.javisor.isa.Instruction.SS;

import java.util.HexFormat;
import org.javisor.memory.BusDevice;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.IoBus;
import org.javisor.memory.Ram;

/// A guest with descriptor tables, for tests of what the processor does between instructions. Every interrupt
/// and exception leads to a HLT of its own, so that after [#run] the vector can be read off RIP and the frame
/// off the stack.
///
/// ```
/// 0x01000 GDT       0x02000 IDT        0x04000 TSS (32- or 64-bit)   0x05000 second TSS   0x06000 LDT
/// 0x08000 handlers, 16 bytes a vector  0x10000 code                  0x30000 page tables  0x40000 data
/// stacks grow down from 0x60000 (code), 0x70000 (level 0), 0x74000 and 0x78000 (levels 1 and 2),
/// 0x7c000 (interrupt stack 1)
/// ```
final class SystemGuest extends BareBoard implements InterruptController {
    static final int GDT = 0x1000, IDT = 0x2000, TSS = 0x4000, TSS2 = 0x5000, LDT = 0x6000, HANDLERS = 0x8000,
            CODE = 0x10000, TABLES = 0x30000, DATA = 0x40000;
    static final int STACK = 0x60000, STACK0 = 0x70000, STACK1 = 0x74000, STACK2 = 0x78000, IST1 = 0x7c000;
    // Selectors that every guest has.
    static final int CODE0 = 0x08, DATA0 = 0x10, CODE3 = 0x1b, DATA3 = 0x23, TSS_SELECTOR = 0x28,
            DATA1 = 0x39,
            DATA2 = 0x42, COMPATIBILITY3 = 0x4b;
    /// The first selector that tests may use as they like.
    static final int FREE = 0x80;
    // Descriptor access bytes.
    static final int CODE_ACCESS = 0x9b, DATA_ACCESS = 0x93;

    final Ram ram = ram();
    final GuestMemory memory = memory();
    final IoBus ports = ports();
    final Cpu cpu;
    private final CpuGroup group = group();
    private final boolean longMode;
    /// The vector that the interrupt controller hands out next, or -1.
    int interrupt = -1;
    int taskPriority;
    boolean hypercalls;
    boolean forcedEmulation;
    long tsc;
    /// How often a performance counter has interrupted, and when the next one is to be looked at.
    int counterInterrupts;
    long alarm;
    /// What was last written to a port of [#attachPort].
    long written = -1;

    private SystemGuest(CpuidModel cpuid, boolean longMode) {
        this(cpuid, longMode, TestTranslators.create(), false);
    }

    private SystemGuest(CpuidModel cpuid, boolean longMode, BlockTranslator translator, boolean inLockStep) {
        super(16 << 20);
        this.longMode = longMode;
        group.translator(translator, inLockStep);
        group.translateAt(1);
        group.counted = true;
        cpu = new Cpu(0, cpuid, this);
        for (int vector = 0; vector < 256; vector++) {
            memory.storeByte(HANDLERS + 16 * vector, (byte) 0xf4);
        }
    }

    /// Right behind RESET, but with CS and all other bases 0, ready to execute at [#CODE] in a segment based
    /// there.
    static SystemGuest inRealMode() {
        SystemGuest guest = new SystemGuest(CpuidModel.builder().build(), false);
        guest.cpu.segmentLoader.loadReal(CS, CODE >> 4);
        guest.cpu.segmentLoader.loadReal(SS, 0x5000);
        guest.cpu.reg64(CpuLayout.RSP, 0x8000);
        guest.cpu.rip(0);
        for (int vector = 0; vector < 256; vector++) {
            guest.memory.storeInt(4 * vector, HANDLERS + 16 * vector);
        }
        guest.cpu.modeChanged();
        return guest;
    }

    /// Protected mode at CPL 0 without paging.
    static SystemGuest inProtectedMode() {
        return inProtectedMode(TestTranslators.create(), false);
    }

    /// @param translator closed with the guest; null for one that interprets all code
    /// @param inLockStep whether translated code is compared with the interpreter
    static SystemGuest inProtectedMode(BlockTranslator translator, boolean inLockStep) {
        SystemGuest guest = new SystemGuest(CpuidModel.builder().build(), false, translator, inLockStep);
        guest.buildTables();
        guest.cpu.cr0 = ControlBits.CR0_PE | ControlBits.CR0_ET | ControlBits.CR0_NE;
        guest.loadSegments();
        return guest;
    }

    static SystemGuest in64BitMode() {
        return in64BitMode(CpuidModel.builder().build());
    }

    /// 64-bit mode at CPL 0; memory is mapped one to one, for users too.
    static SystemGuest in64BitMode(CpuidModel cpuid) {
        return in64BitMode(cpuid, TestTranslators.create(), false);
    }

    /// @param translator closed with the guest; null for one that interprets all code
    /// @param inLockStep whether translated code is compared with the interpreter
    static SystemGuest in64BitMode(CpuidModel cpuid, BlockTranslator translator, boolean inLockStep) {
        SystemGuest guest = new SystemGuest(cpuid, true, translator, inLockStep);
        guest.buildTables();
        guest.memory.storeLong(TABLES, TABLES + 0x1000 | 7);
        guest.memory.storeLong(TABLES + 0x1000, TABLES + 0x2000 | 7);
        for (int i = 0; i < 8; i++) {
            guest.memory.storeLong(TABLES + 0x2000 + 8 * i, (long) i << 21 | 0x87);
        }
        Cpu cpu = guest.cpu;
        cpu.cr0 = ControlBits.CR0_PE | ControlBits.CR0_PG | ControlBits.CR0_WP | ControlBits.CR0_ET
                | ControlBits.CR0_NE;
        cpu.cr3 = TABLES;
        cpu.cr4 = ControlBits.CR4_PAE | ControlBits.CR4_OSFXSR | ControlBits.CR4_OSXMMEXCPT;
        cpu.efer = ControlBits.EFER_LME | ControlBits.EFER_LMA | ControlBits.EFER_NXE | ControlBits.EFER_SCE;
        guest.loadSegments();
        return guest;
    }

    /// Another processor in the same mode and on the same tables, with the same stack pointer. It shares the interrupt
    /// controller with the first.
    Cpu addCpu() {
        Cpu added = new Cpu(1, cpu.cpuid, this);
        added.cr0 = cpu.cr0;
        added.cr3 = cpu.cr3;
        added.cr4 = cpu.cr4;
        added.efer = cpu.efer;
        added.tables.gdtBase = GDT;
        added.tables.gdtLimit = cpu.tables.gdtLimit;
        added.tables.idtBase = IDT;
        added.tables.idtLimit = cpu.tables.idtLimit;
        added.modeChanged();
        for (int n = 0; n < 6; n++) {
            int selector = n == CS ? CODE0 : DATA0;
            added.segmentLoader.set(n, selector, memory.loadLong(GDT + selector));
        }
        added.reg64(CpuLayout.RSP, STACK - 0x1000);
        added.modeChanged();
        return added;
    }

    private void buildTables() {
        int size = longMode ? 2 : 4;
        descriptor(CODE0, 0, 0xfffff, CODE_ACCESS, 8 | size);
        descriptor(DATA0, 0, 0xfffff, DATA_ACCESS, 0xc);
        descriptor(CODE3, 0, 0xfffff, CODE_ACCESS | 0x60, 8 | size);
        descriptor(DATA3, 0, 0xfffff, DATA_ACCESS | 0x60, 0xc);
        descriptor(TSS_SELECTOR, TSS, 0x2fff, 0x89, 0);
        descriptor(DATA1, 0, 0xfffff, DATA_ACCESS | 0x20, 0xc);
        descriptor(DATA2, 0, 0xfffff, DATA_ACCESS | 0x40, 0xc);
        descriptor(COMPATIBILITY3, 0, 0xfffff, CODE_ACCESS | 0x60, 0xc);
        cpu.tables.gdtBase = GDT;
        cpu.tables.gdtLimit = 0xfff;
        cpu.tables.idtBase = IDT;
        cpu.tables.idtLimit = 0xfff;
        for (int vector = 0; vector < 256; vector++) {
            gate(vector, CODE0, HANDLERS + 16 * vector, 0x8e);
        }
        if (longMode) {
            memory.storeLong(TSS + 4, STACK0);
            memory.storeLong(TSS + 36, IST1);
        } else {
            stack(0, DATA0, STACK0);
            stack(1, DATA1, STACK1);
            stack(2, DATA2, STACK2);
        }
        memory.storeShort(TSS + TaskState.IO_MAP, (short) 0x2fff);
    }

    /// Sets an inner stack of the 32-bit TSS.
    void stack(int level, int selector, int pointer) {
        memory.storeInt(TSS + 4 + 8 * level, pointer);
        memory.storeInt(TSS + 8 + 8 * level, selector);
    }

    private void loadSegments() {
        cpu.modeChanged();
        for (int n = 0; n < 6; n++) {
            int selector = n == CS ? CODE0 : DATA0;
            cpu.segmentLoader.set(n, selector, memory.loadLong(GDT + selector));
        }
        cpu.segmentLoader.set(Segments.TR, TSS_SELECTOR, memory.loadLong(GDT + TSS_SELECTOR));
        cpu.segments.attributes[Segments.TR] |= Descriptor.BUSY;
        cpu.tables.markBusy(TSS_SELECTOR, true);
        cpu.segments.attributes[Segments.LDTR] = Segments.NULL;
        cpu.reg64(CpuLayout.RSP, STACK);
        cpu.rip(CODE);
        cpu.mmu.flush();
        cpu.modeChanged();
    }

    // ---- tables ----

    /// @param limit in units of `flags`' granularity
    /// @param flags G, D, L, AVL in bits 3 to 0
    void descriptor(int selector, long base, int limit, int access, int flags) {
        memory.storeLong(GDT + (selector & 0xfff8), limit & 0xffff | (base & 0xff_ffff) << 16
                | (long) access << 40
                | (limit >> 16 & 0xfL) << 48 | (long) flags << 52 | (base >>> 24 & 0xff) << 56);
    }

    /// An IDT entry.
    void gate(int vector, int selector, long offset, int access) {
        gate(vector, selector, offset, access, 0);
    }

    void gate(int vector, int selector, long offset, int access, int interruptStack) {
        long low = gateDescriptor(selector, offset, access, interruptStack);
        if (longMode) {
            memory.storeLong(IDT + 16 * vector, low);
            memory.storeLong(IDT + 16 * vector + 8, offset >>> 32);
        } else {
            memory.storeLong(IDT + 8 * vector, low);
        }
    }

    /// A call gate (or other gate) in the GDT.
    void callGate(int at, int selector, long offset, int access, int parameters) {
        memory.storeLong(GDT + (at & 0xfff8), gateDescriptor(selector, offset, access, parameters));
        if (longMode) {
            memory.storeLong(GDT + (at & 0xfff8) + 8, offset >>> 32);
        }
    }

    private static long gateDescriptor(int selector, long offset, int access, int count) {
        return offset & 0xffff | (long) selector << 16 | (long) count << 32 | (long) access << 40
                | (offset >>> 16 & 0xffff) << 48;
    }

    int accessByte(int selector) {
        return memory.loadByte(GDT + (selector & 0xfff8) + 5) & 0xff;
    }

    // ---- execution ----

    /// Puts code where RIP points to.
    SystemGuest code(String hex) {
        return code(CODE, hex);
    }

    SystemGuest code(long gpa, String hex) {
        memory.store(gpa, HexFormat.of().parseHex(hex.replaceAll("\\s", "")));
        return this;
    }

    /// Has the code run at CPL 3, on flat segments.
    SystemGuest asUser() {
        cpu.segmentLoader.set(CS, CODE3, memory.loadLong(GDT + (CODE3 & 0xfff8)));
        cpu.segmentLoader.set(SS, DATA3, memory.loadLong(GDT + (DATA3 & 0xfff8)));
        cpu.cpl = 3;
        cpu.modeChanged();
        return this;
    }

    /// Has the code run as a virtual-8086 program in segments of which CS is based at [#CODE].
    SystemGuest asVirtual8086(int iopl) {
        for (int n = 0; n < 6; n++) {
            cpu.segmentLoader.loadVirtual8086(n, n == CS ? CODE >> 4 : n == SS ? 0x5000 : 0x1000 + n);
        }
        cpu.cpl = 3;
        cpu.rip(0);
        cpu.reg64(CpuLayout.RSP, 0x8000);
        flags(Flags.VM | iopl << 12);
        return this;
    }

    SystemGuest flags(long flags) {
        cpu.rflags(flags | 2);
        return this;
    }

    /// Runs up to the next exit.
    String run() {
        return CpuExit.name(cpu.run());
    }

    /// Runs into a handler's HLT.
    ///
    /// @return the vector, or -1 when a HLT elsewhere was met
    int runToVector() {
        String exit = run();
        if (!exit.equals("HALT")) {
            throw new AssertionError(exit + " at " + Long.toHexString(cpu.rip()) + " " + cpu.failure());
        }
        long at = cpu.rip() - 1 - HANDLERS;
        return at >= 0 && at < 16 * 256 && at % 16 == 0 ? (int) at / 16 : -1;
    }

    /// The `bytes`-wide item `index` items above the top of the stack.
    long stackItem(int index, int bytes) {
        long top = cpu.segments.base[SS] + (cpu.reg64(CpuLayout.RSP) & cpu.stackMask);
        return memory.load(top + (long) index * bytes, bytes);
    }

    int selector(int segment) {
        return cpu.segments.selector[segment];
    }

    /// A port that remembers what was written and reads as 0x5a in every byte.
    void attachPort(int port) {
        ports.attach(port, 4, new BusDevice() {
            @Override
            public long read(long offset, int size) {
                return 0x5a5a_5a5aL;
            }

            @Override
            public void write(long offset, int size, long value) {
                written = value;
            }
        }, "test");
    }

    // ---- environment ----

    @Override
    public void close() {
        cpu.close();
        super.close();
        if (group.translator != null) {
            group.endTranslating();
            group.translator.close();
        }
    }

    @Override
    public long tsc() {
        return tsc;
    }

    @Override
    public void alarm(long at) {
        alarm = at;
    }

    @Override
    public void performanceInterrupt() {
        counterInterrupts++;
    }

    @Override
    public boolean forcesEmulation() {
        return forcedEmulation;
    }

    @Override
    public boolean takesHypercalls() {
        return hypercalls;
    }

    @Override
    public InterruptController interruptController() {
        return this;
    }

    @Override
    public int acknowledge() {
        int vector = interrupt;
        interrupt = -1;
        cpu.cancel(Requests.INTERRUPT);
        return vector;
    }

    /// Asserts INTR.
    void interrupt(int vector) {
        interrupt = vector;
        cpu.request(Requests.INTERRUPT);
    }

    @Override
    public int taskPriority() {
        return taskPriority;
    }

    @Override
    public void taskPriority(int cr8) {
        taskPriority = cr8;
    }
}
