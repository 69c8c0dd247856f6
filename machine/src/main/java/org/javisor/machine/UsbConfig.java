// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

/// What hangs on a machine's USB beside disks.
///
/// @param tablet   a pointer that is where the user's is
/// @param keyboard a keyboard, which takes the place of the other one as soon as the guest uses it
public record UsbConfig(boolean tablet, boolean keyboard) {
    public static final UsbConfig NONE = new UsbConfig(false, false);
}
