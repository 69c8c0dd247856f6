// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.vnc;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.zip.Deflater;

/// Tiles of 64 by 64 pixels, each of one colour, with a small palette, or as they are; all of it through one zlib
/// stream that lasts as long as the connection.
///
/// @rfc RFC 6143 §7.7.6 "ZRLE"
final class ZrleEncoding implements AutoCloseable {
    static final int NUMBER = 16;
    static final int TILE = 64;
    private static final int SOLID = 1, MAX_PALETTE = 16;

    private final Deflater deflater = new Deflater(Deflater.BEST_SPEED);
    private final int[] palette = new int[MAX_PALETTE];

    /// The rectangle's data, its length before it.
    byte[] encode(int[] pixels, int stride, int x, int y, int width, int height, PixelFormat format) {
        ByteBuffer plain = ByteBuffer.allocate((width + TILE) * (height + TILE) * 4 + 64);
        for (int top = y; top < y + height; top += TILE) {
            for (int left = x; left < x + width; left += TILE) {
                tile(plain, pixels, stride, left, top, Math.min(TILE, x + width - left),
                        Math.min(TILE, y + height - top), format);
            }
        }
        byte[] compressed = deflate(plain.array(), plain.position());
        return ByteBuffer.allocate(4 + compressed.length).putInt(compressed.length).put(compressed).array();
    }

    private void tile(ByteBuffer to, int[] pixels, int stride, int x, int y, int width, int height,
            PixelFormat format) {
        int colours = findColours(pixels, stride, x, y, width, height);
        if (colours == 1) {
            to.put((byte) SOLID);
            format.putCompressed(to, palette[0]);
        } else if (colours > 1) {
            packed(to, pixels, stride, x, y, width, height, format, colours);
        } else {
            to.put((byte) 0);
            for (int row = y; row < y + height; row++) {
                for (int column = x; column < x + width; column++) {
                    format.putCompressed(to, pixels[row * stride + column]);
                }
            }
        }
    }

    /// Fills the palette.
    ///
    /// @return how many colours there are, 0 if too many
    private int findColours(int[] pixels, int stride, int x, int y, int width, int height) {
        int count = 0;
        for (int row = y; row < y + height; row++) {
            for (int column = x; column < x + width; column++) {
                int colour = pixels[row * stride + column];
                if (index(colour, count) < 0) {
                    if (count == MAX_PALETTE) {
                        return 0;
                    }
                    palette[count++] = colour;
                }
            }
        }
        return count;
    }

    private int index(int colour, int count) {
        for (int n = 0; n < count; n++) {
            if (palette[n] == colour) {
                return n;
            }
        }
        return -1;
    }

    /// Indices of 1, 2 or 4 bits, each row from a new byte on.
    private void packed(ByteBuffer to, int[] pixels, int stride, int x, int y, int width, int height,
            PixelFormat format, int colours) {
        to.put((byte) colours);
        for (int n = 0; n < colours; n++) {
            format.putCompressed(to, palette[n]);
        }
        int bits = colours == 2 ? 1 : colours <= 4 ? 2 : 4;
        for (int row = y; row < y + height; row++) {
            int filled = 0;
            int value = 0;
            for (int column = x; column < x + width; column++) {
                value = value << bits | index(pixels[row * stride + column], colours);
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

    private byte[] deflate(byte[] plain, int length) {
        deflater.setInput(plain, 0, length);
        ByteArrayOutputStream compressed = new ByteArrayOutputStream();
        byte[] part = new byte[16 << 10];
        int count;
        do {
            count = deflater.deflate(part, 0, part.length, Deflater.SYNC_FLUSH);
            compressed.write(part, 0, count);
        } while (count == part.length);
        return compressed.toByteArray();
    }

    @Override
    public void close() {
        deflater.end();
    }
}
