// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.vnc;

import java.util.Arrays;
import java.util.zip.Deflater;

/// One of a connection's zlib streams: what is compressed refers to what came before.
final class ZlibStream implements AutoCloseable {
    private final Deflater deflater = new Deflater(Deflater.BEST_SPEED);
    private byte[] compressed = new byte[4096];
    private int length;
    private int level = Deflater.BEST_SPEED;
    private boolean levelChanged;

    /// @param wanted 0 to 9
    void level(int wanted) {
        if (wanted != level) {
            deflater.setLevel(wanted);
            level = wanted;
            levelChanged = true;
        }
    }

    /// Compresses `count` bytes such that the client can have all of them: [#bytes], [#length].
    void compress(byte[] plain, int count) {
        deflater.setInput(plain, 0, count);
        length = 0;
        while (true) {
            int more = deflater.deflate(compressed, length, compressed.length - length, Deflater.SYNC_FLUSH);
            length += more;
            if (length == compressed.length) {
                compressed = Arrays.copyOf(compressed, compressed.length * 2);
            } else if (more == 0 && !levelChanged) {
                return;
            }
            // The call that follows a new level only takes it over.
            levelChanged = false;
        }
    }

    byte[] bytes() {
        return compressed;
    }

    int length() {
        return length;
    }

    @Override
    public void close() {
        deflater.end();
    }
}
