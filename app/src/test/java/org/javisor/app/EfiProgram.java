// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/// A UEFI application that prints a text and turns the machine off, and disks that start it.
final class EfiProgram {
    /// Calls ConOut->OutputString and RuntimeServices->ResetSystem of the system table, which RDX points to.
    private static final String CODE = """
            53              push rbx
            4883ec20        sub rsp, 32
            4889d3          mov rbx, rdx
            488b4a40        mov rcx, [rdx + 0x40]
            488d15XXXXXXXX  lea rdx, [rip + text]
            ff5108          call [rcx + 8]
            488b4358        mov rax, [rbx + 0x58]
            b902000000      mov ecx, 2
            31d2            xor edx, edx
            4531c0          xor r8d, r8d
            4531c9          xor r9d, r9d
            ff5068          call [rax + 0x68]
            f4              hlt
            ebfd            jmp -1
            """;
    private static final int AFTER_LEA = 19, TEXT = 0x40;
    private static final int FILE_ALIGNMENT = 0x200, SECTION = 0x1000, SECTION_BYTES = 0x200;
    private static final int SECTOR = 512, CLUSTER = 4 * SECTOR, CLUSTERS = 8192;
    private static final int FAT_SECTORS = 33, ROOT_ENTRIES = 512, ENTRY = 32;
    private static final int DIRECTORY = 0x10;

    private EfiProgram() { }

    /// @microsoft PE format, "Optional Header"; @uefi 2.10 §2.1.1 "UEFI Images"
    static byte[] printing(String text) {
        ByteBuffer file = ByteBuffer.allocate(FILE_ALIGNMENT + SECTION_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        file.put("MZ".getBytes(StandardCharsets.US_ASCII)).putInt(0x3c, 0x40).position(0x40);
        file.put("PE\0\0".getBytes(StandardCharsets.US_ASCII));
        file.putShort((short) 0x8664).putShort((short) 1).putInt(0).putLong(0).putShort((short) 240)
                .putShort((short) 0x22);
        int optional = file.position();
        file.putShort((short) 0x20b).putShort((short) 0).putInt(SECTION_BYTES).putLong(0).putInt(SECTION)
                .putInt(SECTION).putLong(0).putInt(SECTION).putInt(FILE_ALIGNMENT);
        file.putInt(optional + 56, SECTION + SECTION_BYTES).putInt(optional + 60, FILE_ALIGNMENT)
                .putShort(optional + 68, (short) 10).putInt(optional + 108, 16);
        file.position(optional + 240);
        file.put(".text\0\0\0".getBytes(StandardCharsets.US_ASCII)).putInt(SECTION_BYTES).putInt(SECTION)
                .putInt(SECTION_BYTES).putInt(FILE_ALIGNMENT).putLong(0).putInt(0).putInt(0x6000_0020);
        file.position(FILE_ALIGNMENT);
        CODE.lines().map(line -> line.strip().split(" ")[0].replace('X', '0'))
                .forEach(bytes -> file.put(HexFormat.of().parseHex(bytes)));
        file.putInt(FILE_ALIGNMENT + AFTER_LEA - 4, TEXT - AFTER_LEA);
        file.position(FILE_ALIGNMENT + TEXT).put(text.getBytes(StandardCharsets.UTF_16LE));
        return file.array();
    }

    /// A disk with nothing but a FAT file system, and the program where firmware looks for one.
    ///
    /// @uefi 2.10 §3.5.1.1 "Removable Media Boot Behavior"
    static byte[] disk(String text) {
        int root = (1 + 2 * FAT_SECTORS) * SECTOR;
        int data = root + ROOT_ENTRIES * ENTRY;
        ByteBuffer disk = ByteBuffer.allocate(data + CLUSTERS * CLUSTER).order(ByteOrder.LITTLE_ENDIAN);
        disk.put(HexFormat.of().parseHex("eb3c90")).put("JAVISOR ".getBytes(StandardCharsets.US_ASCII));
        disk.putShort((short) SECTOR).put((byte) (CLUSTER / SECTOR)).putShort((short) 1).put((byte) 2)
                .putShort((short) ROOT_ENTRIES).putShort((short) (disk.capacity() / SECTOR)).put((byte) 0xf8)
                .putShort((short) FAT_SECTORS).putShort((short) 32).putShort((short) 64).putShort(510, (short) 0xaa55);
        for (int copy = 0; copy < 2; copy++) {
            int fat = (1 + copy * FAT_SECTORS) * SECTOR;
            disk.putInt(fat, 0xffff_fff8).putInt(fat + 4, -1).putShort(fat + 8, (short) -1);
        }
        byte[] program = printing(text);
        entry(disk, root, "EFI", DIRECTORY, 2, 0);
        entry(disk, data, ".", DIRECTORY, 2, 0);
        entry(disk, data + ENTRY, "..", DIRECTORY, 0, 0);
        entry(disk, data + 2 * ENTRY, "BOOT", DIRECTORY, 3, 0);
        entry(disk, data + CLUSTER, ".", DIRECTORY, 3, 0);
        entry(disk, data + CLUSTER + ENTRY, "..", DIRECTORY, 2, 0);
        entry(disk, data + CLUSTER + 2 * ENTRY, "BOOTX64 EFI", 0, 4, program.length);
        disk.put(data + 2 * CLUSTER, program);
        return disk.array();
    }

    private static void entry(ByteBuffer disk, int at, String name, int attributes, int cluster, int bytes) {
        disk.put(at, String.format("%-11s", name).getBytes(StandardCharsets.US_ASCII)).put(at + 11, (byte) attributes)
                .putShort(at + 26, (short) cluster).putInt(at + 28, bytes);
    }
}
