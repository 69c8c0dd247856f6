// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.javisor.app.guest.Cache;
import org.javisor.app.guest.DebianFirmware;
import org.javisor.app.guest.DebianGuest;
import org.javisor.devices.floppy.FloppyFormat;
import org.javisor.machine.Machine;
import org.javisor.machine.MachineConfig.ResetPolicy;
import org.javisor.machine.MachineExit;
import org.javisor.machine.PeripheralConfig;
import org.javisor.machine.PeripheralConfig.PanicDevice;
import org.javisor.machine.PeripheralConfig.Reaction;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// SeaBIOS and Linux drive the devices that not every machine has.
@Timeout(value = 240, unit = TimeUnit.SECONDS)
class PeripheralBootTest {
    private static final int SECTOR = 512;

    /// Reads cylinder 5, head 1, sector 18 by INT 13h and prints its text, writes it to cylinder 79, head 0, sector 1,
    /// and powers off.
    private static final String BOOT_SECTOR = """
            fc          cld
            31c0        xor ax, ax
            8ed8        mov ds, ax
            8ec0        mov es, ax
            bb007e      mov bx, 0x7e00
            b80102      mov ax, 0x0201
            b91205      mov cx, 0x0512
            ba0001      mov dx, 0x0100
            cd13        int 0x13
            7224        jc +36
            89de        mov si, bx
            ac          lodsb
            84c0        test al, al
            7406        jz +6
            b40e        mov ah, 0x0e
            cd10        int 0x10
            ebf5        jmp -11
            bb007e      mov bx, 0x7e00
            b80103      mov ax, 0x0301
            b9014f      mov cx, 0x4f01
            ba0000      mov dx, 0x0000
            cd13        int 0x13
            7207        jc +7
            ba0406      mov dx, 0x604
            b80020      mov ax, 0x2000
            ef          out dx, ax
            f4          hlt
            ebfd        jmp -3
            """;

    @TempDir
    private Path directory;

    private static byte[] bootableDiskette(String text) {
        byte[] image = new byte[(int) FloppyFormat.K1440.bytes()];
        int at = 0;
        for (String line : BOOT_SECTOR.lines().toList()) {
            byte[] bytes = HexFormat.of().parseHex(line.strip().split(" ")[0]);
            System.arraycopy(bytes, 0, image, at, bytes.length);
            at += bytes.length;
        }
        image[510] = 0x55;
        image[511] = (byte) 0xaa;
        byte[] message = text.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(message, 0, image, sector(5, 1, 18), message.length);
        return image;
    }

    private static int sector(int track, int head, int number) {
        return ((track * 2 + head) * 18 + number - 1) * SECTOR;
    }

    @Test
    void seabiosStartsADisketteThatReadsAndWritesItself() throws Exception {
        byte[] before = bootableDiskette("hello from the diskette");
        Path file = Files.write(directory.resolve("floppy.img"), before);
        Cache cache = Cache.of(System.getenv());
        ByteArrayOutputStream log = new ByteArrayOutputStream();
        try (Machine machine = Machine.builder().memory(64 << 20)
                .firmware(DebianFirmware.get("seabios", null, cache, _ -> { }), log::write)
                .display(DebianFirmware.vgaBios(cache, _ -> { })).onReset(ResetPolicy.STOP)
                .peripherals(PeripheralConfig.NONE.withFloppies(List.of(DiskOption.parse(file.toString(), false))))
                .build()) {
            assertInstanceOf(MachineExit.PoweredOff.class, machine.run());

            assertTrue(machine.screen().text().contains("hello from the diskette"), machine.screen().text());
        }
        byte[] expected = before.clone();
        System.arraycopy(before, sector(5, 1, 18), expected, sector(79, 0, 1), SECTOR);
        assertArrayEquals(expected, Files.readAllBytes(file));
    }

    /// How a guest ended, and what it said.
    private record Run(MachineExit exit, int status, String out, String err, List<String> reports) { }

    /// Runs a command under Debian's full kernel.
    private static Run linux(PeripheralConfig peripherals, String modules, String command) {
        List<String> names = List.of(modules.split(" "));
        DebianGuest guest = DebianGuest.get(Cache.of(System.getenv()), DebianGuest.Kernel.FULL, names, _ -> { });
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        CommandResult result = new CommandResult();
        List<String> reports = Collections.synchronizedList(new ArrayList<>());
        StringBuilder script = new StringBuilder();
        names.forEach(name -> script.append("modprobe ").append(name).append("; "));
        try (Machine machine = Machine.builder().memory(256L << 20).kernel(guest.kernel()).peripherals(peripherals)
                .initrd("initramfs", guest.running(script + command)).commandLine("console=ttyS0 quiet")
                .onReset(ResetPolicy.STOP).reports(reports::add).serial(1, out::write)
                .serial(2, err::write).serial(3, result).build()) {
            result.whenKnown(machine::stop);
            MachineExit exit = machine.run();
            return new Run(exit, result.known() ? result.status() : -1, out.toString(StandardCharsets.UTF_8),
                    err.toString(StandardCharsets.UTF_8), reports);
        }
    }

    /// A diskette with an empty FAT file system: what its first sector says of it, and two tables.
    private static byte[] emptyFileSystem() {
        byte[] image = new byte[(int) FloppyFormat.K1440.bytes()];
        byte[] parameters = HexFormat.of().parseHex("eb3c90" + "4a415649534f5220" + "0002" + "01" + "0100" + "02"
                + "e000" + "400b" + "f0" + "0900" + "1200" + "0200");
        System.arraycopy(parameters, 0, image, 0, parameters.length);
        for (int table : new int[] {1, 10}) {
            System.arraycopy(new byte[] {(byte) 0xf0, -1, -1}, 0, image, table * SECTOR, 3);
        }
        return image;
    }

    @Test
    void linuxWritesDisketteAndPrinterAndPlaysATone() throws Exception {
        byte[] content = new byte[100_000];
        new SplittableRandom(1).nextBytes(content);
        Path first = Files.write(directory.resolve("first.img"), emptyFileSystem());
        byte[] source = Arrays.copyOf(content, (int) FloppyFormat.K720.bytes());
        Path second = Files.write(directory.resolve("second.img"), source);
        ByteArrayOutputStream paper = new ByteArrayOutputStream();
        List<Integer> tones = Collections.synchronizedList(new ArrayList<>());
        PeripheralConfig peripherals = PeripheralConfig.NONE
                .withFloppies(List.of(DiskOption.parse(first.toString(), false),
                        DiskOption.parse(second + ",ro", false)))
                .withPrinter(paper::write).withSpeaker((_, hertz) -> tones.add(hertz));

        Run run = linux(peripherals, "floppy vfat nls_cp437 nls_ascii nls_iso8859-1 parport_pc lp pcspkr evdev", """
                set -e
                mkdir /f
                mount -t vfat /dev/fd0 /f
                head -c 100000 /dev/fd1 >/f/data
                umount /f
                mount -t vfat /dev/fd0 /f
                sha256sum </f/data
                head -c 100000 /dev/fd1 | sha256sum
                umount /f
                ! dd if=/dev/zero of=/dev/fd1 count=1 2>/dev/null
                echo printed >/dev/lp0
                event=$(grep -A4 'PC Speaker' /proc/bus/input/devices | grep -o 'event[0-9]*')
                tone() { printf '\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\22\\0\\2\\0'"$1"'\\0\\0'; }
                (tone '\\350\\003'; tone '\\0\\0') >/dev/input/$event
                """);

        String sum = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        assertEquals((sum + "  -\n").repeat(2), run.out(), run.toString());
        assertEquals(0, run.status());
        assertEquals("printed\n", paper.toString(StandardCharsets.US_ASCII));
        assertEquals(List.of(1000, 0), tones.subList(tones.size() - 2, tones.size()));
        String image = Files.readString(first, StandardCharsets.ISO_8859_1);
        assertTrue(image.contains(new String(content, StandardCharsets.ISO_8859_1)), "the file lies in the image");
        assertArrayEquals(source, Files.readAllBytes(second));
    }

    /// Linux's measurement of itself has extended register 10 by then.
    @Test
    @Tag("slow")
    void linuxUsesATpm() throws Exception {
        Path socket = directory.resolve("control");
        ProcessBuilder swtpm = new ProcessBuilder("swtpm", "socket", "--tpm2", "--tpmstate", "dir=" + directory,
                "--ctrl", "type=unixio,path=" + socket).redirectErrorStream(true)
                .redirectOutput(directory.resolve("log").toFile());
        boolean installed = Arrays.stream(System.getenv().getOrDefault("PATH", "").split(":"))
                .anyMatch(path -> Files.isExecutable(Path.of(path, "swtpm")));
        assumeTrue(installed, "swtpm is not installed");
        Process process = swtpm.start();
        try {
            while (!Files.exists(socket)) {
                assertTrue(process.isAlive(), "swtpm has ended");
                Thread.onSpinWait();
            }

            Run run = linux(PeripheralConfig.NONE.withTpm(socket), "tpm_crb", """
                    cd /sys/class/tpm/tpm0
                    cat tpm_version_major pcr-sha256/16
                    test "$(cat pcr-sha256/10)" != "$(cat pcr-sha256/16)" && echo measured
                    """);

            assertEquals("2\n" + "0".repeat(64) + "\nmeasured\n", run.out(), run.toString());
            assertTrue(process.waitFor(60, TimeUnit.SECONDS), "swtpm ends with the machine");
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    @Tag("slow")
    void aPanicEndsTheMachine() {
        PeripheralConfig peripherals = PeripheralConfig.NONE.withPanicDevice(PanicDevice.ISA, Reaction.STOP);

        Run run = linux(peripherals, "pvpanic_mmio", "echo c >/proc/sysrq-trigger");

        assertInstanceOf(MachineExit.Panicked.class, run.exit(), run.toString());
        assertEquals(List.of("the guest's kernel panicked"), run.reports());
    }

    @Test
    @Tag("slow")
    void aPanicThatIsToldThroughPciStartsTheMachineAgain() {
        PeripheralConfig peripherals = PeripheralConfig.NONE.withPanicDevice(PanicDevice.PCI, Reaction.RESTART);

        Run run = linux(peripherals, "pvpanic_pci", "echo c >/proc/sysrq-trigger");

        assertInstanceOf(MachineExit.Reset.class, run.exit(), run.toString());
        assertEquals(List.of("the guest's kernel panicked"), run.reports());
    }

    @Test
    @Tag("slow")
    void aWatchdogThatIsNotFedEndsTheMachine() {
        Run run = linux(PeripheralConfig.NONE.withWatchdog(Reaction.STOP), "i6300esb",
                "for n in 1 2 3; do echo >/dev/watchdog; sleep 1; done; echo fed; exec 3>/dev/watchdog; sleep 600");

        assertEquals("fed\n", run.out());
        assertInstanceOf(MachineExit.WatchdogExpired.class, run.exit(), run.toString());
    }
}
