// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Memtest86+ starts from its CD and finds nothing wrong with the memory.
@Tag("slow")
class MemtestTest {
    private static final int SECOND_MILLIS = 1000;

    /// Its last tests wait for three minutes whether the memory forgets.
    @Test
    @Timeout(value = 30, unit = TimeUnit.MINUTES)
    void aWholePassFindsNoError() throws Exception {
        Cache cache = Cache.of(System.getenv());
        Path image = cache.entry("memtest86+", into -> new DebianPackages(_ -> { }).unpack("memtest86+", into))
                .resolve("usr/lib/memtest86+/memtest86+x64.iso");
        try (Machine machine = Machine.builder().memory(128 << 20)
                .firmware(DebianFirmware.get("seabios", null, cache, _ -> { }), SerialOutput.NOWHERE)
                .display(DebianFirmware.vgaBios(cache, _ -> { }))
                .disk(new Disk(image, ImageFormat.RAW, true, false, FullPolicy.STOP, DiskBus.AHCI, true, PciPlace.ROOT,
                        BootOrder.NONE)).build()) {
            CompletableFuture<MachineExit> exit = CompletableFuture.supplyAsync(machine::run);
            try {
                String shown = "";
                while (!shown.contains("Pass:  1 ")) {
                    Thread.sleep(SECOND_MILLIS);
                    shown = machine.screen().text();
                    assertTrue(!exit.isDone(), "it has ended: " + shown);
                    assertTrue(!shown.contains("Errors:") || shown.contains("Errors: 0 "), shown);
                }
                System.out.print(shown);
            } finally {
                machine.stop();
                exit.join();
            }
        }
    }
}
