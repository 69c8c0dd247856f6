// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.javisor.devices.block.BlockBackend;
import org.javisor.memory.ConfigurationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// VHD and VMDK images that hold what has changed on another one, made by hand: QEMU makes none.
class DifferencesTest {
    private static final int SECTOR = 512, SECTORS = 64, BYTES = SECTORS * SECTOR, BLOCK = 16 * SECTOR;

    @TempDir
    private Path directory;

    private static byte[] read(Path image, ImageFormat format) throws IOException {
        try (BlockBackend disk = DiskImage.open(image, format, true); Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(disk.bytes());
            disk.read(0, memory);
            return memory.toArray(ValueLayout.JAVA_BYTE);
        }
    }

    private static String refusal(Path image) {
        return assertThrows(ConfigurationException.class, () -> DiskImage.open(image, null, true)).getMessage();
    }

    private static byte[] numbered(int first) {
        byte[] bytes = new byte[BYTES];
        for (int sector = 0; sector < SECTORS; sector++) {
            Arrays.fill(bytes, sector * SECTOR, (sector + 1) * SECTOR, (byte) (first + sector));
        }
        return bytes;
    }

    private static void seal(ByteBuffer bytes, int from, int length, int checksum) {
        int sum = 0;
        for (int i = from; i < from + length; i++) {
            sum += bytes.get(i) & 0xff;
        }
        bytes.putInt(from + checksum, ~sum);
    }

    private static void footer(ByteBuffer bytes, int at, int type, long data) {
        bytes.put(at, "conectix".getBytes(StandardCharsets.US_ASCII)).putLong(at + 16, data);
        bytes.put(at + 28, "win ".getBytes(StandardCharsets.US_ASCII)).putLong(at + 48, BYTES).putInt(at + 60, type);
        seal(bytes, at, SECTOR, 64);
    }

    /// On a fixed disk, with one block of which some sectors have changed.
    private Path vhd() throws IOException {
        ByteBuffer base = ByteBuffer.allocate(BYTES + SECTOR).put(numbered(1));
        footer(base, BYTES, 2, -1);
        Files.write(directory.resolve("base.vhd"), base.array());

        ByteBuffer child = ByteBuffer.allocate(10 * SECTOR + BLOCK);
        footer(child, 0, 4, SECTOR);
        int header = SECTOR;
        child.put(header, "cxsparse".getBytes(StandardCharsets.US_ASCII)).putLong(header + 16, 4 * SECTOR)
                .putInt(header + 28, BYTES / BLOCK).putInt(header + 32, BLOCK);
        byte[] parent = ".\\base.vhd".getBytes(StandardCharsets.UTF_16LE);
        child.putInt(header + 576, 0x57327275).putInt(header + 576 + 8, parent.length)
                .putLong(header + 576 + 16, 5 * SECTOR).put(5 * SECTOR, parent);
        seal(child, header, 1024, 36);
        for (int block = 0; block < BYTES / BLOCK; block++) {
            child.putInt(4 * SECTOR + 4 * block, block == 1 ? 6 : -1);
        }
        // Sectors 2 and 9 of the block have changed.
        child.put(6 * SECTOR, (byte) 0x20).put(6 * SECTOR + 1, (byte) 0x40);
        Arrays.fill(child.array(), 7 * SECTOR, 7 * SECTOR + BLOCK, (byte) 99);
        return Files.write(directory.resolve("child.vhd"), child.array());
    }

    @Test
    void sectorsOfAVhdThatHaveNotChangedAreItsParents() throws IOException {
        byte[] expected = numbered(1);
        Arrays.fill(expected, BLOCK + 2 * SECTOR, BLOCK + 3 * SECTOR, (byte) 99);
        Arrays.fill(expected, BLOCK + 9 * SECTOR, BLOCK + 10 * SECTOR, (byte) 99);

        assertArrayEquals(expected, read(vhd(), null));
        assertArrayEquals(numbered(1), read(directory.resolve("base.vhd"), ImageFormat.VHD));
    }

    @Test
    void aVhdWithADamagedFooterIsRefused() throws IOException {
        Path image = vhd();
        byte[] bytes = Files.readAllBytes(image);
        bytes[50]++;
        Files.write(image, bytes);

        String message = refusal(image);
        assertTrue(message.contains("damaged VHD footer"), message);
    }

    /// A flat disk, and a sparse one on top of it in which one grain is there and one is zeros.
    @Test
    void grainsOfAVmdkThatAreNotThereAreItsParents() throws IOException {
        Files.write(directory.resolve("flat"), numbered(1));
        Files.writeString(directory.resolve("base.vmdk"), "# Disk DescriptorFile\nversion=1\nCID=12345678\n"
                + "parentCID=ffffffff\nRW 40 FLAT \"flat\" 0\nRW 24 FLAT \"flat\" 40\n");
        String descriptor = "# Disk DescriptorFile\nversion=1\nparentCID=12345678\nparentFileNameHint=\"base.vmdk\"\n"
                + "RW 64 SPARSE \"child.vmdk\"\n";
        ByteBuffer child = ByteBuffer.allocate(32 * SECTOR).order(ByteOrder.LITTLE_ENDIAN);
        child.put("KDMV".getBytes(StandardCharsets.US_ASCII)).putInt(1).putInt(5).putLong(SECTORS).putLong(8).putLong(1)
                .putLong(1).putInt(512).putLong(0).putLong(3).putLong(16);
        child.put(SECTOR, descriptor.getBytes(StandardCharsets.US_ASCII));
        child.putInt(3 * SECTOR, 4).putInt(4 * SECTOR + 4 * 2, 16).putInt(4 * SECTOR + 4 * 5, 1);
        Arrays.fill(child.array(), 16 * SECTOR, 24 * SECTOR, (byte) 77);
        Path image = Files.write(directory.resolve("child.vmdk"), child.array());

        byte[] expected = numbered(1);
        Arrays.fill(expected, 16 * SECTOR, 24 * SECTOR, (byte) 77);
        Arrays.fill(expected, 40 * SECTOR, 48 * SECTOR, (byte) 0);
        assertArrayEquals(expected, read(image, null));
    }

    @Test
    void aVmdkOnTopOfItselfIsRefused() throws IOException {
        Path image = directory.resolve("loop.vmdk");
        Files.writeString(image, "# Disk DescriptorFile\nparentCID=1\nparentFileNameHint=\"loop.vmdk\"\n"
                + "RW 64 ZERO\n");

        String message = refusal(image);
        assertTrue(message.contains("based on itself"), message);
    }
}
