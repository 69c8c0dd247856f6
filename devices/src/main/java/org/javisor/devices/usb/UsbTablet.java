// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.usb;

/// A tablet: a pointer that is told where to be, not how far to go, so that a guest's is where its user's is.
///
/// @hid 1.11 §6.2.2 "Report Descriptor", appendix E.10
public final class UsbTablet extends HidDevice {
    /// The largest coordinate.
    public static final int LIMIT = 0x7fff;
    private static final int PRODUCT = 1;

    private final Movements movements;

    public UsbTablet() {
        this(new Movements());
    }

    private UsbTablet(Movements movements) {
        super(movements, PRODUCT);
        this.movements = movements;
    }

    /// The pointer is somewhere, with buttons held; the wheel turns.
    ///
    /// @param x       0 to [#LIMIT], from the left
    /// @param y       0 to [#LIMIT], from the top
    /// @param wheel   notches away from the user, mostly 0
    /// @param buttons left, right and middle in bits 0 to 2
    public void move(int x, int y, int wheel, int buttons) {
        synchronized (this) {
            movements.add(new Movements.Position(Math.clamp(x, 0, LIMIT), Math.clamp(y, 0, LIMIT),
                    Math.clamp(wheel, -Movements.MAX_WHEEL, Movements.MAX_WHEEL), buttons & 7));
        }
        announce();
    }
}
