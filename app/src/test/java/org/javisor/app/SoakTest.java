// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.javisor.app.guest.Cache;
import org.javisor.app.guest.DebianGuest;
import org.javisor.cpu.TranslationStats;
import org.javisor.cpu.TranslatorConfig;
import org.javisor.machine.Machine;
import org.javisor.machine.MachineExit;
import org.javisor.vmm.Execution;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// An hour of mixed work on two translating processors: no wrong result, and no memory that is not given back.
/// `-Djavisor.soak.seconds=N` makes it shorter.
@Tag("slow")
class SoakTest {
    private static final int SECONDS = Integer.getInteger("javisor.soak.seconds", 3600);
    private static final int SAMPLE_SECONDS = 20;
    /// Small, so that room has to be made in it.
    private static final long CACHE_BYTES = 8 << 20;
    private static final long HEAP_GROWTH = 64L << 20;

    /// Twice at once, again and again: hashing, packing, floating point, sorting, processes, and modules that come and
    /// go. What comes out has to be what came out the first time.
    private static final String WORK = """
            work() {
                sha256sum </bin/busybox
                gzip -c </bin/busybox | md5sum
                awk 'BEGIN { x = 0.3; for (i = 0; i < 20000; i++) x = 3.7 * x * (1 - x); printf "%%.12g\\n", x }'
                seq 1 5000 | sort -r | md5sum
                for i in $(seq 20); do echo $i | cat; done | md5sum
            }
            first=$(work)
            echo "$first" | awk 'END { exit NR != 5 }' || echo "WRONG: $first"
            rounds=0
            end=$(($(date +%%s) + %d))
            compare() {
                now=$(work)
                [ "$now" = "$first" ] || echo "WRONG: $now, not $first"
            }
            while [ $(date +%%s) -lt $end ]; do
                compare &
                compare
                modprobe loop && rmmod loop || echo WRONG: loop
                rmmod virtio_rng && modprobe virtio_rng || echo WRONG: virtio_rng
                wait
                rounds=$((rounds + 1))
            done
            dmesg -r | grep -E '^<[0-3]>'
            echo rounds $rounds
            """;

    @Test
    void mixedWorkForAnHourGoesRightAndLeavesNothingBehind() throws Exception {
        DebianGuest guest = DebianGuest.get(Cache.of(System.getenv()), _ -> { });
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        CommandResult result = new CommandResult();
        try (Machine machine = Machine.builder().cpus(2).memory(256L << 20).kernel(guest.kernel())
                .initrd("initramfs", guest.running(WORK.formatted(SECONDS)))
                .commandLine("console=ttyS0 quiet cryptomgr.notests").serial(1, out::write).serial(2, out::write)
                .serial(3, result)
                .execution(Execution.TRANSLATOR).translator(TranslatorConfig.DEFAULT.withCacheBytes(CACHE_BYTES))
                .build()) {
            result.whenKnown(machine::stop);
            FutureTask<MachineExit> exit = new FutureTask<>(machine::run);
            Thread.ofPlatform().name("machine").daemon().start(exit);

            long growth = sample(machine, exit);

            String output = out.toString(StandardCharsets.UTF_8);
            System.out.print("soak: " + output);
            assertEquals(0, result.status(), output);
            assertTrue(output.startsWith("rounds "), output);
            assertTrue(growth < HEAP_GROWTH, () -> growth + " bytes of heap more");
        }
    }

    /// Prints what is used, now and then, until the machine stops.
    ///
    /// @return by how much the heap has grown since a quarter of the time
    private static long sample(Machine machine, FutureTask<MachineExit> exit) throws Exception {
        long start = System.nanoTime();
        long atFirst = 0;
        while (true) {
            try {
                exit.get(SAMPLE_SECONDS, TimeUnit.SECONDS);
                return atFirst == 0 ? 0 : usedHeap() - atFirst;
            } catch (TimeoutException _) {
                long used = usedHeap();
                TranslationStats stats = machine.vm().translationStats();
                long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start);
                atFirst = atFirst == 0 && seconds > SECONDS / 4 ? used : atFirst;
                System.out.printf("soak: %d s, heap %d KiB, code cache %d KiB, %d translations%n", seconds, used >> 10,
                        stats.cacheBytes() >> 10, stats.translations());
                assertTrue(stats.cacheBytes() <= CACHE_BYTES, "the code cache grows");
            }
        }
    }

    private static long usedHeap() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }
}
