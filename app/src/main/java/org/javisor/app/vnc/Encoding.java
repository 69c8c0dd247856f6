// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.vnc;

import java.io.DataOutput;
import java.io.IOException;
import org.javisor.devices.vga.Screen;

/// A way in which pictures travel. Each client has its own: some remember what they have sent.
interface Encoding extends AutoCloseable {
    /// What clients call it.
    int number();

    /// The largest rectangle that it may have.
    int maxWidth();

    int maxHeight();

    /// Writes the data of a rectangle, which follows its header.
    void write(Screen.Frame frame, Area area, PixelFormat format, DataOutput to) throws IOException;

    @Override
    default void close() { }
}
