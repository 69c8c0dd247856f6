// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.vnc;

import java.io.DataOutput;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.javisor.devices.vga.Screen;

/// Pixels as they are, which every client knows.
///
/// @rfc RFC 6143 §7.7.1 "Raw Encoding"
final class RawEncoding implements Encoding {
    static final int NUMBER = 0;

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
        ByteBuffer line = ByteBuffer.allocate(area.width() * format.bytesPerPixel());
        for (int row = area.y(); row < area.bottom(); row++) {
            line.clear();
            format.put(line, frame.pixels(), row * frame.width() + area.x(), area.width());
            to.write(line.array(), 0, line.position());
        }
    }
}
