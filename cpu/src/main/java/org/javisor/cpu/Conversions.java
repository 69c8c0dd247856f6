// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.CpuLayout.RAX;
import static org.javisor.cpu.CpuLayout.RDX;

import org.javisor.isa.Mnemonic;

/// Conversions between operand sizes.
///
/// @sdm vol. 2A "CBW/CWDE/CDQE", "CWD/CDQ/CQO"
final class Conversions {
    private Conversions() { }

    static void bind(Bindings.Binder binder) {
        binder.choose(Mnemonic.CBW, insn -> switch (insn.operandBytes) {
            case 2 -> (cpu, _) -> cpu.reg16(RAX, (byte) cpu.reg64(RAX));
            case 4 -> (cpu, _) -> cpu.reg32(RAX, (short) cpu.reg64(RAX));
            default -> (cpu, _) -> cpu.reg64(RAX, (int) cpu.reg64(RAX));
        }).choose(Mnemonic.CWD, insn -> switch (insn.operandBytes) {
            case 2 -> (cpu, _) -> cpu.reg16(RDX, (short) cpu.reg64(RAX) >> 15);
            case 4 -> (cpu, _) -> cpu.reg32(RDX, (int) cpu.reg64(RAX) >> 31);
            default -> (cpu, _) -> cpu.reg64(RDX, cpu.reg64(RAX) >> 63);
        });
    }
}
