// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.usb;

/// A keyboard whose reports are those of the boot protocol.
///
/// @hid 1.11 appendix B.1 "Protocol 1 (Keyboard)"
public final class UsbKeyboard extends HidDevice {
    private static final int PRODUCT = 2;

    private final Keystrokes keystrokes;

    public UsbKeyboard() {
        this(new Keystrokes());
    }

    private UsbKeyboard(Keystrokes keystrokes) {
        super(keystrokes, PRODUCT);
        this.keystrokes = keystrokes;
    }

    /// A key goes down or up.
    ///
    /// @param code     its make code in scan code set 1
    /// @param extended whether that is prefixed by 0xe0
    /// @return whether there is such a key, and room for it
    public boolean key(int code, boolean extended, boolean down) {
        boolean taken;
        synchronized (this) {
            taken = keystrokes.add(HidUsages.of(code, extended), down);
        }
        if (taken) {
            announce();
        }
        return taken;
    }

    /// What the guest has lit: scroll, num and caps lock in bits 0 to 2, as PS/2 has them.
    public synchronized int leds() {
        int leds = keystrokes.leds();
        return leds >>> 2 & 1 | (leds & 3) << 1;
    }
}
