// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.VectorOperands.load;
import static org.javisor.cpu.VectorOperands.store;
import static org.javisor.isa.Instruction.MEM;

import org.javisor.cpu.fp.Float32;
import org.javisor.cpu.fp.FloatContext;
import org.javisor.isa.Mnemonic;

/// F16C: conversions between half and single precision.
///
/// @sdm vol. 1 §14.4 "Half-Precision Floating-Point Conversion"
final class HalfPrecision {
    private HalfPrecision() { }

    static void bind(Bindings.Binder b) {
        b.bind(Mnemonic.VCVTPH2PS, HalfPrecision::widen).bind(Mnemonic.VCVTPS2PH, HalfPrecision::narrow);
    }

    private static void widen(Cpu cpu, Insn insn) {
        FloatContext context = Mxcsr.begin(cpu, insn);
        long b = VectorOperands.source(cpu, insn);
        long source = load(b);
        long upper = insn.vectorBytes == 32 ? load(b + 8) : 0;
        long low = two(source, context);
        long high = two(source >>> 32, context);
        long third = two(upper, context);
        long fourth = two(upper >>> 32, context);
        Mxcsr.commit(cpu, context);
        long to = VectorOperands.target(cpu, insn);
        store(to, low, high);
        store(to + 16, third, fourth);
    }

    private static long two(long halves, FloatContext context) {
        return LaneMultiply.dwords(Float32.fromHalf((int) halves & 0xffff, context),
                Float32.fromHalf((int) halves >>> 16, context));
    }

    private static void narrow(Cpu cpu, Insn insn) {
        FloatContext context = Mxcsr.begin(cpu, insn);
        int mode = (int) insn.immediate;
        long from = cpu.state + insn.at1;
        long low = four(from, mode, context);
        long high = insn.vectorBytes == 32 ? four(from + 16, mode, context) : 0;
        if (insn.kind0 != MEM) {
            Mxcsr.commit(cpu, context);
            VectorOperands.storeXmm(insn, cpu.state + insn.at0, low, high);
        } else if (insn.bytes0 == 16) {
            long offset = cpu.effectiveAddress(insn);
            cpu.probe(insn.segment, offset, 16, true);
            Mxcsr.commit(cpu, context);
            VectorOperands.storeUnaligned(cpu, insn, low, high);
        } else {
            long offset = cpu.effectiveAddress(insn);
            cpu.probe(insn.segment, offset, 8, true);
            Mxcsr.commit(cpu, context);
            cpu.store(insn.segment, offset, 8, low);
        }
    }

    private static long four(long from, int mode, FloatContext context) {
        long low = load(from);
        long high = load(from + 8);
        return Float32.toHalf((int) low, mode, context) | (long) Float32.toHalf((int) (low >>> 32), mode, context) << 16
                | (long) Float32.toHalf((int) high, mode, context) << 32
                | (long) Float32.toHalf((int) (high >>> 32), mode, context) << 48;
    }
}
