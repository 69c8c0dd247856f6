// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.usb;

/// What a control transfer asks for.
///
/// @param type    direction, kind and recipient
/// @param request by its number among those of its kind
/// @param length  how many bytes of data there are at most
/// @usb 2.0 §9.3 "USB Device Requests"
public record SetupPacket(int type, int request, int value, int index, int length) {
    /// From the eight bytes that are sent, the first in bits 7:0.
    public static SetupPacket of(long bytes) {
        return new SetupPacket((int) bytes & 0xff, (int) (bytes >>> 8) & 0xff, (int) (bytes >>> 16) & 0xffff,
                (int) (bytes >>> 32) & 0xffff, (int) (bytes >>> 48) & 0xffff);
    }

    /// Whether data goes towards the host.
    public boolean in() {
        return (type & 0x80) != 0;
    }

    /// Type and request in one number: `0xttrr`.
    public int code() {
        return type << 8 | request;
    }
}
