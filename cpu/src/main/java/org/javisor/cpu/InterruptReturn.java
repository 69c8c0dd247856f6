// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.DescriptorTables.RPL;
import static org.javisor.isa.Instruction.CS;
import static org.javisor.isa.Instruction.DS;
import static org.javisor.isa.Instruction.ES;
import static org.javisor.isa.Instruction.FS;
import static org.javisor.isa.Instruction.GS;
import static org.javisor.isa.Instruction.SS;

/// IRET, IRETD and IRETQ, in all modes.
///
/// @sdm vol. 2A "IRET/IRETD/IRETQ—Interrupt Return"
final class InterruptReturn {
    /// What a program of the lowest privilege may change.
    private static final int USER_FLAGS = Flags.ARITHMETIC | Flags.TF | Flags.DF | Flags.NT;
    private static final int WIDE_FLAGS = Flags.RF | Flags.AC | Flags.ID;

    private final Cpu cpu;
    private final FarReturn returns;

    InterruptReturn(Cpu cpu) {
        this.cpu = cpu;
        this.returns = cpu.farReturn;
    }

    /// @param bytes operand size: 2, 4 or 8
    void execute(int bytes) {
        if (cpu.nmiBlocked) {
            // IRET unblocks NMIs even if it faults.
            cpu.nmiBlocked = false;
            cpu.modeChanged();
        }
        cpu.debug.resumeFlagLoaded();
        switch (cpu.mode) {
            case REAL -> returnInRealMode(bytes);
            case VIRTUAL_8086 -> returnInVirtual8086(bytes);
            default -> returnProtected(bytes);
        }
    }

    private void returnInRealMode(int bytes) {
        long offset = returns.peek(0, bytes);
        int selector = (int) returns.peek(bytes, bytes) & 0xffff;
        long flags = returns.peek(2 * bytes, bytes);
        checkOffset86(offset);
        returns.popStack(3 * bytes);
        returns.loadCode86(selector);
        cpu.rip(offset);
        loadFlags(flags, USER_FLAGS | Flags.IF | Flags.IOPL | (bytes == 2 ? 0 : WIDE_FLAGS));
        cpu.modeChanged();
    }

    private void checkOffset86(long offset) {
        if (offset > Integer.toUnsignedLong(cpu.segments.limit[CS])) {
            throw cpu.gp(0);
        }
    }

    private void returnInVirtual8086(int bytes) {
        boolean ioPrivileged = (cpu.systemFlags() & Flags.IOPL) == Flags.IOPL;
        boolean virtual = !ioPrivileged && (cpu.cr4 & ControlBits.CR4_VME) != 0 && bytes == 2;
        if (!ioPrivileged && !virtual) {
            throw cpu.gp(0);
        }
        long offset = returns.peek(0, bytes);
        int selector = (int) returns.peek(bytes, bytes) & 0xffff;
        long flags = returns.peek(2 * bytes, bytes);
        checkOffset86(offset);
        if (virtual) {
            checkVirtualInterrupt(flags);
        }
        returns.popStack(3 * bytes);
        returns.loadCode86(selector);
        cpu.rip(offset);
        if (virtual) {
            loadFlags(flags, USER_FLAGS);
            cpu.systemFlags(cpu.systemFlags() & ~Flags.VIF | ((flags & Flags.IF) != 0 ? Flags.VIF : 0));
        } else {
            loadFlags(flags, USER_FLAGS | Flags.IF | (bytes == 2 ? 0 : WIDE_FLAGS));
        }
        cpu.modeChanged();
    }

    /// A virtual interrupt that waits must not be enabled silently, nor single-stepping.
    private void checkVirtualInterrupt(long flags) {
        boolean pending = (flags & Flags.IF) != 0 && (cpu.systemFlags() & Flags.VIP) != 0;
        if (pending || (flags & Flags.TF) != 0) {
            throw cpu.gp(0);
        }
    }

    private void returnProtected(int bytes) {
        if ((cpu.systemFlags() & Flags.NT) != 0) {
            if (cpu.mode.ia32e()) {
                throw cpu.gp(0);
            }
            cpu.taskSwitch.returnToPrevious();
            return;
        }
        long offset = returns.peek(0, bytes);
        int selector = (int) returns.peek(bytes, bytes) & 0xffff;
        long flags = returns.peek(2 * bytes, bytes);
        boolean toVirtual8086 = bytes == 4 && (flags & Flags.VM) != 0 && cpu.cpl == 0 && !cpu.mode.ia32e();
        if (toVirtual8086) {
            enterVirtual8086(offset, selector, flags);
            return;
        }
        long descriptor = returns.fetchCode(selector);
        int changeable = changeable(bytes);
        if ((selector & RPL) == cpu.cpl && cpu.mode != ExecutionMode.LONG) {
            returns.checkOffset(descriptor, offset);
            cpu.shadowStack.prepareReturn(selector, returns.linear(descriptor, offset));
            cpu.tables.markAccessed(selector, descriptor);
            returns.popStack(3 * bytes);
            cpu.shadowStack.returned();
            loadFlags(flags, changeable);
            returns.enter(selector, descriptor, offset);
        } else {
            returnWithStack(selector, descriptor, offset, flags, bytes, changeable);
        }
    }

    /// The flags that the current level may change.
    private int changeable(int bytes) {
        int mask = USER_FLAGS | (bytes == 2 ? 0 : WIDE_FLAGS);
        int iopl = (cpu.systemFlags() & Flags.IOPL) >> 12;
        if (cpu.cpl <= iopl) {
            mask |= Flags.IF;
        }
        if (cpu.cpl == 0) {
            mask |= Flags.IOPL | (bytes == 2 ? 0 : Flags.VIF | Flags.VIP);
        }
        return mask;
    }

    private void returnWithStack(int selector, long descriptor, long offset, long flags, int bytes,
            int changeable) {
        long pointer = returns.peek(3 * bytes, bytes);
        int stackSelector = (int) returns.peek(4 * bytes, bytes) & 0xffff;
        long stack = returns.checkOuterStack(stackSelector, selector & RPL, returns.longMode(descriptor));
        returns.checkOffset(descriptor, offset);
        boolean outer = (selector & RPL) != cpu.cpl;
        if (outer) {
            cpu.shadowStack.prepareExit(selector & RPL, returns.longMode(descriptor));
        } else {
            cpu.shadowStack.prepareReturn(selector, returns.linear(descriptor, offset));
        }
        cpu.tables.markAccessed(selector, descriptor);
        if (stack != 0) {
            cpu.tables.markAccessed(stackSelector, stack);
        }
        if (cpu.mode == ExecutionMode.LONG && cpu.cpl == 0) {
            cpu.returns.learn(selector, descriptor, stackSelector, stack);
        }
        if (outer) {
            cpu.shadowStack.exited(selector & RPL);
        } else {
            cpu.shadowStack.returned();
        }
        loadFlags(flags, changeable);
        returns.loadStack(selector, stackSelector, stack);
        cpu.segmentLoader.setCode(selector, descriptor, selector & RPL);
        if (outer) {
            cpu.segmentLoader.dropPrivilegedSegments();
        }
        cpu.rip(offset);
        cpu.modes.transferred();
        returns.setOuterPointer(pointer, bytes);
    }

    private void enterVirtual8086(long offset, int selector, long flags) {
        long pointer = returns.peek(12, 4);
        int[] selectors = new int[6];
        selectors[CS] = selector;
        selectors[SS] = (int) returns.peek(16, 4) & 0xffff;
        for (int i = 0; i < 4; i++) {
            selectors[VIRTUAL_8086_ORDER[i]] = (int) returns.peek(20 + 4 * i, 4) & 0xffff;
        }
        loadFlags(flags, changeable(4) | Flags.VM);
        for (int i = 0; i < 6; i++) {
            cpu.segmentLoader.loadVirtual8086(i, selectors[i]);
        }
        cpu.cpl = 3;
        cpu.reg64(CpuLayout.RSP, pointer);
        cpu.rip(offset & 0xffff);
        cpu.modeChanged();
    }

    private static final int[] VIRTUAL_8086_ORDER = {ES, DS, FS, GS};

    private void loadFlags(long flags, int changeable) {
        long merged = cpu.rflags() & ~changeable | flags & changeable;
        if ((changeable & Flags.RF) == 0) {
            merged &= ~Flags.RF;
        }
        if (isPointless(merged)) {
            merged &= ~Flags.RF;
        }
        cpu.arithmeticFlags((int) merged);
        cpu.systemFlags((int) merged & ~Flags.ARITHMETIC | 2);
    }

    /// Whether RF, with which every handler of a fault returns, makes no difference: the next instruction, which clears
    /// it, has no breakpoint, and nothing is about to come before it that would save RF.
    private boolean isPointless(long flags) {
        return (flags & (Flags.RF | Flags.TF)) == Flags.RF && cpu.mode.ia32e() && cpu.requests() == 0
                && !cpu.debug.concerned();
    }
}
