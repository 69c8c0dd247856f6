// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;
import org.javisor.app.guest.Cache;
import org.javisor.app.guest.DebianFirmware;
import org.javisor.machine.Machine;
import org.javisor.devices.vga.Screen;
import org.javisor.machine.MachineConfig.ResetPolicy;
import org.javisor.machine.MachineConfig.SerialOutput;
import org.javisor.machine.MachineExit;
import org.javisor.vmm.Execution;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Firmware starts what is on a disk.
@Timeout(value = 240, unit = TimeUnit.SECONDS)
class FirmwareBootTest {
    /// Prints the text at 0x7c20 by INT 10h and powers off.
    private static final String BOOT_SECTOR = """
            fc          cld
            31c0        xor ax, ax
            8ed8        mov ds, ax
            be207c      mov si, 0x7c20
            ac          lodsb
            84c0        test al, al
            7406        jz +6
            b40e        mov ah, 0x0e
            cd10        int 0x10
            ebf5        jmp -11
            ba0406      mov dx, 0x604
            b80020      mov ax, 0x2000
            ef          out dx, ax
            f4          hlt
            """;

    /// SeaBIOS keeps the last characters back until it has time.
    private static final String BEHIND = ".".repeat(20);

    private static byte[] disk(String text) {
        byte[] image = new byte[1 << 20];
        int at = 0;
        for (String line : BOOT_SECTOR.lines().toList()) {
            byte[] bytes = HexFormat.of().parseHex(line.strip().split(" ")[0]);
            System.arraycopy(bytes, 0, image, at, bytes.length);
            at += bytes.length;
        }
        byte[] message = text.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(message, 0, image, 0x20, message.length);
        image[510] = 0x55;
        image[511] = (byte) 0xaa;
        return image;
    }

    @Test
    void seabiosShowsItselfOnAVga(@TempDir Path directory) throws Exception {
        Path file = Files.write(directory.resolve("disk.img"), disk("hello from the boot sector"));
        Cache cache = Cache.of(System.getenv());
        try (Machine machine = Machine.builder().memory(128 << 20).execution(Execution.TRANSLATOR)
                .firmware(DebianFirmware.get("seabios", null, cache, _ -> { }), SerialOutput.NOWHERE)
                .display(DebianFirmware.vgaBios(cache, _ -> { })).disk(file, true).onReset(ResetPolicy.STOP).build()) {
            assertInstanceOf(MachineExit.PoweredOff.class, machine.run());

            String shown = machine.screen().text();
            assertTrue(shown.contains("SeaBIOS (version") && shown.contains("hello from the boot sector"), shown);
            Screen.Frame frame = machine.screen().frame(0);
            assertEquals(720, frame.width());
            assertEquals(400, frame.height());
            long lit = Arrays.stream(frame.pixels()).filter(pixel -> pixel == 0xaaaaaa).count();
            assertTrue(lit > 500, lit + " pixels of letters");
        }
    }

    @Test
    void seabiosStartsABootSectorFromAVirtioDisk(@TempDir Path directory) throws Exception {
        Path file = Files.write(directory.resolve("disk.img"), disk("hello from the boot sector\r\n" + BEHIND));
        ByteArrayOutputStream screen = new ByteArrayOutputStream();
        ByteArrayOutputStream log = new ByteArrayOutputStream();
        try (Machine machine = Machine.builder().memory(128 << 20).execution(Execution.TRANSLATOR)
                .firmware(DebianFirmware.get("seabios", null, Cache.of(System.getenv()), _ -> { }), log::write)
                .disk(file, true).serial(0, screen::write).onReset(ResetPolicy.STOP).build()) {
            assertInstanceOf(MachineExit.PoweredOff.class, machine.run());
        }
        String shown = screen.toString(StandardCharsets.ISO_8859_1);
        assertTrue(shown.contains("hello from the boot sector"), shown);
        String said = log.toString(StandardCharsets.ISO_8859_1);
        for (String expected : Arrays.asList("Running on QEMU (q35)", "Found 1 cpu(s)", "SMBIOS 3.0", "(via xsdt)")) {
            assertTrue(said.contains(expected), said);
        }
    }
}
