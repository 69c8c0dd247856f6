// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.GPR;
import static org.javisor.isa.Instruction.IMM;
import static org.javisor.isa.Instruction.MEM;

import java.lang.invoke.VarHandle;
import org.javisor.cpu.fp.FloatContext;
import org.javisor.host.HostMemory;
import org.javisor.host.Mapping;
import org.javisor.isa.Instruction;

/// One virtual processor, as its instruction handlers see it: registers, flags, operands, faults. The units behind it
/// have files of their own: [RunLoop], [Mmu] (linear addresses to memory), [Segments], [Exceptions], [Debug].
///
/// Confined to the thread that runs it, but for [#request] and [#cancel].
public final class Cpu implements AutoCloseable {
    // Bits of `slow`.
    /// Single-stepping, or an instruction breakpoint is armed: [Debug] sees every instruction.
    static final int SLOW_STEP = 1;
    /// The next instruction runs before any request is looked at (after STI, MOV SS and POP SS).
    static final int SLOW_SHADOW = 1 << 1;
    /// [#run] is to return [#exit].
    static final int SLOW_EXIT = 1 << 2;
    /// The current instruction has answers to come, see [Bus].
    static final int SLOW_REPLAY = 1 << 3;
    /// The next instruction has to be ENDBR, see [ControlFlowEnforcement].
    static final int SLOW_BRANCH = 1 << 4;
    /// Instructions are counted for [PerformanceMonitor], and host code does not.
    static final int SLOW_COUNTED = 1 << 5;

    private final Mapping block = Mapping.anonymous(CpuLayout.END + Mapping.PAGE_BYTES - 1 & -Mapping.PAGE_BYTES);
    /// Host address of the block that [CpuLayout] describes.
    final long state = block.hva();
    final int id;
    final CpuidModel cpuid;
    final CpuEnvironment environment;
    final CpuGroup group;
    final Segments segments;
    final DescriptorTables tables;
    final SegmentLoader segmentLoader;
    final SystemRegisters system;
    final TimeStampCounter tsc = new TimeStampCounter(this);
    final ControlRegisters control;
    final MsrTable msrs = new MsrTable();
    final Msrs modelSpecific;
    final ControlFlowEnforcement enforcement = new ControlFlowEnforcement(this);
    final ShadowStack shadowStack = new ShadowStack(this);
    final ProtectionKeys keys = new ProtectionKeys(this);
    final StackFrame frame;
    final InnerStack innerStack;
    final TaskSwitch taskSwitch;
    final FarTransfer farTransfer;
    final FarReturn farReturn;
    final InterruptReturn interruptReturn;
    final KnownReturns returns;
    final Randomness randomness = new Randomness();
    final int[] cpuidAnswer = new int[4];
    final PerformanceMonitor monitor;
    final Reset reset;
    final Bus bus;
    /// What SSE arithmetic computes with.
    final FloatContext floats = new FloatContext();
    final Mmu mmu;
    final Exceptions exceptions;
    final SystemManagement management;
    final MachineCheck machineCheck;
    final Debug debug;
    final OutsideDebug outside = new OutsideDebug(this);
    final X87 x87;
    private final RunLoop runLoop;

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

    /// HLT was executed last, and the processor has not gone on since.
    boolean halted;
    private long haltedAt;
    private int exit;
    private long exitAddress;
    private int exitBytes;
    private long exitValue;
    private String failure;
    private Throwable failureCause;

    /// Cuts the stack pointer to its size: all ones in 64-bit mode, else 32 or 16 bits, as SS.B says.
    long stackMask = 0xffff;

    /// What CMPXCHG16B found in memory.
    final long[] pair = new long[2];

    private final GuestFault fault = new GuestFault();

    /// A processor in the state that RESET leaves.
    ///
    /// @param id its number within the machine, from 0
    public Cpu(int id, CpuidModel cpuid, CpuEnvironment environment) {
        this.id = id;
        this.cpuid = cpuid;
        this.environment = environment;
        this.group = environment.group();
        this.segments = new Segments(this);
        this.bus = new Bus(this);
        this.mmu = new Mmu(this);
        this.exceptions = new Exceptions(this);
        this.management = new SystemManagement(this);
        this.machineCheck = new MachineCheck(this);
        this.debug = new Debug(this);
        this.x87 = new X87(this);
        this.runLoop = new RunLoop(this);
        this.tables = new DescriptorTables(this);
        this.segmentLoader = new SegmentLoader(this);
        this.system = new SystemRegisters(this);
        this.control = new ControlRegisters(this);
        this.monitor = new PerformanceMonitor(this);
        this.modelSpecific = new Msrs(this);
        this.frame = new StackFrame(this);
        this.innerStack = new InnerStack(this);
        this.taskSwitch = new TaskSwitch(this);
        this.farTransfer = new FarTransfer(this);
        this.farReturn = new FarReturn(this);
        this.interruptReturn = new InterruptReturn(this);
        this.returns = new KnownReturns(this);
        this.reset = new Reset(this);
        group.add(this);
        reset.powerUp();
    }

    /// Frees the off-heap state. The processor must not be running.
    @Override
    public void close() {
        group.remove(this);
        block.close();
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
        mmu.a20Masked = masked;
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

    /// What the guest reads as its time stamp counter now. On the processor's own thread.
    public long tsc() {
        return tsc.value();
    }

    /// Whether it is in 64-bit mode.
    public boolean in64BitMode() {
        return mode == ExecutionMode.LONG;
    }

    /// What [#tsc] is when the machine's counter is at `machine`.
    public long tscAt(long machine) {
        return tsc.at(machine);
    }

    /// How many nanoseconds so many ticks of [#tsc] take.
    public long tscNanos(long ticks) {
        return tsc.nanos(ticks);
    }

    /// How fast [#tsc] is.
    public int tscKhz() {
        return tsc.khz();
    }

    /// Changes the speed, and so the counter; not while the processor runs.
    ///
    /// @param khz positive
    public void tscKhz(int khz) {
        tsc.khz(khz);
    }

    /// What the owner has added to the counter.
    public long tscOffset() {
        return tsc.offset();
    }

    /// Changes it, and so the counter; not while the processor runs.
    public void tscOffset(long offset) {
        tsc.offset(offset);
    }

    /// How many exceptions and interrupts were delivered through `vector`.
    public long delivered(int vector) {
        return exceptions.delivered(vector);
    }

    /// Asks something of the processor; from any thread.
    ///
    /// @param bits of [Requests]
    public void request(int bits) {
        HostMemory.getAndBitwiseOrInt(state + CpuLayout.REQUESTS, bits);
        callAttention();
    }

    /// Has host code stop and look around at its next poll; from any thread.
    ///
    /// Who asks something calls this *afterwards*. The processor's own thread first takes the call back, then looks at
    /// what is asked ([#attentive]). So no request is lost: either the processor takes the call back before it comes,
    /// and it stands, or the processor takes it back after it came, and finds what was asked before.
    void callAttention() {
        HostMemory.storeIntRelease(state + CpuLayout.ATTENTION, 1);
    }

    /// Takes back a call for attention, unless there is a request that would be taken now. One that is masked may wait:
    /// who opens the mask looks for it ([#interruptibilityChanged]). On the processor's own thread.
    void attentive() {
        if (HostMemory.loadIntAcquire(state + CpuLayout.ATTENTION) != 0) {
            HostMemory.storeInt(state + CpuLayout.ATTENTION, 0);
            VarHandle.fullFence();
            callForRequests();
        }
    }

    private void callForRequests() {
        if ((requests() & requestMask()) != 0) {
            callAttention();
        }
    }

    /// Takes back what was asked; from any thread.
    public void cancel(int bits) {
        HostMemory.getAndBitwiseAndInt(state + CpuLayout.REQUESTS, ~bits);
    }

    /// What a debugger outside the guest wants; to be changed while the processor does not run.
    public OutsideDebug outsideDebug() {
        return outside;
    }

    /// What is being asked, taken or not.
    public int requests() {
        return HostMemory.loadIntAcquire(state + CpuLayout.REQUESTS);
    }

    /// Whether one of the requests would be taken at once: a halted processor with one must run again.
    public boolean runnable() {
        return (requests() & (reset.waiting() ? Requests.ALWAYS & ~Requests.SMI : requestMask())) != 0;
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

    /// Whether a request would end HLT now. On the processor's own thread.
    public boolean wakes() {
        int waking = Requests.INTERRUPT | Requests.NMI | Requests.SMI | Requests.INIT;
        return (requests() & requestMask() & waking) != 0;
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
        return exitAddress;
    }

    public int exitBytes() {
        return exitBytes;
    }

    /// What was to be written.
    public long exitValue() {
        return exitValue;
    }

    /// Answers a read exit; to be called before the next [#run].
    public void completeRead(long value) {
        bus.complete(value);
    }

    /// Answers an access to a model-specific register that made [#run] return by #GP(0).
    public void refuse() {
        bus.refuse();
    }

    /// What went wrong, after [CpuExit#INTERNAL_ERROR].
    public String failure() {
        return failure;
    }

    /// The Java exception behind [#failure], or null.
    public Throwable failureCause() {
        return failureCause;
    }

    /// Has [#run] return [CpuExit#HALT] behind the present instruction, as HLT does: for a model-specific register that
    /// stands for it. On the processor's own thread, inside [#run].
    public void halt() {
        exit(CpuExit.HALT);
    }

    // ---- leaving the run loop, for handlers ----

    /// Makes [#run] return `exit` after the current instruction.
    void exit(int exit) {
        this.exit = exit;
        slow |= SLOW_EXIT;
        blockEnd = 0;
    }

    /// As [#exit], for an access that somebody outside has to answer.
    void exit(int exit, long address, int bytes, long value) {
        exitAddress = address;
        exitBytes = bytes;
        exitValue = value;
        exit(exit);
    }

    /// Takes the exit that was asked for.
    int takeExit() {
        slow &= ~SLOW_EXIT;
        halted = exit == CpuExit.HALT;
        haltedAt = rip();
        return exit;
    }

    /// Stops with [CpuExit#INTERNAL_ERROR].
    void fail(String reason) {
        failure = reason;
        exit(CpuExit.INTERNAL_ERROR);
    }

    /// As [#fail], with the Java exception that says more.
    void fail(String reason, Throwable cause) {
        failureCause = cause;
        fail(reason);
    }

    /// Unwinds the current instruction, to be executed anew after the exit that was asked for.
    GuestFault unwind() {
        return fault(GuestFault.UNWIND);
    }

    /// Holds back interrupts and single-step traps until the next instruction is done: STI, MOV SS, POP SS.
    void interruptShadow() {
        slow |= SLOW_SHADOW;
        blockEnd = 0;
    }

    /// An INIT has arrived.
    ///
    /// @return the exit that it makes, if any
    int init() {
        return reset.init();
    }

    /// Whether HLT has been executed and [#run] is to return for it.
    boolean halting() {
        return (slow & SLOW_EXIT) != 0 && exit == CpuExit.HALT;
    }

    /// Whether an exit for something else has come before that for HLT, which will not be made any more.
    public boolean takeHalt() {
        boolean halts = halting();
        if (halts) {
            takeExit();
        }
        return halts;
    }

    /// Whether HLT is what it is doing, and nobody outside has had it do something else since.
    boolean isHalted() {
        return halting() || halted && rip() == haltedAt;
    }

    /// An exception or interrupt ends HLT, even if it comes with the HLT itself.
    void wake() {
        if (halting()) {
            slow &= ~SLOW_EXIT;
        }
    }

    // ---- mode ----

    /// Derives everything that depends on control registers, CPL, RFLAGS and segments. To be called after any change
    /// of these (but for DF, IOPL, NT, RF and ID); ends the current block.
    void modeChanged() {
        mode = currentMode();
        // Real mode keeps the size that protected mode left in CS.
        codeBits = mode == ExecutionMode.LONG ? 64
                : (segments.attributes[Instruction.CS] & Segments.D) != 0 ? 32 : 16;
        decodeModeChanged();
        interruptibilityChanged();
        boolean stepping = (systemFlags() & (Flags.TF | Flags.RF)) != 0 || debug.stepping;
        slow = slow & ~(SLOW_STEP | SLOW_BRANCH) | (stepping ? SLOW_STEP : 0)
                | (enforcement.waits() ? SLOW_BRANCH : 0);
        slow = monitor.counting && !group.countsInHostCode() ? slow | SLOW_COUNTED : slow & ~SLOW_COUNTED;
        segments.refresh();
        mmu.refresh();
        HostMemory.storeLong(state + CpuLayout.CR0, cr0);
        HostMemory.storeLong(state + CpuLayout.CR3, cr3);
        HostMemory.storeLong(state + CpuLayout.CR4, cr4);
        blockEnd = 0;
    }

    /// The part of [#modeChanged] that a transfer needs which IA-32e mode makes: CS, SS, the selectors of others, CPL
    /// and RFLAGS have changed.
    void transferred() {
        if (mode != ExecutionMode.LONG || (segments.attributes[Instruction.CS] & Segments.L) == 0) {
            modeChanged();
            return;
        }
        decodeModeChanged();
        interruptibilityChanged();
        boolean stepping = (systemFlags() & (Flags.TF | Flags.RF)) != 0 || debug.stepping;
        slow = slow & ~(SLOW_STEP | SLOW_BRANCH) | (stepping ? SLOW_STEP : 0)
                | (enforcement.waits() ? SLOW_BRANCH : 0);
        segments.refreshSelectors();
        mmu.refreshPrivilege();
        blockEnd = 0;
    }

    /// The part of [#modeChanged] that 32-bit code needs when a segment has changed: it may be flat no more, or again.
    void segmentsChanged() {
        int before = decodeMode;
        if (codeBits == 32) {
            decodeModeChanged();
        }
        if (decodeMode != before) {
            mmu.refresh();
            blockEnd = 0;
        }
    }

    private void decodeModeChanged() {
        boolean eightySixStyle = mode.eightySixStyle();
        boolean flat = codeBits == 32 && !eightySixStyle && segments.areFlat();
        decodeMode = codeBits | (eightySixStyle ? InstructionDecoder.EIGHTY_SIX_STYLE : 0)
                | (flat ? InstructionDecoder.FLAT : 0)
                | ((codeBits == 64 || flat) && cpl == 0 ? InstructionDecoder.SUPERVISOR : 0)
                | ((codeBits == 64 || flat) && monitor.counting && group.countsInHostCode()
                        ? InstructionDecoder.COUNTED : 0)
                | enforcement.decodeMode();
    }

    /// Follows what translated code has changed that is not in the block, or derived from it: CPL and segments by
    /// SYSCALL, SYSRET and IRET in 64-bit mode, the bases of FS and GS, AC.
    void followHostCode() {
        if (HostMemory.loadLong(state + CpuLayout.TRANSFER) != 0) {
            int transfer = HostMemory.loadInt(state + CpuLayout.TRANSFER);
            HostMemory.storeLong(state + CpuLayout.TRANSFER, 0);
            segments.followBases();
            if (transfer != 0) {
                switch (transfer) {
                    case CpuLayout.TRANSFER_IRET_TO_USER -> returns.follow(true);
                    case CpuLayout.TRANSFER_IRET_TO_KERNEL -> returns.follow(false);
                    default -> FastSystemCalls.follow(this, transfer == CpuLayout.TRANSFER_SYSCALL);
                }
                decodeModeChanged();
            }
            mmu.refreshPrivilege();
        }
    }

    long cr2() {
        return HostMemory.loadLong(state + CpuLayout.CR2);
    }

    void cr2(long gva) {
        HostMemory.storeLong(state + CpuLayout.CR2, gva);
    }

    /// The part of [#modeChanged] that a change of IF or [#nmiBlocked] alone needs.
    void interruptibilityChanged() {
        int mask = Requests.ALWAYS & ~(management.active() ? Requests.SMI | Requests.INIT | Requests.STARTUP : 0)
                | (nmiBlocked ? 0 : Requests.NMI)
                | ((systemFlags() & Flags.IF) != 0 ? Requests.INTERRUPT : 0);
        HostMemory.storeInt(state + CpuLayout.REQUEST_MASK, mask);
        callForRequests();
    }

    /// The requests that the processor would take now. Derived by [#modeChanged].
    int requestMask() {
        return HostMemory.loadInt(state + CpuLayout.REQUEST_MASK);
    }

    private ExecutionMode currentMode() {
        if ((cr0 & ControlBits.CR0_PE) == 0) {
            return ExecutionMode.REAL;
        }
        if ((efer & ControlBits.EFER_LMA) != 0) {
            return (segments.attributes[Instruction.CS] & Segments.L) != 0
                    ? ExecutionMode.LONG : ExecutionMode.COMPATIBILITY;
        }
        return (systemFlags() & Flags.VM) != 0 ? ExecutionMode.VIRTUAL_8086 : ExecutionMode.PROTECTED;
    }

    /// RFLAGS without the six arithmetic flags: TF, IF, DF, IOPL and above. Bit 1 is always set.
    int systemFlags() {
        return HostMemory.loadInt(state + CpuLayout.SYSTEM_FLAGS);
    }

    /// After a change of IF, TF, VM or AC call [#modeChanged].
    void systemFlags(int flags) {
        HostMemory.storeInt(state + CpuLayout.SYSTEM_FLAGS, flags);
    }

    /// RFLAGS, all of it.
    long rflags() {
        return systemFlags() | arithmeticFlags();
    }

    /// Sets all of RFLAGS, unchecked.
    void rflags(long value) {
        arithmeticFlags((int) value);
        systemFlags((int) value & ~Flags.ARITHMETIC | 1 << 1);
        modeChanged();
    }

    // ---- general registers; `reg` 0 to 15 ----

    long reg64(int reg) {
        return HostMemory.loadLong(state + CpuLayout.GPR + 8L * reg);
    }

    void reg64(int reg, long value) {
        HostMemory.storeLong(state + CpuLayout.GPR + 8L * reg, value);
    }

    int reg32(int reg) {
        return HostMemory.loadInt(state + CpuLayout.GPR + 8L * reg);
    }

    /// Clears the upper half, as 64-bit mode does; the upper half does not matter elsewhere.
    void reg32(int reg, int value) {
        reg64(reg, value & 0xffff_ffffL);
    }

    int reg16(int reg) {
        return HostMemory.loadShort(state + CpuLayout.GPR + 8L * reg) & 0xffff;
    }

    void reg16(int reg, int value) {
        HostMemory.storeShort(state + CpuLayout.GPR + 8L * reg, (short) value);
    }

    /// Reads `bytes` (1, 2, 4, 8) of an operand register, zero-extended; `reg` may be 16 to 19 (AH to BH) for one byte.
    long reg(int reg, int bytes) {
        return HostMemory.load(state + CpuLayout.gpr(reg), bytes);
    }

    /// Writes an operand register: 4 bytes clear the upper half, 1 and 2 leave the rest as it is.
    void reg(int reg, int bytes, long value) {
        if (bytes == 4) {
            reg64(reg, value & 0xffff_ffffL);
        } else {
            HostMemory.store(state + CpuLayout.gpr(reg), bytes, value);
        }
    }

    /// The next instruction's offset in CS, while one executes; cut to the code size by who sets it.
    long rip() {
        return HostMemory.loadLong(state + CpuLayout.RIP);
    }

    void rip(long rip) {
        HostMemory.storeLong(state + CpuLayout.RIP, rip);
    }

    // ---- flags ----

    /// The six arithmetic flags after `result = a + b`; all sign- or zero-extended from `bytes`.
    void flagsOfAdd(long a, long b, long result, int bytes) {
        flags(Flags.signExtend(result, bytes), Flags.auxOfAdd(a, b, result, bytes));
    }

    /// The six arithmetic flags after `result = a - b`.
    void flagsOfSub(long a, long b, long result, int bytes) {
        flags(Flags.signExtend(result, bytes), Flags.auxOfSub(a, b, result, bytes));
    }

    /// The flags after AND, OR, XOR, TEST: CF and OF clear, AF (undefined) clear.
    void flagsOfLogic(long result, int bytes) {
        flags(Flags.signExtend(result, bytes), 0);
    }

    void flags(long result, long aux) {
        HostMemory.storeLong(state + CpuLayout.FLAGS_RESULT, result);
        HostMemory.storeLong(state + CpuLayout.FLAGS_AUX, aux);
    }

    long flagsResult() {
        return HostMemory.loadLong(state + CpuLayout.FLAGS_RESULT);
    }

    long flagsAux() {
        return HostMemory.loadLong(state + CpuLayout.FLAGS_AUX);
    }

    /// The arithmetic flags as RFLAGS bits ([Flags#ARITHMETIC]).
    int arithmeticFlags() {
        return Flags.pack(flagsResult(), flagsAux());
    }

    /// Sets all six arithmetic flags from RFLAGS bits.
    void arithmeticFlags(int bits) {
        flags(Flags.unpackResult(bits), Flags.unpackAux(bits));
    }

    boolean carry() {
        return Flags.cf(flagsAux());
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
