// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The transcendental functions where they are used: over ordinary magnitudes they are within one unit in the
/// last place of the host's, and nearly always the same. (The host's are not always the nearest; ours very
/// nearly are.)
class Float80TranscendentalTest {
    private static final int CASES = Integer.getInteger("javisor.cases", 20_000);
    private static final double DIFFERING = 0.05;
    private static final int ROUND_TO_NEAREST = 0x37f;
    private static final int ONE = Float80.BIAS;
    private static final long ONE_SIGNIFICAND = Float80.INTEGER_BIT;

    private final Float80Context c = new Float80Context();

    @FunctionalInterface
    interface Function {
        void apply(Float80Context c, int yse, long y, int xse, long x);
    }

    /// Functions of ST(0), `x`, with a magnitude of 2 to the given powers, and of ST(1), `y`.
    enum Instruction {
        FSIN((c, _, _, xse, x) -> Float80Trigonometry.sine(c, xse, x), 0xfe, -40, 20),
        FCOS((c, _, _, xse, x) -> Float80Trigonometry.cosine(c, xse, x), 0xff, -40, 20),
        FSIN_LARGE((c, _, _, xse, x) -> Float80Trigonometry.sine(c, xse, x), 0xfe, 20, 63),
        FCOS_LARGE((c, _, _, xse, x) -> Float80Trigonometry.cosine(c, xse, x), 0xff, 20, 63),
        FPATAN(Float80Arctangent::arctangent, 0xf3, -25, 25),
        F2XM1((c, _, _, xse, x) -> Float80Exponential.exp2Minus1(c, xse, x), 0xf0, -40, 0),
        FYL2X((c, yse, y, xse, x) -> Float80Logarithm.log2(c, yse, y, xse & Float80.EXPONENT, x),
                0xf1, -30, 30),
        FYL2X_NEAR_ONE((c, yse, y, xse, x) -> Float80Logarithm.log2(c, yse, y, xse & Float80.EXPONENT, x),
                0xf1, -1, 1),
        FYL2XP1(Float80Logarithm::log2Plus1, 0xf9, -40, -2);

        final Function function;
        final int[] code;
        final int from, to;

        Instruction(Function function, int code, int from, int to) {
            this.function = function;
            // The logarithm takes a magnitude.
            this.code = code == 0xf1 ? new int[] {0xd9, 0xe1, 0xd9, code} : new int[] {0xd9, code};
            this.from = from;
            this.to = to;
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyFunctionIsWithinOneUnitOfTheHosts(Instruction instruction) {
        assumeTrue(NativeX87.isSupported());
        long seed = Long.getLong("javisor.seed", System.nanoTime());
        Operands80 operands = new Operands80(new SplittableRandom(seed));
        int differing = 0;
        try (NativeX87 host = new NativeX87()) {
            MemorySegment code = host.compile(instruction.code);
            for (int i = 0; i < CASES; i++) {
                differing += compare(host, code, instruction, operands, seed);
            }
        }
        assertTrue(differing < CASES * DIFFERING, differing + " of " + CASES + " differ, seed " + seed);
    }

    private int compare(NativeX87 host, MemorySegment code, Instruction instruction, Operands80 operands,
                        long seed) {
        operands.nextNormal(instruction.from, instruction.to);
        int xse = operands.se;
        long x = operands.significand;
        operands.nextNormal(-20, 20);
        host.prepare(ROUND_TO_NEAREST, 0, 0xfc);
        host.register(0, xse, x);
        host.register(1, operands.se, operands.significand);
        host.run(code);

        begin();
        instruction.function.apply(c, operands.se, operands.significand, xse, x);

        long distance = distance(host.se(0), host.significand(0), c.se, c.significand);
        assertTrue(distance <= 1, () -> "%s of %04x:%016x and %04x:%016x: %04x:%016x, not %04x:%016x, seed %d"
                .formatted(instruction, xse, x, operands.se, operands.significand, c.se, c.significand,
                        host.se(0), host.significand(0), seed));
        return (int) distance;
    }

    private void begin() {
        c.control(ROUND_TO_NEAREST);
        c.begin();
    }

    /// In units in the last place; neighbours across a power of two count as one apart.
    private static long distance(int ase, long a, int bse, long b) {
        if (ase == bse) {
            return Math.abs(a - b);
        }
        boolean neighbours = Math.abs(ase - bse) == 1 && (ase < bse ? a == -1L && b == Float80.INTEGER_BIT
                : b == -1L && a == Float80.INTEGER_BIT);
        return neighbours ? 1 : Long.MAX_VALUE;
    }

    private void assertResult(int se, long significand) {
        assertEquals("%04x:%016x".formatted(se, significand), "%04x:%016x".formatted(c.se, c.significand));
    }

    @Test
    void powersOfTwoHaveExactLogarithms() {
        begin();
        Float80Logarithm.log2(c, ONE, ONE_SIGNIFICAND, ONE + 3, ONE_SIGNIFICAND);
        assertResult(ONE + 1, 0xc000_0000_0000_0000L);
    }

    @Test
    void oneHasALogarithmOfZero() {
        begin();
        Float80Logarithm.log2(c, ONE | Float80.SIGN, ONE_SIGNIFICAND, ONE, ONE_SIGNIFICAND);
        assertResult(Float80.SIGN, 0);
    }

    @Test
    void theExponentialIsExactAtItsEnds() {
        begin();
        Float80Exponential.exp2Minus1(c, ONE, ONE_SIGNIFICAND);
        assertResult(ONE, ONE_SIGNIFICAND);
        Float80Exponential.exp2Minus1(c, ONE | Float80.SIGN, ONE_SIGNIFICAND);
        assertResult(ONE - 1 | Float80.SIGN, ONE_SIGNIFICAND);
    }

    @Test
    void theArctangentKnowsItsQuadrant() {
        begin();
        Float80Arctangent.arctangent(c, ONE, ONE_SIGNIFICAND, ONE, ONE_SIGNIFICAND);
        assertResult(ONE - 1, 0xc90f_daa2_2168_c235L);
        Float80Arctangent.arctangent(c, Float80.SIGN, 0, ONE | Float80.SIGN, ONE_SIGNIFICAND);
        assertResult(ONE + 1 | Float80.SIGN, 0xc90f_daa2_2168_c235L);
        Float80Arctangent.arctangent(c, ONE, ONE_SIGNIFICAND, 0, 0);
        assertResult(ONE, 0xc90f_daa2_2168_c235L);
    }

    /// π rounded to 64 bits is 2^-64 more than the π of 66 bits by which arguments are reduced.
    @Test
    void theSineOfPiShowsTheWidthOfPi() {
        begin();
        Float80Trigonometry.sine(c, ONE + 1, 0xc90f_daa2_2168_c235L);
        assertResult(ONE - 64 | Float80.SIGN, 0x8000_0000_0000_0000L);
    }

    @Test
    void argumentsBeyondTwoToThe63AreLeftAlone() {
        begin();
        Float80Trigonometry.cosine(c, ONE + 63, ONE_SIGNIFICAND);
        assertResult(ONE + 63, ONE_SIGNIFICAND);
        assertEquals(Float80Context.C2, c.raised);
    }
}
