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
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.javisor.devices.block.BlockBackend;
import org.javisor.devices.block.HostImageFile;
import org.javisor.devices.block.ImageFile;
import org.javisor.devices.block.qcow2.Qcow2Check;
import org.javisor.devices.block.qcow2.Qcow2Image;
import org.javisor.devices.block.qcow2.Snapshot;
import org.javisor.host.IoVector;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Images that QEMU's tool makes, of every kind, hold what it put into them.
class QemuImagesTest {
    /// A whole number of cylinders, so that a VHD's geometry can say it.
    private static final int BYTES = 17 * 4 * 512 * 200;

    private final long seed = Long.getLong("javisor.seed", System.nanoTime());
    private final Random random = new Random(seed);
    @TempDir
    private Path directory;
    private byte[] content;
    private Path raw;

    @BeforeEach
    void makeContent() throws IOException {
        QemuImg.assumeInstalled();
        System.out.println("-Djavisor.seed=" + seed);
        content = new byte[BYTES];
        for (int at = 0; at < BYTES; ) {
            int length = Math.min(BYTES - at, 1 + random.nextInt(300_000));
            fill(at, length);
            at += length;
        }
        raw = Files.write(directory.resolve("raw"), content);
    }

    /// Holes, noise, text, repetition, few different values: what compressors treat differently.
    private void fill(int at, int length) {
        int kind = random.nextInt(6);
        int period = 1 + random.nextInt(500);
        for (int i = at; i < at + length; i++) {
            content[i] = (byte) switch (kind) {
                case 0, 1 -> 0;
                case 2 -> random.nextInt(256);
                case 3 -> 'a' + Math.min(random.nextInt(26), random.nextInt(26));
                case 4 -> i - at < period ? random.nextInt(256) : content[i - period];
                default -> random.nextInt(40) == 0 ? random.nextInt(256) : 7;
            };
        }
    }

    /// What `qemu-img convert` is to make.
    private record Kind(String format, boolean compressed, String options) { }

    private static Stream<Kind> kinds() {
        return Stream.of(new Kind("vpc", false, "subformat=dynamic,force_size=on"),
                new Kind("vpc", false, "subformat=dynamic"),
                new Kind("vpc", false, "subformat=fixed,force_size=on"), new Kind("vhdx", false, "subformat=dynamic"),
                new Kind("vhdx", false, "subformat=fixed"), new Kind("vhdx", false, "block_size=1M"),
                new Kind("vdi", false, "static=off"), new Kind("vdi", false, "static=on"),
                new Kind("vmdk", false, "subformat=monolithicSparse"),
                new Kind("vmdk", true, "subformat=streamOptimized"),
                new Kind("vmdk", false, "subformat=monolithicFlat"),
                new Kind("vmdk", false, "subformat=twoGbMaxExtentSparse"),
                new Kind("vmdk", false, "subformat=twoGbMaxExtentFlat"),
                new Kind("qcow2", false, "compat=0.10"), new Kind("qcow2", true, "compat=0.10,cluster_size=4k"),
                new Kind("qcow2", true, "compression_type=zlib"), new Kind("qcow2", true, "compression_type=zstd"),
                new Kind("qcow2", true, "compression_type=zstd,cluster_size=2M"),
                new Kind("qcow2", true, "compression_type=zstd,cluster_size=512"),
                new Kind("qcow2", false, "extended_l2=on,cluster_size=128k"),
                new Kind("qcow2", true, "extended_l2=on,cluster_size=128k"),
                new Kind("qcow2", false, "refcount_bits=1,lazy_refcounts=on"));
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void whatQemuWroteIsRead(Kind kind) throws IOException {
        Path image = directory.resolve("image.x");
        if (kind.compressed) {
            QemuImg.succeed("convert", "-c", "-O", kind.format, "-o", kind.options, raw, image);
        } else {
            QemuImg.succeed("convert", "-O", kind.format, "-o", kind.options, raw, image);
        }
        boolean fixedVhd = kind.options.contains("fixed") && kind.format.equals("vpc");

        try (BlockBackend disk = DiskImage.open(image, fixedVhd ? ImageFormat.VHD : null, true)) {
            assertEquals(BYTES, disk.bytes());
            compare(disk);
        }
        if (kind.format.equals("qcow2")) {
            checkAgrees(image);
        }
    }

    private static void checkAgrees(Path image) throws IOException {
        try (ImageFile file = HostImageFile.open(image, true)) {
            Qcow2Check.Report report = Qcow2Check.check(file);
            assertTrue(report.clean(), () -> report.messages().toString());
        }
    }

    private void compare(BlockBackend disk) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            for (int at = 0; at < BYTES; ) {
                int length = Math.min(BYTES - at, 1 + random.nextInt(500_000));
                MemorySegment memory = arena.allocate(length);
                disk.read(at, IoVector.of(memory));
                int from = at;
                int different = Arrays.mismatch(memory.toArray(ValueLayout.JAVA_BYTE),
                        Arrays.copyOfRange(content, at, at + length));
                assertEquals(-1, different, () -> "-Djavisor.seed=" + seed + ": byte " + (from + different));
                at += length;
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"zlib", "zstd"})
    void whatWeCompressQemuReads(String compression) throws IOException {
        for (String size : new String[] {"64k", "2M", "512"}) {
            Path image = directory.resolve("packed" + size);
            try (BlockBackend disk = DiskImage.open(raw, ImageFormat.RAW, true)) {
                ImageConversion.convert(disk, image, ImageFormat.QCOW2, true,
                        Map.of("compression_type", compression, "cluster_size", size));
            }

            QemuImg.succeed("check", image);
            assertEquals("Images are identical.\n", QemuImg.succeed("compare", raw, image));
            try (BlockBackend disk = DiskImage.open(image, null, true)) {
                compare(disk);
            }
        }
    }

    @Test
    void snapshotsAreListedAndRead() throws IOException {
        Path image = directory.resolve("image.qcow2");
        QemuImg.succeed("convert", "-O", "qcow2", "-o", "cluster_size=4k", raw, image);
        QemuImg.succeed("snapshot", "-c", "before", image);
        try (BlockBackend disk = DiskImage.open(image, null, false); Arena arena = Arena.ofConfined()) {
            disk.write(12_345, arena.allocate(1_000_000).fill((byte) 9));
            disk.discard(2_000_000, 1_000_000);
        }

        QemuImg.succeed("check", image);
        checkAgrees(image);
        try (ImageFile file = HostImageFile.open(image, true)) {
            assertEquals(List.of("before"), Qcow2Image.snapshots(file).stream().map(Snapshot::name).toList());
        }
        try (BlockBackend disk = DiskImage.openSnapshot(image, "before")) {
            compare(disk);
        }
        QemuImg.succeed("snapshot", "-a", "before", image);
        assertEquals("Images are identical.\n", QemuImg.succeed("compare", raw, image));
    }

    @Test
    void aChainOfImagesIsFollowedAndWrittenOnTop() throws IOException {
        Path lower = directory.resolve("lower.qcow2");
        Path middle = Files.createDirectory(directory.resolve("sub")).resolve("middle.qcow2");
        Path top = directory.resolve("top.qcow2");
        QemuImg.succeed("convert", "-c", "-O", "qcow2", raw, lower);
        QemuImg.succeed("create", "-f", "qcow2", "-b", "../lower.qcow2", "-F", "qcow2", middle);
        QemuImg.succeed("create", "-f", "qcow2", "-b", "sub/middle.qcow2", "-F", "qcow2", top, BYTES + 1_000_000);
        content = Arrays.copyOf(content, BYTES + 1_000_000);
        try (BlockBackend disk = DiskImage.open(top, null, false); Arena arena = Arena.ofConfined()) {
            byte[] bytes = new byte[700_000];
            random.nextBytes(bytes);
            System.arraycopy(bytes, 0, content, BYTES - 300_000, bytes.length);
            disk.write(BYTES - 300_000, arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes));
            disk.writeZeroes(100_000, 400_000, true);
            Arrays.fill(content, 100_000, 500_000, (byte) 0);
            compare(disk);
        }

        Files.write(raw, content);
        QemuImg.succeed("check", top);
        assertEquals("Images are identical.\n", QemuImg.succeed("compare", raw, top));
    }

    @Test
    void anImageOfOursThatIsInUseIsRefusedByQemuAndTheOtherWayRound() throws IOException {
        Path image = directory.resolve("image.qcow2");
        QemuImg.succeed("create", "-f", "qcow2", image, "1M");
        try (BlockBackend _ = DiskImage.open(image, null, false)) {
            QemuImg.Result result = QemuImg.run("info", image);
            assertTrue(result.status() != 0 && result.output().contains("lock"), result.output());
        }
        QemuImg.succeed("info", image);
    }
}
