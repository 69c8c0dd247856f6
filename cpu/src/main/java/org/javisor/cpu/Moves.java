// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.CpuLayout.RAX;
import static org.javisor.cpu.CpuLayout.RBX;

import static org.javisor.cpu.Operands.get1;
import static org.javisor.cpu.Operands.get2;
import static org.javisor.cpu.Operands.get4;
import static org.javisor.cpu.Operands.load1;
import static org.javisor.cpu.Operands.load2;
import static org.javisor.cpu.Operands.load4;
import static org.javisor.cpu.Operands.load8;
import static org.javisor.cpu.Operands.set1;
import static org.javisor.cpu.Operands.set4;
import static org.javisor.cpu.Operands.set8;
import static org.javisor.cpu.Operands.source1;
import static org.javisor.cpu.Operands.source2;
import static org.javisor.cpu.Operands.source4;
import static org.javisor.cpu.Operands.source8;
import static org.javisor.cpu.Operands.store1;
import static org.javisor.cpu.Operands.store2;
import static org.javisor.cpu.Operands.store4;
import static org.javisor.cpu.Operands.store8;

import org.javisor.isa.Mnemonic;

/// Moves between registers and memory, with and without a change of size or byte order, and address
/// arithmetic.
///
/// @sdm vol. 1 §7.3.1 "Data Transfer Instructions"
final class Moves {
    private Moves() { }

    static void bind(Bindings.Binder binder) {
        bindMove(binder);
        bindExtending(binder);
        binder.bind(Mnemonic.MOVBE, Moves::moveSwapped)
                .bind(Mnemonic.BSWAP, Moves::swapBytes)
                .choose(Mnemonic.LEA, Forms.of(Moves::loadAddress)
                        .load(4, (c, i) -> set4(c, i.at0, c.effectiveAddress(i)))
                        .load(8, (c, i) -> set8(c, i.at0, c.effectiveAddress(i))))
                .bind(Mnemonic.XLAT, Moves::translate);
    }

    private static void bindMove(Bindings.Binder binder) {
        binder.choose(Mnemonic.MOV, Forms.of(Moves::move)
                .register(1, (c, i) -> set1(c, i.at0, source1(c, i)))
                .register(4, (c, i) -> set4(c, i.at0, source4(c, i)))
                .register(8, (c, i) -> set8(c, i.at0, source8(c, i)))
                .load(1, (c, i) -> set1(c, i.at0, load1(c, i)))
                .load(4, (c, i) -> set4(c, i.at0, load4(c, i)))
                .load(8, (c, i) -> set8(c, i.at0, load8(c, i)))
                .memory(1, (c, i) -> store1(c, i, source1(c, i)))
                .memory(2, (c, i) -> store2(c, i, source2(c, i)))
                .memory(4, (c, i) -> store4(c, i, source4(c, i)))
                .memory(8, (c, i) -> store8(c, i, source8(c, i))));
        binder.choose(Mnemonic.MOVNTI, Forms.of(Moves::move)
                .memory(4, (c, i) -> store4(c, i, source4(c, i)))
                .memory(8, (c, i) -> store8(c, i, source8(c, i))));
    }

    /// Each width of the source has forms of its own.
    private static void bindExtending(Bindings.Binder binder) {
        Forms zero1 = Forms.of(Moves::move)
                .register(4, (c, i) -> set8(c, i.at0, get1(c, i.at1) & 0xff))
                .register(8, (c, i) -> set8(c, i.at0, get1(c, i.at1) & 0xff))
                .load(4, (c, i) -> set8(c, i.at0, load1(c, i) & 0xff))
                .load(8, (c, i) -> set8(c, i.at0, load1(c, i) & 0xff));
        Forms zero2 = Forms.of(Moves::move)
                .register(4, (c, i) -> set8(c, i.at0, get2(c, i.at1) & 0xffff))
                .register(8, (c, i) -> set8(c, i.at0, get2(c, i.at1) & 0xffff))
                .load(4, (c, i) -> set8(c, i.at0, load2(c, i) & 0xffff))
                .load(8, (c, i) -> set8(c, i.at0, load2(c, i) & 0xffff));
        binder.choose(Mnemonic.MOVZX, insn -> (insn.bytes1 == 1 ? zero1 : zero2).apply(insn));
        Forms signed1 = Forms.of(Moves::moveSigned)
                .register(4, (c, i) -> set4(c, i.at0, get1(c, i.at1)))
                .register(8, (c, i) -> set8(c, i.at0, get1(c, i.at1)))
                .load(4, (c, i) -> set4(c, i.at0, load1(c, i)))
                .load(8, (c, i) -> set8(c, i.at0, load1(c, i)));
        Forms signed2 = Forms.of(Moves::moveSigned)
                .register(4, (c, i) -> set4(c, i.at0, get2(c, i.at1)))
                .register(8, (c, i) -> set8(c, i.at0, get2(c, i.at1)))
                .load(4, (c, i) -> set4(c, i.at0, load2(c, i)))
                .load(8, (c, i) -> set8(c, i.at0, load2(c, i)));
        binder.choose(Mnemonic.MOVSX, insn -> (insn.bytes1 == 1 ? signed1 : signed2).apply(insn));
        Forms signed4 = Forms.of(Moves::moveSigned)
                .register(8, (c, i) -> set8(c, i.at0, get4(c, i.at1)))
                .load(8, (c, i) -> set8(c, i.at0, load4(c, i)));
        binder.choose(Mnemonic.MOVSXD, insn -> insn.bytes1 == 4 ? signed4.apply(insn) : Moves::moveSigned);
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
