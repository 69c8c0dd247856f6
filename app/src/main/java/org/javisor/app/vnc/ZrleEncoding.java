// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.vnc;

import java.io.DataOutput;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.javisor.devices.vga.Screen;

/// Tiles of 64 by 64 pixels, each of one colour, with a small palette, or as they are; all of it through one zlib
/// stream that lasts as long as the connection.
///
/// @rfc RFC 6143 §7.7.6 "ZRLE"
final class ZrleEncoding implements Encoding {
    static final int NUMBER = 16;
    static final int TILE = 64;
    private static final int SOLID = 1, MAX_PALETTE = 16;
    private static final int MAX_WIDTH = 2048, MAX_HEIGHT = 256;

    private final ZlibStream stream = new ZlibStream();
    private final Palette palette = new Palette();

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

    /// @param level of compression, 0 to 9
    void tune(int level) {
        stream.level(level);
    }

    @Override
    public void write(Screen.Frame frame, Area area, PixelFormat format, DataOutput to) throws IOException {
        ByteBuffer plain = ByteBuffer.allocate((area.width() + TILE) * (area.height() + TILE) * 4);
        for (Area tile : area.tiles(TILE, TILE)) {
            tile(plain, frame, tile, format);
        }
        stream.compress(plain.array(), plain.position());
        to.writeInt(stream.length());
        to.write(stream.bytes(), 0, stream.length());
    }

    private void tile(ByteBuffer to, Screen.Frame frame, Area tile, PixelFormat format) {
        if (!palette.collect(frame, tile, MAX_PALETTE)) {
            to.put((byte) 0);
            for (int row = tile.y(); row < tile.bottom(); row++) {
                format.putCompressed(to, frame.pixels(), row * frame.width() + tile.x(), tile.width());
            }
        } else if (palette.size() == 1) {
            to.put((byte) SOLID);
            format.putCompressed(to, palette.colours(), 0, 1);
        } else {
            packed(to, frame, tile, format);
        }
    }

    /// Indices of 1, 2 or 4 bits, each row from a new byte on.
    private void packed(ByteBuffer to, Screen.Frame frame, Area tile, PixelFormat format) {
        to.put((byte) palette.size());
        format.putCompressed(to, palette.colours(), 0, palette.size());
        int bits = palette.size() == 2 ? 1 : palette.size() <= 4 ? 2 : 4;
        for (int row = tile.y(); row < tile.bottom(); row++) {
            PackedPixels.put(to, frame.pixels(), row * frame.width() + tile.x(), tile.width(), bits, palette);
        }
    }

    @Override
    public void close() {
        stream.close();
    }
}
