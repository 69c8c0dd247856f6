// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.GPR;
import static org.javisor.isa.Instruction.IMM;
import static org.javisor.isa.Instruction.MEM;

import org.javisor.cpu.fp.FloatContext;
import org.javisor.host.HostMemory;
import org.javisor.isa.Instruction;

/// One virtual processor, as its instruction handlers see it: operands, memory, faults, and what [CpuState] has. The
/// units behind it have files of their own: [RunLoop], [Mmu] (linear addresses to memory), [Segments], [Exceptions],
/// [ModeDerivation], [Attention], [PendingExit], [Debug].
///
/// Confined to the thread that runs it, but for [#request] and [#cancel].
public final class Cpu extends CpuState implements AutoCloseable {
    // Bits of `slow`.
    /// Single-stepping, or an instruction breakpoint is armed: [Debug] sees every instruction.
    static final int SLOW_STEP = 1;
    /// The next instruction runs before any request is looked at (after STI, MOV SS and POP SS).
    static final int SLOW_SHADOW = 1 << 1;
    /// [#run] is to return what [PendingExit] says.
    static final int SLOW_EXIT = 1 << 2;
    /// The current instruction has answers to come, see [Bus].
    static final int SLOW_REPLAY = 1 << 3;
    /// The next instruction has to be ENDBR, see [ControlFlowEnforcement].
    static final int SLOW_BRANCH = 1 << 4;
    /// Instructions are counted for [PerformanceMonitor], and host code does not.
    static final int SLOW_COUNTED = 1 << 5;

    final int id;
    final CpuidModel cpuid;
    final CpuEnvironment environment;
    final CpuGroup group;
    final PendingExit exits = new PendingExit(this);
    final Attention attention = new Attention(this);
    final Segments segments = new Segments(this);
    final Bus bus = new Bus(this);
    final Mmu mmu = new Mmu(this);
    final Exceptions exceptions = new Exceptions(this);
    final SystemManagement management = new SystemManagement(this);
    final MachineCheck machineCheck = new MachineCheck(this);
    final Debug debug = new Debug(this);
    final OutsideDebug outside = new OutsideDebug(this);
    final X87 x87 = new X87(this);
    final DescriptorTables tables = new DescriptorTables(this);
    final SegmentLoader segmentLoader = new SegmentLoader(this);
    final SystemRegisters system = new SystemRegisters(this);
    final TimeStampCounter tsc = new TimeStampCounter(this);
    final ControlRegisters control = new ControlRegisters(this);
    final ControlFlowEnforcement enforcement = new ControlFlowEnforcement(this);
    final ShadowStack shadowStack = new ShadowStack(this);
    final ProtectionKeys keys = new ProtectionKeys(this);
    final PerformanceMonitor monitor = new PerformanceMonitor(this);
    final MsrTable msrs = new MsrTable();
    final Msrs modelSpecific = new Msrs(this);
    final StackFrame frame = new StackFrame(this);
    final InnerStack innerStack = new InnerStack(this);
    final TaskSwitch taskSwitch = new TaskSwitch(this);
    final FarTransfer farTransfer = new FarTransfer(this);
    final FarReturn farReturn = new FarReturn(this);
    final InterruptReturn interruptReturn = new InterruptReturn(this);
    final KnownReturns returns = new KnownReturns(this);
    final KnownGates gates = new KnownGates(this);
    final KnownSegments knownSegments = new KnownSegments(this);
    final Reset reset = new Reset(this);
    final ModeDerivation modes = new ModeDerivation(this);
    private final RunLoop runLoop = new RunLoop(this);
    final Randomness randomness = new Randomness();
    final int[] cpuidAnswer = new int[4];
    /// What SSE arithmetic computes with.
    final FloatContext floats = new FloatContext();

    // Control registers. After changing one, CPL, RFLAGS.VM, TF, IF or AC, or a segment: call modeChanged().
    long cr0, cr3, cr4, efer;
    /// The current privilege level. 0 in real mode, 3 in virtual-8086 mode.
    int cpl;
    /// Derived by [#modeChanged].
    ExecutionMode mode = ExecutionMode.REAL;
    /// 16, 32 or 64: default operand and address size of the code that runs. Derived by [#modeChanged].
    int codeBits = 16;
    /// What decoding depends on: the code size, and what [InstructionDecoder] has beside it. Derived by [#modeChanged].
    int decodeMode = 16 | InstructionDecoder.EIGHTY_SIX_STYLE;
    /// NMIs are blocked until the next IRET.
    boolean nmiBlocked;
    /// Reasons for the run loop to leave its fast path before the next instruction: SLOW_ bits.
    int slow;
    /// How many instructions of the current block there are to execute; 0 makes the run loop look around after the
    /// current one.
    int blockEnd;
    /// How many of the instructions last executed together were left out, because one before them set [#blockEnd] to 0.
    int skipped;
    /// Which instruction of the current block was executed first.
    int begun;
    /// RIP of the first byte of the page that the current block is in: an instruction's `end` is relative to it.
    long pageRip;

    /// SLOW_SHADOW while the instruction executes that it was set for.
    int shadowed;

    /// The thread inside [#run]. With the next three: see [CpuGroup].
    volatile Thread thread;
    volatile boolean inside;
    /// That [Requests#FLUSH_TLB], and [Requests#WRITE_PROTECT], be done.
    final Demand flushing = new Demand(), protecting = new Demand(), forgettingPages = new Demand();
    final PagesToForget pagesToForget = new PagesToForget();
    /// The ticket of [CpuGroup#askToForget].
    int forgetting;

    /// Cuts the stack pointer to its size: all ones in 64-bit mode, else 32 or 16 bits, as SS.B says.
    long stackMask = 0xffff;

    /// What CMPXCHG16B found in memory.
    final long[] pair = new long[2];

    private final GuestFault fault = new GuestFault();

    /// A processor in the state that RESET leaves.
    ///
    /// @param id its number within the machine, from 0
    public Cpu(int id, CpuidModel cpuid, CpuEnvironment environment) {
        // Before what is made of them.
        this.id = id;
        this.cpuid = cpuid;
        this.environment = environment;
        this.group = environment.group();
        super();
        group.add(this);
        reset.powerUp();
    }

    /// Frees the off-heap state. The processor must not be running.
    @Override
    public void close() {
        group.remove(this);
        free();
    }

    // ---- running, for who owns the processor ----

    /// Runs guest code until there is a reason to stop.
    ///
    /// @return one of [CpuExit]
    public int run() {
        int exit = reset.awaitStartup();
        if (exit == CpuExit.NONE) {
            monitor.running();
            exit = runLoop.run();
        }
        return exit;
    }

    /// Puts the processor into the state that RESET leaves. Not while it runs.
    public void reset() {
        reset.powerUp();
        mmu.flush();
    }

    /// Has the processor wait for a start-up IPI, as all but the first of a machine do after RESET. Not while it runs.
    public void waitForStartup() {
        reset.waitForStartup(true);
    }

    /// Sends an INIT. From any thread.
    public void sendInit() {
        reset.sendInit();
    }

    /// Sends a start-up IPI: a processor that waits for one begins to execute real-mode code at `vector` * 4096. From
    /// any thread.
    public void startup(int vector) {
        reset.startup(vector);
    }

    /// Masks, or no longer masks, bit 20 of physical addresses. From any thread.
    public void maskA20(boolean masked) {
        mmu.fill.a20Masked = masked;
        request(Requests.FLUSH_TLB);
    }

    /// The model-specific registers; to be changed before the processor runs, or on its thread.
    public MsrTable msrs() {
        return msrs;
    }

    /// Where hardware errors are reported. While the processor does not run.
    public MachineCheck machineCheck() {
        return machineCheck;
    }

    /// What the guest reads as its time stamp counter.
    public TimeStampCounter tsc() {
        return tsc;
    }

    /// Whether it is in 64-bit mode.
    public boolean in64BitMode() {
        return mode == ExecutionMode.LONG;
    }

    /// How many exceptions and interrupts were delivered through `vector`.
    public long delivered(int vector) {
        return exceptions.delivered(vector);
    }

    /// Asks something of the processor; from any thread.
    ///
    /// @param bits of [Requests]
    public void request(int bits) {
        attention.request(bits);
    }

    /// Takes back what was asked; from any thread.
    public void cancel(int bits) {
        attention.cancel(bits);
    }

    /// What is being asked, taken or not.
    public int requests() {
        return attention.requests();
    }

    /// Whether one of the requests would be taken at once: a halted processor with one must run again.
    public boolean runnable() {
        return attention.runnable();
    }

    /// Whether a request would end HLT now. On the processor's own thread.
    public boolean wakes() {
        return attention.wakes();
    }

    /// What a debugger outside the guest wants; to be changed while the processor does not run.
    public OutsideDebug outsideDebug() {
        return outside;
    }

    /// Whether an NMI is being handled. From any thread; another than the processor's own may see what was a little
    /// ago.
    public boolean nmiBlocked() {
        return nmiBlocked;
    }

    /// Whether it is in system management mode. From any thread; another than the processor's own may see what was a
    /// little ago.
    public boolean inSystemManagement() {
        return management.active();
    }

    /// Whether `candidate` is in [#run]. Any thread.
    public boolean isRunBy(Thread candidate) {
        return thread == candidate;
    }

    /// Where the processor's code and state in system management mode are: SMBASE.
    public long smbase() {
        return management.base();
    }

    /// Instructions executed since the processor was made.
    public long instructions() {
        return runLoop.instructions();
    }

    /// Null when all code is interpreted.
    ExitCounters exitCounters() {
        return runLoop.exitCounters();
    }

    /// The accesses of a kind ([CpuExit#PORT_READ] to [CpuExit#MMIO_WRITE]) that devices have answered without an exit.
    public Durations answered(int kind) {
        return bus.answered(kind);
    }

    public MmuCounters mmuCounters() {
        return mmu.counters;
    }

    /// Of [#instructions], those executed by the interpreter.
    public long interpreted() {
        ExitCounters counters = exitCounters();
        return counters == null ? instructions() : counters.interpreted();
    }

    /// The port, or the guest-physical address, of the access that made [#run] return.
    public long exitAddress() {
        return exits.address();
    }

    public int exitBytes() {
        return exits.bytes();
    }

    /// What was to be written.
    public long exitValue() {
        return exits.value();
    }

    /// Whether an exit for something else has come before that for HLT, which will not be made any more.
    public boolean takeHalt() {
        return exits.takeHalt();
    }

    /// What went wrong, after [CpuExit#INTERNAL_ERROR].
    public String failure() {
        return exits.failure();
    }

    /// The Java exception behind [#failure], or null.
    public Throwable failureCause() {
        return exits.failureCause();
    }

    /// Answers a read exit; to be called before the next [#run].
    public void completeRead(long value) {
        bus.complete(value);
    }

    /// Answers an access to a model-specific register that made [#run] return by #GP(0).
    public void refuse() {
        bus.refuse();
    }

    /// Has [#run] return [CpuExit#HALT] behind the present instruction, as HLT does: for a model-specific register that
    /// stands for it. On the processor's own thread, inside [#run].
    public void halt() {
        exits.ask(CpuExit.HALT);
    }

    // ---- leaving the run loop, for handlers ----

    /// Unwinds the current instruction, to be executed anew after the exit that was asked for.
    GuestFault unwind() {
        return fault(GuestFault.UNWIND);
    }

    /// Holds back interrupts and single-step traps until the next instruction is done: STI, MOV SS, POP SS.
    void interruptShadow() {
        slow |= SLOW_SHADOW;
        blockEnd = 0;
    }

    // ---- mode ----

    /// Has everything derived that depends on control registers, CPL, RFLAGS and segments; see
    /// [ModeDerivation#changed].
    void modeChanged() {
        modes.changed();
    }

    /// Sets all of RFLAGS, unchecked.
    void rflags(long value) {
        arithmeticFlags((int) value);
        systemFlags((int) value & ~Flags.ARITHMETIC | 1 << 1);
        modeChanged();
    }

    // ---- operands ----

    /// The effective address of the memory operand, cut to the address size, without its segment's base.
    long effectiveAddress(Insn insn) {
        long base = HostMemory.loadLong(state + insn.baseAt);
        long index = HostMemory.loadLong(state + insn.indexAt);
        return base + (index << insn.scaleShift) + insn.displacement & insn.addressMask;
    }

    /// Operand `n` (GPR, MEM or IMM), zero-extended from its size.
    long read(Insn insn, int n) {
        int bytes = insn.bytes(n);
        return switch (insn.kind(n)) {
            case GPR -> reg(insn.reg(n), bytes);
            case MEM -> load(insn.segment, effectiveAddress(insn), bytes);
            case IMM -> insn.immediate & mask(bytes);
            default -> throw new AssertionError(insn.row);
        };
    }

    /// As [#read], for an operand that the instruction will [#write]: memory faults as a write would, so that nothing
    /// can fault between the two. Not for LOCKed instructions: see [#compareAndSwap].
    long readForWrite(Insn insn, int n) {
        return insn.kind(n) == MEM
                ? loadForWrite(insn.segment, effectiveAddress(insn), insn.bytes(n))
                : read(insn, n);
    }

    void write(Insn insn, int n, long value) {
        if (insn.kind(n) == MEM) {
            store(insn.segment, effectiveAddress(insn), insn.bytes(n), value);
        } else {
            reg(insn.reg(n), insn.bytes(n), value);
        }
    }

    static long mask(int bytes) {
        return bytes == 8 ? -1L : (1L << 8 * bytes) - 1;
    }

    // ---- memory, by segment and offset; checked for segment limits, paging, alignment (#AC) and breakpoints ----

    /// Loads 1, 2, 4 or 8 bytes, zero-extended.
    ///
    /// @param segment [Instruction#ES] to [Instruction#GS]
    /// @param offset  already cut to the address size
    long load(int segment, long offset, int bytes) {
        return mmu.load(segment, segments.linear(segment, offset, bytes, false), bytes);
    }

    /// As [#load], but faults as a write would.
    long loadForWrite(int segment, long offset, int bytes) {
        return mmu.loadForWrite(segment, segments.linear(segment, offset, bytes, true), bytes);
    }

    void store(int segment, long offset, int bytes, long value) {
        mmu.store(segment, segments.linear(segment, offset, bytes, true), bytes, value);
    }

    /// For LOCKed and implicitly locked instructions, which loop until it succeeds: stores `value` if memory holds
    /// `expected`, in one atomic step whatever the alignment, and returns what memory held. 1, 2, 4 or 8 bytes, all
    /// zero-extended. Faults as a write.
    long compareAndSwap(int segment, long offset, int bytes, long expected, long value) {
        return mmu.compareAndSwap(segment, segments.linear(segment, offset, bytes, true), bytes, expected, value);
    }

    /// Whether memory that can be written is at the address, and no device. Faults as a write.
    boolean isMemory(int segment, long offset, int bytes) {
        return mmu.isMemory(segment, segments.linear(segment, offset, bytes, true), bytes);
    }

    /// Checks that `bytes` (up to 4096) bytes at the address can be written, or read, without touching them: for
    /// instructions that make several accesses and must fault before the first.
    void probe(int segment, long offset, int bytes, boolean forWrite) {
        mmu.probe(segment, segments.linear(segment, offset, bytes, forWrite), bytes, forWrite);
    }

    // ---- faults: `throw cpu.gp(0)` ----

    GuestFault fault(int vector) {
        fault.vector = vector;
        fault.hasErrorCode = false;
        fault.errorCode = 0;
        return fault;
    }

    GuestFault fault(int vector, int errorCode) {
        fault.vector = vector;
        fault.hasErrorCode = true;
        fault.errorCode = errorCode;
        return fault;
    }

    GuestFault ud() {
        return fault(GuestFault.UD);
    }

    GuestFault gp(int errorCode) {
        return fault(GuestFault.GP, errorCode);
    }
}
