// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.javisor.devices.block.BlockBackend;
import org.javisor.devices.block.HostImageFile;
import org.javisor.devices.block.qcow2.Qcow2Check;
import org.javisor.devices.block.qcow2.Qcow2Creation;
import org.javisor.devices.block.qcow2.Qcow2Header.Compression;
import org.javisor.host.IoVector;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Whatever the format, a disk is an array of bytes: the same random requests to it and to an array, opened again and
/// again, with the same answers. And in the end QEMU sees the same.
class ImageContractTest {
    private static final int BYTES = 3_000_320;
    private static final int STEPS = 400;

    private final long seed = Long.getLong("javisor.seed", System.nanoTime());
    private final Random random = new Random(seed);
    private final Arena arena = Arena.ofConfined();
    private final byte[] model = new byte[BYTES];
    /// Where nobody knows what is there, since it was discarded.
    private final boolean[] unknown = new boolean[BYTES];
    @TempDir
    private Path directory;
    private Path image;

    @AfterEach
    void freeMemory() {
        arena.close();
    }

    /// A kind of image.
    ///
    /// @param format        null for a throw-away overlay on a raw image
    /// @param backed        whether it lies on a shorter raw image with contents
    private record Variant(String name, ImageFormat format, Qcow2Creation creation, boolean backed) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Variant qcow2(String name, int version, int clusterBits, int refcountBits, boolean backed) {
        return new Variant("qcow2 " + name, ImageFormat.QCOW2, new Qcow2Creation(BYTES, version, clusterBits,
                refcountBits, backed ? "base" : null, backed ? "raw" : null, Compression.ZLIB, false), backed);
    }

    private static Stream<Variant> variants() {
        return Stream.of(new Variant("raw", ImageFormat.RAW, null, false), new Variant("throw-away", null, null, false),
                qcow2("usual", 3, 16, 16, false), qcow2("on a base", 3, 16, 16, true),
                qcow2("version 2", 2, 16, 16, false), qcow2("version 2 on a base", 2, 12, 16, true),
                qcow2("smallest clusters", 3, 9, 64, true), qcow2("largest clusters", 3, 21, 1, true),
                qcow2("2-bit refcounts", 3, 12, 2, false), qcow2("8-bit refcounts", 3, 10, 8, true));
    }

    private void make(Variant variant) throws IOException {
        image = directory.resolve("image");
        if (variant.backed) {
            random.nextBytes(model);
            Arrays.fill(model, 100_000, 300_000, (byte) 0);
            Arrays.fill(model, BYTES / 2 - 5000, BYTES, (byte) 0);
            Files.write(directory.resolve("base"), Arrays.copyOf(model, BYTES / 2 - 5000));
        }
        Files.createFile(image);
        if (variant.format != ImageFormat.QCOW2) {
            Files.write(image, model);
            return;
        }
        try (HostImageFile file = HostImageFile.open(image, false)) {
            variant.creation.write(file);
        }
    }

    private static BlockBackend open(Path image, Variant variant) {
        return variant.format == null ? DiskImage.openThrowaway(image, ImageFormat.RAW)
                : DiskImage.open(image, variant.format, false);
    }

    @ParameterizedTest
    @MethodSource("variants")
    void anImageIsAnArrayOfBytes(Variant variant) throws IOException {
        System.out.println("-Djavisor.seed=" + seed);
        make(variant);
        BlockBackend disk = open(image, variant);
        assertEquals(BYTES, disk.bytes());
        for (int i = 0; i < STEPS; i++) {
            step(disk);
            if (variant.format != null && random.nextInt(40) == 0) {
                disk.close();
                disk = open(image, variant);
            }
        }
        compare(disk);
        disk.close();
        if (variant.format == null) {
            assertTrue(Arrays.equals(new byte[BYTES], Files.readAllBytes(image)), "a throw-away overlay let through");
            return;
        }
        judge(variant);
    }

    private void judge(Variant variant) throws IOException {
        try (BlockBackend disk = DiskImage.open(image, variant.format, true)) {
            compare(disk);
        }
        if (variant.format != ImageFormat.QCOW2) {
            return;
        }
        try (HostImageFile file = HostImageFile.open(image, true)) {
            Qcow2Check.Report report = Qcow2Check.check(file);
            assertTrue(report.clean(), () -> "-Djavisor.seed=" + seed + ": " + report.messages());
        }
        QemuImg.requireClean(image);
        if (QemuImg.installed()) {
            Path raw = directory.resolve("raw");
            QemuImg.succeed("convert", "-O", "raw", image, raw);
            byte[] seen = Files.readAllBytes(raw);
            for (int at = 0; at < BYTES; at++) {
                assertTrue(unknown[at] || seen[at] == model[at],
                        "-Djavisor.seed=" + seed + ": QEMU sees another byte at " + at);
            }
        }
    }

    private void step(BlockBackend disk) throws IOException {
        int length = 1 + random.nextInt(random.nextInt(8) == 0 ? 600_000 : 20_000);
        int offset = random.nextInt(BYTES - length + 1);
        if (random.nextBoolean()) {
            offset &= -4096;
            length = Math.max(4096, length & -4096);
            length = Math.min(length, BYTES - offset);
        }
        switch (random.nextInt(12)) {
            case 0 -> {
                disk.discard(offset, length);
                Arrays.fill(unknown, offset, offset + length, true);
            }
            case 1, 2 -> {
                disk.writeZeroes(offset, length, random.nextBoolean());
                Arrays.fill(model, offset, offset + length, (byte) 0);
                Arrays.fill(unknown, offset, offset + length, false);
            }
            case 3 -> disk.flush();
            case 4, 5, 6, 7 -> compare(disk, offset, length);
            case 8 -> {
                long zeroes = disk.zeroesAt(offset, length);
                for (int at = offset; at < offset + zeroes; at++) {
                    assertTrue(unknown[at] || model[at] == 0, "-Djavisor.seed=" + seed + ": no zero at " + at);
                }
            }
            default -> write(disk, offset, length);
        }
    }

    private void write(BlockBackend disk, int offset, int length) throws IOException {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        IoVector source = scattered(length);
        source.copyFrom(MemorySegment.ofArray(bytes));
        disk.write(offset, source);
        System.arraycopy(bytes, 0, model, offset, length);
        Arrays.fill(unknown, offset, offset + length, false);
    }

    private IoVector scattered(int length) {
        MemorySegment memory = arena.allocate(2L * length + 16);
        IoVector vector = new IoVector();
        long at = memory.address();
        for (int left = length; left > 0; ) {
            int piece = Math.min(left, 1 + random.nextInt(random.nextBoolean() ? 5000 : 200_000));
            vector.add(at, piece);
            boolean gap = at + left < memory.address() + memory.byteSize() - 8;
            at += piece + (gap ? random.nextInt(8) : 0);
            left -= piece;
        }
        return vector;
    }

    private void compare(BlockBackend disk) throws IOException {
        for (int at = 0; at < BYTES; at += 250_000) {
            compare(disk, at, Math.min(250_000, BYTES - at));
        }
    }

    private void compare(BlockBackend disk, int offset, int length) throws IOException {
        IoVector target = scattered(length);
        disk.read(offset, target);
        byte[] found = new byte[length];
        target.copyTo(MemorySegment.ofArray(found));
        for (int i = 0; i < length; i++) {
            int at = offset + i;
            if (unknown[at]) {
                continue;
            }
            assertEquals(model[at], found[i], () -> "-Djavisor.seed=" + seed + ": byte " + at);
        }
        // A discarded range must not change by itself any more where it has been seen.
        MemorySegment seen = MemorySegment.ofArray(found);
        MemorySegment.copy(seen, ValueLayout.JAVA_BYTE, 0, MemorySegment.ofArray(model), ValueLayout.JAVA_BYTE, offset,
                length);
    }
}
