// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.DescriptorTables.ERROR_MASK;
import static org.javisor.cpu.DescriptorTables.RPL;
import static org.javisor.isa.Instruction.CS;
import static org.javisor.isa.Instruction.SS;

/// Far JMP and CALL: to code segments, through call gates, and to tasks.
///
/// @sdm vol. 3A §5.8 "Privilege Level Checking When Transferring Program Control Between Code Segments",
///     vol. 2A "CALL—Call Procedure", "JMP—Jump"
final class FarTransfer {
    private final Cpu cpu;
    private final long[] parameters = new long[31];

    FarTransfer(Cpu cpu) {
        this.cpu = cpu;
    }

    /// @param offset already cut to the operand size
    void jump(int selector, long offset) {
        if (cpu.mode.eightySixStyle()) {
            checkOffset86(offset);
            loadCode86(selector, offset);
            return;
        }
        long descriptor = fetch(selector);
        if (Descriptor.code(descriptor)) {
            toCode(selector, descriptor, offset);
            return;
        }
        int type = checkSystem(selector, descriptor);
        switch (type) {
            case Descriptor.CALL_GATE16, Descriptor.CALL_GATE32 -> jumpThroughGate(selector, descriptor);
            case Descriptor.TASK_GATE -> cpu.taskSwitch.jump(Descriptor.gateSelector(descriptor));
            default -> cpu.taskSwitch.jump(selector);
        }
    }

    /// @param operandBytes 2, 4 or 8: also the width of what is pushed, unless a gate says otherwise
    void call(int selector, long offset, int operandBytes) {
        if (cpu.mode.eightySixStyle()) {
            checkOffset86(offset);
            pushReturn(operandBytes);
            cpu.reg64(CpuLayout.RSP, cpu.frame.pointer());
            loadCode86(selector, offset);
            return;
        }
        long descriptor = fetch(selector);
        if (Descriptor.code(descriptor)) {
            checkDirect(selector, descriptor);
            checkCode(selector, descriptor, offset);
            callSame(selector, descriptor, offset, operandBytes);
            return;
        }
        int type = checkSystem(selector, descriptor);
        switch (type) {
            case Descriptor.CALL_GATE16, Descriptor.CALL_GATE32 -> callThroughGate(selector, descriptor);
            case Descriptor.TASK_GATE -> cpu.taskSwitch.call(Descriptor.gateSelector(descriptor));
            default -> cpu.taskSwitch.call(selector);
        }
    }

    // ---- real and virtual-8086 mode ----

    private void checkOffset86(long offset) {
        if (offset > Integer.toUnsignedLong(cpu.segments.limit[CS])) {
            throw cpu.gp(0);
        }
    }

    private void loadCode86(int selector, long offset) {
        if (cpu.mode == ExecutionMode.REAL) {
            cpu.segmentLoader.loadReal(CS, selector);
        } else {
            cpu.segmentLoader.loadVirtual8086(CS, selector);
        }
        cpu.rip(offset);
        cpu.modeChanged();
    }

    // ---- protected mode ----

    private long fetch(int selector) {
        if (DescriptorTables.isNull(selector)) {
            throw cpu.gp(0);
        }
        return cpu.tables.fetch(selector, GuestFault.GP);
    }

    /// The privilege checks of a code segment that the instruction names itself.
    private void checkDirect(int selector, long descriptor) {
        int dpl = Descriptor.dpl(descriptor);
        boolean denied = Descriptor.conforming(descriptor) ? dpl > cpu.cpl
                : dpl != cpu.cpl || (selector & RPL) > cpu.cpl;
        if (denied) {
            throw cpu.gp(selector & ERROR_MASK);
        }
    }

    /// The checks of every code segment that control goes to: L and D, presence, and the offset.
    private void checkCode(int selector, long descriptor, long offset) {
        boolean longMode = cpu.mode.ia32e() && Descriptor.longMode(descriptor);
        if (longMode && Descriptor.wide(descriptor)) {
            throw cpu.gp(selector & ERROR_MASK);
        }
        if (!Descriptor.present(descriptor)) {
            throw cpu.fault(GuestFault.NP, selector & ERROR_MASK);
        }
        checkOffset(descriptor, longMode, offset);
    }

    private void checkOffset(long descriptor, boolean longMode, long offset) {
        boolean outside = longMode ? !cpu.mmu.canonical(offset)
                : Long.compareUnsigned(offset, Integer.toUnsignedLong(Descriptor.limit(descriptor))) > 0;
        if (outside) {
            throw cpu.gp(0);
        }
    }

    private void toCode(int selector, long descriptor, long offset) {
        checkDirect(selector, descriptor);
        checkCode(selector, descriptor, offset);
        enter(selector, descriptor, offset, cpu.cpl);
    }

    private void enter(int selector, long descriptor, long offset, int cpl) {
        cpu.tables.markAccessed(selector, descriptor);
        cpu.segmentLoader.setCode(selector, descriptor, cpl);
        cpu.enforcement.branched();
        cpu.rip(offset);
        cpu.modeChanged();
    }

    /// The checks of gates and TSSs before what is behind them matters.
    ///
    /// @return the type
    private int checkSystem(int selector, long descriptor) {
        int type = Descriptor.type(descriptor);
        int privilege = Math.max(cpu.cpl, selector & RPL);
        if (!transferable(descriptor) || Descriptor.dpl(descriptor) < privilege) {
            throw cpu.gp(selector & ERROR_MASK);
        }
        if (!Descriptor.present(descriptor)) {
            throw cpu.fault(GuestFault.NP, selector & ERROR_MASK);
        }
        return type;
    }

    private boolean transferable(long descriptor) {
        int type = Descriptor.type(descriptor);
        if (!Descriptor.system(descriptor)) {
            return false;
        }
        return type == Descriptor.CALL_GATE32 || !cpu.mode.ia32e() && (type == Descriptor.CALL_GATE16
                || type == Descriptor.TASK_GATE || type == Descriptor.TSS16 || type == Descriptor.TSS32);
    }

    /// The entry point that a call gate holds.
    private long gateOffset(int selector, long gate) {
        long offset = Descriptor.gateOffset(gate);
        if (!cpu.mode.ia32e()) {
            return offset;
        }
        long upper = cpu.tables.fetchUpper(selector, GuestFault.GP);
        if ((upper >>> 40 & 0x1f) != 0) {
            throw cpu.gp(selector & ERROR_MASK);
        }
        return offset | upper << 32;
    }

    private long fetchTarget(int selector) {
        long descriptor = fetch(selector);
        boolean wrongMode = cpu.mode.ia32e()
                && (!Descriptor.longMode(descriptor) || Descriptor.wide(descriptor));
        if (!Descriptor.code(descriptor) || wrongMode || Descriptor.dpl(descriptor) > cpu.cpl) {
            throw cpu.gp(selector & ERROR_MASK);
        }
        if (!Descriptor.present(descriptor)) {
            throw cpu.fault(GuestFault.NP, selector & ERROR_MASK);
        }
        return descriptor;
    }

    private void jumpThroughGate(int selector, long gate) {
        long offset = gateOffset(selector, gate);
        int target = Descriptor.gateSelector(gate);
        long descriptor = fetchTarget(target);
        if (!Descriptor.conforming(descriptor) && Descriptor.dpl(descriptor) != cpu.cpl) {
            throw cpu.gp(target & ERROR_MASK);
        }
        checkOffset(descriptor, cpu.mode.ia32e(), offset);
        enter(target, descriptor, offset, cpu.cpl);
    }

    private void callThroughGate(int selector, long gate) {
        long offset = gateOffset(selector, gate);
        int target = Descriptor.gateSelector(gate);
        long descriptor = fetchTarget(target);
        int dpl = Descriptor.dpl(descriptor);
        int bytes = cpu.mode.ia32e() ? 8 : (Descriptor.type(gate) & Descriptor.WIDE) != 0 ? 4 : 2;
        if (Descriptor.conforming(descriptor) || dpl == cpu.cpl) {
            checkOffset(descriptor, cpu.mode.ia32e(), offset);
            callSame(target, descriptor, offset, bytes);
        } else if (bytes == 8) {
            callInner64(target, descriptor, offset, dpl);
        } else {
            callInner(target, descriptor, offset, dpl, bytes, Descriptor.parameterCount(gate));
        }
    }

    private void pushReturn(int bytes) {
        if (bytes == 8) {
            cpu.frame.onFlatStack(cpu.reg64(CpuLayout.RSP), cpu.cpl);
        } else {
            cpu.frame.onCurrentStack(bytes);
        }
        cpu.frame.push(cpu.segments.selector[CS]).push(cpu.rip()).write();
    }

    private void callSame(int selector, long descriptor, long offset, int bytes) {
        cpu.shadowStack.prepareCall(0);
        cpu.tables.markAccessed(selector, descriptor);
        pushReturn(bytes);
        cpu.shadowStack.called(cpu.segments.selector[CS], cpu.debug.linearRip());
        cpu.reg64(CpuLayout.RSP, cpu.frame.pointer());
        enter(selector, descriptor, offset, cpu.cpl);
    }

    private void callInner(int selector, long descriptor, long offset, int cpl, int bytes, int count) {
        InnerStack stack = cpu.innerStack;
        stack.load(cpl);
        checkOffset(descriptor, false, offset);
        loadParameters(count, bytes);
        StackFrame frame = cpu.frame;
        frame.onStack(stack.selector, stack.descriptor, stack.pointer, cpl, bytes);
        frame.push(cpu.segments.selector[SS]).push(cpu.reg64(CpuLayout.RSP));
        for (int i = count - 1; i >= 0; i--) {
            frame.push(parameters[i]);
        }
        frame.push(cpu.segments.selector[CS]).push(cpu.rip());
        cpu.shadowStack.prepareEntry(cpl, 0);
        cpu.tables.markAccessed(stack.selector, stack.descriptor);
        cpu.tables.markAccessed(selector, descriptor);
        frame.write();
        cpu.shadowStack.entered(cpl);
        cpu.segmentLoader.set(SS, stack.selector, stack.descriptor);
        cpu.reg64(CpuLayout.RSP, frame.pointer());
        enter(selector, descriptor, offset, cpl);
    }

    private void loadParameters(int count, int bytes) {
        long pointer = cpu.reg64(CpuLayout.RSP);
        for (int i = 0; i < count; i++) {
            parameters[i] = cpu.load(SS, pointer + (long) i * bytes & cpu.stackMask, bytes);
        }
    }

    private void callInner64(int selector, long descriptor, long offset, int cpl) {
        long pointer = cpu.innerStack.load64(cpl);
        checkOffset(descriptor, true, offset);
        StackFrame frame = cpu.frame;
        frame.onFlatStack(pointer, cpl);
        frame.push(cpu.segments.selector[SS]).push(cpu.reg64(CpuLayout.RSP)).push(cpu.segments.selector[CS])
                .push(cpu.rip());
        cpu.shadowStack.prepareEntry(cpl, 0);
        cpu.tables.markAccessed(selector, descriptor);
        frame.write();
        cpu.shadowStack.entered(cpl);
        cpu.segmentLoader.loadNullStack(cpl);
        cpu.reg64(CpuLayout.RSP, frame.pointer());
        enter(selector, descriptor, offset, cpl);
    }
}
