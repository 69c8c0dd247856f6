// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.xhci;

/// The registers that say what the controller can do: all of them constant.
///
/// @xhci 1.1 §5.3 "Host Controller Capability Registers", §7.2 "xHCI Supported Protocol Capability"
final class Capabilities {
    private static final int PROTOCOL = 2, PROTOCOL_BYTES = 0x10, USB = 0x20425355;
    private static final int USB_2 = 0x0200_0000, USB_3 = 0x0300_0000;

    private Capabilities() { }

    /// Reads the 32-bit register at `offset`; 0 where there is none.
    static int read(int offset) {
        return switch (offset) {
            case XhciLayout.CAPLENGTH -> XhciLayout.OPERATIONAL | XhciLayout.VERSION << 16;
            case XhciLayout.HCSPARAMS1 -> XhciLayout.MAX_SLOTS | XhciLayout.MAX_INTERRUPTERS << 8
                    | XhciLayout.MAX_PORTS << 24;
            // No scratchpad is needed.
            case XhciLayout.HCSPARAMS2 -> XhciLayout.SEGMENTS_SHIFT << 4;
            case XhciLayout.HCCPARAMS1 -> XhciLayout.ADDRESS_64 | XhciLayout.EXTENDED / 4 << 16;
            case XhciLayout.DBOFF -> XhciLayout.DOORBELLS;
            case XhciLayout.RTSOFF -> XhciLayout.RUNTIME;
            default -> offset >= XhciLayout.EXTENDED && offset < XhciLayout.EXTENDED + 2 * PROTOCOL_BYTES
                    ? protocol((offset - XhciLayout.EXTENDED) / PROTOCOL_BYTES, offset & PROTOCOL_BYTES - 1) : 0;
        };
    }

    /// Ports of USB 3 come first, then those of USB 2: what firmware calls port 1 is the first of either kind.
    private static int protocol(int which, int at) {
        return switch (at) {
            case 0 -> PROTOCOL | (which == 0 ? PROTOCOL_BYTES / 4 << 8 | USB_3 : USB_2);
            case 4 -> USB;
            case 8 -> which * XhciLayout.PORTS_OF_EACH + 1 | XhciLayout.PORTS_OF_EACH << 8;
            default -> 0;
        };
    }
}
