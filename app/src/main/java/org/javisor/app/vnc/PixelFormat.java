// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.vnc;

import java.io.DataInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// How a client wants its pixels.
///
/// @param bits       of a pixel: 8, 16 or 32
/// @param depth      useful bits
/// @param redMax     2^n - 1, as the other two
/// @param redShift   0 to 31, as the other two
/// @rfc RFC 6143 §7.4 "Pixel Format Data Structure"
record PixelFormat(int bits, int depth, boolean bigEndian, int redMax, int greenMax, int blueMax, int redShift,
        int greenShift, int blueShift) {
    static final int BYTES = 16;
    /// What frames have: 0x00RRGGBB.
    static final PixelFormat NATIVE = new PixelFormat(32, 24, false, 255, 255, 255, 16, 8, 0);

    PixelFormat {
        if (bits != 8 && bits != 16 && bits != 32 || redShift > 31 || greenShift > 31 || blueShift > 31) {
            throw new IllegalArgumentException("a pixel format of " + bits + " bits");
        }
    }

    /// @throws IOException also for a format that nobody can have, or with a colour map
    static PixelFormat read(DataInputStream in) throws IOException {
        int bits = in.readUnsignedByte();
        int depth = in.readUnsignedByte();
        boolean bigEndian = in.readBoolean();
        boolean trueColour = in.readBoolean();
        int redMax = in.readUnsignedShort();
        int greenMax = in.readUnsignedShort();
        int blueMax = in.readUnsignedShort();
        int redShift = in.readUnsignedByte();
        int greenShift = in.readUnsignedByte();
        int blueShift = in.readUnsignedByte();
        in.skipNBytes(3);
        if (!trueColour) {
            throw new IOException("colour maps are not supported");
        }
        try {
            PixelFormat format = new PixelFormat(bits, depth, bigEndian, redMax, greenMax, blueMax, redShift,
                    greenShift, blueShift);
            return format.equals(NATIVE) ? NATIVE : format;
        } catch (IllegalArgumentException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    byte[] toBytes() {
        return ByteBuffer.allocate(BYTES).put((byte) bits).put((byte) depth).put((byte) (bigEndian ? 1 : 0))
                .put((byte) 1).putShort((short) redMax).putShort((short) greenMax).putShort((short) blueMax)
                .put((byte) redShift).put((byte) greenShift).put((byte) blueShift).array();
    }

    int bytesPerPixel() {
        return bits / 8;
    }

    /// ZRLE's compressed pixel leaves out a byte of 32 that no colour is in.
    int compressedBytes() {
        return bits == 32 && depth <= 24 && (fitsLow() || fitsHigh()) ? 3 : bytesPerPixel();
    }

    private boolean fitsLow() {
        return ((long) redMax << redShift | (long) greenMax << greenShift | (long) blueMax << blueShift) < 1 << 24;
    }

    private boolean fitsHigh() {
        return redShift >= 8 && greenShift >= 8 && blueShift >= 8;
    }

    /// Appends pixels of 0xRRGGBB.
    void put(ByteBuffer to, int[] pixels, int from, int count) {
        to.order(bigEndian ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
        if (this == NATIVE) {
            to.asIntBuffer().put(pixels, from, count);
            to.position(to.position() + 4 * count);
            return;
        }
        for (int at = from; at < from + count; at++) {
            int value = value(pixels[at]);
            switch (bits) {
                case 8 -> to.put((byte) value);
                case 16 -> to.putShort((short) value);
                default -> to.putInt(value);
            }
        }
    }

    /// As [#put], as ZRLE has it.
    void putCompressed(ByteBuffer to, int[] pixels, int from, int count) {
        if (compressedBytes() != 3) {
            put(to, pixels, from, count);
            return;
        }
        boolean low = fitsLow();
        for (int at = from; at < from + count; at++) {
            int value = low ? value(pixels[at]) : value(pixels[at]) >>> 8;
            if (bigEndian) {
                to.put((byte) (value >> 16)).put((byte) (value >> 8)).put((byte) value);
            } else {
                to.put((byte) value).put((byte) (value >> 8)).put((byte) (value >> 16));
            }
        }
    }

    /// As [#put], as tight has it: red, green and blue, a byte each, if these are all that a pixel of 32 bits has.
    void putTight(ByteBuffer to, int[] pixels, int from, int count) {
        if (bits != 32 || depth != 24 || redMax != 255 || greenMax != 255 || blueMax != 255) {
            put(to, pixels, from, count);
            return;
        }
        for (int at = from; at < from + count; at++) {
            to.put((byte) (pixels[at] >> 16)).put((byte) (pixels[at] >> 8)).put((byte) pixels[at]);
        }
    }

    /// A pixel of 0xRRGGBB as a number.
    int value(int rgb) {
        if (this == NATIVE) {
            return rgb;
        }
        return scale(rgb >> 16, redMax) << redShift | scale(rgb >> 8, greenMax) << greenShift
                | scale(rgb, blueMax) << blueShift;
    }

    private static int scale(int component, int max) {
        return ((component & 0xff) * max + 127) / 255;
    }
}
