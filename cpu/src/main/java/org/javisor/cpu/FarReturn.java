// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.DescriptorTables.ERROR_MASK;
import static org.javisor.cpu.DescriptorTables.RPL;
import static org.javisor.isa.Instruction.CS;
import static org.javisor.isa.Instruction.SS;

/// Far RET, and what IRET shares with it: going back to a code segment at the same or an outer level.
///
/// @sdm vol. 2B "RET—Return From Procedure"
final class FarReturn {
    private final Cpu cpu;

    FarReturn(Cpu cpu) {
        this.cpu = cpu;
    }

    /// @param bytes  operand size: 2, 4 or 8
    /// @param unwind bytes of parameters to drop
    void execute(int bytes, int unwind) {
        long offset = peek(0, bytes);
        int selector = (int) peek(bytes, bytes) & 0xffff;
        if (cpu.mode.eightySixStyle()) {
            execute86(selector, offset, 2 * bytes + unwind);
            return;
        }
        long descriptor = fetchCode(selector);
        if ((selector & RPL) == cpu.cpl) {
            checkOffset(descriptor, offset);
            cpu.shadowStack.prepareReturn(selector, linear(descriptor, offset));
            cpu.tables.markAccessed(selector, descriptor);
            popStack(2 * bytes + unwind);
            cpu.shadowStack.returned();
            enter(selector, descriptor, offset);
        } else {
            toOuter(selector, descriptor, offset, bytes, unwind);
        }
    }

    private void execute86(int selector, long offset, int unwind) {
        if (offset > Integer.toUnsignedLong(cpu.segments.limit[CS])) {
            throw cpu.gp(0);
        }
        popStack(unwind);
        loadCode86(selector);
        cpu.rip(offset);
        cpu.modeChanged();
    }

    void loadCode86(int selector) {
        if (cpu.mode == ExecutionMode.REAL) {
            cpu.segmentLoader.loadReal(CS, selector);
        } else {
            cpu.segmentLoader.loadVirtual8086(CS, selector);
        }
    }

    private void toOuter(int selector, long descriptor, long offset, int bytes, int unwind) {
        int at = 2 * bytes + unwind;
        long pointer = peek(at, bytes);
        int stackSelector = (int) peek(at + bytes, bytes) & 0xffff;
        long stack = checkOuterStack(stackSelector, selector & RPL, longMode(descriptor));
        checkOffset(descriptor, offset);
        cpu.shadowStack.prepareExit(selector & RPL, longMode(descriptor));
        enterOuter(selector, descriptor, offset, stackSelector, stack);
        setOuterPointer(pointer + unwind, bytes);
    }

    // ---- shared with IRET ----

    /// The address of code in the segment to return to.
    long linear(long descriptor, long offset) {
        return longMode(descriptor) ? offset : Descriptor.base(descriptor) + offset & 0xffff_ffffL;
    }

    /// The `bytes`-wide value `distance` bytes above the top of the stack.
    long peek(int distance, int bytes) {
        return cpu.load(SS, cpu.reg64(CpuLayout.RSP) + distance & cpu.stackMask, bytes);
    }

    void popStack(int bytes) {
        long pointer = cpu.reg64(CpuLayout.RSP);
        cpu.reg64(CpuLayout.RSP, pointer & ~cpu.stackMask | pointer + bytes & cpu.stackMask);
    }

    boolean longMode(long descriptor) {
        return cpu.mode.ia32e() && Descriptor.longMode(descriptor);
    }

    /// The code segment to return to, checked against the current level.
    long fetchCode(int selector) {
        if (DescriptorTables.isNull(selector)) {
            throw cpu.gp(0);
        }
        int error = selector & ERROR_MASK;
        long descriptor = cpu.tables.fetch(selector, GuestFault.GP);
        int rpl = selector & RPL;
        int dpl = Descriptor.dpl(descriptor);
        boolean denied = rpl < cpu.cpl || (Descriptor.conforming(descriptor) ? dpl > rpl : dpl != rpl);
        boolean bothSizes = longMode(descriptor) && Descriptor.wide(descriptor);
        if (!Descriptor.code(descriptor) || denied || bothSizes) {
            throw cpu.gp(error);
        }
        if (!Descriptor.present(descriptor)) {
            throw cpu.fault(GuestFault.NP, error);
        }
        return descriptor;
    }

    void checkOffset(long descriptor, long offset) {
        boolean outside = longMode(descriptor) ? !cpu.mmu.canonical(offset)
                : Long.compareUnsigned(offset, Integer.toUnsignedLong(Descriptor.limit(descriptor))) > 0;
        if (outside) {
            throw cpu.gp(0);
        }
    }

    /// The stack to return to.
    ///
    /// @return its descriptor, or 0 for a null selector where 64-bit mode allows one
    long checkOuterStack(int selector, int cpl, boolean toLongMode) {
        if (DescriptorTables.isNull(selector)) {
            if (!toLongMode || cpl == 3 || (selector & RPL) != cpl) {
                throw cpu.gp(0);
            }
            return 0;
        }
        return cpu.segmentLoader.checkStack(selector, cpl, GuestFault.GP);
    }

    void enter(int selector, long descriptor, long offset) {
        cpu.segmentLoader.setCode(selector, descriptor, selector & RPL);
        cpu.rip(offset);
        cpu.modeChanged();
    }

    /// Loads CS and SS of an outer level, all checks done, and drops what it may not use. The stack pointer
    /// is the caller's to set.
    void enterOuter(int selector, long descriptor, long offset, int stackSelector, long stack) {
        cpu.tables.markAccessed(selector, descriptor);
        if (stack != 0) {
            cpu.tables.markAccessed(stackSelector, stack);
        }
        cpu.shadowStack.exited(selector & RPL);
        loadStack(selector, stackSelector, stack);
        cpu.segmentLoader.setCode(selector, descriptor, selector & RPL);
        cpu.segmentLoader.dropPrivilegedSegments();
        cpu.rip(offset);
        cpu.modeChanged();
    }

    void loadStack(int selector, int stackSelector, long stack) {
        if (stack == 0) {
            cpu.segmentLoader.loadNullStack(selector & RPL);
        } else {
            cpu.segmentLoader.set(SS, stackSelector, stack);
        }
    }

    /// Sets as much of RSP as the new stack uses.
    void setOuterPointer(long pointer, int bytes) {
        long mask = cpu.stackMask;
        if (mask == 0xffff) {
            cpu.reg16(CpuLayout.RSP, (int) pointer);
        } else {
            cpu.reg64(CpuLayout.RSP, pointer & mask);
        }
    }
}
