// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.zstd;

/// Writes bits that are read from the end: [BackwardBits].
final class ForwardWriter {
    private final byte[] bytes;
    private int at;
    private long pending;
    private int count;

    /// @param bytes as many as there may be
    ForwardWriter(byte[] bytes, int from) {
        this.bytes = bytes;
        this.at = from;
    }

    /// Adds the low `width` bits, at most 32, of `value`.
    void write(long value, int width) {
        pending |= (value & (1L << width) - 1) << count;
        count += width;
        while (count >= 8) {
            bytes[at++] = (byte) pending;
            pending >>>= 8;
            count -= 8;
        }
    }

    /// Marks the end.
    ///
    /// @return where it is
    int finish() {
        write(1, 1);
        if (count > 0) {
            bytes[at++] = (byte) pending;
        }
        return at;
    }
}
