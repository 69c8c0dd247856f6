// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.vnc;

import java.io.DataOutput;
import java.io.IOException;
import java.nio.ByteBuffer;

/// What a client's pointer looks like: a dot, because the guest draws a pointer of its own if it has one.
///
/// @rfc RFC 6143 §7.8.1 "Cursor Pseudo-Encoding"
final class CursorShape {
    private static final int SIZE = 5, CENTRE = 2;
    /// Where the middle is; how large it is.
    static final Area AREA = new Area(CENTRE, CENTRE, SIZE, SIZE);

    private static final String[] DOT = {
        " ### ",
        "#   #",
        "# . #",
        "#   #",
        " ### "};
    private static final int WHITE = 0xffffff;

    private CursorShape() { }

    static void write(PixelFormat format, DataOutput to) throws IOException {
        int[] pixels = new int[SIZE * SIZE];
        byte[] mask = new byte[SIZE];
        for (int y = 0; y < SIZE; y++) {
            for (int x = 0; x < SIZE; x++) {
                char dot = DOT[y].charAt(x);
                pixels[y * SIZE + x] = dot == '.' ? WHITE : 0;
                mask[y] |= (byte) (dot == ' ' ? 0 : 0x80 >> x);
            }
        }
        ByteBuffer bytes = ByteBuffer.allocate(SIZE * SIZE * format.bytesPerPixel());
        format.put(bytes, pixels, 0, pixels.length);
        to.write(bytes.array());
        to.write(mask);
    }
}
