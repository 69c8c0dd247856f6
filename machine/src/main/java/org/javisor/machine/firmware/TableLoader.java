// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine.firmware;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/// The commands by which firmware puts files into memory, has them point to each other, and sums them up: QEMU's
/// `etc/table-loader`, which SeaBIOS and OVMF read.
///
/// @qemu hw/acpi/bios-linker-loader.c
final class TableLoader {
    private static final int ALLOCATE = 1, ADD_POINTER = 2, ADD_CHECKSUM = 3;
    private static final int COMMAND_BYTES = 128, NAME_BYTES = 56;
    /// Where a file may go: anywhere below 4 GiB, or into the BIOS segment.
    static final int ZONE_HIGH = 1, ZONE_BIOS = 2;

    private final ByteArrayOutputStream commands = new ByteArrayOutputStream();

    private static ByteBuffer command(int kind) {
        return ByteBuffer.allocate(COMMAND_BYTES).order(ByteOrder.LITTLE_ENDIAN).putInt(kind);
    }

    private static ByteBuffer name(ByteBuffer command, String file) {
        byte[] name = new byte[NAME_BYTES];
        byte[] text = file.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(text, 0, name, 0, text.length);
        return command.put(name);
    }

    TableLoader allocate(String file, int alignment, int zone) {
        commands.writeBytes(name(command(ALLOCATE), file).putInt(alignment).put((byte) zone).array());
        return this;
    }

    /// Adds the address of `to` to the number at `offset` in `from`.
    TableLoader point(String from, int offset, int bytes, String to) {
        commands.writeBytes(name(name(command(ADD_POINTER), from), to).putInt(offset).put((byte) bytes).array());
        return this;
    }

    /// Makes the bytes from `start` on sum up to 0, by the one at `checksum`.
    TableLoader checksum(String file, int start, int bytes, int checksum) {
        commands.writeBytes(name(command(ADD_CHECKSUM), file).putInt(checksum).putInt(start).putInt(bytes).array());
        return this;
    }

    byte[] toByteArray() {
        return commands.toByteArray();
    }
}
