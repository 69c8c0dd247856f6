// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.vnc;

/// What a client can do beside showing pictures. It says so among its encodings.
///
/// @spec https://github.com/rfbproto/rfbproto/blob/master/rfbproto.rst "Pseudo-encodings"
enum Extension {
    DESKTOP_SIZE(-223),
    CURSOR(-239),
    /// The pointer may move relatively, as far as the guest's mouse does.
    RELATIVE_POINTER(-257),
    /// Keys come with their scan codes.
    EXTENDED_KEYS(-258),
    LEDS(-261),
    EXTENDED_DESKTOP_SIZE(-308),
    FENCE(-312),
    CONTINUOUS_UPDATES(-313);

    private final int number;

    Extension(int number) {
        this.number = number;
    }

    int number() {
        return number;
    }

    /// @return null for a number that means none of these
    static Extension of(int number) {
        for (Extension extension : values()) {
            if (extension.number == number) {
                return extension;
            }
        }
        return null;
    }
}
