// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.CpuLayout.RAX;
import static org.javisor.cpu.CpuLayout.RBX;

import org.javisor.isa.Mnemonic;

/// Moves between registers and memory, with and without a change of size or byte order, and address arithmetic.
///
/// @sdm vol. 1 §7.3.1 "Data Transfer Instructions"
final class Moves {
    private Moves() { }

    static void bind(Bindings.Binder binder) {
        binder.bind(Mnemonic.MOV, Moves::move)
                .bind(Mnemonic.MOVNTI, Moves::move)
                .bind(Mnemonic.MOVZX, Moves::move)
                .bind(Mnemonic.MOVSX, Moves::moveSigned)
                .bind(Mnemonic.MOVSXD, Moves::moveSigned)
                .bind(Mnemonic.MOVBE, Moves::moveSwapped)
                .bind(Mnemonic.BSWAP, Moves::swapBytes)
                .bind(Mnemonic.LEA, Moves::loadAddress)
                .bind(Mnemonic.XLAT, Moves::translate);
    }

    private static void move(Cpu cpu, Insn insn) {
        cpu.write(insn, 0, cpu.read(insn, 1));
    }

    private static void moveSigned(Cpu cpu, Insn insn) {
        cpu.write(insn, 0, Flags.signExtend(cpu.read(insn, 1), insn.bytes1));
    }

    private static void moveSwapped(Cpu cpu, Insn insn) {
        cpu.write(insn, 0, Long.reverseBytes(cpu.read(insn, 1)) >>> 64 - 8 * insn.bytes0);
    }

    /// BSWAP of 16 bits is undefined; processors clear the register's lower half.
    private static void swapBytes(Cpu cpu, Insn insn) {
        int bytes = insn.bytes0;
        long value = bytes == 2 ? 0 : Long.reverseBytes(cpu.reg(insn.reg0, bytes)) >>> 64 - 8 * bytes;
        cpu.reg(insn.reg0, bytes, value);
    }

    private static void loadAddress(Cpu cpu, Insn insn) {
        cpu.reg(insn.reg0, insn.bytes0, cpu.effectiveAddress(insn));
    }

    /// XLAT: AL from the table of bytes at rBX.
    private static void translate(Cpu cpu, Insn insn) {
        long offset = cpu.reg64(RBX) + cpu.reg(RAX, 1) & insn.addressMask;
        cpu.reg(RAX, 1, cpu.load(insn.segment, offset, 1));
    }
}
