// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.input;

/// A key pressed and released, with others held meanwhile.
///
/// @param code its make code of set 1, with [Keysyms#EXTENDED] perhaps
public record Stroke(int code, boolean shift, boolean ctrl, boolean alt) {
    public static final Stroke CTRL_ALT_DELETE = new Stroke(Keysyms.EXTENDED | 0x53, false, true, true);

    Stroke(int code) {
        this(code, false, false, false);
    }
}
