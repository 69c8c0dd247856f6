// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

import java.util.SplittableRandom;

/// Random operands and control words, with a liking for trouble.
public final class Operands80 {
    private static final long[] SIGNIFICANDS = {
        0, 1, 2, -1L, -2L, Long.MIN_VALUE, Long.MIN_VALUE + 1, Long.MAX_VALUE, 0xc000_0000_0000_0000L,
        0xc000_0000_0000_0001L, 0xbfff_ffff_ffff_ffffL, 0xffff_ff00_0000_0000L, 0xffff_ff80_0000_0000L,
        0xffff_ffff_ffff_f800L, 0xffff_ffff_ffff_fc00L, 0x8000_0080_0000_0000L, 0x8000_0000_0000_0400L,
        0x8000_0180_0000_0000L, 0x8000_0000_0000_0c00L, 1L << 62, 0xa000_0000_0000_0000L
    };

    private final SplittableRandom random;
    public int se;
    public long significand;

    public Operands80(SplittableRandom random) {
        this.random = random;
    }

    public SplittableRandom random() {
        return random;
    }

    /// The next operand, in the fields; near the one before now and then.
    public void next() {
        int kind = random.nextInt(16);
        if (kind == 0) {
            se ^= Float80.SIGN;
            significand += random.nextInt(-1, 2);
            return;
        }
        int sign = random.nextBoolean() ? Float80.SIGN : 0;
        significand = nextSignificand();
        switch (kind) {
            case 1 -> se = sign;
            case 2 -> se = sign | Float80.EXPONENT;
            case 3 -> se = sign | random.nextInt(1, 70);
            case 4 -> se = sign | Float80.EXPONENT - random.nextInt(1, 70);
            case 5 -> se = random.nextInt(0x10000);
            case 6 -> {
                se = sign;
                significand = 0;
            }
            case 7 -> {
                se = sign | Float80.EXPONENT;
                significand = Long.MIN_VALUE;
            }
            case 8 -> se = se & Float80.EXPONENT | sign;
            default -> se = sign | Float80.BIAS + random.nextInt(-70, 70);
        }
        if (kind > 8 || random.nextInt(4) != 0 && kind != 6 && kind != 1) {
            significand |= Float80.INTEGER_BIT;
        }
    }

    /// An operand of an ordinary magnitude, 2^`from` to 2^`to`.
    public void nextNormal(int from, int to) {
        se = (random.nextBoolean() ? Float80.SIGN : 0) | Float80.BIAS + random.nextInt(from, to);
        significand = nextSignificand() | Float80.INTEGER_BIT;
    }

    private long nextSignificand() {
        return switch (random.nextInt(8)) {
            case 0, 1 -> SIGNIFICANDS[random.nextInt(SIGNIFICANDS.length)];
            case 2 -> random.nextLong() << random.nextInt(64);
            case 3 -> random.nextLong() >>> random.nextInt(64);
            case 4 -> -1L << random.nextInt(64);
            case 5 -> random.nextLong() & 0xffff_ff00_0000_0000L | 1L << 39 | random.nextInt(2);
            default -> random.nextLong();
        };
    }

    /// A control word: all exceptions masked, most of the time.
    public int nextControlWord() {
        int masks = random.nextInt(3) != 0 ? 0x3f : random.nextInt(0x40);
        int precision = new int[] {0, 2, 3, 3}[random.nextInt(4)];
        return masks | precision << 8 | random.nextInt(4) << 10 | 0x40;
    }
}
