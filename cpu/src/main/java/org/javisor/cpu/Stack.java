// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.CpuLayout.RBP;
import static org.javisor.cpu.CpuLayout.RSP;
import static org.javisor.cpu.Operands.get8;
import static org.javisor.cpu.Operands.load8;
import static org.javisor.cpu.Operands.pop8;
import static org.javisor.cpu.Operands.push8;
import static org.javisor.cpu.Operands.set8;
import static org.javisor.isa.Instruction.GPR;
import static org.javisor.isa.Instruction.IMM;
import static org.javisor.isa.Instruction.SEG;
import static org.javisor.isa.Instruction.SS;

import org.javisor.isa.Mnemonic;

/// Pushes, pops and stack frames.
///
/// The stack pointer has the size that [Cpu#stackMask] says, the items that of the operand; each instruction
/// moves the pointer only after its last access.
///
/// @sdm vol. 1 §6.2 "Stacks"
final class Stack {
    private Stack() { }

    static void bind(Bindings.Binder binder) {
        binder.choose(Mnemonic.PUSH, Stack::choosePush)
                .choose(Mnemonic.POP, Stack::choosePop)
                .bind(Mnemonic.PUSHA, Stack::pushAll)
                .bind(Mnemonic.POPA, Stack::popAll)
                .bind(Mnemonic.ENTER, Stack::enter)
                .choose(Mnemonic.LEAVE, insn -> insn.codeBits == 64 && insn.operandBytes == 8
                        ? Stack::leave8 : Stack::leave);
    }

    private static Handler choosePush(Insn insn) {
        boolean wide = insn.codeBits == 64 && insn.operandBytes == 8;
        return switch (insn.kind0) {
            case SEG -> Stack::pushSegment;
            case GPR -> wide ? (c, i) -> push8(c, get8(c, i.at0)) : Stack::push;
            case IMM -> wide ? (c, i) -> push8(c, i.immediate) : Stack::push;
            default -> wide ? (c, i) -> push8(c, load8(c, i)) : Stack::push;
        };
    }

    private static Handler choosePop(Insn insn) {
        boolean wide = insn.codeBits == 64 && insn.operandBytes == 8;
        return switch (insn.kind0) {
            case SEG -> SegmentInstructions::pop;
            case GPR -> wide ? (c, i) -> set8(c, i.at0, pop8(c)) : Stack::popRegister;
            default -> Stack::popMemory;
        };
    }

    /// Pushes `bytes` bytes.
    static void push(Cpu cpu, int bytes, long value) {
        long rsp = cpu.reg64(RSP);
        cpu.store(SS, rsp - bytes & cpu.stackMask, bytes, value);
        pointer(cpu, RSP, rsp - bytes);
    }

    /// The item at the top, or `above` bytes above it, which stays there.
    static long peek(Cpu cpu, int above, int bytes) {
        return cpu.load(SS, cpu.reg64(RSP) + above & cpu.stackMask, bytes);
    }

    /// Takes `bytes` bytes off.
    static void drop(Cpu cpu, int bytes) {
        pointer(cpu, RSP, cpu.reg64(RSP) + bytes);
    }

    static long pop(Cpu cpu, int bytes) {
        long value = peek(cpu, 0, bytes);
        drop(cpu, bytes);
        return value;
    }

    /// Sets RSP, ESP or SP, or the same of RBP.
    private static void pointer(Cpu cpu, int reg, long value) {
        long mask = cpu.stackMask;
        cpu.reg64(reg, cpu.reg64(reg) & ~mask | value & mask);
    }

    private static void push(Cpu cpu, Insn insn) {
        push(cpu, insn.operandBytes, cpu.read(insn, 0));
    }

    /// Of a 32-bit item, processors since the Pentium write only the selector's half.
    private static void pushSegment(Cpu cpu, Insn insn) {
        int bytes = insn.operandBytes;
        long rsp = cpu.reg64(RSP);
        cpu.store(SS, rsp - bytes & cpu.stackMask, bytes == 4 ? 2 : bytes, cpu.segments.selector[insn.reg0]);
        pointer(cpu, RSP, rsp - bytes);
    }

    /// POP rSP: what is popped wins over the increment.
    private static void popRegister(Cpu cpu, Insn insn) {
        long value = pop(cpu, insn.operandBytes);
        cpu.reg(insn.reg0, insn.operandBytes, value);
    }

    /// An address with rSP as its base is computed from the incremented one.
    private static void popMemory(Cpu cpu, Insn insn) {
        int bytes = insn.operandBytes;
        long value = peek(cpu, 0, bytes);
        long rsp = cpu.reg64(RSP);
        drop(cpu, bytes);
        long offset = cpu.effectiveAddress(insn);
        long incremented = cpu.reg64(RSP);
        cpu.reg64(RSP, rsp);
        cpu.store(insn.segment, offset, bytes, value);
        cpu.reg64(RSP, incremented);
    }

    private static void pushAll(Cpu cpu, Insn insn) {
        int bytes = insn.operandBytes;
        long rsp = cpu.reg64(RSP);
        for (int reg = 0; reg < 8; reg++) {
            cpu.store(SS, rsp - (reg + 1L) * bytes & cpu.stackMask, bytes, cpu.reg(reg, bytes));
        }
        pointer(cpu, RSP, rsp - 8L * bytes);
    }

    /// POPA: the item of rSP is skipped. All items are read before any register changes.
    private static void popAll(Cpu cpu, Insn insn) {
        int bytes = insn.operandBytes;
        for (int reg = 0; reg < 8; reg++) {
            peek(cpu, (7 - reg) * bytes, bytes);
        }
        for (int reg = 0; reg < 8; reg++) {
            if (reg != RSP) {
                cpu.reg(reg, bytes, peek(cpu, (7 - reg) * bytes, bytes));
            }
        }
        drop(cpu, 8 * bytes);
    }

    /// ENTER: operand 0 is the size of the frame, the second immediate the nesting level.
    ///
    /// @sdm vol. 2A "ENTER—Make Stack Frame for Procedure Parameters"
    private static void enter(Cpu cpu, Insn insn) {
        int bytes = insn.operandBytes;
        int level = (int) insn.immediate2 & 31;
        long rbp = cpu.reg64(RBP);
        long rsp = cpu.reg64(RSP);
        // What a 16-bit stack leaves of ESP belongs to the frame pointer that is pushed.
        long frame = rsp & ~cpu.stackMask | rsp - bytes & cpu.stackMask;
        storeItem(cpu, frame, bytes, rbp);
        long top = frame;
        if (level > 0) {
            for (int n = 1; n < level; n++) {
                top -= bytes;
                storeItem(cpu, top, bytes, cpu.load(SS, rbp - (long) n * bytes & cpu.stackMask, bytes));
            }
            top -= bytes;
            storeItem(cpu, top, bytes, frame);
        }
        top -= insn.immediate & 0xffff;
        // Processors touch the new top of the stack for writing, so that a frame that does not fit faults
        // here.
        cpu.probe(SS, top & cpu.stackMask, bytes, true);
        if (bytes == 2) {
            cpu.reg16(RBP, (int) frame);
        } else {
            pointer(cpu, RBP, frame);
        }
        pointer(cpu, RSP, top);
    }

    private static void storeItem(Cpu cpu, long offset, int bytes, long value) {
        cpu.store(SS, offset & cpu.stackMask, bytes, value);
    }

    private static void leave(Cpu cpu, Insn insn) {
        int bytes = insn.operandBytes;
        long frame = cpu.reg64(RBP);
        long value = cpu.load(SS, frame & cpu.stackMask, bytes);
        pointer(cpu, RSP, frame + bytes);
        cpu.reg(RBP, bytes, value);
    }

    private static void leave8(Cpu cpu, Insn insn) {
        long frame = cpu.reg64(RBP);
        long value = cpu.mmu.load(SS, frame, 8);
        cpu.reg64(RSP, frame + 8);
        cpu.reg64(RBP, value);
    }
}
