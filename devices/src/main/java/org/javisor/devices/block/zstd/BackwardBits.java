// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.zstd;

/// A stream of bits that is read from its end: the highest bit set in the last byte marks where it begins.
final class BackwardBits {
    private final byte[] bytes;
    private final int start;
    /// How many bits are left.
    private long left;

    BackwardBits(byte[] bytes, int from, int length) throws DamagedException {
        if (length < 1 || from + length > bytes.length || bytes[from + length - 1] == 0) {
            throw new DamagedException();
        }
        this.bytes = bytes;
        this.start = from;
        int last = bytes[from + length - 1] & 0xff;
        this.left = 8L * length - (Integer.numberOfLeadingZeros(last) - 24) - 1;
    }

    long left() {
        return left;
    }

    /// The next `count` bits, at most 32; zeros follow the last one.
    long peek(int count) {
        long from = left - count;
        int missing = from < 0 ? (int) Math.min(count, -from) : 0;
        return bits(Math.max(from, 0), count - missing) << missing;
    }

    private long bits(long from, int count) {
        if (count <= 0) {
            return 0;
        }
        int first = (int) (from >>> 3);
        int last = (int) (from + count - 1 >>> 3);
        long value = 0;
        for (int i = last; i >= first; i--) {
            value = value << 8 | bytes[start + i] & 0xff;
        }
        return value >>> (from & 7) & (1L << count) - 1;
    }

    void skip(int count) {
        left -= count;
    }

    long read(int count) throws DamagedException {
        if (count > left) {
            throw new DamagedException();
        }
        long value = peek(count);
        left -= count;
        return value;
    }
}
