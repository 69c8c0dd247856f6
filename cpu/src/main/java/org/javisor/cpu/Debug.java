// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.util.Arrays;
import org.javisor.host.HostMemory;
import org.javisor.isa.Instruction;

/// The debug registers, breakpoints and single-stepping.
///
/// While [Cpu#SLOW_STEP] is set in [Cpu#slow] the run loop executes one instruction at a time between
/// [#before] and [#after]; while [#watching] is set every memory access is shown to [#access].
///
/// @sdm vol. 3B §18.2 "Debug Registers", §18.3 "Debug Exceptions"
final class Debug {
    // Bits of DR6.
    static final int BREAKPOINTS = 0xf, BD = 1 << 13, BS = 1 << 14, BT = 1 << 15;
    /// Those that always read as ones.
    static final int DR6_ONES = 0xffff_0ff0;
    // Bits of DR7.
    static final int GD = 1 << 13;
    static final int DR7_ONES = 1 << 10;
    /// Bits 11 (no RTM), 12, 14 and 15 read as zeros.
    private static final int DR7_ZEROS = 1 << 11 | 1 << 12 | 1 << 14 | 1 << 15;
    // R/W fields of DR7.
    private static final int ON_EXECUTION = 0, ON_WRITE = 1, ON_PORT = 2, ON_ACCESS = 3;

    private final Cpu cpu;
    private final long[] address = new long[4];
    private int dr6 = DR6_ONES;
    private int dr7 = DR7_ONES;

    /// Whether any data breakpoint is armed; after a change call [Cpu#modeChanged].
    boolean watching;
    /// Whether any breakpoint is armed, or a trap waits for [#after]; as [#watching].
    boolean stepping;
    private boolean watchingPorts;
    /// IA32_DEBUGCTL.BTF: TF traps behind taken branches only.
    boolean stepsOnBranches;

    /// DR6 bits of traps that wait for the end of the instruction.
    private int pending;
    /// The instruction loaded RF (IRET, a task switch): it holds for the next one.
    private boolean resumeFlagLoaded;
    /// The instruction was a MOV SS or POP SS: traps wait and the next instruction's breakpoint is ignored.
    private boolean stackLoaded;
    private boolean ignoreBreakpoint, behindStackLoad;
    private boolean stepCancelled;

    Debug(Cpu cpu) {
        this.cpu = cpu;
    }

    // ---- from the run loop ----

    /// Before the instruction at RIP, when stepping: throws #DB for the trap of a task switch or SYSRET that
    /// led here, and for an instruction breakpoint, unless RF is set.
    void before() {
        // Data breakpoints that a MOV SS hit are still to be reported, with those of this instruction.
        pending &= ignoreBreakpoint ? BREAKPOINTS | BT | BS : BT | BS;
        behindStackLoad = ignoreBreakpoint;
        boolean ignored = ignoreBreakpoint || (cpu.systemFlags() & Flags.RF) != 0;
        ignoreBreakpoint = false;
        resumeFlagLoaded = false;
        stackLoaded = false;
        stepCancelled = false;
        int hit = pending & (BT | BS);
        if (!ignored && stepping) {
            hit |= hits(linearRip(), 1, ON_EXECUTION);
        }
        if (hit != 0) {
            pending = 0;
            report(hit);
            throw cpu.fault(GuestFault.DB);
        }
    }

    long linearRip() {
        long base = HostMemory.loadLong(cpu.state + CpuLayout.SEGMENT_BASE + 8L * Instruction.CS);
        return base + cpu.rip() & cpu.segments.linearMask;
    }

    /// Behind an instruction that was stepped and did not fault: clears RF unless the instruction set it, and
    /// delivers what traps are due.
    ///
    /// @param flagsBefore [Cpu#systemFlags] before the instruction; its TF decides about the single-step trap
    /// @param next        the address behind the instruction: with [#stepsOnBranches], being there is no step
    /// @return [CpuExit#NONE] or an exit
    int after(int flagsBefore, long next) {
        if (!resumeFlagLoaded && (cpu.systemFlags() & Flags.RF) != 0) {
            cpu.systemFlags(cpu.systemFlags() & ~Flags.RF);
            cpu.modeChanged();
        }
        if (stackLoaded) {
            ignoreBreakpoint = true;
            return CpuExit.NONE;
        }
        boolean stepped = (flagsBefore & Flags.TF) != 0 && !stepCancelled
                && !(stepsOnBranches && cpu.rip() == next);
        int due = pending & BREAKPOINTS | (stepped ? BS : 0);
        pending &= BT | BS;
        if (due == 0) {
            return CpuExit.NONE;
        }
        report(due);
        return cpu.exceptions.trap(GuestFault.DB);
    }

    /// A load or store of the current instruction, when [#watching]; it has happened (or is certain to).
    void access(long gva, int bytes, boolean write) {
        cpu.outside.access(gva, bytes, write);
        pending |= hits(gva, bytes, write ? ON_WRITE : ON_ACCESS);
    }

    /// Whether any instruction may raise #DB, but for the single-step trap.
    boolean concerned() {
        return stepping || (dr7 & GD) != 0;
    }

    // ---- from handlers ----

    /// An IN or OUT of the current instruction.
    void portAccess(int port, int bytes) {
        if (watchingPorts) {
            pending |= hits(port, bytes, ON_PORT);
        }
    }

    /// RF was loaded from a stack or a TSS: it is for the instruction that comes next.
    void resumeFlagLoaded() {
        resumeFlagLoaded = true;
    }

    /// A repeated string instruction stops between elements: its breakpoint has been passed, as RF tells who
    /// interrupts it.
    void instructionInterrupted() {
        cpu.systemFlags(cpu.systemFlags() | Flags.RF);
        resumeFlagLoaded = true;
        cpu.modeChanged();
    }

    /// SS was loaded by MOV or POP.
    void stackLoaded() {
        stackLoaded = true;
    }

    /// What was executed was the prefix of the next instruction: all that concerns it is still to come.
    void prefixed() {
        stepCancelled = true;
        resumeFlagLoaded = (cpu.systemFlags() & Flags.RF) != 0;
        stackLoaded = behindStackLoad;
    }

    /// An SMI comes before the traps that wait for the next instruction: returns them, for [#resumeTraps].
    int suspendTraps() {
        int suspended = pending;
        pending = 0;
        return suspended;
    }

    /// RSM goes on where the SMI came; that is no step, and takes RF as it was.
    void resumeTraps(int suspended) {
        pending = suspended;
        cancelStep();
        resumeFlagLoaded();
        derive();
    }

    /// INT n and SYSCALL clear TF before the single-step trap that was due.
    void cancelStep() {
        stepCancelled = true;
    }

    /// The TSS of the new task has its T bit set: #DB before its first instruction.
    void taskSwitchTrap() {
        pending |= BT;
        stepping = true;
    }

    /// SYSRET has set TF: the single-step trap comes before the next instruction already.
    void stepAtOnce() {
        stepCancelled = true;
        pending |= BS;
        stepping = true;
    }

    /// INT1 reports the breakpoints that wait, too, as they go the same way.
    void mergeIntoInt1() {
        stepCancelled = true;
        if ((pending & BREAKPOINTS) != 0) {
            report(pending & BREAKPOINTS);
            pending &= ~BREAKPOINTS;
        }
    }

    /// #DB has been delivered: its handler may use the debug registers, and is not to be stepped by branches.
    void entered() {
        dr7 &= ~GD;
        stepsOnBranches = false;
    }

    private void report(int bits) {
        dr6 = dr6 & ~BREAKPOINTS | bits;
        if ((bits & (BT | BS)) != 0) {
            derive();
        }
    }

    /// @throws GuestFault #DB when DR7.GD protects the registers
    void checkAccess() {
        if ((dr7 & GD) != 0) {
            report(BD);
            throw cpu.fault(GuestFault.DB);
        }
    }

    long read(int register) {
        return switch (register) {
            case 6 -> dr6 & 0xffff_ffffL;
            case 7 -> dr7 & 0xffff_ffffL;
            default -> address[register];
        };
    }

    /// Writes DR0 to DR3, DR6 or DR7; the upper half of the latter two is the caller's to check.
    void write(int register, long value) {
        switch (register) {
            case 6 -> dr6 = (int) value & (BREAKPOINTS | BD | BS | BT) | DR6_ONES;
            case 7 -> dr7 = (int) value & ~DR7_ZEROS | DR7_ONES;
            default -> address[register] = value;
        }
        derive();
        cpu.modeChanged();
    }

    /// A task switch: local breakpoints belong to the old task.
    void clearLocalBreakpoints() {
        dr7 &= ~0x155;
        derive();
    }

    /// RESET and INIT.
    void reset() {
        Arrays.fill(address, 0);
        dr6 = DR6_ONES;
        dr7 = DR7_ONES;
        pending = 0;
        stepsOnBranches = false;
        derive();
    }

    /// CR4.DE decides what an R/W field of 2 means; who changes it calls this.
    void derive() {
        watching = cpu.outside.watching();
        watchingPorts = false;
        stepping = (pending & (BT | BS)) != 0 || cpu.outside.stepping();
        for (int n = 0; n < 4; n++) {
            if (enabled(n)) {
                stepping = true;
                int kind = kind(n);
                watching |= (kind & 1) != 0;
                watchingPorts |= kind == ON_PORT;
            }
        }
    }

    private boolean enabled(int n) {
        return (dr7 >> 2 * n & 3) != 0 && (kind(n) != ON_PORT || (cpu.cr4 & ControlBits.CR4_DE) != 0);
    }

    private int kind(int n) {
        return dr7 >> 16 + 4 * n & 3;
    }

    private int bytes(int n) {
        return switch (dr7 >> 18 + 4 * n & 3) {
            case 0 -> 1;
            case 1 -> 2;
            case 2 -> 8;
            default -> 4;
        };
    }

    /// The breakpoints that an access of kind `kind` hits.
    private int hits(long at, int bytes, int kind) {
        int hits = 0;
        for (int n = 0; n < 4; n++) {
            int armed = kind(n);
            boolean matches = armed == kind || armed == ON_ACCESS && kind == ON_WRITE;
            if (matches && enabled(n) && overlaps(n, at, bytes)) {
                hits |= 1 << n;
            }
        }
        return hits;
    }

    private boolean overlaps(int n, long at, int bytes) {
        long size = bytes(n);
        long start = address[n] & -size;
        return at - start >= 0 ? at - start < size : start - at < bytes;
    }
}
