// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.CpuLayout.RCX;
import static org.javisor.isa.Instruction.REL;

import org.javisor.isa.Mnemonic;

/// Near jumps, calls, returns and loops; conditional jumps are in [Conditions].
///
/// @sdm vol. 1 §6.4 "Calling Procedures Using CALL and RET", §7.3.8 "Control Transfer Instructions"
final class Branches {
    private Branches() { }

    static void bind(Bindings.Binder binder) {
        binder.choose(Mnemonic.JMP, insn -> insn.kind0 == REL ? Branches::jumpRelative : Branches::jumpIndirect)
                .choose(Mnemonic.CALL, insn -> insn.kind0 == REL ? Branches::callRelative : Branches::callIndirect)
                .bind(Mnemonic.RET, Branches::ret)
                .bind(Mnemonic.JCXZ, (cpu, insn) -> jumpIf(cpu, insn, counter(cpu, insn) == 0))
                .bind(Mnemonic.LOOP, (cpu, insn) -> loop(cpu, insn, true))
                .bind(Mnemonic.LOOPE, (cpu, insn) -> loop(cpu, insn, Conditions.e(cpu)))
                .bind(Mnemonic.LOOPNE, (cpu, insn) -> loop(cpu, insn, !Conditions.e(cpu)));
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
            jump(cpu, target(cpu, insn));
        }
    }

    private static void jumpRelative(Cpu cpu, Insn insn) {
        jump(cpu, target(cpu, insn));
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
