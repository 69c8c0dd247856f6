// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine.smbios;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/// SMBIOS 3.0 tables: the entry point and, behind it, the structures.
///
/// @smbios 3.6 §5.2.2 "SMBIOS 3.0 (64-bit) Entry Point", §6 "SMBIOS structures"
public final class Smbios {
    private static final int ENTRY_BYTES = 24, TABLE_OFFSET = 32;
    private static final String MAKER = "Javisor", PRODUCT = "Javisor PC", VERSION = "1.0";

    private final ByteArrayOutputStream table = new ByteArrayOutputStream();
    private int handle;

    private Smbios() { }

    /// The tables as they are to lie in guest memory from `base` on, a multiple of 16 in 0xf0000 to 0xfffff.
    public static byte[] build(int cpus, long ramBytes, long base) {
        Smbios smbios = new Smbios();
        smbios.firmware();
        smbios.system();
        smbios.chassis();
        for (int n = 0; n < cpus; n++) {
            smbios.processor(n);
        }
        smbios.memory(ramBytes);
        smbios.structure(32, new byte[7]);
        smbios.structure(127, new byte[0]);
        byte[] structures = smbios.table.toByteArray();
        ByteBuffer image = ByteBuffer.allocate(TABLE_OFFSET + structures.length).order(ByteOrder.LITTLE_ENDIAN);
        image.put("_SM3_".getBytes(StandardCharsets.US_ASCII)).put((byte) 0).put((byte) ENTRY_BYTES)
                .put((byte) 3).put((byte) 0).put((byte) 0).put((byte) 1).put((byte) 0)
                .putInt(structures.length).putLong(base + TABLE_OFFSET);
        int sum = 0;
        for (int i = 0; i < ENTRY_BYTES; i++) {
            sum += image.get(i);
        }
        image.put(5, (byte) -sum);
        image.position(TABLE_OFFSET).put(structures);
        return image.array();
    }

    private static ByteBuffer body(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /// Appends a structure: header, body, strings (numbered from 1), and the closing zero bytes.
    private void structure(int type, byte[] body, String... strings) {
        table.write(type);
        table.write(4 + body.length);
        table.write(handle);
        table.write(handle >>> 8);
        handle++;
        table.writeBytes(body);
        for (String string : strings) {
            table.writeBytes(string.getBytes(StandardCharsets.US_ASCII));
            table.write(0);
        }
        table.write(0);
        if (strings.length == 0) {
            table.write(0);
        }
    }

    private void firmware() {
        ByteBuffer body = body(20).put((byte) 1).put((byte) 2).putShort((short) 0xe000).put((byte) 3).put((byte) 0)
                .putLong(1 << 3).put((byte) 0).put((byte) 0b1_1000).put((byte) 1).put((byte) 0).put((byte) -1)
                .put((byte) -1);
        structure(0, body.array(), MAKER, VERSION, "01/01/2025");
    }

    private void system() {
        ByteBuffer body = body(23).put((byte) 1).put((byte) 2).put((byte) 3).put((byte) 0).put(new byte[16])
                .put((byte) 6).put((byte) 0).put((byte) 0);
        structure(1, body.array(), MAKER, PRODUCT, VERSION);
    }

    private void chassis() {
        byte other = 1, safe = 3, none = 3;
        ByteBuffer body = body(18).put((byte) 1).put(other).put((byte) 0).put((byte) 0).put((byte) 0).put(safe)
                .put(safe).put(safe).put(none);
        structure(3, body.array(), MAKER);
    }

    private void processor(int n) {
        byte central = 3, populatedAndEnabled = 0x41;
        ByteBuffer body = body(44).put((byte) 1).put(central).put((byte) 0xfe).put((byte) 2).putLong(0).put((byte) 3)
                .put((byte) 0x80).putShort((short) 0).putShort((short) 1000).putShort((short) 1000)
                .put(populatedAndEnabled).put((byte) 1).putShort((short) -1).putShort((short) -1).putShort((short) -1)
                .put((byte) 0).put((byte) 0).put((byte) 0).put((byte) 1).put((byte) 1).put((byte) 1)
                .putShort((short) 4).putShort((short) 0xfe).putShort((short) 1).putShort((short) 1)
                .putShort((short) 1);
        structure(4, body.array(), "CPU " + n, MAKER, VERSION);
    }

    private void memory(long ramBytes) {
        int array = handle;
        byte systemBoard = 3, systemMemory = 3, noCorrection = 3;
        structure(16, body(19).put(systemBoard).put(systemMemory).put(noCorrection).putInt(0x8000_0000)
                .putShort((short) -2).putShort((short) 1).putLong(ramBytes).array());
        long mebibytes = ramBytes >>> 20;
        // Sizes of 32 GiB less a MiB and more go to the extended field.
        boolean extended = mebibytes >= 0x7fff;
        byte dimm = 9, ram = 7;
        structure(17, body(36).putShort((short) array).putShort((short) -2).putShort((short) 64).putShort((short) 64)
                .putShort((short) (extended ? 0x7fff : mebibytes)).put(dimm).put((byte) 0).put((byte) 1).put((byte) 0)
                .put(ram).putShort((short) 2).putShort((short) 0).put((byte) 2).put((byte) 0).put((byte) 0)
                .put((byte) 0).put((byte) 0).putInt(extended ? (int) mebibytes : 0).array(), "DIMM 0", MAKER);
        structure(19, body(27).putInt(-1).putInt(-1).putShort((short) array).put((byte) 1).putLong(0)
                .putLong(ramBytes - 1).array());
    }
}
