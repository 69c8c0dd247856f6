// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.cpu.fp.Float80Context;
import org.javisor.cpu.fp.Float80Conversion;
import org.javisor.cpu.fp.Float80Decimal;
import org.javisor.cpu.fp.Float80Integer;

/// Memory operands of the x87 unit, by the number formats there are. Loads leave the value in the context.
final class X87Operand {
    private static final int EXTENDED_BYTES = 10;

    private X87Operand() { }

    /// m32fp or m64fp.
    static void loadReal(Cpu cpu, Insn insn) {
        X87 x87 = cpu.x87;
        long bits = cpu.load(insn.segment, x87.operandOffset(insn), insn.bytes0);
        if (insn.bytes0 == 4) {
            Float80Conversion.widenSingle(x87.fp, (int) bits);
        } else {
            Float80Conversion.widenDouble(x87.fp, bits);
        }
    }

    /// m16int, m32int or m64int.
    static void loadInteger(Cpu cpu, Insn insn) {
        X87 x87 = cpu.x87;
        long bits = cpu.load(insn.segment, x87.operandOffset(insn), insn.bytes0);
        Float80Integer.fromLong(x87.fp, Flags.signExtend(bits, insn.bytes0));
    }

    /// m80fp.
    static void loadExtended(Cpu cpu, Insn insn) {
        long offset = cpu.x87.operandOffset(insn);
        long significand = cpu.load(insn.segment, offset, 8);
        Float80Context c = cpu.x87.fp;
        c.se = (int) cpu.load(insn.segment, offset + 8 & insn.addressMask, 2);
        c.significand = significand;
    }

    /// m80bcd.
    static void loadDecimal(Cpu cpu, Insn insn) {
        loadExtended(cpu, insn);
        Float80Context c = cpu.x87.fp;
        Float80Decimal.load(c, c.significand, c.se);
    }

    static void store(Cpu cpu, Insn insn, long bits) {
        cpu.store(insn.segment, cpu.x87.operandOffset(insn), insn.bytes0, bits);
    }

    static void storeExtended(Cpu cpu, Insn insn, int se, long significand) {
        long offset = cpu.x87.operandOffset(insn);
        cpu.probe(insn.segment, offset, EXTENDED_BYTES, true);
        cpu.store(insn.segment, offset, 8, significand);
        cpu.store(insn.segment, offset + 8 & insn.addressMask, 2, se);
    }
}
