// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

import static org.javisor.cpu.fp.FloatFormat.BINARY32;
import static org.javisor.cpu.fp.FloatFormat.BINARY64;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.SplittableRandom;
import org.javisor.testkit.HostProcessor;
import org.javisor.testkit.Seeds;
import org.junit.jupiter.api.Test;

/// Fused multiply-add and conversions of half precision, results and flags, of the host's processor and ours.
class FusedArithmeticTest {
    private static final int CASES = Integer.getInteger("javisor.fp.cases", 60_000);
    private static final long LOW = 0xffff_ffffL;
    private static final int HALVES = 1 << 16;

    private static void requireHost(String feature) {
        assumeTrue(HostSse.isAvailable() && HostProcessor.features().contains(feature), "the host lacks " + feature);
    }

    @Test
    void singlePrecisionFusesAsTheHostDoes() {
        requireHost("fma");
        // vfmadd213ss and its like: xmm0 = xmm1 * xmm0 + [rdi+48]
        fuse("c4e271a94730", BINARY32, false, false);
        fuse("c4e271ab4730", BINARY32, false, true);
        fuse("c4e271ad4730", BINARY32, true, false);
        fuse("c4e271af4730", BINARY32, true, true);
    }

    @Test
    void doublePrecisionFusesAsTheHostDoes() {
        requireHost("fma");
        fuse("c4e2f1a94730", BINARY64, false, false);
        fuse("c4e2f1ab4730", BINARY64, false, true);
        fuse("c4e2f1ad4730", BINARY64, true, false);
        fuse("c4e2f1af4730", BINARY64, true, true);
    }

    private static void fuse(String code, FloatFormat f, boolean negated, boolean subtracted) {
        SplittableRandom random = Seeds.random("fused " + code);
        FloatOperands operands = new FloatOperands(random);
        FloatContext context = new FloatContext();
        long mask = f == BINARY32 ? LOW : -1;
        try (HostSse host = new HostSse(code)) {
            for (int n = 0; n < CASES; n++) {
                long a = operands.number(f);
                long b = operands.number(f);
                long c = random.nextBoolean() ? operands.number(f) : nearProduct(f, a, b, random);
                int mxcsr = operands.mxcsr();
                host.run(a, b, c, mxcsr);
                context.begin(mxcsr);
                long ours = f == BINARY32
                        ? Float32.multiplyAdd((int) b, (int) a, (int) c, negated, subtracted, context) & LOW
                        : Float64.multiplyAdd(b, a, c, negated, subtracted, context);
                String what = "a %x b %x c %x MXCSR %x, code %s".formatted(a, b, c, mxcsr, code);
                assertEquals(Long.toHexString(host.xmm() & mask), Long.toHexString(ours), what);
                assertEquals(Integer.toHexString(host.mxcsr()), Integer.toHexString(mxcsr | context.flags()), what);
            }
        }
    }

    /// A number that nearly cancels the product, or is some powers of two away from doing so.
    private static long nearProduct(FloatFormat f, long a, long b, SplittableRandom random) {
        FloatContext context = new FloatContext();
        context.begin(0x1f80);
        long product = SoftFloat.mul(f, a, b, context) ^ (random.nextBoolean() ? f.sign : 0);
        int exponents = random.nextInt(4) == 0 ? random.nextInt(2 * f.fractionBits) - f.fractionBits : 0;
        long moved = product + ((long) exponents << f.fractionBits) + random.nextInt(3) - 1;
        return moved & (f.sign | f.sign - 1);
    }

    @Test
    void everyHalfWidensAsTheHostWidensIt() {
        requireHost("f16c");
        FloatOperands operands = new FloatOperands(Seeds.random("halves"));
        FloatContext context = new FloatContext();
        // vcvtph2ps xmm0, xmm0
        try (HostSse host = new HostSse("c4e27913c0")) {
            for (int half = 0; half < HALVES; half++) {
                int mxcsr = operands.mxcsr();
                host.run(half, 0, mxcsr);
                context.begin(mxcsr);
                int ours = Float32.fromHalf(half, context);
                assertEquals(host.xmm() & LOW, ours & LOW, Integer.toHexString(half));
                assertEquals(host.mxcsr(), mxcsr | context.flags(), Integer.toHexString(half));
            }
        }
    }

    @Test
    void singlePrecisionNarrowsAsTheHostNarrowsIt() {
        requireHost("f16c");
        for (int mode = 0; mode < 5; mode++) {
            SplittableRandom random = Seeds.random("narrowing " + mode);
            FloatOperands operands = new FloatOperands(random);
            FloatContext context = new FloatContext();
            // vcvtps2ph xmm0, xmm0, mode
            try (HostSse host = new HostSse("c4e3791dc00" + mode)) {
                for (int n = 0; n < CASES; n++) {
                    long a = random.nextBoolean() ? operands.number(BINARY32) : nearHalf(random);
                    int mxcsr = operands.mxcsr();
                    host.run(a, 0, mxcsr);
                    context.begin(mxcsr);
                    int ours = Float32.toHalf((int) a, mode, context);
                    String what = "%x MXCSR %x, mode %d".formatted(a, mxcsr, mode);
                    assertEquals(host.xmm() & 0xffff, ours & 0xffff, what);
                    assertEquals(host.mxcsr(), mxcsr | context.flags(), what);
                }
            }
        }
    }

    /// A number in or around the range of half precision, often next to a half or between two.
    private static long nearHalf(SplittableRandom random) {
        int exponent = 127 - 27 + random.nextInt(45);
        int fraction = random.nextInt(1 << 23) & -1 << random.nextInt(16);
        return (random.nextBoolean() ? 1L << 31 : 0) | exponent << 23 | (fraction + random.nextInt(3) - 1) & 0x7f_ffff;
    }
}
