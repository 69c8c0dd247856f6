// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.util.Arrays;

/// What a debugger outside the guest asks of a processor: steps, breakpoints and watchpoints that the guest neither
/// sees nor pays for. They are beside the guest's own debug registers, which keep working.
///
/// To be set while the processor does not run. What it met is told with [CpuExit#DEBUG], before the instruction of a
/// breakpoint and behind that of a step or a watchpoint.
public final class OutsideDebug {
    /// Why the processor stopped.
    public enum Cause { STEP, INT3, BREAKPOINT, WATCHPOINT }

    /// What a breakpoint or watchpoint waits for; [#INT3] is one that the debugger wrote into guest memory, and other
    /// INT3 instructions remain the guest's own.
    public enum Kind { EXECUTION, INT3, WRITE, READ, ACCESS }

    /// @param address linear, of the first byte
    /// @param bytes   1 for execution and INT3
    public record Point(Kind kind, long address, int bytes) {
        private boolean overlaps(long gva, int size) {
            return gva - address >= 0 ? gva - address < bytes : address - gva < size;
        }
    }

    private static final Point[] NONE = {};

    private final Cpu cpu;
    private Point[] executions = NONE;
    private Point[] int3s = NONE;
    private Point[] accesses = NONE;
    private boolean step;
    private boolean holdsInterrupts;

    private Cause cause;
    private Point met;

    OutsideDebug(Cpu cpu) {
        this.cpu = cpu;
    }

    /// Replaces everything that was asked for before.
    ///
    /// @param step            stop behind each instruction
    /// @param holdsInterrupts while stepping, take no interrupts, so that a step leads to the next instruction
    public void set(boolean step, boolean holdsInterrupts, Point... points) {
        this.step = step;
        this.holdsInterrupts = step && holdsInterrupts;
        executions = Arrays.stream(points).filter(point -> point.kind == Kind.EXECUTION).toArray(Point[]::new);
        int3s = Arrays.stream(points).filter(point -> point.kind == Kind.INT3).toArray(Point[]::new);
        accesses = Arrays.stream(points).filter(point -> point.kind.compareTo(Kind.INT3) > 0).toArray(Point[]::new);
        met = null;
        cpu.debug.derive();
        cpu.modeChanged();
    }

    /// Why the processor stopped last.
    public Cause cause() {
        return cause;
    }

    /// The breakpoint or watchpoint that it met, or null.
    public Point met() {
        return met;
    }

    boolean holdsInterrupts() {
        return holdsInterrupts;
    }

    /// Whether the run loop has to go step by step.
    boolean stepping() {
        return step || executions.length != 0 || accesses.length != 0;
    }

    /// Whether accesses have to be shown to [#access].
    boolean watching() {
        return accesses.length != 0;
    }

    /// Whether there is a breakpoint on the instruction at `gva`.
    boolean stopsAt(long gva) {
        return stopsAt(gva, executions, Cause.BREAKPOINT);
    }

    private boolean stopsAt(long gva, Point[] points, Cause why) {
        for (Point point : points) {
            if (point.address == gva) {
                stop(why, point);
                return true;
            }
        }
        return false;
    }

    void access(long gva, int bytes, boolean write) {
        for (Point point : accesses) {
            boolean waits = point.kind == Kind.ACCESS || (point.kind == Kind.WRITE) == write;
            if (waits && met == null && point.overlaps(gva, bytes)) {
                met = point;
            }
        }
    }

    /// Behind an instruction, or the delivery of its fault.
    ///
    /// @param exit that there is already
    int after(int exit) {
        if (met == null && !step || exit != CpuExit.NONE) {
            return exit;
        }
        stop(met == null ? Cause.STEP : Cause.WATCHPOINT, met);
        return CpuExit.DEBUG;
    }

    /// At an INT3, with RIP behind it: whether it is the debugger's, and the processor stops before it.
    boolean stopsAtInt3(Insn insn) {
        if (int3s.length == 0 || !stopsAt(cpu.debug.linearRip() - insn.length, int3s, Cause.INT3)) {
            return false;
        }
        cpu.rip(cpu.rip() - insn.length);
        cpu.exits.ask(CpuExit.DEBUG);
        return true;
    }

    private void stop(Cause why, Point where) {
        cause = why;
        met = where;
    }

    /// Before an instruction.
    void begin() {
        met = null;
    }
}
