// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.ata;

/// The 256 words of IDENTIFY DEVICE and IDENTIFY PACKET DEVICE while they are written.
///
/// @ata ACS-3 §7.12.7 "Input" of "IDENTIFY DEVICE"
final class IdentifyWords {
    static final int BYTES = 512;
    private static final int SIGNATURE = 0xa5;

    private final byte[] bytes = new byte[BYTES];

    IdentifyWords set(int word, int value) {
        bytes[2 * word] = (byte) value;
        bytes[2 * word + 1] = (byte) (value >>> 8);
        return this;
    }

    /// A number of two words.
    IdentifyWords setInt(int word, long value) {
        return set(word, (int) value).set(word + 1, (int) (value >>> 16));
    }

    /// A number of four words.
    IdentifyWords setLong(int word, long value) {
        return setInt(word, value).setInt(word + 2, value >>> 32);
    }

    /// Text, whose first character of two is in the upper byte.
    IdentifyWords text(int word, int characters, String text) {
        for (int i = 0; i < characters; i++) {
            bytes[2 * word + (i ^ 1)] = (byte) (i < text.length() ? text.charAt(i) : ' ');
        }
        return this;
    }

    /// Everything, with the checksum.
    byte[] build() {
        return checked(bytes, SIGNATURE);
    }

    /// Writes `signature` in front of the last byte, and there what makes the sum of all bytes 0.
    private static byte[] checked(byte[] page, int signature) {
        page[BYTES - 2] = (byte) signature;
        return checksum(page);
    }

    /// Sets the last byte so that the sum of all is 0.
    static byte[] checksum(byte[] page) {
        int sum = 0;
        for (int i = 0; i < BYTES - 1; i++) {
            sum += page[i];
        }
        page[BYTES - 1] = (byte) -sum;
        return page;
    }
}
