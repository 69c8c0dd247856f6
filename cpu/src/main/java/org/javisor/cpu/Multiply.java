// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.CpuLayout.RAX;
import static org.javisor.cpu.CpuLayout.RDX;
import static org.javisor.cpu.Operands.get4;
import static org.javisor.cpu.Operands.get8;
import static org.javisor.cpu.Operands.load4;
import static org.javisor.cpu.Operands.load8;
import static org.javisor.cpu.Operands.set4;
import static org.javisor.cpu.Operands.set8;
import static org.javisor.isa.Instruction.NONE;

import org.javisor.isa.Mnemonic;

/// Multiplication. CF and OF say whether the upper half of the product matters; the other flags, undefined,
/// stay.
///
/// @sdm vol. 2A "MUL—Unsigned Multiply", "IMUL—Signed Multiply"
final class Multiply {
    private Multiply() { }

    static void bind(Bindings.Binder binder) {
        Forms two = Forms.of(Multiply::imulTwo)
                .register(4, (c, i) -> set4(c, i.at0, multiplySigned(c, get4(c, i.at0), get4(c, i.at1), 4)))
                .register(8, (c, i) -> set8(c, i.at0, multiplySigned(c, get8(c, i.at0), get8(c, i.at1), 8)))
                .load(4, (c, i) -> set4(c, i.at0, multiplySigned(c, get4(c, i.at0), load4(c, i), 4)))
                .load(8, (c, i) -> set8(c, i.at0, multiplySigned(c, get8(c, i.at0), load8(c, i), 8)));
        Forms three = Forms.of(Multiply::imulThree)
                .register(4, (c, i) -> set4(c, i.at0, multiplySigned(c, get4(c, i.at1), i.immediate, 4)))
                .register(8, (c, i) -> set8(c, i.at0, multiplySigned(c, get8(c, i.at1), i.immediate, 8)));
        binder.choose(Mnemonic.MUL, insn -> insn.bytes0 == 8 ? Multiply::mul8 : Multiply::mul)
                .choose(Mnemonic.IMUL, insn -> {
                    if (insn.kind1 == NONE) {
                        return insn.bytes0 == 8 ? Multiply::imul8 : Multiply::imul;
                    }
                    return (insn.kind2 == NONE ? two : three).apply(insn);
                });
    }

    private static void mul(Cpu cpu, Insn insn) {
        int bytes = insn.bytes0;
        long product = cpu.reg(RAX, bytes) * cpu.read(insn, 0);
        storeProduct(cpu, bytes, product);
        overflow(cpu, product >>> 8 * bytes != 0);
    }

    private static void mul8(Cpu cpu, Insn insn) {
        long a = cpu.reg64(RAX);
        long b = cpu.read(insn, 0);
        long high = Math.unsignedMultiplyHigh(a, b);
        cpu.reg64(RAX, a * b);
        cpu.reg64(RDX, high);
        overflow(cpu, high != 0);
    }

    private static void imul(Cpu cpu, Insn insn) {
        int bytes = insn.bytes0;
        long a = Flags.signExtend(cpu.reg(RAX, bytes), bytes);
        long product = a * Flags.signExtend(cpu.read(insn, 0), bytes);
        storeProduct(cpu, bytes, product);
        overflow(cpu, product != Flags.signExtend(product, bytes));
    }

    private static void imul8(Cpu cpu, Insn insn) {
        long a = cpu.reg64(RAX);
        long b = cpu.read(insn, 0);
        long high = Math.multiplyHigh(a, b);
        cpu.reg64(RAX, a * b);
        cpu.reg64(RDX, high);
        overflow(cpu, high != a * b >> 63);
    }

    private static void storeProduct(Cpu cpu, int bytes, long product) {
        if (bytes == 1) {
            cpu.reg(RAX, 2, product);
        } else {
            cpu.reg(RAX, bytes, product);
            cpu.reg(RDX, bytes, product >>> 8 * bytes);
        }
    }

    private static void imulTwo(Cpu cpu, Insn insn) {
        cpu.write(insn, 0, multiplySigned(cpu, cpu.read(insn, 0), cpu.read(insn, 1), insn.bytes0));
    }

    private static void imulThree(Cpu cpu, Insn insn) {
        cpu.write(insn, 0, multiplySigned(cpu, cpu.read(insn, 1), cpu.read(insn, 2), insn.bytes0));
    }

    /// An [Operation]: the lower half of the signed product.
    static long multiplySigned(Cpu cpu, long a, long b, int bytes) {
        long x = Flags.signExtend(a, bytes);
        long y = Flags.signExtend(b, bytes);
        long product = x * y;
        overflow(cpu, bytes == 8
                ? Math.multiplyHigh(x, y) != product >> 63
                : product != Flags.signExtend(product, bytes));
        return product;
    }

    private static void overflow(Cpu cpu, boolean overflow) {
        cpu.flags(cpu.flagsResult(), Flags.withCarryAndOverflow(cpu.flagsAux(), overflow, overflow));
    }
}
