// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

import java.util.List;

/// What a debugger outside a guest asks of a vCPU; the guest's own debug registers keep working beside it.
///
/// @param step            stop behind each instruction
/// @param holdsInterrupts while stepping, take no interrupts: a step leads to the next instruction, not into a handler
public record GuestDebug(boolean step, boolean holdsInterrupts, List<Point> points) {
    /// Nothing is asked for.
    public static final GuestDebug OFF = new GuestDebug(false, false, List.of());

    /// What happened.
    public enum Event { STEP, INT3, BREAKPOINT, WRITE, READ, ACCESS }

    /// What a [Point] waits for. INT3 is a breakpoint that the debugger has written into guest memory, and costs
    /// nothing elsewhere; with one of the others everything is executed slowly. INT3 instructions that no point names
    /// are the guest's own.
    public enum Kind { EXECUTION, INT3, WRITE, READ, ACCESS }

    /// @param address linear
    /// @param bytes   1 for execution and INT3; else 1, 2, 4 or 8, and `address` a multiple
    public record Point(Kind kind, long address, int bytes) {
        public Point {
            boolean code = kind == Kind.EXECUTION || kind == Kind.INT3;
            boolean size = code ? bytes == 1 : bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
            if (!size || (address & bytes - 1) != 0) {
                throw new IllegalArgumentException(
                        String.format("no %s point of %d bytes at 0x%x", kind, bytes, address));
            }
        }
    }

    public GuestDebug {
        points = List.copyOf(points);
    }
}
