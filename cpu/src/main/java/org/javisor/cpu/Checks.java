// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.isa.Mnemonic;

/// Instructions that exist to raise an exception.
///
/// @sdm vol. 2A "BOUND—Check Array Index Against Bounds", vol. 2B "UD—Undefined Instruction"
final class Checks {
    private static final Handler UNDEFINED = (cpu, _) -> {
        throw cpu.ud();
    };

    private Checks() { }

    static void bind(Bindings.Binder binder) {
        binder.bind(Mnemonic.BOUND, Checks::bound)
                .bind(Mnemonic.UD0, UNDEFINED)
                .bind(Mnemonic.UD1, UNDEFINED)
                .bind(Mnemonic.UD2, ForcedEmulation::undefinedOrPrefix);
    }

    private static void bound(Cpu cpu, Insn insn) {
        int bytes = insn.operandBytes;
        long offset = cpu.effectiveAddress(insn);
        long index = Flags.signExtend(cpu.reg(insn.reg0, bytes), bytes);
        long next = offset + bytes & insn.addressMask;
        long lower = Flags.signExtend(cpu.load(insn.segment, offset, bytes), bytes);
        long upper = Flags.signExtend(cpu.load(insn.segment, next, bytes), bytes);
        if (index < lower || index > upper) {
            throw cpu.fault(GuestFault.BR);
        }
    }
}
