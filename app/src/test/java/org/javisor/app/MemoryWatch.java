// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;
import org.javisor.cpu.TranslationStats;

/// What a long run uses, by samples. Between the second quarter of the time, when all has been done several times, and
/// the last one nothing may grow by much.
final class MemoryWatch {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final long HEAP_GROWTH = 16L << 20;
    /// The JVM's own memory comes and goes: its compilers, its heap before it is collected.
    private static final long NATIVE_GROWTH = 96L << 20;

    /// @param heap         bytes of Java's heap that are in use after a collection
    /// @param resident     bytes of the host's memory that the process has, the guest's among them
    /// @param cache        bytes of the translator's code cache
    /// @param translations that there are
    private record Sample(long heap, long resident, long cache, long translations) { }

    private final List<Sample> samples = new ArrayList<>();

    void sample(TranslationStats stats) throws IOException {
        System.gc();
        long heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
        Sample now = new Sample(heap, resident(), stats.cacheBytes(), stats.present());
        samples.add(now);
        System.out.printf("soak: heap %d KiB, resident %d KiB, code cache %d KiB, %d translations of %d%n",
                now.heap >> 10, now.resident >> 10, now.cache >> 10, now.translations, stats.translations());
    }

    private static long resident() throws IOException {
        if (!Files.exists(STATUS)) {
            return 0;
        }
        String line = Files.readAllLines(STATUS).stream().filter(l -> l.startsWith("VmRSS:")).findFirst().orElseThrow();
        return Long.parseLong(line.replaceAll("\\D", "")) << 10;
    }

    /// @param cacheBytes how large the code cache may be
    void assertNothingGrows(long cacheBytes) {
        assertTrue(samples.size() >= 4, "too short to tell");
        assertTrue(samples.stream().allMatch(s -> s.cache <= cacheBytes), "the code cache is too large");
        assertLittle("heap", HEAP_GROWTH, Sample::heap);
        assertLittle("memory", NATIVE_GROWTH, Sample::resident);
    }

    private void assertLittle(String what, long limit, ToLongFunction<Sample> of) {
        int quarter = samples.size() / 4;
        long before = median(samples.subList(quarter, 2 * quarter), of);
        long after = median(samples.subList(samples.size() - quarter, samples.size()), of);
        System.out.printf("soak: %s %d KiB, later %d KiB%n", what, before >> 10, after >> 10);
        assertTrue(after - before < limit, () -> what + " grows from " + before + " to " + after + " bytes");
    }

    private static long median(List<Sample> some, ToLongFunction<Sample> of) {
        return some.stream().mapToLong(of).sorted().toArray()[some.size() / 2];
    }
}
