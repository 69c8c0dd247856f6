// SPDX-License-Identifier: Apache-2.0
package org.javisor.bench;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.javisor.devices.block.BlockBackend;
import org.javisor.devices.block.image.DiskImage;
import org.javisor.devices.block.image.ImageCreation;
import org.javisor.devices.block.image.ImageFormat;
import org.javisor.host.IoVector;

/// How fast disk images are, beside each other: from memory to the host's page cache and back.
///
/// Each row is run on an empty image (`new`), where clusters are allocated, and on a full one. Requests are scattered
/// over pages, as a guest's are.
public final class DiskImageBench {
    private static final long BYTES = 1L << 30;
    private static final int PAGE = 4096, RANDOM_REQUESTS = 50_000;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment memory = arena.allocate(2L << 20, PAGE);

    private DiskImageBench() { }

    /// @param arguments a directory for the images (1 GiB each)
    public static void main(String[] arguments) throws IOException {
        new DiskImageBench().run(Path.of(arguments.length > 0 ? arguments[0] : "/var/tmp"));
    }

    private void run(Path directory) throws IOException {
        memory.fill((byte) 1);
        for (int round = 0; round < 2; round++) {
            for (ImageFormat format : List.of(ImageFormat.RAW, ImageFormat.QCOW2)) {
                Path image = directory.resolve("bench." + format.label());
                Files.deleteIfExists(image);
                ImageCreation.create(image, format, BYTES, null, null, Map.of());
                try (BlockBackend disk = DiskImage.open(image, format, false)) {
                    System.out.println(format.label());
                    row("random write 4K, new", disk, true, true);
                    row("write 1M, new", disk, true, false);
                    row("write 1M", disk, true, false);
                    row("read 1M", disk, false, false);
                    row("random write 4K", disk, true, true);
                    row("random read 4K", disk, false, true);
                }
                Files.delete(image);
            }
        }
    }

    /// A request of `bytes` bytes, every second page of memory.
    private IoVector pages(int bytes) {
        IoVector vector = new IoVector();
        for (int at = 0; at < bytes; at += PAGE) {
            vector.add(memory.address() + 2L * at, PAGE);
        }
        return vector;
    }

    private void row(String name, BlockBackend disk, boolean writing, boolean scattered) throws IOException {
        IoVector request = pages(scattered ? PAGE : 1 << 20);
        Random random = new Random(1);
        int count = scattered ? RANDOM_REQUESTS : (int) (BYTES / request.bytes());
        long started = System.nanoTime();
        long cpuStarted = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
        for (int i = 0; i < count; i++) {
            long offset = scattered ? random.nextInt((int) (BYTES / PAGE)) * (long) PAGE : i * request.bytes();
            if (writing) {
                disk.write(offset, request);
            } else {
                disk.read(offset, request);
            }
            if (writing && i % 1000 == 999) {
                disk.flush();
            }
        }
        long nanos = System.nanoTime() - started;
        long cpu = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - cpuStarted;
        System.out.printf("  %s %.1f us (%.1f us of the processor)%n", name, nanos / 1e3 / count, cpu / 1e3 / count);
    }
}
