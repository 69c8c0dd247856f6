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
            return new PixelFormat(bits, depth, bigEndian, redMax, greenMax, blueMax, redShift, greenShift, blueShift);
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

    /// Appends a pixel of 0xRRGGBB.
    void put(ByteBuffer to, int rgb) {
        int value = value(rgb);
        to.order(bigEndian ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
        switch (bits) {
            case 8 -> to.put((byte) value);
            case 16 -> to.putShort((short) value);
            default -> to.putInt(value);
        }
    }

    /// As [#put], as ZRLE has it.
    void putCompressed(ByteBuffer to, int rgb) {
        if (compressedBytes() != 3) {
            put(to, rgb);
            return;
        }
        int value = fitsLow() ? value(rgb) : value(rgb) >>> 8;
        for (int n = 0; n < 3; n++) {
            to.put((byte) (value >>> 8 * (bigEndian ? 2 - n : n)));
        }
    }

    private int value(int rgb) {
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
