// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.scsi;

/// Big-endian fields of a command block or of an answer.
final class CommandBlock {
    private CommandBlock() { }

    static int byteAt(byte[] block, int at) {
        return block[at] & 0xff;
    }

    static int shortAt(byte[] block, int at) {
        return byteAt(block, at) << 8 | byteAt(block, at + 1);
    }

    static int threeAt(byte[] block, int at) {
        return byteAt(block, at) << 16 | shortAt(block, at + 1);
    }

    static long intAt(byte[] block, int at) {
        return (long) shortAt(block, at) << 16 | shortAt(block, at + 2);
    }

    static void putShort(byte[] answer, int at, int value) {
        answer[at] = (byte) (value >>> 8);
        answer[at + 1] = (byte) value;
    }

    static void putInt(byte[] answer, int at, long value) {
        putShort(answer, at, (int) (value >>> 16));
        putShort(answer, at + 2, (int) value);
    }

    /// A name, filled up with blanks.
    static void putText(byte[] answer, int at, int length, String text) {
        for (int i = 0; i < length; i++) {
            answer[at + i] = (byte) (i < text.length() ? text.charAt(i) : ' ');
        }
    }
}
