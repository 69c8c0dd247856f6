// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.cpu.fp.Float80;
import org.javisor.cpu.fp.Float80Context;
import org.javisor.host.HostMemory;

/// The x87 unit as its instructions see it: the register stack, tags, and the status word with its
/// exceptions.
///
/// An instruction goes through [#begin], reads its operands, leaves a result in [#fp] and what it raised, and
/// ends with one of the methods that deliver the result and [#commit]. Nothing changes before that, so that a
/// memory fault leaves no trace.
///
/// Of a tag only "empty" counts; the finer distinctions are made when the tag word is stored
/// ([X87Environment]).
///
/// @sdm vol. 1 §8.1 "x87 FPU Execution Environment", §8.4 "x87 FPU Floating-Point Exception Handling"
final class X87 {
    static final int CODES = Float80Context.C0 | Float80Context.C1 | Float80Context.C2 | Float80Context.C3;
    /// The tag of an empty register.
    static final int EMPTY = 3;

    private static final int STACK_UNDERFLOW = Float80Context.IE | Float80Context.SF;
    private static final int STACK_OVERFLOW = STACK_UNDERFLOW | Float80Context.C1;
    private static final int PENDING = Float80Context.ES | Float80Context.BUSY;

    final Float80Context fp = new Float80Context();
    /// Operands of a two-operand instruction.
    int ase, bse;
    long a, b;

    private final Cpu cpu;
    private final long state;
    /// Offset of the current instruction's memory operand.
    private long dataOffset;

    X87(Cpu cpu) {
        this.cpu = cpu;
        this.state = cpu.state;
    }

    // ---- the words ----

    int control() {
        return HostMemory.loadShort(state + CpuLayout.FCW) & 0xffff;
    }

    int status() {
        return HostMemory.loadShort(state + CpuLayout.FSW) & 0xffff;
    }

    int tags() {
        return HostMemory.loadShort(state + CpuLayout.FTW) & 0xffff;
    }

    /// Whether no exception is unmasked, or pending.
    boolean isMasked() {
        return (control() & Float80Context.EXCEPTIONS) == Float80Context.EXCEPTIONS
                && (status() & Float80Context.ES) == 0;
    }

    /// Sets the control word, but for its reserved bits; exceptions may become pending, or cease to be.
    void control(int fcw) {
        HostMemory.storeShort(state + CpuLayout.FCW, (short) (fcw & 0x1f7f | 0x40));
        status(status());
    }

    /// Sets the status word; ES and B follow from exceptions and masks.
    void status(int fsw) {
        boolean pending = (fsw & ~control() & Float80Context.EXCEPTIONS) != 0;
        HostMemory.storeShort(state + CpuLayout.FSW, (short) (pending ? fsw | PENDING : fsw & ~PENDING));
    }

    void tags(int ftw) {
        HostMemory.storeShort(state + CpuLayout.FTW, (short) ftw);
    }

    /// Sets what is known of the last instruction: its opcode (11 bits), and offsets of itself and of its
    /// operand.
    void pointers(int fop, long fip, long fdp) {
        HostMemory.storeShort(state + CpuLayout.FOP, (short) fop);
        HostMemory.storeLong(state + CpuLayout.FIP, fip);
        HostMemory.storeLong(state + CpuLayout.FDP, fdp);
    }

    // ---- registers, by number in the stack ----

    private int physical(int i) {
        return (HostMemory.loadShort(state + CpuLayout.FSW) >> 11) + i & 7;
    }

    private long address(int i) {
        return state + CpuLayout.FPR + (long) CpuLayout.FPR_STRIDE * physical(i);
    }

    boolean isEmpty(int i) {
        return (tags() >> 2 * physical(i) & EMPTY) == EMPTY;
    }

    int se(int i) {
        return HostMemory.loadShort(address(i) + 8) & 0xffff;
    }

    long significand(int i) {
        return HostMemory.loadLong(address(i));
    }

    void set(int i, int se, long significand) {
        int physical = physical(i);
        long address = state + CpuLayout.FPR + (long) CpuLayout.FPR_STRIDE * physical;
        HostMemory.storeLong(address, significand);
        HostMemory.storeShort(address + 8, (short) se);
        tags(tags() & ~(EMPTY << 2 * physical));
    }

    void free(int i) {
        tags(tags() | EMPTY << 2 * physical(i));
    }

    /// Turns the stack without touching tags: FINCSTP, FDECSTP.
    void rotate(int by) {
        int fsw = status();
        HostMemory.storeShort(state + CpuLayout.FSW,
                (short) (fsw & ~Float80Context.TOP | fsw + (by << 11) & Float80Context.TOP));
    }

    void pop() {
        free(0);
        rotate(1);
    }

    // ---- the course of an instruction ----

    /// Starts an instruction that waits: pending exceptions come first.
    Float80Context begin() {
        Availability.checkX87(cpu);
        fp.control(HostMemory.loadShort(state + CpuLayout.FCW));
        fp.begin();
        return fp;
    }

    /// The offset of the instruction's memory operand, remembered for FDP.
    long operandOffset(Insn insn) {
        dataOffset = cpu.effectiveAddress(insn);
        return dataOffset;
    }

    /// The response to an empty operand, masked.
    void underflow() {
        fp.invalid();
        fp.raised |= STACK_UNDERFLOW;
    }

    /// Raises a stack underflow if the register is empty.
    ///
    /// @return whether there is an operand
    boolean holds(int i) {
        if (isEmpty(i)) {
            underflow();
            return false;
        }
        return true;
    }

    /// Leaves ST(0) in the context for a store; the indefinite value if it is empty.
    void loadForStore() {
        if (holds(0)) {
            fp.se = se(0);
            fp.significand = significand(0);
        }
    }

    /// Raises a stack overflow if there is no room for another register.
    boolean hasRoom() {
        if (!isEmpty(7)) {
            fp.invalid();
            fp.raised |= STACK_OVERFLOW;
            return false;
        }
        return true;
    }

    /// Reads two registers into `a` and `b`.
    ///
    /// @return whether both hold something
    boolean operands(int i, int j) {
        if (isEmpty(i) || isEmpty(j)) {
            underflow();
            return false;
        }
        ase = se(i);
        a = significand(i);
        bse = se(j);
        b = significand(j);
        return true;
    }

    /// Ends an instruction that clears C1 alone.
    void commit(Insn insn) {
        commit(insn, Float80Context.C1);
    }

    /// Ends an instruction: what was raised goes into the status word, and the pointers to the instruction
    /// follow.
    ///
    /// @param cleared the condition codes that it sets anew
    void commit(Insn insn, int cleared) {
        int fsw = status() & ~cleared | fp.raised;
        if ((fp.raised & Float80Context.EXCEPTIONS) == 0) {
            HostMemory.storeShort(state + CpuLayout.FSW, (short) fsw);
        } else {
            raise(insn, fsw);
        }
        HostMemory.storeLong(state + CpuLayout.FIP, cpu.rip() - insn.length);
    }

    /// Only an instruction that meets an unmasked exception has its opcode remembered, as on every processor
    /// since the Pentium 4 (vol. 1 §8.1.9.1 "Fopcode Compatibility Sub-mode"), and the offset of its memory operand, as
    /// CPUID.7.EBX[6] says (§8.1.8 "x87 FPU Instruction and Data (Operand) Pointers").
    private void raise(Insn insn, int fsw) {
        status(fsw);
        if (fp.unmasked() != 0) {
            int fop = (insn.row.opcode() & 7) << 8 | insn.modrm & 0xff;
            HostMemory.storeShort(state + CpuLayout.FOP, (short) fop);
            if (insn.kind0 == Insn.MEM) {
                HostMemory.storeLong(state + CpuLayout.FDP, dataOffset);
            }
        }
    }

    /// Ends an instruction whose result goes to a register, unless an exception prevents it.
    ///
    /// @return whether it did not
    boolean deliver(Insn insn, int i) {
        boolean prevented = fp.isPrevented();
        if (!prevented) {
            set(i, fp.se, fp.significand);
        }
        commit(insn);
        return !prevented;
    }

    /// As [#deliver], and pops.
    void deliverAndPop(Insn insn, int i) {
        if (deliver(insn, i)) {
            pop();
        }
    }

    /// Ends an instruction whose result goes to a new register.
    void deliverAndPush(Insn insn) {
        boolean prevented = fp.isPrevented();
        if (!prevented) {
            push(fp.se, fp.significand);
        }
        commit(insn);
    }

    void push(int se, long significand) {
        rotate(-1);
        set(0, se, significand);
    }

    /// As [#push], of the indefinite value.
    void pushIndefinite() {
        push(Float80.INDEFINITE_SE, Float80.INDEFINITE_SIGNIFICAND);
    }
}
