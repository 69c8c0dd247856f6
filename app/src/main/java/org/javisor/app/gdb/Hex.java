// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.gdb;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/// Numbers and bytes as packets have them. What is not well-formed throws [BadPacket].
final class Hex {
    private Hex() { }

    /// A digit's value; 16 or more for what is none, which no checksum equals.
    static int digit(int character) {
        return HexFormat.isHexDigit(character) ? HexFormat.fromHexDigit(character) : 0x100;
    }

    /// An unsigned number of at most 16 digits.
    static long number(String digits) {
        try {
            return HexFormat.fromHexDigitsToLong(digits);
        } catch (IllegalArgumentException e) {
            throw new BadPacket("not a hexadecimal number: " + digits, e);
        }
    }

    static byte[] bytes(String digits) {
        try {
            return HexFormat.of().parseHex(digits);
        } catch (IllegalArgumentException e) {
            throw new BadPacket("not hexadecimal bytes", e);
        }
    }

    static String of(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    static String of(String text) {
        return of(text.getBytes(StandardCharsets.UTF_8));
    }
}
