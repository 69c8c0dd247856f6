// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.javisor.app.guest.Cache;
import org.javisor.app.guest.DebianGuest;
import org.javisor.app.guest.Initramfs;
import org.javisor.cpu.TranslatorConfig;
import org.javisor.machine.Machine;
import org.javisor.machine.MachineExit;
import org.javisor.vmm.Execution;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// An hour of mixed work on two translating processors: no wrong result, and no memory that is not given back.
/// `-Djavisor.soak.seconds=N` makes it shorter. What is done is `soak.c`, or another [SoakProgram], and what busybox
/// has.
@Tag("slow")
class SoakTest {
    private static final int SECONDS = Integer.getInteger("javisor.soak.seconds", 3600);
    private static final int SAMPLE_SECONDS = Math.clamp(SECONDS / 20, 2, 20);
    private static final long MEMORY_BYTES = 384L << 20, DISK_BYTES = 64 << 20;
    /// Small, so that room has to be made in it.
    private static final long CACHE_BYTES = 8 << 20;

    /// Three at once, again and again: the program's rows, forth and back, what busybox has, and modules that come and
    /// go. What comes out has to be what came out on the host, or the first time. At first the memory is filled, so
    /// that the host's is no more afterwards.
    private static final String WORK = """
            dd if=/dev/zero of=/tmp/fill bs=1M 2>/dev/null \
                    count=$(awk '/MemFree/ { print int($2 / 1024) - 48 }' /proc/meminfo)
            rm /tmp/fill
            tools() {
                sha256sum </bin/busybox
                gzip -c </bin/busybox | md5sum
                awk 'BEGIN { x = 0.3; for (i = 0; i < 20000; i++) x = 3.7 * x * (1 - x); printf "%%.12g\\n", x }'
                seq 1 5000 | sort -r | md5sum
                for i in $(seq 20); do echo $i | cat; done | md5sum
            }
            first=$(tools)
            echo "$first" | awk 'END { exit NR != 5 }' || echo "WRONG tools: $first"
            checksum() { result=$(/bin/soak $1 2>&1); echo ${result##*[[:space:]]}; }
            rows=; reversed=
            for row in %s; do
                case $row in *=-) row=${row%%=-}; row=$row=$(checksum $row);; esac
                rows="$rows $row"; reversed="$row $reversed"
            done
            end=$(($(date +%%s) + %d))
            worker() {
                rounds=0
                while [ $(date +%%s) -lt $end ]; do
                    for row; do
                        now=$(checksum ${row%%=*})
                        [ $now = ${row#*=} ] || echo "WRONG $row: $now"
                    done
                    rounds=$((rounds + 1))
                done
                echo rounds $rounds
            }
            [ -z "$rows" ] || { worker $rows & worker $reversed & }
            rounds=0
            while [ $(date +%%s) -lt $end ]; do
                now=$(tools)
                [ "$now" = "$first" ] || echo "WRONG tools: $now, not $first"
                modprobe loop && rmmod loop || echo WRONG: loop
                rmmod virtio_rng && modprobe virtio_rng || echo WRONG: virtio_rng
                rounds=$((rounds + 1))
            done
            wait
            dmesg -r | grep -E '^<[0-3]>'
            echo rounds $rounds
            """;

    @TempDir
    private Path directory;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final CommandResult result = new CommandResult();
    private final MemoryWatch memory = new MemoryWatch();

    @Test
    void mixedWorkForAnHourGoesRightAndLeavesNothingBehind() throws Exception {
        Path disk = disk();
        Optional<SoakProgram> program = SoakProgram.in(directory, disk);
        List<String> rows = program.isPresent() ? program.get().expected() : List.of();
        System.out.println("soak: " + (program.isPresent() ? rows : "no gcc, so only what busybox has"));
        try (Machine machine = machine(disk, program, rows)) {
            result.whenKnown(machine::stop);
            FutureTask<MachineExit> exit = new FutureTask<>(machine::run);
            Thread.ofPlatform().name("machine").daemon().start(exit);

            watch(machine, exit);

            System.out.print("soak: " + output());
            assertEquals(0, result.status(), output());
            assertTrue(output().matches("(rounds \\d+\\n){" + (rows.isEmpty() ? 1 : 3) + "}"), output());
            memory.assertNothingGrows(CACHE_BYTES);
        }
    }

    private Path disk() throws Exception {
        byte[] content = new byte[(int) DISK_BYTES];
        new Random(1).nextBytes(content);
        return Files.write(directory.resolve("disk.img"), content);
    }

    private Machine machine(Path disk, Optional<SoakProgram> program, List<String> rows) throws Exception {
        DebianGuest guest = DebianGuest.get(Cache.of(System.getenv()), _ -> { });
        ByteArrayOutputStream initramfs = new ByteArrayOutputStream();
        initramfs.write(guest.running(WORK.formatted(String.join(" ", rows), SECONDS)));
        if (program.isPresent()) {
            initramfs.write(new Initramfs().file("bin/soak", 0755, program.get().bytes()).build());
        }
        return Machine.builder().cpus(2).memory(MEMORY_BYTES).kernel(guest.kernel())
                .initrd("initramfs", initramfs.toByteArray()).disk(disk, true)
                .commandLine("console=ttyS0 quiet cryptomgr.notests").serial(1, out::write).serial(2, out::write)
                .serial(3, result).execution(Execution.TRANSLATOR)
                .translator(TranslatorConfig.DEFAULT.withCacheBytes(CACHE_BYTES)).build();
    }

    private String output() {
        return out.toString(StandardCharsets.UTF_8);
    }

    /// Looks at memory and results, now and then, until the machine stops.
    private void watch(Machine machine, FutureTask<MachineExit> exit) throws Exception {
        while (true) {
            try {
                exit.get(SAMPLE_SECONDS, TimeUnit.SECONDS);
                return;
            } catch (TimeoutException _) {
                memory.sample(machine.vm().translationStats());
                assertFalse(output().contains("WRONG"), this::output);
            }
        }
    }
}
