// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.javisor.app.guest.Cache;
import org.javisor.app.guest.DebianFirmware;
import org.javisor.machine.BoardConfig;
import org.javisor.machine.FirmwareImage;
import org.javisor.machine.Machine;
import org.javisor.machine.MachineConfig.SerialOutput;
import org.javisor.machine.MachineExit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// OVMF as it is built for Secure Boot, with the keys of Microsoft: its variables are behind system management mode.
@Tag("slow")
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class SecureBootTest {
    private static final int SECONDS = 300, SMI_COUNT = 0x34;
    /// Where the build keeps its variables, and a byte in them that it does not use.
    private static final int UNUSED = 0x8_3000 - 16;

    @Test
    void nothingIsStartedWithoutASignature(@TempDir Path directory) throws Exception {
        Path variables = directory.resolve("variables.fd");
        FirmwareImage image = DebianFirmware.get("ovmf-secure", variables, Cache.of(System.getenv()), _ -> { });
        byte[] template = Files.readAllBytes(variables);
        SerialTalk serial = new SerialTalk();
        try (Machine machine = Machine.builder().memory(512L << 20).cpus(2).firmware(image, SerialOutput.NOWHERE)
                .board(BoardConfig.DEFAULT.withSmm(true)).serial(0, serial::write).build()) {
            CompletableFuture<MachineExit> exit = CompletableFuture.supplyAsync(machine::run);
            try {
                serial.expect("starting Boot0001 \"EFI Internal Shell\"", SECONDS);
                serial.expect("Security Violation", SECONDS);

                machine.vm().pause();
                machine.vm().vcpus().forEach(vcpu -> {
                    assertTrue(vcpu.registers().msr(SMI_COUNT) > 10, "each processor takes SMIs");
                    assertTrue(vcpu.smi().base() > 1 << 20 && vcpu.smi().base() != 0x3_0000, "SMBASE was moved");
                });
                long flash = (4L << 30) - image.code().length - image.variables().length;
                byte before = machine.vm().memory().loadByte(flash + UNUSED);
                machine.vm().mmio().write(flash + UNUSED, 1, 0x40);
                machine.vm().mmio().write(flash + UNUSED, 1, 0);
                assertEquals(before, machine.vm().memory().loadByte(flash + UNUSED), "flash is closed to others");
                machine.vm().resume();
            } finally {
                machine.stop();
                exit.join();
            }
        }
        assertTrue(!Arrays.equals(template, Files.readAllBytes(variables)), "variables were written in the mode");
    }
}
