// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.javisor.app.guest.Cache;
import org.javisor.app.guest.DebianGuest;
import org.javisor.machine.BootOrder;
import org.javisor.machine.DiskBus;
import org.javisor.machine.Machine;
import org.javisor.machine.MachineConfig.Disk;
import org.javisor.machine.MachineConfig.FullPolicy;
import org.javisor.machine.PciPlace;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Linux's drivers of real controllers read and write disks and read CDs.
@Tag("slow")
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class StorageBootTest {
    private static final int BYTES = 8 << 20, WRITTEN_AT = 1 << 20, WRITTEN = 2 << 20;
    private static final String COMPLAINTS = "dmesg | grep -E 'ata[0-9.]+: (exception|failed|SError|error|limiting)"
            + "|I/O error|BUG:|WARNING:'; ";

    @TempDir
    private Path directory;

    private final long seed = Long.getLong("javisor.seed", System.nanoTime());
    private final byte[] content = new byte[BYTES];
    private Path disk;
    private Path cd;

    @BeforeEach
    void makeImages() throws Exception {
        new Random(seed).nextBytes(content);
        disk = Files.write(directory.resolve("disk.img"), content);
        cd = Files.write(directory.resolve("cd.iso"), Arrays.copyOf(content, BYTES / 2));
    }

    private static String sum(byte[] bytes) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }

    private String javisor(String... arguments) {
        PrintStream oldOut = System.out;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        try {
            int status = Main.commandLine().execute(arguments);
            assertEquals(0, status, () -> out.toString(StandardCharsets.UTF_8) + "\n-Djavisor.seed=" + seed);
            return out.toString(StandardCharsets.UTF_8);
        } finally {
            System.setOut(oldOut);
        }
    }

    /// A part of the disk is copied to another place, and the disk and the CD are read whole before.
    @ParameterizedTest
    @CsvSource({"q35,ahci,ahci,", "q35,ide,ata_piix,", "pc,ide,ata_piix,", "pc,ahci,ahci,",
        "pc,ide,ata_piix,libata.dma=0"})
    void disksAreReadAndWrittenAndCdsRead(String board, String bus, String driver, String parameter) throws Exception {
        String shown = javisor("run", "--board", board, "--guest-kernel", "full", "--guest-modules",
                driver + ",sd_mod,sr_mod", "--disk", disk + ",format=raw,bus=" + bus, "--cdrom", cd + ",bus=" + bus,
                "--append", parameter == null ? "" : parameter, "--exec",
                "modprobe " + driver + "; modprobe sd_mod; modprobe sr_mod;"
                        + "for i in $(seq 50); do [ -b /dev/sda ] && [ -b /dev/sr0 ] && break; sleep 0.1; done;"
                        + "sha256sum </dev/sda; sha256sum </dev/sr0;"
                        + "dd if=/dev/sda of=/tmp/part bs=1M skip=4 count=2 2>/dev/null;"
                        + "dd if=/tmp/part of=/dev/sda bs=1M seek=1 conv=fsync 2>/dev/null;"
                        + "cat /sys/block/sda/device/model;" + COMPLAINTS + "true");

        assertEquals(sum(content) + "  -\n" + sum(Arrays.copyOf(content, BYTES / 2)) + "  -\nJAVISOR HARDDISK\n",
                shown.replaceAll(" +\n", "\n"));
        byte[] expected = content.clone();
        System.arraycopy(content, 4 << 20, expected, WRITTEN_AT, WRITTEN);
        assertArrayEquals(expected, Files.readAllBytes(disk), () -> "-Djavisor.seed=" + seed);
    }

    @Test
    void aCdIsChangedWhileTheGuestRuns() throws Exception {
        Path other = Files.write(directory.resolve("other.iso"), Arrays.copyOfRange(content, BYTES / 2, BYTES));
        DebianGuest guest = DebianGuest.get(Cache.of(System.getenv()), DebianGuest.Kernel.FULL,
                List.of("ahci", "sr_mod"), _ -> { });
        String script = "modprobe ahci; modprobe sr_mod;"
                + "for i in $(seq 50); do [ -b /dev/sr0 ] && break; sleep 0.1; done;"
                + "f=$(sha256sum </dev/sr0); echo $f; echo change;"
                + "for i in $(seq 100); do s=$(sha256sum </dev/sr0 2>/dev/null);"
                + "[ $? = 0 ] && [ \"$s\" != \"$f\" ] && break; sleep 0.2; done; echo $s";
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        CommandResult result = new CommandResult();
        CompletableFuture<Void> asked = new CompletableFuture<>();
        try (Machine machine = Machine.builder().memory(256L << 20).kernel(guest.kernel())
                .initrd("initramfs", guest.running(script)).commandLine("console=ttyS0 quiet cryptomgr.notests")
                .disk(new Disk(cd, null, true, false, FullPolicy.REPORT, DiskBus.AHCI, true, PciPlace.ROOT,
                        BootOrder.NONE))
                .serial(1, (bytes, from, count) -> {
                    out.write(bytes, from, count);
                    if (out.toString(StandardCharsets.US_ASCII).contains("change")) {
                        asked.complete(null);
                    }
                }).serial(3, result).build()) {
            asked.thenRunAsync(() -> machine.changeCd(0, other));
            result.whenKnown(machine::stop);
            machine.run();
        }

        assertEquals(sum(Files.readAllBytes(cd)) + " -\nchange\n" + sum(Files.readAllBytes(other)) + " -\n",
                out.toString(StandardCharsets.US_ASCII).replace("\r", ""));
    }

    @Test
    void whatTheGuestTrimsBecomesAHole() throws Exception {
        long before = blocks();

        String shown = javisor("run", "--guest-kernel", "full", "--guest-modules", "ahci,sd_mod", "--disk",
                disk + ",format=raw,bus=ahci", "--exec", "modprobe ahci; modprobe sd_mod;"
                        + "for i in $(seq 50); do [ -b /dev/sda ] && break; sleep 0.1; done;"
                        + "blkdiscard /dev/sda && sync; " + COMPLAINTS + "true");

        assertEquals("", shown);
        assertTrue(blocks() < before / 2, "blocks: " + blocks() + " after " + before);
        assertEquals(BYTES, Files.size(disk));
    }

    private long blocks() throws Exception {
        Process stat = new ProcessBuilder("stat", "-c", "%b", disk.toString()).start();
        return Long.parseLong(new String(stat.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip());
    }

    @Test
    void aFileSystemIsWholeWithSeveralProcessorsAtWork() {
        String shown = javisor("run", "--cpus", "2", "--guest-kernel", "full", "--guest-modules",
                "ahci,sd_mod,crc32c_generic", "--disk", disk + ",format=raw,bus=ahci", "--exec",
                "modprobe ahci; modprobe sd_mod; modprobe crc32c_generic; modprobe ext4;"
                        + "for i in $(seq 50); do [ -b /dev/sda ] && break; sleep 0.1; done;"
                        + "mke2fs /dev/sda >/dev/null 2>&1; mkdir /m; mount -t ext2 /dev/sda /m || exit 9;"
                        + "(seq 1 20000 >/m/a; sync) & seq 1 30000 >/m/b; wait; umount /m || exit 8;"
                        + "mount -t ext2 /dev/sda /m || exit 7; tail -n 1 /m/a; tail -n 1 /m/b; " + COMPLAINTS
                        + "true");

        assertEquals("20000\n30000\n", shown);
    }
}
