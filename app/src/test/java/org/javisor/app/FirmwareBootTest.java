// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.javisor.app.guest.Cache;
import org.javisor.app.guest.DebianFirmware;
import org.javisor.machine.BoardConfig;
import org.javisor.machine.BootOrder;
import org.javisor.machine.DiskBus;
import org.javisor.machine.IommuConfig;
import org.javisor.machine.Machine;
import org.javisor.machine.MachineBuilder;
import org.javisor.devices.vga.Screen;
import org.javisor.machine.MachineConfig.Disk;
import org.javisor.machine.MachineConfig.FullPolicy;
import org.javisor.machine.MachineConfig.ResetPolicy;
import org.javisor.machine.MachineConfig.SerialOutput;
import org.javisor.machine.MachineExit;
import org.javisor.machine.PciPlace;
import org.javisor.machine.layout.BoardModel;
import org.javisor.vmm.Execution;
import org.javisor.vmm.Vcpu;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// Firmware starts what is on a disk.
@Timeout(value = 240, unit = TimeUnit.SECONDS)
class FirmwareBootTest {
    private static final int SMI_COUNT = 0x34;
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

    /// A disk, or what else a BIOS loads to 0x7c00, that prints `text`.
    static byte[] disk(String text) {
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

    /// Firmware does not know of it: it translates nothing until a system asks it to.
    @Test
    void firmwareStartsFromADiskBehindAnIommu(@TempDir Path directory) throws Exception {
        for (DiskBus bus : List.of(DiskBus.VIRTIO, DiskBus.NVME)) {
            ByteArrayOutputStream screen = new ByteArrayOutputStream();
            try (Machine machine = Machine.builder().memory(128 << 20).execution(Execution.TRANSLATOR)
                    .firmware(DebianFirmware.get("seabios", null, Cache.of(System.getenv()), _ -> { }),
                            SerialOutput.NOWHERE).serial(0, screen::write).onReset(ResetPolicy.STOP)
                    .iommu(IommuConfig.INTEL)
                    .disk(disk(directory, bus.name(), bus, PciPlace.ROOT, BootOrder.NONE)).build()) {
                assertInstanceOf(MachineExit.PoweredOff.class, machine.run());
            }

            String shown = screen.toString(StandardCharsets.ISO_8859_1);
            assertTrue(shown.contains("hello from " + bus), shown);
        }
    }

    /// Boots by SeaBIOS until power-off, and says what was on the screen.
    private static String shown(BoardConfig board, Disk... disks) {
        ByteArrayOutputStream screen = new ByteArrayOutputStream();
        MachineBuilder builder = Machine.builder().memory(128 << 20).execution(Execution.TRANSLATOR).board(board)
                .firmware(DebianFirmware.get("seabios", null, Cache.of(System.getenv()), _ -> { }),
                        SerialOutput.NOWHERE).serial(0, screen::write).onReset(ResetPolicy.STOP);
        for (Disk disk : disks) {
            builder.disk(disk);
        }
        try (Machine machine = builder.build()) {
            assertInstanceOf(MachineExit.PoweredOff.class, machine.run());
        }
        return screen.toString(StandardCharsets.ISO_8859_1);
    }

    private static Disk disk(Path directory, String text, DiskBus bus, PciPlace place, int bootIndex) throws Exception {
        Path file = Files.write(directory.resolve(text), disk("hello from " + text + "\r\n" + BEHIND));
        return new Disk(file, null, true, false, FullPolicy.REPORT, bus, false, place, bootIndex);
    }

    @ParameterizedTest
    @EnumSource(BoardModel.class)
    void firmwareStartsWhatHasTheLowestBootIndex(BoardModel model, @TempDir Path directory) throws Exception {
        String shown = shown(BoardConfig.DEFAULT.withModel(model),
                disk(directory, "one", DiskBus.VIRTIO, PciPlace.ROOT, 7),
                disk(directory, "two", DiskBus.VIRTIO, PciPlace.ROOT, BootOrder.NONE),
                disk(directory, "three", model == BoardModel.PC ? DiskBus.IDE : DiskBus.NVME, PciPlace.ROOT, 3));

        assertTrue(shown.contains("hello from three"), shown);
    }

    /// An ISO image of nothing but what El Torito needs to start a sector without emulation of a disk.
    private static byte[] bootableCd(String text) {
        ByteBuffer image = ByteBuffer.allocate(32 * 2048).order(ByteOrder.LITTLE_ENDIAN);
        image.put(16 * 2048, "\1CD001\1".getBytes(StandardCharsets.US_ASCII));
        image.put(17 * 2048, "\0CD001\1EL TORITO SPECIFICATION".getBytes(StandardCharsets.US_ASCII));
        image.putInt(17 * 2048 + 0x47, 19);
        image.put(18 * 2048, "\377CD001\1".getBytes(StandardCharsets.ISO_8859_1));
        int validation = 19 * 2048;
        image.put(validation, (byte) 1).putShort(validation + 28, (short) 0x55aa)
                .putShort(validation + 30, (short) 0xaa55);
        int entry = validation + 32;
        image.put(entry, (byte) 0x88).putShort(entry + 6, (short) 4).putInt(entry + 8, 20);
        image.put(20 * 2048, disk(text), 0, 2048);
        return image.array();
    }

    @ParameterizedTest
    @CsvSource({"Q35, AHCI", "Q35, IDE", "PC, IDE"})
    void seabiosStartsFromACd(BoardModel model, DiskBus bus, @TempDir Path directory) throws Exception {
        Path file = Files.write(directory.resolve("cd.iso"), bootableCd("hello from the disc\r\n" + BEHIND));

        String shown = shown(BoardConfig.DEFAULT.withModel(model), new Disk(file, null, true, false,
                FullPolicy.REPORT, bus, true, PciPlace.ROOT, BootOrder.NONE));

        assertTrue(shown.contains("Booting from DVD/CD") && shown.contains("hello from the disc"), shown);
    }

    @Test
    void firmwareStartsFromDisksBehindPortsAndBridges(@TempDir Path directory) throws Exception {
        BoardConfig board = BoardConfig.DEFAULT.withRootPorts(2).withBridges(1);
        Disk[] disks = {
            disk(directory, "port", DiskBus.VIRTIO, PciPlace.parse("port2"), 1),
            disk(directory, "bridge", DiskBus.VIRTIO, PciPlace.parse("bridge1"), 2),
            disk(directory, "sata", DiskBus.AHCI, PciPlace.ROOT, 3)};
        assertTrue(shown(board, disks).contains("hello from port"));
        disks[1] = new Disk(disks[1].file(), null, true, false, FullPolicy.REPORT, DiskBus.VIRTIO, false,
                PciPlace.parse("bridge1"), 0);
        assertTrue(shown(board, disks).contains("hello from bridge"));
        disks[2] = new Disk(disks[2].file(), null, true, false, FullPolicy.REPORT, DiskBus.AHCI, false,
                PciPlace.ROOT, 0);
        disks[1] = new Disk(disks[1].file(), null, true, false, FullPolicy.REPORT, DiskBus.VIRTIO, false,
                PciPlace.parse("bridge1"), 5);

        assertTrue(shown(board, disks).contains("hello from sata"));
    }

    /// Its handler is at 0xa0000 then, and 16-bit code calls 32-bit code by SMIs.
    @ParameterizedTest
    @CsvSource({"Q35, AHCI", "PC, IDE"})
    void seabiosUsesSystemManagementMode(BoardModel model, DiskBus bus, @TempDir Path directory) throws Exception {
        ByteArrayOutputStream screen = new ByteArrayOutputStream();
        try (Machine machine = Machine.builder().memory(128 << 20).execution(Execution.TRANSLATOR)
                .board(BoardConfig.DEFAULT.withModel(model).withSmm(true))
                .firmware(DebianFirmware.get("seabios", null, Cache.of(System.getenv()), _ -> { }),
                        SerialOutput.NOWHERE).serial(0, screen::write).onReset(ResetPolicy.STOP)
                .disk(disk(directory, "one", bus, PciPlace.ROOT, BootOrder.NONE)).build()) {
            assertInstanceOf(MachineExit.PoweredOff.class, machine.run());

            Vcpu vcpu = machine.vm().vcpus().getFirst();
            long smis = vcpu.registers().msr(SMI_COUNT);
            System.out.println(model + ": " + smis + " SMIs, SMBASE 0x" + Long.toHexString(vcpu.smi().base()));
            assertTrue(smis > 0, smis + " SMIs");
            assertEquals(0xa_0000, vcpu.smi().base());
            assertFalse(vcpu.inSystemManagement());
            assertFalse(machine.vm().memory().backs(0xa_0000, 1), "SMRAM is closed");
            assertTrue(machine.vm().memory().management().backs(0xa_8000, 0x8000));
        }
        assertTrue(screen.toString(StandardCharsets.ISO_8859_1).contains("hello from one"));
    }

    @Test
    void theBootMenuIsOfferedIfItIsWanted(@TempDir Path directory) throws Exception {
        String shown = shown(BoardConfig.DEFAULT.withBoot(new BootOrder(List.of(BootOrder.Kind.DISK), 1)),
                disk(directory, "one", DiskBus.VIRTIO, PciPlace.ROOT, BootOrder.NONE));

        assertTrue(shown.contains("Press ESC for boot menu") && shown.contains("hello from one"), shown);
    }
}
