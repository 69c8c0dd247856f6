// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.FloatForms.packedSingle;
import static org.javisor.cpu.LaneMultiply.dwords;
import static org.javisor.cpu.VectorOperands.load;
import static org.javisor.cpu.VectorOperands.store;
import static org.javisor.isa.Instruction.MMX;

import org.javisor.cpu.fp.Float32;
import org.javisor.cpu.fp.Float64;
import org.javisor.cpu.fp.FloatContext;
import org.javisor.host.HostMemory;
import org.javisor.isa.Mnemonic;

/// SSE conversions among integers, single and double precision, and rounding to integers.
final class FloatConvert {
    private FloatConvert() { }

    static void bind(Bindings.Binder b) {
        bindFormats(b);
        bindPackedIntegers(b);
        bindScalarIntegers(b);
        bindMmx(b);
        bindRounding(b);
    }

    private static void bindFormats(Bindings.Binder b) {
        b.bind(Mnemonic.CVTSS2SD, FloatConvert::cvtss2sd)
                .bind(Mnemonic.CVTSD2SS, FloatConvert::cvtsd2ss)
                .bind(Mnemonic.CVTPS2PD, FloatConvert::cvtps2pd)
                .bind(Mnemonic.CVTPD2PS, FloatConvert::cvtpd2ps);
    }

    private static void bindPackedIntegers(Bindings.Binder b) {
        b.bind(Mnemonic.CVTDQ2PS, (cpu, insn) -> packedSingle(cpu, insn, (_, x, c) -> Float32.fromLong(x, c)))
                .bind(Mnemonic.CVTPS2DQ,
                        (cpu, insn) ->
                                packedSingle(cpu, insn, (_, x, c) -> (int) Float32.toInteger(x, 32, c)))
                .bind(Mnemonic.CVTTPS2DQ,
                        (cpu, insn) -> packedSingle(cpu, insn,
                                (_, x, c) -> (int) Float32.toIntegerTruncated(x, 32, c)))
                .bind(Mnemonic.CVTDQ2PD, FloatConvert::cvtdq2pd)
                .bind(Mnemonic.CVTPD2DQ,
                        (cpu, insn) -> doublesToInts(cpu, insn, (x, c) -> Float64.toInteger(x, 32, c)))
                .bind(Mnemonic.CVTTPD2DQ,
                        (cpu, insn) ->
                                doublesToInts(cpu, insn, (x, c) -> Float64.toIntegerTruncated(x, 32, c)));
    }

    private static void bindScalarIntegers(Bindings.Binder b) {
        b.bind(Mnemonic.CVTSI2SS, FloatConvert::cvtsi2ss)
                .bind(Mnemonic.CVTSI2SD, FloatConvert::cvtsi2sd)
                .bind(Mnemonic.CVTSS2SI, FloatConvert::cvtss2si)
                .bind(Mnemonic.CVTSD2SI, FloatConvert::cvtsd2si)
                .bind(Mnemonic.CVTTSS2SI, FloatConvert::cvttss2si)
                .bind(Mnemonic.CVTTSD2SI, FloatConvert::cvttsd2si);
    }

    private static void bindMmx(Bindings.Binder b) {
        b.bind(Mnemonic.CVTPI2PS, FloatConvert::cvtpi2ps)
                .bind(Mnemonic.CVTPI2PD, FloatConvert::cvtpi2pd)
                .bind(Mnemonic.CVTPS2PI,
                        (cpu, insn) -> singlesToMmx(cpu, insn, (x, c) -> Float32.toInteger((int) x, 32, c)))
                .bind(Mnemonic.CVTTPS2PI,
                        (cpu, insn) ->
                                singlesToMmx(cpu, insn, (x, c) -> Float32.toIntegerTruncated((int) x, 32, c)))
                .bind(Mnemonic.CVTPD2PI,
                        (cpu, insn) -> doublesToMmx(cpu, insn, (x, c) -> Float64.toInteger(x, 32, c)))
                .bind(Mnemonic.CVTTPD2PI,
                        (cpu, insn) ->
                                doublesToMmx(cpu, insn, (x, c) -> Float64.toIntegerTruncated(x, 32, c)));
    }

    private static void bindRounding(Bindings.Binder b) {
        b.bind(Mnemonic.ROUNDPS, FloatConvert::roundps)
                .bind(Mnemonic.ROUNDPD, FloatConvert::roundpd)
                .bind(Mnemonic.ROUNDSS, FloatConvert::roundss)
                .bind(Mnemonic.ROUNDSD, FloatConvert::roundsd);
    }

    /// The conversion of one number.
    @FunctionalInterface
    private interface Conversion {
        long apply(long a, FloatContext context);
    }

    // ---- between formats ----

    private static void cvtss2sd(Cpu cpu, Insn insn) {
        FloatContext context = Mxcsr.begin(cpu, insn);
        int source = HostMemory.loadInt(VectorOperands.sourceScalar(cpu, insn));
        long result = Float64.fromFloat32(source, context);
        Mxcsr.commit(cpu, context);
        VectorOperands.storeDouble(cpu, insn, result);
    }

    private static void cvtsd2ss(Cpu cpu, Insn insn) {
        FloatContext context = Mxcsr.begin(cpu, insn);
        int result = Float64.toFloat32(load(VectorOperands.sourceScalar(cpu, insn)), context);
        Mxcsr.commit(cpu, context);
        VectorOperands.storeSingle(cpu, insn, result);
    }

    private static void cvtps2pd(Cpu cpu, Insn insn) {
        FloatContext context = Mxcsr.begin(cpu, insn);
        boolean longer = insn.vectorBytes == 32;
        long b = longer ? VectorOperands.source(cpu, insn) : VectorOperands.sourceScalar(cpu, insn);
        long source = load(b);
        long upper = longer ? load(b + 8) : 0;
        long low = Float64.fromFloat32((int) source, context);
        long high = Float64.fromFloat32((int) (source >>> 32), context);
        long third = Float64.fromFloat32((int) upper, context);
        long fourth = Float64.fromFloat32((int) (upper >>> 32), context);
        Mxcsr.commit(cpu, context);
        storeFour(insn, cpu.state + insn.at0, low, high, third, fourth);
    }

    /// Writes the whole register that the instruction writes.
    private static void storeFour(Insn insn, long to, long low, long high, long third, long fourth) {
        VectorOperands.storeXmm(insn, to, low, high);
        if (insn.vectorBytes == 32) {
            store(to + 16, third, fourth);
        }
    }

    private static void cvtpd2ps(Cpu cpu, Insn insn) {
        FloatContext context = Mxcsr.begin(cpu, insn);
        long b = VectorOperands.source(cpu, insn);
        long low = twoSingles(b, context);
        long high = insn.vectorBytes == 32 ? twoSingles(b + 16, context) : 0;
        Mxcsr.commit(cpu, context);
        VectorOperands.storeXmm(insn, cpu.state + insn.at0, low, high);
    }

    private static long twoSingles(long doubles, FloatContext context) {
        return dwords(Float64.toFloat32(load(doubles), context), Float64.toFloat32(load(doubles + 8), context));
    }

    // ---- packed integers ----

    /// CVTDQ2PD: exact.
    private static void cvtdq2pd(Cpu cpu, Insn insn) {
        Availability.checkVector(cpu, insn);
        boolean longer = insn.vectorBytes == 32;
        long b = longer ? VectorOperands.source(cpu, insn) : VectorOperands.sourceScalar(cpu, insn);
        long source = load(b);
        long upper = longer ? load(b + 8) : 0;
        storeFour(insn, cpu.state + insn.at0, Float64.fromInt((int) source), Float64.fromInt((int) (source >>> 32)),
                Float64.fromInt((int) upper), Float64.fromInt((int) (upper >>> 32)));
    }

    private static void doublesToInts(Cpu cpu, Insn insn, Conversion conversion) {
        FloatContext context = Mxcsr.begin(cpu, insn);
        long b = VectorOperands.source(cpu, insn);
        long low = twoInts(b, conversion, context);
        long high = insn.vectorBytes == 32 ? twoInts(b + 16, conversion, context) : 0;
        Mxcsr.commit(cpu, context);
        VectorOperands.storeXmm(insn, cpu.state + insn.at0, low, high);
    }

    private static long twoInts(long doubles, Conversion conversion, FloatContext context) {
        return dwords((int) conversion.apply(load(doubles), context),
                (int) conversion.apply(load(doubles + 8), context));
    }

    // ---- general registers ----

    private static void cvtsi2ss(Cpu cpu, Insn insn) {
        FloatContext context = Mxcsr.begin(cpu, insn);
        int result = Float32.fromLong(signedSource(cpu, insn), context);
        Mxcsr.commit(cpu, context);
        VectorOperands.storeSingle(cpu, insn, result);
    }

    private static void cvtsi2sd(Cpu cpu, Insn insn) {
        FloatContext context = Mxcsr.begin(cpu, insn);
        long result = Float64.fromLong(signedSource(cpu, insn), context);
        Mxcsr.commit(cpu, context);
        VectorOperands.storeDouble(cpu, insn, result);
    }

    private static long signedSource(Cpu cpu, Insn insn) {
        long value = cpu.read(insn, insn.vectorBytes == 0 ? 1 : 2);
        return insn.sourceBytes == 4 ? (int) value : value;
    }

    private static void cvtss2si(Cpu cpu, Insn insn) {
        FloatContext context = Mxcsr.begin(cpu, insn);
        int source = HostMemory.loadInt(VectorOperands.sourceScalar(cpu, insn));
        toGeneral(cpu, insn, Float32.toInteger(source, insn.bytes0 * 8, context), context);
    }

    private static void cvttss2si(Cpu cpu, Insn insn) {
        FloatContext context = Mxcsr.begin(cpu, insn);
        int source = HostMemory.loadInt(VectorOperands.sourceScalar(cpu, insn));
        toGeneral(cpu, insn, Float32.toIntegerTruncated(source, insn.bytes0 * 8, context), context);
    }

    private static void cvtsd2si(Cpu cpu, Insn insn) {
        FloatContext context = Mxcsr.begin(cpu, insn);
        long source = load(VectorOperands.sourceScalar(cpu, insn));
        toGeneral(cpu, insn, Float64.toInteger(source, insn.bytes0 * 8, context), context);
    }

    private static void cvttsd2si(Cpu cpu, Insn insn) {
        FloatContext context = Mxcsr.begin(cpu, insn);
        long source = load(VectorOperands.sourceScalar(cpu, insn));
        toGeneral(cpu, insn, Float64.toIntegerTruncated(source, insn.bytes0 * 8, context), context);
    }

    private static void toGeneral(Cpu cpu, Insn insn, long value, FloatContext context) {
        Mxcsr.commit(cpu, context);
        if (insn.bytes0 == 4) {
            cpu.reg32(insn.reg0, (int) value);
        } else {
            cpu.reg64(insn.reg0, value);
        }
    }

    // ---- MMX registers ----

    /// CVTPI2PS. Even with the source in memory it is an MMX instruction to the x87 state.
    private static void cvtpi2ps(Cpu cpu, Insn insn) {
        FloatContext context = Mxcsr.begin(cpu, insn);
        Availability.checkMmx(cpu);
        long source = Mmx.source(cpu, insn);
        int low = Float32.fromLong((int) source, context);
        int high = Float32.fromLong((int) (source >>> 32), context);
        Mxcsr.commit(cpu, context);
        Mmx.enter(cpu);
        HostMemory.storeLong(cpu.state + insn.at0, dwords(low, high));
    }

    /// CVTPI2PD: exact. With the source in memory it leaves the x87 state alone.
    private static void cvtpi2pd(Cpu cpu, Insn insn) {
        Availability.checkVector(cpu, insn);
        if (insn.kind1 == MMX) {
            Availability.checkMmx(cpu);
        }
        long source = Mmx.source(cpu, insn);
        if (insn.kind1 == MMX) {
            Mmx.enter(cpu);
        }
        store(cpu.state + insn.at0, Float64.fromInt((int) source), Float64.fromInt((int) (source >>> 32)));
    }

    private static void singlesToMmx(Cpu cpu, Insn insn, Conversion conversion) {
        FloatContext context = Mxcsr.begin(cpu, insn);
        Availability.checkMmx(cpu);
        long source = load(VectorOperands.sourceScalar(cpu, insn));
        long result = dwords((int) conversion.apply((int) source, context),
                (int) conversion.apply((int) (source >>> 32), context));
        Mxcsr.commit(cpu, context);
        Mmx.write(cpu, insn.at0, result);
    }

    private static void doublesToMmx(Cpu cpu, Insn insn, Conversion conversion) {
        FloatContext context = Mxcsr.begin(cpu, insn);
        Availability.checkMmx(cpu);
        long result = twoInts(VectorOperands.source(cpu, insn), conversion, context);
        Mxcsr.commit(cpu, context);
        Mmx.write(cpu, insn.at0, result);
    }

    // ---- rounding to integers ----

    private static void roundps(Cpu cpu, Insn insn) {
        FloatContext context = Mxcsr.begin(cpu, insn);
        int mode = (int) insn.immediate;
        boolean longer = insn.vectorBytes == 32;
        long b = VectorOperands.source(cpu, insn);
        long low = roundTwo(load(b), mode, context);
        long high = roundTwo(load(b + 8), mode, context);
        long third = longer ? roundTwo(load(b + 16), mode, context) : 0;
        long fourth = longer ? roundTwo(load(b + 24), mode, context) : 0;
        Mxcsr.commit(cpu, context);
        storeFour(insn, cpu.state + insn.at0, low, high, third, fourth);
    }

    private static long roundTwo(long b, int mode, FloatContext context) {
        return dwords(Float32.roundToIntegral((int) b, mode, context),
                Float32.roundToIntegral((int) (b >>> 32), mode, context));
    }

    private static void roundpd(Cpu cpu, Insn insn) {
        FloatContext context = Mxcsr.begin(cpu, insn);
        int mode = (int) insn.immediate;
        boolean longer = insn.vectorBytes == 32;
        long b = VectorOperands.source(cpu, insn);
        long low = Float64.roundToIntegral(load(b), mode, context);
        long high = Float64.roundToIntegral(load(b + 8), mode, context);
        long third = longer ? Float64.roundToIntegral(load(b + 16), mode, context) : 0;
        long fourth = longer ? Float64.roundToIntegral(load(b + 24), mode, context) : 0;
        Mxcsr.commit(cpu, context);
        storeFour(insn, cpu.state + insn.at0, low, high, third, fourth);
    }

    private static void roundss(Cpu cpu, Insn insn) {
        FloatContext context = Mxcsr.begin(cpu, insn);
        int source = HostMemory.loadInt(VectorOperands.sourceScalar(cpu, insn));
        int result = Float32.roundToIntegral(source, (int) insn.immediate, context);
        Mxcsr.commit(cpu, context);
        VectorOperands.storeSingle(cpu, insn, result);
    }

    private static void roundsd(Cpu cpu, Insn insn) {
        FloatContext context = Mxcsr.begin(cpu, insn);
        long source = load(VectorOperands.sourceScalar(cpu, insn));
        long result = Float64.roundToIntegral(source, (int) insn.immediate, context);
        Mxcsr.commit(cpu, context);
        VectorOperands.storeDouble(cpu, insn, result);
    }
}
