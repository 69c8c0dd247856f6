// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import org.javisor.devices.block.BlockBackend;
import org.javisor.devices.block.qcow2.Qcow2Check;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A process that writes as hard as it can is killed by the host (SIGKILL): the image has no error, and what it had
/// said to be flushed is there.
class KilledWriterTest {
    private static final int SECTOR = 512, SECTORS = 64 << 10, REQUESTS = 40;

    private final long seed = Long.getLong("javisor.seed", System.nanoTime());
    @TempDir
    private Path directory;

    /// What a batch with a certain number does to a disk.
    @FunctionalInterface
    private interface Request {
        void make(int sector, int count, boolean zeroes) throws IOException;
    }

    private static void batch(long seed, int number, Request request) throws IOException {
        Random random = new Random(seed * 31 + number);
        for (int i = 0; i < REQUESTS; i++) {
            int count = 1 + random.nextInt(random.nextInt(10) == 0 ? 2000 : 60);
            request.make(random.nextInt(SECTORS - count), count, random.nextInt(5) == 0);
        }
    }

    /// The process that is going to be killed.
    public static final class Writer {
        private Writer() { }

        public static void main(String[] arguments) throws IOException {
            long seed = Long.parseLong(arguments[1]);
            int first = Integer.parseInt(arguments[2]);
            try (BlockBackend disk = DiskImage.open(Path.of(arguments[0]), ImageFormat.QCOW2, false);
                    Arena arena = Arena.ofConfined()) {
                MemorySegment memory = arena.allocate(4000L * SECTOR, 8);
                for (int number = first; ; number++) {
                    for (long at = 0; at < memory.byteSize(); at += 8) {
                        memory.set(ValueLayout.JAVA_LONG, at, number);
                    }
                    batch(seed, number, (sector, count, zeroes) -> {
                        if (zeroes) {
                            disk.writeZeroes((long) sector * SECTOR, (long) count * SECTOR, true);
                        } else {
                            disk.write((long) sector * SECTOR, memory.asSlice(0, (long) count * SECTOR));
                        }
                    });
                    disk.flush();
                    System.out.println(number);
                    System.out.flush();
                }
            }
        }
    }

    @Test
    void aKilledWriterLeavesAWholeImage() throws Exception {
        kill(2);
    }

    @Test
    @Tag("slow")
    void manyKilledWritersLeaveAWholeImage() throws Exception {
        kill(300);
    }

    private void kill(int times) throws Exception {
        System.out.println("-Djavisor.seed=" + seed);
        Path image = directory.resolve("image");
        ImageCreation.create(image, ImageFormat.QCOW2, (long) SECTORS * SECTOR, null, null,
                Map.of("cluster_size", "4k"));
        Random random = new Random(seed);
        long[] contents = new long[SECTORS];
        int next = 1;
        for (int i = 0; i < times; i++) {
            int flushed = writeAndKill(image, next, random.nextInt(30), random.nextInt(30));
            for (int number = next; number <= flushed; number++) {
                int value = number;
                batch(seed, number, (sector, count, zeroes) ->
                        java.util.Arrays.fill(contents, sector, sector + count, zeroes ? 0 : value));
            }
            inspect(image, contents, flushed + 1);
            next = flushed + 2;
        }
    }

    /// @return the last batch that was flushed for sure
    private int writeAndKill(Path image, int first, int batches, int moreMillis) throws Exception {
        Process writer = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC", "-cp", System.getProperty("java.class.path"),
                Writer.class.getName(), image.toString(), Long.toString(seed), Integer.toString(first))
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        int last = first - 1;
        try (BufferedReader output = writer.inputReader()) {
            while (last < first + batches) {
                String line = output.readLine();
                assertTrue(line != null, "the writer ended by itself");
                last = Integer.parseInt(line);
            }
            // Somewhere in the middle of what it does next.
            long end = System.nanoTime() + moreMillis * 1_000_000L;
            while (System.nanoTime() < end) {
                Thread.onSpinWait();
            }
            writer.toHandle().destroyForcibly();
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                last = Integer.parseInt(line);
            }
        }
        writer.waitFor();
        return last;
    }

    private void inspect(Path image, long[] contents, int unfinished) throws IOException {
        Qcow2Check.Report report = ImageCare.check(image, false);
        assertEquals(0, report.errors(), () -> "-Djavisor.seed=" + seed + ": " + report.messages());
        if (QemuImg.installed()) {
            // 0: whole, 3: only leaks.
            QemuImg.Result result = QemuImg.run("check", image);
            assertTrue(result.status() == 0 || result.status() == 3, result.output());
        }
        boolean[] touched = new boolean[SECTORS];
        batch(seed, unfinished, (sector, count, _) -> java.util.Arrays.fill(touched, sector, sector + count, true));
        try (BlockBackend disk = DiskImage.open(image, ImageFormat.QCOW2, true); Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate((long) SECTORS * SECTOR, 8);
            disk.read(0, memory);
            for (int sector = 0; sector < SECTORS; sector++) {
                long found = memory.get(ValueLayout.JAVA_LONG, (long) sector * SECTOR);
                boolean right = found == contents[sector] || touched[sector] && (found == unfinished || found == 0);
                assertTrue(right, "-Djavisor.seed=" + seed + ": sector " + sector + " is " + found + ", not "
                        + contents[sector] + " or " + unfinished);
                contents[sector] = found;
            }
        }
    }
}
