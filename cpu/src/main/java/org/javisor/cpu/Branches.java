// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.CpuLayout.RCX;
import static org.javisor.cpu.CpuLayout.RSP;
import static org.javisor.cpu.Operands.get8;
import static org.javisor.cpu.Operands.load8;
import static org.javisor.cpu.Operands.push8;
import static org.javisor.isa.Instruction.GPR;
import static org.javisor.isa.Instruction.REL;
import static org.javisor.isa.Instruction.SS;

import org.javisor.isa.Mnemonic;

/// Near jumps, calls, returns and loops; conditional jumps are in [Conditions].
///
/// @sdm vol. 1 §6.4 "Calling Procedures Using CALL and RET", §7.3.8 "Control Transfer Instructions"
final class Branches {
    private Branches() { }

    static void bind(Bindings.Binder binder) {
        binder.choose(Mnemonic.JMP, Branches::chooseJump)
                .choose(Mnemonic.CALL, Branches::chooseCall)
                .choose(Mnemonic.RET, insn -> insn.operandBytes == 8 ? Branches::ret8 : Branches::ret)
                .bind(Mnemonic.JCXZ, (cpu, insn) -> jumpIf(cpu, insn, counter(cpu, insn) == 0))
                .bind(Mnemonic.LOOP, (cpu, insn) -> loop(cpu, insn, true))
                .bind(Mnemonic.LOOPE, (cpu, insn) -> loop(cpu, insn, Conditions.e(cpu)))
                .bind(Mnemonic.LOOPNE, (cpu, insn) -> loop(cpu, insn, !Conditions.e(cpu)));
    }

    private static Handler chooseJump(Insn insn) {
        boolean wide = insn.operandBytes == 8;
        return switch (insn.kind0) {
            case REL -> Branches::jumpRelative;
            case GPR -> wide ? (c, i) -> jump8(c, get8(c, i.at0)) : Branches::jumpIndirect;
            default -> wide ? (c, i) -> jump8(c, load8(c, i)) : Branches::jumpIndirect;
        };
    }

    private static Handler chooseCall(Insn insn) {
        boolean wide = insn.operandBytes == 8;
        return switch (insn.kind0) {
            case REL -> wide ? (c, i) -> call8(c, c.rip() + i.immediate) : Branches::callRelative;
            case GPR -> wide ? (c, i) -> call8(c, get8(c, i.at0)) : Branches::callIndirect;
            default -> wide ? (c, i) -> call8(c, load8(c, i)) : Branches::callIndirect;
        };
    }

    /// Where a relative branch leads: cut to the operand size.
    static long target(Cpu cpu, Insn insn) {
        return cut(cpu.rip() + insn.immediate, insn);
    }

    private static long cut(long rip, Insn insn) {
        return switch (insn.operandBytes) {
            case 2 -> rip & 0xffff;
            case 4 -> rip & 0xffff_ffffL;
            default -> rip;
        };
    }

    /// Goes on at `target`, already cut to the operand size.
    ///
    /// @throws GuestFault #GP(0) if execution may not go there
    static void jump(Cpu cpu, long target) {
        cpu.segments.checkTarget(target);
        cpu.rip(target);
    }

    static void jumpIf(Cpu cpu, Insn insn, boolean taken) {
        if (taken) {
            jumpRelative(cpu, insn);
        }
    }

    private static void jumpRelative(Cpu cpu, Insn insn) {
        if (insn.operandBytes == 8) {
            jump8(cpu, cpu.rip() + insn.immediate);
        } else {
            jump(cpu, target(cpu, insn));
        }
    }

    /// [#jump] in 64-bit mode.
    private static void jump8(Cpu cpu, long target) {
        checkTarget8(cpu, target);
        cpu.rip(target);
    }

    /// What is canonical with 48 bits is so with 57 too: only other targets need to be looked at closely.
    private static void checkTarget8(Cpu cpu, long target) {
        if (target + (1L << 47) >>> 48 != 0) {
            cpu.segments.checkTarget(target);
        }
    }

    private static void call8(Cpu cpu, long target) {
        checkTarget8(cpu, target);
        push8(cpu, cpu.rip());
        cpu.rip(target);
    }

    private static void ret8(Cpu cpu, Insn insn) {
        long rsp = cpu.reg64(RSP);
        jump8(cpu, cpu.mmu.load(SS, rsp, 8));
        cpu.reg64(RSP, rsp + 8 + (insn.immediate & 0xffff));
    }

    private static void jumpIndirect(Cpu cpu, Insn insn) {
        jump(cpu, cpu.read(insn, 0));
    }

    private static void callRelative(Cpu cpu, Insn insn) {
        call(cpu, insn, target(cpu, insn));
    }

    private static void callIndirect(Cpu cpu, Insn insn) {
        call(cpu, insn, cpu.read(insn, 0));
    }

    private static void call(Cpu cpu, Insn insn, long target) {
        cpu.segments.checkTarget(target);
        Stack.push(cpu, insn.operandBytes, cpu.rip());
        cpu.rip(target);
    }

    /// RET, with or without a number of bytes to drop behind the return address.
    private static void ret(Cpu cpu, Insn insn) {
        int bytes = insn.operandBytes;
        jump(cpu, Stack.peek(cpu, 0, bytes));
        Stack.drop(cpu, bytes + (int) (insn.immediate & 0xffff));
    }

    /// CX, ECX or RCX, as the address size says.
    private static long counter(Cpu cpu, Insn insn) {
        return cpu.reg64(RCX) & insn.addressMask;
    }

    /// Counts rCX down, which sets no flag, and jumps while it is not 0 and `condition` holds.
    private static void loop(Cpu cpu, Insn insn, boolean condition) {
        long count = counter(cpu, insn) - 1 & insn.addressMask;
        jumpIf(cpu, insn, condition && count != 0);
        cpu.reg(RCX, insn.addressBytes, count);
    }
}
