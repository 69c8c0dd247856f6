// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.javisor.app.guest.Cache;
import org.javisor.app.guest.DebianFirmware;
import org.javisor.app.guest.DebianPackages;
import org.javisor.devices.block.image.ImageFormat;
import org.javisor.machine.BootOrder;
import org.javisor.machine.DiskBus;
import org.javisor.machine.Machine;
import org.javisor.machine.MachineConfig.Disk;
import org.javisor.machine.MachineConfig.FullPolicy;
import org.javisor.machine.MachineConfig.SerialOutput;
import org.javisor.machine.MachineExit;
import org.javisor.machine.PciPlace;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Memtest86+ starts from its CD and finds nothing wrong with the memory.
@Tag("slow")
class MemtestTest {
    private static final int SECOND_MILLIS = 1000, COLUMNS = 80, ROWS = 25;
    private static final Pattern PASSED = Pattern.compile("Pass: +[1-9][0-9]* ");
    private static final Pattern ERRORS = Pattern.compile("Errors: +[1-9]");

    /// Its last tests wait for three minutes whether the memory forgets. UEFI has it draw its text.
    @ParameterizedTest
    @ValueSource(strings = {"seabios", "ovmf"})
    @Timeout(value = 40, unit = TimeUnit.MINUTES)
    void aWholePassFindsNoError(String firmware) throws Exception {
        Cache cache = Cache.of(System.getenv());
        Path image = cache.entry("memtest86+", into -> new DebianPackages(_ -> { }).unpack("memtest86+", into))
                .resolve("usr/lib/memtest86+/memtest86+x64.iso");
        byte[] bios = DebianFirmware.vgaBios(cache, _ -> { });
        PictureText picture = new PictureText(Files.readAllBytes(image));
        try (Machine machine = Machine.builder().memory(128 << 20)
                .firmware(DebianFirmware.get(firmware, null, cache, _ -> { }), SerialOutput.NOWHERE).display(bios)
                .disk(new Disk(image, ImageFormat.RAW, true, false, FullPolicy.STOP, DiskBus.AHCI, true, PciPlace.ROOT,
                        BootOrder.NONE)).build()) {
            CompletableFuture<MachineExit> exit = CompletableFuture.supplyAsync(machine::run);
            try {
                String shown = "";
                while (!PASSED.matcher(shown).find()) {
                    Thread.sleep(SECOND_MILLIS);
                    String text = machine.screen().text();
                    shown = !text.isEmpty() ? text : picture.read(machine.screen().frame(0), COLUMNS, ROWS);
                    assertFalse(exit.isDone(), "it has ended: " + shown);
                    assertFalse(ERRORS.matcher(shown).find(), shown);
                }
                System.out.print(shown);
            } finally {
                machine.stop();
                exit.join();
            }
        }
    }
}
