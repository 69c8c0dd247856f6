// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.vnc;

import java.nio.ByteBuffer;

/// Lines of numbers of a palette's colours, several to a byte, the first in the highest bits.
final class PackedPixels {
    private PackedPixels() { }

    /// Appends a line, to the end of its last byte.
    ///
    /// @param bits for each pixel: 1, 2, 4 or 8
    static void put(ByteBuffer to, int[] pixels, int from, int count, int bits, Palette palette) {
        int filled = 0;
        int value = 0;
        for (int at = from; at < from + count; at++) {
            value = value << bits | palette.number(pixels[at]);
            filled += bits;
            if (filled == 8) {
                to.put((byte) value);
                filled = 0;
                value = 0;
            }
        }
        if (filled > 0) {
            to.put((byte) (value << 8 - filled));
        }
    }
}
