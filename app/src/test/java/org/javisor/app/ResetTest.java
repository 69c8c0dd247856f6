// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.javisor.app.guest.Cache;
import org.javisor.app.guest.DebianFirmware;
import org.javisor.devices.block.image.ImageFormat;
import org.javisor.machine.BoardConfig;
import org.javisor.machine.DiskBus;
import org.javisor.machine.FirmwareImage;
import org.javisor.machine.Machine;
import org.javisor.machine.MachineConfig.Disk;
import org.javisor.machine.MachineConfig.FullPolicy;
import org.javisor.machine.MachineConfig.SerialOutput;
import org.javisor.machine.MachineExit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// The reset button, pressed at any moment of a start: the machine starts again from the beginning, all of its
/// processors too.
///
/// `-Djavisor.resets=N` says how often, `-Djavisor.seed=N` when, `-Djavisor.machines=REGEX` which, as in `ovmf.*/2`.
@Tag("slow")
@Timeout(value = 60, unit = TimeUnit.MINUTES)
class ResetTest {
    private static final int RESETS = Integer.getInteger("javisor.resets", 8), LATEST_MILLIS = 12_000;
    private static final int SECONDS = 400;
    private static final int RESET_PORT = 0xcf9, HARD_RESET = 6;

    @TempDir
    private Path directory;

    static Stream<Arguments> machines() {
        Pattern chosen = Pattern.compile(System.getProperty("javisor.machines", ".*"));
        return Stream.of("seabios", "ovmf", "ovmf-secure").flatMap(firmware -> IntStream.of(1, 2, 4)
                .filter(cpus -> chosen.matcher(firmware + "/" + cpus).matches())
                .mapToObj(cpus -> Arguments.of(firmware, cpus)));
    }

    @ParameterizedTest
    @MethodSource("machines")
    void startsAgainWheneverItIsReset(String firmware, int cpus) throws Exception {
        Random random = seeded();
        run(firmware, cpus, (machine, serial) -> {
            for (int n = 0; n < RESETS; n++) {
                Thread.sleep(random.nextInt(LATEST_MILLIS));
                reset(machine);
            }
            serial.forget();
            expectProcessors(serial, cpus);
        });
    }

    /// When the kernel has just begun: processors other than the first are as firmware has left them.
    @ParameterizedTest
    @MethodSource("machines")
    void startsAgainBehindTheKernelsFirstMessage(String firmware, int cpus) throws Exception {
        Random random = seeded();
        run(firmware, cpus, (machine, serial) -> {
            for (int n = 0; n < RESETS; n++) {
                serial.expect("Linux version", SECONDS);
                Thread.sleep(random.nextInt(100));
                reset(machine);
            }
            expectProcessors(serial, cpus);
        });
    }

    private static Random seeded() {
        long seed = Long.getLong("javisor.seed", System.nanoTime());
        System.out.println("javisor.seed=" + seed);
        return new Random(seed);
    }

    private static void reset(Machine machine) {
        machine.vm().ports().write(RESET_PORT, 1, HARD_RESET);
    }

    private static void expectProcessors(SerialTalk serial, int cpus) throws InterruptedException {
        String said = serial.expect("Linux version", SECONDS)
                + serial.expect("smp: Brought up 1 node, " + cpus + " CPU", SECONDS);
        assertFalse(said.contains("failed to come up") || said.contains("not responding"), said);
    }

    private void run(String name, int cpus, DebianRun.Work work) throws Exception {
        Cache cache = Cache.of(System.getenv());
        FirmwareImage firmware = DebianFirmware.get(name, null, cache, _ -> { });
        Path disk = DebianDisk.layer(directory, firmware.secure());
        SerialTalk serial = new SerialTalk();
        try (Machine machine = Machine.builder().cpus(cpus).memory(1L << 30)
                .board(BoardConfig.DEFAULT.withSmm(firmware.secure())).firmware(firmware, SerialOutput.NOWHERE)
                .serial(0, serial::write)
                .disk(new Disk(disk, ImageFormat.QCOW2, false, false, FullPolicy.STOP, DiskBus.VIRTIO)).build()) {
            CompletableFuture<MachineExit> exit = CompletableFuture.supplyAsync(machine::run);
            try {
                work.with(machine, serial);
            } finally {
                machine.stop();
                exit.join();
            }
        }
    }
}
