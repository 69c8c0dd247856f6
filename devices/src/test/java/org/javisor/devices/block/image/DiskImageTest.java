// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.javisor.devices.block.BlockBackend;
import org.javisor.memory.ConfigurationException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskImageTest {
    private final Arena arena = Arena.ofConfined();
    @TempDir
    private Path directory;

    @AfterEach
    void freeMemory() {
        arena.close();
    }

    private Path path(String name) {
        return directory.resolve(name);
    }

    private Path qcow2(String name, String backing, ImageFormat backingFormat) {
        ImageCreation.create(path(name), ImageFormat.QCOW2, 1 << 20, backing, backingFormat, Map.of());
        return path(name);
    }

    private static String refusal(Path path, boolean readOnly) {
        return assertThrows(ConfigurationException.class, () -> DiskImage.open(path, null, readOnly)).getMessage();
    }

    private MemorySegment text(String text, int length) {
        MemorySegment memory = arena.allocate(length);
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        MemorySegment.copy(MemorySegment.ofArray(bytes), 0, memory, 0, bytes.length);
        return memory;
    }

    @Test
    void missingEmptyAndOtherThingsAreRefusedByName() throws IOException {
        Path missing = path("missing.img");
        Path empty = Files.createFile(path("empty.img"));

        assertTrue(refusal(missing, true).contains(missing + ": no such file"));
        assertTrue(refusal(empty, true).contains(empty + ": is empty"));
        assertTrue(refusal(directory, true).contains(directory + ": is a directory"));
        assertTrue(refusal(Path.of("/dev/null"), true).contains("/dev/null: is no file"));
    }

    @Test
    void aFileInUseIsRefusedByNameAndReadersShareIt() {
        Path image = qcow2("image", null, null);
        try (BlockBackend _ = DiskImage.open(image, null, false)) {
            String message = refusal(image, false);
            assertTrue(message.contains(image.toString()) && message.contains("in use"), message);
            assertTrue(refusal(image, true).contains("in use"));
        }
        try (BlockBackend one = DiskImage.open(image, null, true);
                BlockBackend two = DiskImage.open(image, null, true)) {
            assertEquals(one.bytes(), two.bytes());
            assertTrue(refusal(image, false).contains("in use"));
        }
        DiskImage.open(image, null, false).close();
    }

    @Test
    void aChainThatComesBackToItselfIsRefused() throws IOException {
        qcow2("a", null, null);
        qcow2("b", "a", ImageFormat.QCOW2);
        qcow2("c", "b", ImageFormat.QCOW2);
        Files.delete(path("a"));
        Files.createLink(path("a"), path("c"));

        assertTrue(refusal(path("b"), true).contains("is based on itself"), refusal(path("b"), true));
    }

    @Test
    void aBackingFileIsSoughtBesideItsImage() throws IOException {
        Files.createDirectory(path("sub"));
        Files.write(path("sub/base"), new byte[512]);
        ImageCreation.create(path("sub/top"), ImageFormat.QCOW2, -1, "base", null, Map.of());

        try (BlockBackend disk = DiskImage.open(path("sub/top"), null, true)) {
            assertEquals(512, disk.bytes());
        }
        assertEquals("raw", ImageInfo.of(path("sub/top"), null).qcow2().backingFormat());
        Files.delete(path("sub/base"));
        assertTrue(refusal(path("sub/top"), true).contains("base: no such file"));
    }

    @Test
    void aGuestCannotMakeAnotherFormatOfADiskWhoseFormatWasGuessed() throws IOException {
        Path raw = Files.write(path("raw"), new byte[4096]);
        try (BlockBackend disk = DiskImage.open(raw, null, false)) {
            assertThrows(IOException.class, () -> disk.write(0, text("QFI\u00fb", 512)));
            assertThrows(IOException.class, () -> disk.write(0, text("\n# Disk DescriptorFile\n", 512)));
            disk.write(0, text("QF", 2));
            assertThrows(IOException.class, () -> disk.write(2, text("I\u00fb", 512)));
            disk.write(512, text("QFI\u00fb", 512));
        }
        try (BlockBackend disk = DiskImage.open(raw, ImageFormat.RAW, false)) {
            disk.write(0, text("QFI\u00fb", 512));
        }
        assertTrue(refusal(raw, false).contains("qcow2"));
        DiskImage.open(raw, ImageFormat.RAW, false).close();
    }

    @Test
    void aDiskWithThrowawayChangesStaysAsItWas() throws IOException {
        Path image = qcow2("image", null, null);
        byte[] before = Files.readAllBytes(image);

        try (BlockBackend disk = DiskImage.openThrowaway(image, null)) {
            disk.write(1000, text("hello", 5));
            disk.flush();
            MemorySegment seen = arena.allocate(5);
            disk.read(1000, seen);
            assertEquals('h', seen.get(java.lang.foreign.ValueLayout.JAVA_BYTE, 0));
        }

        assertEquals(-1, java.util.Arrays.mismatch(before, Files.readAllBytes(image)));
    }

    @Test
    void whatExistsIsNotMadeAgain() {
        Path image = qcow2("image", null, null);

        String message = assertThrows(ConfigurationException.class, () -> qcow2("image", null, null)).getMessage();
        assertTrue(message.contains("exists"), message);
        assertEquals(1 << 20, ImageInfo.of(image, null).bytes());
    }

    @Test
    void sizesGrowAndShrink() throws IOException {
        Files.write(path("base"), text("x", 3 << 20).fill((byte) 5).toArray(java.lang.foreign.ValueLayout.JAVA_BYTE));
        Path image = qcow2("image", "base", ImageFormat.RAW);
        assertThrows(ConfigurationException.class, () -> ImageCare.resize(image, null, 1000, false));
        ImageCare.resize(image, null, 100_000, true);

        // What the disk grows by is zeros, although the file below has more.
        ImageCare.resize(image, null, 64L << 30, false);

        try (BlockBackend disk = DiskImage.open(image, null, false)) {
            assertEquals(64L << 30, disk.bytes());
            MemorySegment seen = arena.allocate(4 << 20);
            disk.read(0, seen);
            assertEquals(100_000, seen.mismatch(arena.allocate(4 << 20).fill((byte) 5)));
            assertEquals(-1, seen.asSlice(100_000).mismatch(arena.allocate((4 << 20) - 100_000)));
            disk.write((64L << 30) - 512, text("end", 512));
        }
        assertTrue(ImageCare.check(image, false).clean());
        QemuImg.requireClean(image);
    }

    @Test
    void aTableLongerThanItsRefcountBlocksCoverFindsAPlace() throws IOException {
        Path image = path("image");
        ImageCreation.create(image, ImageFormat.QCOW2, 300_000, null, null,
                Map.of("cluster_size", "512", "refcount_bits", "64"));
        for (long bytes : new long[] {400_000_000, 3_000_000_000L}) {
            ImageCare.resize(image, null, bytes, false);
            try (BlockBackend disk = DiskImage.open(image, null, false)) {
                disk.write(bytes - 512, text("end", 512));
            }
            assertEquals(List.of(), ImageCare.check(image, false).messages());
            QemuImg.requireClean(image);
        }
    }

    /// The run of clusters begins where data may be, and ends in the L1 table.
    @Test
    void anImageWhoseDataLiesOnItsTablesIsMarkedCorrupt() throws IOException {
        Path image = qcow2("image", null, null);
        try (BlockBackend disk = DiskImage.open(image, null, false)) {
            disk.write(0, text("x", 128 << 10));
        }
        ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(image));
        long l1 = file.getLong(40);
        int l2 = (int) (file.getLong((int) l1) & 0xff_ffff_fe00L);
        file.putLong(l2, l1 - (64 << 10) | 1L << 63).putLong(l2 + 8, l1 | 1L << 63);
        Files.write(image, file.array());

        try (BlockBackend disk = DiskImage.open(image, null, false)) {
            assertThrows(IOException.class, () -> disk.write(0, text("x", 128 << 10)));
            assertThrows(IOException.class, () -> disk.write(500_000, text("x", 1)));
        }
        assertTrue(ImageInfo.of(image, null).qcow2().corrupt());
        assertTrue(refusal(image, false).contains("marked corrupt"));
        DiskImage.open(image, null, true).close();
    }

    @Test
    void leaksAreFoundAndRepaired() throws IOException {
        Path image = qcow2("image", null, null);
        try (BlockBackend disk = DiskImage.open(image, null, false)) {
            disk.write(0, text("x", 512));
        }
        byte[] bytes = Files.readAllBytes(image);
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.BIG_ENDIAN);
        int block = (int) file.getLong((int) file.getLong(48));
        file.putShort(block + 2 * 20, (short) 1);
        file.putShort(block + 2, (short) 0);
        Files.write(image, bytes);

        var found = ImageCare.check(image, false);
        assertEquals(1, found.leaks());
        assertEquals(1, found.errors());
        assertTrue(ImageCare.check(image, true).clean());
        QemuImg.requireClean(image);
    }
}
