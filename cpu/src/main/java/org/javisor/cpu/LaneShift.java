// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// Shifts of lanes of 8 bytes. The count has been cut to 0 to 255; counts beyond the lane empty it or leave
/// its sign.
///
/// @sdm vol. 2B "PSLLW/PSLLD/PSLLQ", "PSRAW/PSRAD/PSRAQ", "PSRLW/PSRLD/PSRLQ"
final class LaneShift {
    private static final long WORDS = 0x0001_0001_0001_0001L, DWORDS = 0x0000_0001_0000_0001L;

    private LaneShift() { }

    /// The count that an operand of 64 bits means.
    static int count(long operand) {
        return Long.compareUnsigned(operand, 255) > 0 ? 255 : (int) operand;
    }

    static long leftWords(long a, int count) {
        return count > 15 ? 0 : a << count & WORDS * (0xffff << count & 0xffff);
    }

    static long leftDwords(long a, int count) {
        return count > 31 ? 0 : a << count & DWORDS * (0xffff_ffffL << count & 0xffff_ffffL);
    }

    static long leftQwords(long a, int count) {
        return count > 63 ? 0 : a << count;
    }

    static long rightWords(long a, int count) {
        return count > 15 ? 0 : a >>> count & WORDS * (0xffff >>> count);
    }

    static long rightDwords(long a, int count) {
        return count > 31 ? 0 : a >>> count & DWORDS * (0xffff_ffffL >>> count);
    }

    static long rightQwords(long a, int count) {
        return count > 63 ? 0 : a >>> count;
    }

    static long arithmeticWords(long a, int count) {
        int by = Math.min(count, 15);
        long signs = LaneArithmetic.fillWords(a) & ~(WORDS * (0xffff >>> by));
        return a >>> by & WORDS * (0xffff >>> by) | signs;
    }

    static long arithmeticDwords(long a, int count) {
        int by = Math.min(count, 31);
        return a >> by & 0xffff_ffff_0000_0000L | (long) ((int) a >> by) & 0xffff_ffffL;
    }
}
