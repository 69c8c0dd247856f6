// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.javisor.app.guest.Cache;
import org.javisor.app.guest.DebianFirmware;
import org.javisor.devices.block.image.ImageFormat;
import org.javisor.machine.BoardConfig;
import org.javisor.machine.BootOrder;
import org.javisor.machine.DiskBus;
import org.javisor.machine.Machine;
import org.javisor.machine.MachineConfig.Disk;
import org.javisor.machine.MachineConfig.FullPolicy;
import org.javisor.machine.MachineConfig.SerialOutput;
import org.javisor.machine.MachineExit;
import org.javisor.machine.PciPlace;
import org.javisor.machine.layout.BoardModel;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Both firmwares start the rescue image that `grub-mkrescue` makes, as a CD and as a disk.
@Tag("slow")
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class GrubRescueTest {
    private static final int SECONDS = 120;

    @TempDir
    private static Path directory;
    private static Path image;

    /// It has no menu: GRUB goes to its prompt, on the serial port. OVMF has its console there, and would take half of
    /// what is typed if GRUB read from the port, too.
    @BeforeAll
    static void make() throws Exception {
        Assumptions.assumeTrue(Stream.of("/usr/bin/grub-mkrescue", "/usr/bin/xorriso", "/usr/bin/mformat",
                "/usr/lib/grub/i386-pc", "/usr/lib/grub/x86_64-efi").allMatch(file -> Files.exists(Path.of(file))),
                "not all of grub-common, grub-pc-bin, grub-efi-amd64-bin, xorriso and mtools are installed");
        Path tree = directory.resolve("tree");
        Files.createDirectories(tree.resolve("boot/grub"));
        Files.writeString(tree.resolve("boot/grub/grub.cfg"),
                "if [ $grub_platform = pc ]; then serial; terminal_input serial; terminal_output serial; fi\n");
        image = directory.resolve("rescue.iso");
        File log = directory.resolve("log").toFile();
        Process made = new ProcessBuilder("grub-mkrescue", "-o", image.toString(), tree.toString())
                .redirectErrorStream(true).redirectOutput(log).start();
        assertEquals(0, made.waitFor(), () -> log + " says why");
    }

    static Stream<Arguments> ways() {
        return Stream.of(BoardModel.values()).flatMap(board -> Stream.of("seabios", "ovmf").flatMap(firmware -> {
            DiskBus usual = board == BoardModel.PC ? DiskBus.IDE : DiskBus.AHCI;
            return Stream.concat(Stream.of(Arguments.of(board, firmware, usual, true)),
                    Stream.of(usual, DiskBus.VIRTIO, DiskBus.NVME).map(bus ->
                            Arguments.of(board, firmware, bus, false)));
        }));
    }

    @ParameterizedTest
    @MethodSource("ways")
    void grubComesToItsPrompt(BoardModel board, String firmware, DiskBus bus, boolean cd) throws Exception {
        Cache cache = Cache.of(System.getenv());
        SerialTalk serial = new SerialTalk();
        try (Machine machine = Machine.builder().memory(256 << 20).board(BoardConfig.DEFAULT.withModel(board))
                .firmware(DebianFirmware.get(firmware, null, cache, _ -> { }), SerialOutput.NOWHERE)
                .display(DebianFirmware.vgaBios(cache, _ -> { })).serial(0, serial::write)
                .disk(new Disk(image, ImageFormat.RAW, true, false, FullPolicy.STOP, bus, cd, PciPlace.ROOT,
                        BootOrder.NONE)).build()) {
            CompletableFuture<MachineExit> exit = CompletableFuture.supplyAsync(machine::run);
            try {
                serial.expect("grub>", SECONDS);
                SerialTalk.type(machine, "echo platform=$grub_platform=\r");
                serial.expect("platform=" + (firmware.equals("ovmf") ? "efi" : "pc") + "=", SECONDS);
                SerialTalk.type(machine, "ls ($root)/boot/grub/\r");
                serial.expect("grub.cfg", SECONDS);
                serial.expect("grub>", SECONDS);
                SerialTalk.type(machine, "halt\r");
                assertInstanceOf(MachineExit.PoweredOff.class, exit.get(SECONDS, TimeUnit.SECONDS));
            } finally {
                machine.stop();
                exit.join();
            }
        }
    }
}
