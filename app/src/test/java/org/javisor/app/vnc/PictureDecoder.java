// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.vnc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import javax.imageio.ImageIO;

/// A client's side of the encodings, written from their descriptions: pictures of pixels in the client's format.
final class PictureDecoder {
    final int width;
    final int height;
    final int[] pixels;
    /// How many JPEG pictures have come.
    int jpegs;

    private final PixelFormat format;
    private final Inflater zrle = new Inflater();
    private final Inflater[] tight = {new Inflater(), new Inflater(), new Inflater(), new Inflater()};

    PictureDecoder(int width, int height, PixelFormat format) {
        this.width = width;
        this.height = height;
        this.format = format;
        this.pixels = new int[width * height];
    }

    void rectangle(int encoding, Area area, DataInputStream in) throws IOException {
        switch (encoding) {
            case 0 -> raw(area, in);
            case 5 -> hextile(area, in);
            case 7 -> tight(area, in);
            case 16 -> zrle(area, in);
            default -> throw new IOException("encoding " + encoding);
        }
    }

    private int pixel(DataInputStream in, int bytes) throws IOException {
        int value = 0;
        for (int n = 0; n < bytes; n++) {
            value |= in.readUnsignedByte() << 8 * (format.bigEndian() ? bytes - 1 - n : n);
        }
        return value;
    }

    private int pixel(DataInputStream in) throws IOException {
        return pixel(in, format.bits() / 8);
    }

    private void set(int x, int y, int value) {
        pixels[y * width + x] = value;
    }

    private void fill(int x, int y, int w, int h, int value) {
        for (int row = y; row < y + h; row++) {
            for (int column = x; column < x + w; column++) {
                set(column, row, value);
            }
        }
    }

    private void raw(Area area, DataInputStream in) throws IOException {
        for (int y = area.y(); y < area.bottom(); y++) {
            for (int x = area.x(); x < area.right(); x++) {
                set(x, y, pixel(in));
            }
        }
    }

    private void hextile(Area area, DataInputStream in) throws IOException {
        int background = 0;
        int foreground = 0;
        for (Area tile : area.tiles(16, 16)) {
            int mask = in.readUnsignedByte();
            if ((mask & 1) != 0) {
                raw(tile, in);
                continue;
            }
            background = (mask & 2) != 0 ? pixel(in) : background;
            foreground = (mask & 4) != 0 ? pixel(in) : foreground;
            fill(tile.x(), tile.y(), tile.width(), tile.height(), background);
            int count = (mask & 8) != 0 ? in.readUnsignedByte() : 0;
            for (int n = 0; n < count; n++) {
                int colour = (mask & 16) != 0 ? pixel(in) : foreground;
                int at = in.readUnsignedByte();
                int size = in.readUnsignedByte();
                fill(tile.x() + (at >> 4), tile.y() + (at & 15), (size >> 4) + 1, (size & 15) + 1, colour);
            }
        }
    }

    /// Takes the next bytes out of a stream, all that `compressed` has.
    private static byte[] inflate(Inflater inflater, byte[] compressed, int most) throws IOException {
        byte[] plain = new byte[most + 1];
        int length = 0;
        try {
            inflater.setInput(compressed);
            int more;
            do {
                more = inflater.inflate(plain, length, plain.length - length);
                length += more;
            } while (more > 0);
        } catch (DataFormatException e) {
            throw new IOException(e);
        }
        assertTrue(inflater.needsInput(), "more data than pixels");
        return Arrays.copyOf(plain, length);
    }

    // ---- ZRLE ----

    private int compressedPixelBytes() {
        long all = (long) format.redMax() << format.redShift() | (long) format.greenMax() << format.greenShift()
                | (long) format.blueMax() << format.blueShift();
        return format.bits() == 32 && format.depth() <= 24 && ((all & 0xff00_0000L) == 0 || (all & 0xff) == 0) ? 3
                : format.bits() / 8;
    }

    private int compressedPixel(DataInputStream in) throws IOException {
        int bytes = compressedPixelBytes();
        int value = pixel(in, bytes);
        boolean high = bytes == 3 && (format.redShift() >= 24 || format.greenShift() >= 24 || format.blueShift() >= 24);
        return high ? value << 8 : value;
    }

    private void zrle(Area area, DataInputStream in) throws IOException {
        byte[] compressed = in.readNBytes(in.readInt());
        byte[] plain = inflate(zrle, compressed, area.pixels() * 8 + 100_000);
        DataInputStream data = new DataInputStream(new ByteArrayInputStream(plain));
        for (Area tile : area.tiles(64, 64)) {
            zrleTile(tile, data);
        }
        assertEquals(-1, data.read(), "bytes behind the last tile");
    }

    private void zrleTile(Area tile, DataInputStream in) throws IOException {
        int kind = in.readUnsignedByte();
        assertTrue(kind <= 16, "kind " + kind);
        int[] palette = new int[kind];
        for (int n = 0; n < kind; n++) {
            palette[n] = compressedPixel(in);
        }
        int bits = kind == 2 ? 1 : kind <= 4 ? 2 : 4;
        for (int y = tile.y(); y < tile.bottom(); y++) {
            int left = 0;
            int value = 0;
            for (int x = tile.x(); x < tile.right(); x++) {
                if (kind == 0) {
                    set(x, y, compressedPixel(in));
                } else if (kind == 1) {
                    set(x, y, palette[0]);
                } else {
                    if (left == 0) {
                        value = in.readUnsignedByte();
                        left = 8;
                    }
                    left -= bits;
                    set(x, y, palette[value >> left & (1 << bits) - 1]);
                }
            }
        }
    }

    // ---- tight ----

    private boolean threeBytes() {
        return format.bits() == 32 && format.depth() == 24 && format.redMax() == 255 && format.greenMax() == 255
                && format.blueMax() == 255;
    }

    private int tightPixel(DataInputStream in) throws IOException {
        if (!threeBytes()) {
            return pixel(in);
        }
        int red = in.readUnsignedByte();
        int green = in.readUnsignedByte();
        return format.value(red << 16 | green << 8 | in.readUnsignedByte());
    }

    private static int length(DataInputStream in) throws IOException {
        int length = 0;
        for (int n = 0; n < 3; n++) {
            int b = in.readUnsignedByte();
            length |= (n == 2 ? b : b & 0x7f) << 7 * n;
            if (b < 0x80) {
                break;
            }
        }
        return length;
    }

    private void tight(Area area, DataInputStream in) throws IOException {
        assertTrue(area.width() <= 2048, "width " + area.width());
        int control = in.readUnsignedByte();
        for (int n = 0; n < 4; n++) {
            if ((control >> n & 1) != 0) {
                tight[n].reset();
            }
        }
        switch (control >> 4) {
            case 8 -> fill(area.x(), area.y(), area.width(), area.height(), tightPixel(in));
            case 9 -> jpeg(area, in);
            default -> {
                assertTrue(control >> 4 < 8, "control " + control);
                basic(area, in, control >> 4 & 3, (control & 0x40) != 0 ? in.readUnsignedByte() : 0);
            }
        }
    }

    private void basic(Area area, DataInputStream in, int stream, int filter) throws IOException {
        int[] palette = new int[filter == 1 ? in.readUnsignedByte() + 1 : 0];
        assertTrue(filter < 2 && palette.length != 1, "filter " + filter + " with " + palette.length);
        for (int n = 0; n < palette.length; n++) {
            palette[n] = tightPixel(in);
        }
        int line = palette.length == 0 ? area.width() * (threeBytes() ? 3 : format.bits() / 8)
                : palette.length == 2 ? (area.width() + 7) / 8 : area.width();
        int size = line * area.height();
        byte[] plain = size < 12 ? in.readNBytes(size) : inflate(tight[stream], in.readNBytes(length(in)), size);
        assertEquals(size, plain.length);
        DataInputStream data = new DataInputStream(new ByteArrayInputStream(plain));
        for (int y = area.y(); y < area.bottom(); y++) {
            int value = 0;
            for (int x = 0; x < area.width(); x++) {
                if (palette.length == 0) {
                    set(area.x() + x, y, tightPixel(data));
                } else if (palette.length == 2) {
                    value = x % 8 == 0 ? data.readUnsignedByte() : value;
                    set(area.x() + x, y, palette[value >> 7 - x % 8 & 1]);
                } else {
                    set(area.x() + x, y, palette[data.readUnsignedByte()]);
                }
            }
        }
    }

    private void jpeg(Area area, DataInputStream in) throws IOException {
        jpegs++;
        BufferedImage image = ImageIO.read(new ByteArrayInputStream(in.readNBytes(length(in))));
        assertEquals(area.width(), image.getWidth());
        assertEquals(area.height(), image.getHeight());
        for (int y = 0; y < area.height(); y++) {
            for (int x = 0; x < area.width(); x++) {
                set(area.x() + x, area.y() + y, format.value(image.getRGB(x, y) & 0xff_ffff));
            }
        }
    }
}
