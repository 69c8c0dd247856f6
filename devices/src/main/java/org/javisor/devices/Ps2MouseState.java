// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

/// Everything a PS/2 mouse remembers.
///
/// @param identity   0, 3 with a wheel, 4 with five buttons as well
/// @param resolution as the command that sets it has it
/// @param rates      the last three sample rates, the latest in the low byte
/// @param command    the command whose parameter byte is awaited, or 0
/// @param buttons    left, right, middle, back and forward in bits 0 to 4
/// @param told       the buttons that the last packet had
/// @param dx         movement that no packet has had yet, as the other two
/// @param bytes      on their way to the controller
/// @param last       the byte that came last
public record Ps2MouseState(boolean reporting, boolean remote, boolean wrap, boolean scale, int identity,
        int resolution, int rates, int command, int buttons, int told, int dx, int dy, int dz, int[] bytes,
        int last) {
    public Ps2MouseState {
        if (identity != 0 && identity != 3 && identity != 4 || (resolution & ~3) != 0 || (rates & ~0xff_ffff) != 0
                || (command & ~0xff) != 0 || (buttons & ~0x1f) != 0 || (told & ~0x1f) != 0
                || bytes.length > Ps2Mouse.CAPACITY || (last & ~0xff) != 0) {
            throw new IllegalArgumentException("mouse state");
        }
        bytes = bytes.clone();
    }
}
