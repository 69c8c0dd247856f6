// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.vnc;

import java.io.DataOutput;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.javisor.devices.vga.Screen;

/// A rectangle of one colour, with a palette, with all colours, or as a JPEG picture where the client takes some loss:
/// whichever suits. Everything but JPEG is compressed in one of four zlib streams.
///
/// @spec https://github.com/rfbproto/rfbproto/blob/master/rfbproto.rst "Tight Encoding"
final class TightEncoding implements Encoding {
    static final int NUMBER = 7;
    static final int NO_JPEG = -1;
    private static final int MAX_WIDTH = 256, MAX_HEIGHT = 256;
    /// In the high half of the first byte.
    private static final int FILL = 0x80, JPEG = 0x90, WITH_FILTER = 0x40;
    private static final int PALETTE_FILTER = 1;
    /// Less is not compressed.
    private static final int MIN_TO_COMPRESS = 12;
    private static final int FULL_COLOUR = 0, TWO_COLOURS = 1, INDEXED = 2;
    /// An area that is not worth a picture's header.
    private static final int MIN_JPEG_PIXELS = 4096;

    private final ZlibStream[] streams = {new ZlibStream(), new ZlibStream(), new ZlibStream()};
    private final Palette palette = new Palette();
    private JpegPictures jpeg;
    private int quality = NO_JPEG;

    @Override
    public int number() {
        return NUMBER;
    }

    @Override
    public int maxWidth() {
        return MAX_WIDTH;
    }

    @Override
    public int maxHeight() {
        return MAX_HEIGHT;
    }

    /// @param level   of compression, 0 to 9
    /// @param quality of JPEG pictures, 0 to 9, or [#NO_JPEG]
    void tune(int level, int quality) {
        this.quality = quality;
        for (ZlibStream stream : streams) {
            stream.level(level);
        }
    }

    @Override
    public void write(Screen.Frame frame, Area area, PixelFormat format, DataOutput to) throws IOException {
        // An index is a byte: a palette of more than half of the pixels gains nothing.
        boolean few = palette.collect(frame, area, Math.clamp(area.pixels() / 2, 2, Palette.MAX_COLOURS));
        if (few && palette.size() == 1) {
            ByteBuffer colour = ByteBuffer.allocate(4);
            format.putTight(colour, palette.colours(), 0, 1);
            to.writeByte(FILL);
            to.write(colour.array(), 0, colour.position());
        } else if (few) {
            indexed(frame, area, format, to);
        } else if (quality != NO_JPEG && format.bits() > 8 && area.pixels() >= MIN_JPEG_PIXELS) {
            picture(frame, area, to);
        } else {
            fullColour(frame, area, format, to);
        }
    }

    private void indexed(Screen.Frame frame, Area area, PixelFormat format, DataOutput to) throws IOException {
        ByteBuffer colours = ByteBuffer.allocate(4 * palette.size());
        format.putTight(colours, palette.colours(), 0, palette.size());
        int bits = palette.size() == 2 ? 1 : 8;
        int stream = bits == 1 ? TWO_COLOURS : INDEXED;
        ByteBuffer plain = ByteBuffer.allocate(area.pixels() + area.height());
        for (int row = area.y(); row < area.bottom(); row++) {
            PackedPixels.put(plain, frame.pixels(), row * frame.width() + area.x(), area.width(), bits, palette);
        }
        to.writeByte(WITH_FILTER | stream << 4);
        to.writeByte(PALETTE_FILTER);
        to.writeByte(palette.size() - 1);
        to.write(colours.array(), 0, colours.position());
        compressed(plain, streams[stream], to);
    }

    private void fullColour(Screen.Frame frame, Area area, PixelFormat format, DataOutput to) throws IOException {
        ByteBuffer plain = ByteBuffer.allocate(area.pixels() * 4);
        for (int row = area.y(); row < area.bottom(); row++) {
            format.putTight(plain, frame.pixels(), row * frame.width() + area.x(), area.width());
        }
        to.writeByte(FULL_COLOUR << 4);
        compressed(plain, streams[FULL_COLOUR], to);
    }

    private static void compressed(ByteBuffer plain, ZlibStream stream, DataOutput to) throws IOException {
        if (plain.position() < MIN_TO_COMPRESS) {
            to.write(plain.array(), 0, plain.position());
            return;
        }
        stream.compress(plain.array(), plain.position());
        length(stream.length(), to);
        to.write(stream.bytes(), 0, stream.length());
    }

    private void picture(Screen.Frame frame, Area area, DataOutput to) throws IOException {
        if (jpeg == null) {
            jpeg = new JpegPictures();
        }
        byte[] bytes = jpeg.compress(frame, area, quality);
        to.writeByte(JPEG);
        length(bytes.length, to);
        to.write(bytes);
    }

    /// Seven bits a byte, the lowest first, eight in the third.
    private static void length(int length, DataOutput to) throws IOException {
        if (length < 1 << 7) {
            to.writeByte(length);
        } else if (length < 1 << 14) {
            to.writeByte(length & 0x7f | 0x80);
            to.writeByte(length >> 7);
        } else {
            to.writeByte(length & 0x7f | 0x80);
            to.writeByte(length >> 7 & 0x7f | 0x80);
            to.writeByte(length >> 14);
        }
    }

    @Override
    public void close() {
        for (ZlibStream stream : streams) {
            stream.close();
        }
        if (jpeg != null) {
            jpeg.close();
        }
    }
}
