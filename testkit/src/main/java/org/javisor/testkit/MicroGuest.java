// SPDX-License-Identifier: Apache-2.0
package org.javisor.testkit;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/// A kernel of a few instructions, in 32-bit code: an ELF file that is entered by the PVH protocol.
public final class MicroGuest {
    private static final int ENTRY = 0x10_0000, CODE_OFFSET = 0x1000;

    private final ByteArrayOutputStream code = new ByteArrayOutputStream();

    /// Appends machine code.
    public MicroGuest bytes(int... values) {
        for (int value : values) {
            code.write(value);
        }
        return this;
    }

    /// MOV DX, port; MOV AL, value; OUT DX, AL.
    public MicroGuest out8(int port, int value) {
        return bytes(0x66, 0xba, port, port >> 8, 0xb0, value, 0xee);
    }

    /// MOV DX, port; MOV AX, value; OUT DX, AX.
    public MicroGuest out16(int port, int value) {
        return bytes(0x66, 0xba, port, port >> 8, 0x66, 0xb8, value, value >> 8, 0x66, 0xef);
    }

    /// Sends `text` to COM1.
    public MicroGuest print(String text) {
        for (byte b : text.getBytes(StandardCharsets.US_ASCII)) {
            out8(0x3f8, b);
        }
        return this;
    }

    /// CLI; HLT; and around again, for good.
    public MicroGuest stop() {
        return bytes(0xfa, 0xf4, 0xeb, 0xfd);
    }

    /// The whole kernel file.
    public byte[] elf() {
        byte[] body = code.toByteArray();
        ByteBuffer file = ByteBuffer.allocate(CODE_OFFSET + body.length).order(ByteOrder.LITTLE_ENDIAN);
        file.putInt(0, 0x464c_457f).put(4, (byte) 2).put(5, (byte) 1).putLong(24, ENTRY).putLong(32, 64)
                .putShort(54, (short) 56).putShort(56, (short) 2);
        file.putInt(64, 1).putLong(64 + 8, CODE_OFFSET).putLong(64 + 24, ENTRY).putLong(64 + 32, body.length)
                .putLong(64 + 40, body.length);
        file.putInt(120, 4).putLong(120 + 8, 0x400).putLong(120 + 32, 20).putLong(120 + 40, 20);
        file.putInt(0x400, 4).putInt(0x404, 4).putInt(0x408, 18).putInt(0x40c, 0x6e_6558).putInt(0x410, ENTRY);
        file.put(CODE_OFFSET, body);
        return file.array();
    }
}
