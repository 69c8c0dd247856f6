// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.input;

import java.util.BitSet;
import org.javisor.machine.Machine;

/// What somebody far away does with a keyboard, done with the guest's, which has a US layout.
///
/// A character that another layout has elsewhere is typed all the same: where it needs Shift here and not
/// there, or the other way round, Shift is pressed or released for it.
public final class KeyboardInput {
    private static final int LEFT_SHIFT = 0x2a, RIGHT_SHIFT = 0x36, CTRL = 0x1d, ALT = 0x38;
    private static final int CAPS_LOCK_LED = 4;
    /// For a guest that is behind with its keyboard: after that long the key is lost.
    private static final int PATIENCE_MILLIS = 1000, PAUSE_MILLIS = 5;

    private final Machine machine;
    /// Whether the last key was lost: then nobody waits for the next.
    private boolean lost;
    private final BitSet pressed = new BitSet(256);

    public KeyboardInput(Machine machine) {
        this.machine = machine;
    }

    /// A key by X's name of what it says.
    public void symbol(int keysym, boolean down) throws InterruptedException {
        int code = Keysyms.code(keysym);
        if (code == 0) {
            return;
        }
        boolean shift = pressed.get(LEFT_SHIFT) || pressed.get(RIGHT_SHIFT);
        if (!down || !Keysyms.printable(keysym) || needsShift(keysym) == shift) {
            scanCode(code, down);
        } else if (shift) {
            withShiftReleased(code);
        } else {
            send(LEFT_SHIFT, true);
            scanCode(code, true);
            send(LEFT_SHIFT, false);
        }
    }

    private boolean needsShift(int keysym) {
        boolean capsLock = (machine.keyboardLeds() & CAPS_LOCK_LED) != 0;
        return Keysyms.shifted(keysym) ^ (capsLock && Character.isLetter(keysym));
    }

    private void withShiftReleased(int code) throws InterruptedException {
        boolean left = pressed.get(LEFT_SHIFT);
        boolean right = pressed.get(RIGHT_SHIFT);
        shifts(left, right, false);
        scanCode(code, true);
        shifts(left, right, true);
    }

    private void shifts(boolean left, boolean right, boolean down) throws InterruptedException {
        if (left) {
            send(LEFT_SHIFT, down);
        }
        if (right) {
            send(RIGHT_SHIFT, down);
        }
    }

    /// A key by its make code of set 1, with [Keysyms#EXTENDED] perhaps.
    public void scanCode(int code, boolean down) throws InterruptedException {
        if ((code & 0x7f) != 0) {
            pressed.set(code, down);
            send(code, down);
        }
    }

    /// Presses and releases a key, with what is to be held.
    public void stroke(Stroke stroke) throws InterruptedException {
        boolean[] wanted = {stroke.ctrl(), stroke.alt(), stroke.shift()};
        int[] codes = {CTRL, ALT, LEFT_SHIFT};
        for (int n = 0; n < codes.length; n++) {
            if (wanted[n]) {
                send(codes[n], true);
            }
        }
        send(stroke.code(), true);
        send(stroke.code(), false);
        for (int n = codes.length - 1; n >= 0; n--) {
            if (wanted[n]) {
                send(codes[n], false);
            }
        }
    }

    private void send(int code, boolean down) throws InterruptedException {
        for (int waited = 0; waited < PATIENCE_MILLIS; waited += PAUSE_MILLIS) {
            if (machine.key(code & 0x7f, (code & Keysyms.EXTENDED) != 0, down)) {
                lost = false;
                return;
            }
            if (lost) {
                return;
            }
            Thread.sleep(PAUSE_MILLIS);
        }
        lost = true;
    }

    /// Releases what is still pressed: nobody else will.
    public void close() {
        pressed.stream().forEach(code -> machine.key(code & 0x7f, (code & Keysyms.EXTENDED) != 0, false));
        pressed.clear();
    }
}
