// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import org.javisor.memory.InterruptLine;

/// The OR gate before the processors' A20M# pin: address bit 20 passes while the keyboard controller or port
/// 0x92 lets it.
///
/// The keyboard controller's output is on after a reset, as firmware of this century leaves it.
public final class A20Gate {
    private final Pin a20;
    private boolean fromKeyboardController = true;
    private boolean fromPort92;

    /// @param a20 high: address bit 20 passes
    public A20Gate(InterruptLine a20) {
        this.a20 = new Pin(a20);
        this.a20.set(true);
        this.a20.drive();
    }

    public boolean enabled() {
        return a20.high();
    }

    void keyboardController(boolean level) {
        synchronized (this) {
            fromKeyboardController = level;
            a20.set(fromKeyboardController || fromPort92);
        }
        a20.drive();
    }

    void port92(boolean level) {
        synchronized (this) {
            fromPort92 = level;
            a20.set(fromKeyboardController || fromPort92);
        }
        a20.drive();
    }
}
