// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.vnc;

import org.javisor.devices.vga.Screen;

/// Pictures of the guest's screen, made at most thirty times a second for all clients together, and only if somebody
/// asks.
final class FrameSource {
    static final long FRAME_MILLIS = 33;

    private final Screen screen;
    private Screen.Frame latest;
    private long made;

    FrameSource(Screen screen) {
        this.screen = screen;
    }

    /// A recent picture, which stays as it is. The same object as before means that nothing has changed.
    synchronized Screen.Frame get() {
        long now = System.nanoTime();
        if (latest == null || now - made >= FRAME_MILLIS * 900_000) {
            Screen.Frame frame = screen.frame(now);
            made = now;
            if (latest == null || !frame.shows(latest)) {
                latest = frame;
            }
        }
        return latest;
    }
}
