// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.vnc;

import java.io.DataOutput;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.javisor.devices.vga.Screen;

/// Tiles of 16 by 16 pixels: a background with smaller rectangles on it, or as they are. Nothing is compressed.
///
/// @rfc RFC 6143 §7.7.4 "Hextile Encoding"
final class HextileEncoding implements Encoding {
    static final int NUMBER = 5;
    static final int TILE = 16;
    private static final int AS_IS = 1, BACKGROUND = 2, FOREGROUND = 4, RECTANGLES = 8, COLOURED = 16;

    private final Palette palette = new Palette();
    private final ByteBuffer tile = ByteBuffer.allocate(1 + TILE * TILE * 4);
    private final boolean[] covered = new boolean[TILE * TILE];
    /// What the client remembers from the tile before; -1 if nothing.
    private int background;
    private int foreground;

    @Override
    public int number() {
        return NUMBER;
    }

    @Override
    public int maxWidth() {
        return 0xffff;
    }

    @Override
    public int maxHeight() {
        return 0xffff;
    }

    @Override
    public void write(Screen.Frame frame, Area area, PixelFormat format, DataOutput to) throws IOException {
        background = -1;
        foreground = -1;
        for (Area part : area.tiles(TILE, TILE)) {
            tile.clear();
            if (!tryRectangles(frame, part, format)) {
                asIs(frame, part, format);
            }
            to.write(tile.array(), 0, tile.position());
        }
    }

    private void asIs(Screen.Frame frame, Area part, PixelFormat format) {
        tile.clear();
        tile.put((byte) AS_IS);
        for (int row = part.y(); row < part.bottom(); row++) {
            format.put(tile, frame.pixels(), row * frame.width() + part.x(), part.width());
        }
        background = -1;
        foreground = -1;
    }

    /// @return false if that would take more bytes than the pixels do
    private boolean tryRectangles(Screen.Frame frame, Area part, PixelFormat format) {
        int limit = 1 + part.pixels() * format.bytesPerPixel();
        if (!palette.collect(frame, part, TILE)) {
            return false;
        }
        int mask = 0;
        tile.put((byte) 0);
        int ground = frame.pixels()[part.y() * frame.width() + part.x()];
        if (ground != background) {
            mask |= BACKGROUND;
            background = ground;
            format.put(tile, palette.colours(), palette.number(ground), 1);
        }
        boolean coloured = palette.size() > 2;
        if (palette.size() == 2) {
            int other = palette.colour(1 - palette.number(ground));
            if (other != foreground) {
                mask |= FOREGROUND;
                foreground = other;
                format.put(tile, palette.colours(), palette.number(other), 1);
            }
        }
        if (coloured) {
            mask |= COLOURED;
            foreground = -1;
        }
        if (palette.size() > 1) {
            mask |= RECTANGLES;
            if (!rectangles(frame, part, coloured ? format : null, ground, limit)) {
                return false;
            }
        }
        tile.put(0, (byte) mask);
        return true;
    }

    /// @param format for colours of their own; null without
    private boolean rectangles(Screen.Frame frame, Area part, PixelFormat format, int ground, int limit) {
        int countAt = tile.position();
        tile.put((byte) 0);
        int count = 0;
        int bytes = 2 + (format == null ? 0 : format.bytesPerPixel());
        Arrays.fill(covered, false);
        for (int y = 0; y < part.height(); y++) {
            for (int x = 0; x < part.width(); x++) {
                int colour = colour(frame, part, x, y);
                if (colour == ground || covered[y * TILE + x]) {
                    continue;
                }
                if (tile.position() + bytes > limit || count == 255) {
                    return false;
                }
                rectangle(frame, part, format, x, y, colour);
                count++;
            }
        }
        tile.put(countAt, (byte) count);
        return true;
    }

    /// The rectangle of one colour that begins here: as wide as it goes, then as high.
    private void rectangle(Screen.Frame frame, Area part, PixelFormat format, int x, int y, int colour) {
        int width = 1;
        while (x + width < part.width() && free(frame, part, x + width, y, colour)) {
            width++;
        }
        int height = 1;
        while (y + height < part.height() && rowFree(frame, part, x, y + height, width, colour)) {
            height++;
        }
        for (int row = y; row < y + height; row++) {
            Arrays.fill(covered, row * TILE + x, row * TILE + x + width, true);
        }
        if (format != null) {
            format.put(tile, palette.colours(), palette.number(colour), 1);
        }
        tile.put((byte) (x << 4 | y)).put((byte) (width - 1 << 4 | height - 1));
    }

    private boolean rowFree(Screen.Frame frame, Area part, int x, int y, int width, int colour) {
        for (int column = x; column < x + width; column++) {
            if (!free(frame, part, column, y, colour)) {
                return false;
            }
        }
        return true;
    }

    private boolean free(Screen.Frame frame, Area part, int x, int y, int colour) {
        return !covered[y * TILE + x] && colour(frame, part, x, y) == colour;
    }

    private static int colour(Screen.Frame frame, Area part, int x, int y) {
        return frame.pixels()[(part.y() + y) * frame.width() + part.x() + x];
    }
}
