// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net;

import java.util.HexFormat;
import org.javisor.memory.ConfigurationException;

/// The address of an Ethernet station.
///
/// @param bits the first octet in bits 47:40
public record MacAddress(long bits) {
    public static final int BYTES = 6;
    private static final HexFormat COLONS = HexFormat.ofDelimiter(":");
    private static final long GROUP = 1L << 40;

    public MacAddress {
        if (bits >>> 48 != 0) {
            throw new IllegalArgumentException("a MAC address has 48 bits");
        }
    }

    /// Reads `52:54:00:12:34:56`, the address of one station.
    ///
    /// @throws ConfigurationException if it is something else
    public static MacAddress parse(String text) {
        if (!text.matches("\\p{XDigit}{2}(:\\p{XDigit}{2}){5}")) {
            throw new ConfigurationException("MAC address " + text + ": six pairs of hexadecimal digits with colons"
                    + " between them are meant, as in 52:54:00:12:34:56");
        }
        MacAddress address = of(COLONS.parseHex(text), 0);
        if ((address.bits & GROUP) != 0 || address.bits == 0) {
            throw new ConfigurationException("MAC address " + text + ": is not the address of one station");
        }
        return address;
    }

    /// The address at `from` in `bytes`.
    public static MacAddress of(byte[] bytes, int from) {
        long bits = 0;
        for (int i = 0; i < BYTES; i++) {
            bits = bits << 8 | bytes[from + i] & 0xff;
        }
        return new MacAddress(bits);
    }

    /// Octet `index`, 0 being the first on the wire.
    public int octet(int index) {
        return (int) (bits >>> 40 - 8 * index) & 0xff;
    }

    public byte[] toBytes() {
        byte[] bytes = new byte[BYTES];
        for (int i = 0; i < BYTES; i++) {
            bytes[i] = (byte) octet(i);
        }
        return bytes;
    }

    @Override
    public String toString() {
        return COLONS.formatHex(toBytes());
    }
}
