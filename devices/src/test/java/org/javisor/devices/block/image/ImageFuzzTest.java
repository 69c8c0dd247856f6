// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.image;

import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.javisor.devices.block.BlockBackend;
import org.javisor.memory.ConfigurationException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Images cut short or changed at random, with a liking for what their tables are made of: opened, read, written,
/// checked, repaired, resized. Whatever happens is an answer or an error in one line, soon.
class ImageFuzzTest {
    private static final int SHORT_CASES = 250;
    private static final Duration LONGEST = Duration.ofSeconds(60);
    private static final long[] NASTY = {0, 1, -1, 0x7fff_ffff, 0x8000_0000L, 0xffff_ffffL, Long.MAX_VALUE,
        Long.MIN_VALUE, 1L << 40, 1L << 56, 0x1_0000, 0x200, 4096, 3, 63};

    private final long seed = Long.getLong("javisor.seed", System.nanoTime());
    private final Random random = new Random(seed);
    @TempDir
    private Path directory;

    @Test
    void damagedImagesAreSurvived() throws IOException {
        fuzz(System.nanoTime() + Duration.ofSeconds(10).toNanos(), SHORT_CASES);
    }

    @Test
    @Tag("slow")
    void damagedImagesAreSurvivedForLong() throws IOException {
        fuzz(System.nanoTime() + Duration.ofMinutes(Long.getLong("javisor.minutes", 60)).toNanos(), Integer.MAX_VALUE);
    }

    private void fuzz(long end, int cases) throws IOException {
        System.out.println("-Djavisor.seed=" + seed);
        List<byte[]> images = images();
        for (int i = 0; i < cases && System.nanoTime() < end; i++) {
            byte[] image = damage(images.get(random.nextInt(images.size())).clone());
            Path path = Files.write(directory.resolve("image"), image);
            int number = i;
            assertTimeoutPreemptively(LONGEST, () -> use(path), () -> "-Djavisor.seed=" + seed + ", case " + number);
        }
    }

    private List<byte[]> images() throws IOException {
        List<byte[]> images = new ArrayList<>();
        for (Map<String, String> options : List.of(Map.of("cluster_size", "512"), Map.of("cluster_size", "4k"),
                Map.of("refcount_bits", "1", "cluster_size", "1k"), Map.of("compat", "0.10", "cluster_size", "2k"))) {
            Path path = directory.resolve("source" + images.size());
            ImageCreation.create(path, ImageFormat.QCOW2, 300_000, null, null, options);
            try (BlockBackend disk = DiskImage.open(path, null, false); Arena arena = Arena.ofConfined()) {
                MemorySegment memory = arena.allocate(50_000);
                memory.fill((byte) 3);
                disk.write(10_000, memory);
                disk.writeZeroes(100_000, 20_000, true);
            }
            images.add(Files.readAllBytes(path));
            Path packed = directory.resolve("packed" + images.size());
            try (BlockBackend disk = DiskImage.open(path, null, true)) {
                ImageConversion.convert(disk, packed, ImageFormat.QCOW2, true, options);
            }
            images.add(Files.readAllBytes(packed));
        }
        if (QemuImg.installed()) {
            addForeign(images, directory.resolve("source0"));
        }
        return images;
    }

    private void addForeign(List<byte[]> images, Path source) throws IOException {
        for (String form : List.of("vpc subformat=dynamic", "vhdx subformat=dynamic", "vdi static=off",
                "vmdk subformat=monolithicSparse", "vmdk subformat=streamOptimized",
                "qcow2 extended_l2=on,cluster_size=16k")) {
            String[] words = form.split(" ");
            Path path = directory.resolve("foreign" + images.size());
            QemuImg.succeed("convert", "-O", words[0], "-o", words[1], source, path);
            images.add(Files.readAllBytes(path));
        }
        Path snapshots = directory.resolve("foreign" + images.size());
        QemuImg.succeed("convert", "-O", "qcow2", "-o", "cluster_size=512", source, snapshots);
        QemuImg.succeed("snapshot", "-c", "one", snapshots);
        QemuImg.succeed("snapshot", "-c", "two", snapshots);
        images.add(Files.readAllBytes(snapshots));
    }

    private byte[] damage(byte[] image) {
        for (int n = 1 + random.nextInt(4); n > 0; n--) {
            // Where tables are is where damage does most: at the beginning, and where something is not zero.
            int at = random.nextInt(random.nextBoolean() ? Math.min(image.length, 600) : image.length);
            if (random.nextBoolean()) {
                for (int tries = 0; image[at] == 0 && tries < 2000; tries++) {
                    at = (at + 1) % image.length;
                }
            }
            switch (random.nextInt(3)) {
                case 0 -> image[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> image[at] = (byte) random.nextInt(256);
                default -> put(image, at & -(random.nextBoolean() ? 8 : 4), NASTY[random.nextInt(NASTY.length)],
                        random.nextBoolean());
            }
        }
        return random.nextInt(10) == 0 ? java.util.Arrays.copyOf(image, random.nextInt(image.length)) : image;
    }

    private void put(byte[] image, int at, long value, boolean bigEndian) {
        int size = random.nextBoolean() ? 8 : 4;
        for (int i = 0; i < size && at + i < image.length; i++) {
            image[at + i] = (byte) (value >>> 8 * (bigEndian ? size - 1 - i : i));
        }
    }

    private void use(Path path) {
        List<Runnable> uses = List.of(() -> read(path, null), () -> write(path), () -> ImageInfo.of(path, null),
                () -> ImageCare.check(path, false), () -> ImageCare.check(path, true), () -> write(path),
                () -> ImageCare.resize(path, null, 400_000_000, true), () -> read(path, "one"));
        for (Runnable use : uses) {
            try {
                use.run();
            } catch (ConfigurationException e) {
                if (e.getMessage().lines().count() > 1) {
                    throw new AssertionError("more than a line: " + e.getMessage(), e);
                }
            }
        }
    }

    private void read(Path path, String snapshot) {
        try (BlockBackend disk = snapshot == null ? DiskImage.open(path, null, true)
                : DiskImage.openSnapshot(path, snapshot); Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(100_000);
            for (int i = 0; i < 8; i++) {
                long offset = i < 4 ? i * 100_000L : random.nextLong(Math.max(1, disk.bytes()));
                disk.read(offset, memory);
                disk.zeroesAt(Math.min(offset, disk.bytes()), 100_000);
            }
        } catch (IOException _) {
            // The guest gets an I/O error.
        }
    }

    private void write(Path path) {
        try (BlockBackend disk = DiskImage.open(path, null, false); Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(30_000);
            for (int i = 0; i < 8; i++) {
                long offset = random.nextLong(Math.max(1, Math.min(disk.bytes(), 400_000)));
                try {
                    switch (random.nextInt(4)) {
                        case 0 -> disk.discard(offset, Math.min(30_000, disk.bytes() - offset));
                        case 1 -> disk.writeZeroes(offset, Math.min(30_000, disk.bytes() - offset), true);
                        case 2 -> disk.flush();
                        default -> disk.write(offset, memory.asSlice(0, Math.min(30_000, disk.bytes() - offset)));
                    }
                } catch (IOException _) {
                    // The guest gets an I/O error.
                }
            }
        }
    }
}
