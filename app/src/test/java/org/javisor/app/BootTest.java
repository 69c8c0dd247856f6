// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.javisor.app.guest.Cache;
import org.javisor.app.guest.DebianGuest;
import org.javisor.machine.Machine;
import org.javisor.machine.MachineBuilder;
import org.javisor.machine.MachineConfig.Protocol;
import org.javisor.machine.MachineExit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Debian's kernel boots, and the guest does what a person or a script asks of it.
@Timeout(value = 240, unit = TimeUnit.SECONDS)
class BootTest {
    @TempDir
    private Path directory;

    private static CommandRun javisor(String... arguments) {
        return CommandRun.of(arguments);
    }

    @Test
    void oneCpuRunsACommandAndItsStatusAndStreamsComeBack() {
        CommandRun result = javisor("run", "--engine", "interpreter", "--cpus", "1", "--exec",
                "nproc; uname -s -m; printf 'bytes \\001\\377 stay'; echo oops >&2; exit 7");

        assertEquals(7, result.status(), result.err());
        assertTrue(result.out().startsWith("1\nLinux x86_64\nbytes \u0001"), result.out());
        assertTrue(result.err().contains("oops\n"), result.err());
    }

    @Test
    void twoCpusComeUpAndTheKernelHasNothingToComplainOf() {
        CommandRun result = javisor("run", "--cpus", "2", "--stats", "--exec",
                "nproc; dmesg -r | grep -E '^<[0-4]>'");

        assertEquals("2\n", result.out(), result.err());
        assertTrue(result.err().contains("instructions"), result.err());
    }

    /// On the board that has no HPET either.
    @Test
    void withoutAPitLinuxTakesItsTimeFromItsLocalApics() {
        CommandRun result = javisor("run", "--board", "pc", "--pit", "off", "--cpus", "2", "--exec",
                "dmesg -r | grep -E '^<[0-3]>'; grep -c 'Event Device: lapic-deadline' /proc/timer_list;"
                        + "grep -c -E 'Event Device: (pit|hpet)' /proc/timer_list; sleep 0.2; echo slept");

        assertEquals("2\n0\nslept\n", result.out(), result.err());
    }

    /// With the I/O APIC or without, by MSIs or by pins.
    @ParameterizedTest
    @ValueSource(strings = {"", "pci=nomsi", "noapic pci=nomsi"})
    void aPcBoots(String append) throws Exception {
        Path disk = Files.write(directory.resolve("disk.img"), new byte[1 << 20]);
        CommandRun result = javisor("run", "--board", "pc", "--cpus", "1", "--append", append,
                "--disk", disk.toString(),
                "--exec", "dd if=/dev/urandom of=/dev/vda bs=64k count=4 conv=fsync 2>/dev/null && echo written;"
                        + "dmesg -r | grep -E '^<[0-3]>'; grep -c -E 'PIC.*virtio|MSI.*virtio' /proc/interrupts");

        assertTrue(result.out().startsWith("written\n"), result.out() + result.err());
        assertEquals(2, result.out().lines().count(), result.out());
    }

    /// By MSIs, or by pins that each bridge turns.
    @ParameterizedTest
    @ValueSource(strings = {"", "pci=nomsi"})
    void disksBehindAPortAndABridgeAreRead(String append) throws Exception {
        byte[] content = new byte[1 << 20];
        new Random(7).nextBytes(content);
        Path one = Files.write(directory.resolve("one.img"), content);
        Path other = Files.write(directory.resolve("other.img"), content);
        String sum = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));

        CommandRun result = javisor("run", "--cpus", "1", "--root-ports", "2", "--pci-bridges", "1", "--append", append,
                "--disk", one + ",ro,slot=port2", "--disk", other + ",ro,slot=bridge1", "--exec",
                "sha256sum </dev/vda; sha256sum </dev/vdb; dmesg -r | grep -E '^<[0-3]>'");

        assertEquals((sum + "  -\n").repeat(2), result.out(), result.err());
    }

    @ParameterizedTest
    @ValueSource(strings = {"2", "8"})
    @Tag("slow")
    void aPcBootsWithMoreProcessors(String cpus) {
        CommandRun result = javisor("run", "--board", "pc", "--cpus", cpus, "--exec",
                "nproc; dmesg | grep -E 'BUG:|WARNING:|Oops'");

        assertEquals(cpus + "\n", result.out(), result.err());
    }

    @ParameterizedTest
    @ValueSource(strings = {"1"})
    void theTranslatorBoots(String cpus) {
        CommandRun result = javisor("run", "--engine", "translator", "--cpus", cpus, "--exec",
                "nproc; dmesg | grep -E 'BUG:|WARNING:|Oops'; sha256sum </bin/busybox | wc -c");

        assertEquals(cpus + "\n68\n", result.out(), result.err());
    }

    @ParameterizedTest
    @ValueSource(strings = {"2", "8"})
    @Tag("slow")
    void theTranslatorBootsWithMoreProcessors(String cpus) {
        theTranslatorBoots(cpus);
    }

    @Test
    @Tag("slow")
    void linuxSuspendsToMemoryAndItsAlarmWakesIt() {
        CommandRun result = javisor("run", "--cpus", "2", "--exec", "echo +3 >/sys/class/rtc/rtc0/wakealarm;"
                + " echo mem >/sys/power/state && cat /sys/power/suspend_stats/success; nproc;"
                + " dmesg | grep -E 'BUG:|WARNING:|Oops'; sha256sum </bin/busybox | wc -c");

        assertEquals("1\n2\n68\n", result.out(), result.err());
    }

    @Test
    @Tag("slow")
    void aBootPassesInLockStep() {
        CommandRun result = javisor("run", "--engine", "check", "--cpus", "1", "--exec", "uname -s");

        assertEquals("Linux\n", result.out(), result.err());
    }

    @Test
    void virtioDiskIsReadAndWritten() throws Exception {
        long seed = Long.getLong("javisor.seed", System.nanoTime());
        byte[] content = new byte[4 << 20];
        new Random(seed).nextBytes(content);
        Path disk = directory.resolve("disk.img");
        Files.write(disk, content);
        String sum = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));

        CommandRun result = javisor("run", "--cpus", "1", "--disk", disk.toString(), "--exec",
                "sha256sum </dev/vda; dd if=/dev/zero of=/dev/vda bs=4096 seek=16 count=8 conv=fsync 2>/dev/null");

        assertEquals(sum + "  -\n", result.out(), () -> "-Djavisor.seed=" + seed + "\n" + result.err());
        Arrays.fill(content, 16 * 4096, 24 * 4096, (byte) 0);
        assertArrayEquals(content, Files.readAllBytes(disk));
    }

    @Test
    void aFileSystemOnAQcow2DiskIsWholeAfterwards() {
        Path disk = directory.resolve("disk.qcow2");
        assertEquals(0, javisor("image", "create", disk.toString(), "64M").status());

        CommandRun result = javisor("run", "--cpus", "1", "--disk", disk.toString(), "--exec",
                "mke2fs /dev/vda >/dev/null; mkdir /m; mount -t ext2 /dev/vda /m; seq 1 20000 >/m/numbers;"
                        + " rm -f /m/none; umount /m; mount -t ext2 /dev/vda /m; tail -n 1 /m/numbers");

        assertEquals("20000\n", result.out(), result.err());
        CommandRun check = javisor("image", "check", disk.toString());
        assertEquals(0, check.status(), check.out());
    }

    @Test
    @Tag("slow")
    void aCodeCacheThatIsMuchTooSmallOnlyCostsTime() {
        CommandRun result = javisor("run", "--cpus", "2", "--code-cache", "1M", "--stats", "--exec",
                "dmesg -r | grep -E '^<[0-4]>'; echo shown");

        assertEquals("shown\n", result.out(), result.err());
        assertTrue(!result.err().contains("and 0 to make room"), result.err());
    }

    @Test
    @Tag("slow")
    void theElfKernelBootsThroughPvh() throws Exception {
        DebianGuest guest = DebianGuest.get(Cache.of(System.getenv()), _ -> { });
        byte[] elf = KernelPayload.elf(Files.readAllBytes(guest.kernel()));

        assertTrue(log(guest, Machine.builder().kernel("vmlinux", elf)).contains("DMI: Javisor"));
    }

    @Test
    @Tag("slow")
    void the32BitProtocolBoots() throws Exception {
        DebianGuest guest = DebianGuest.get(Cache.of(System.getenv()), _ -> { });

        assertTrue(log(guest, Machine.builder().kernel(guest.kernel()).protocol(Protocol.LINUX32))
                .contains("DMI: Javisor"));
    }

    /// Boots, and returns what the guest's kernel logged.
    private static String log(DebianGuest guest, MachineBuilder builder) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        CommandResult result = new CommandResult();
        try (Machine machine = builder.memory(256L << 20).initrd("initramfs", guest.running("dmesg"))
                .commandLine("console=ttyS0 quiet").serial(1, out::write).serial(3, result).build()) {
            result.whenKnown(machine::stop);
            machine.run();
        }
        assertEquals(0, result.status());
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    @Tag("slow")
    void eightCpusWithMuchMemoryAndFourLevelPagingBoot() {
        CommandRun result = javisor("run", "--cpus", "8", "--memory", "8G", "--append", "no5lvl", "--exec",
                "nproc; free -m | awk 'NR==2{print ($2 > 7900)}'; dmesg -r | grep -E '^<[0-4]>'");

        assertEquals("8\n1\n", result.out(), result.err());
    }

    /// With the kernel's own tests of its ciphers, which the default command line leaves out.
    @Test
    @Tag("slow")
    void littleMemoryIsEnoughAndTheKernelsCiphersPassTheirTests() {
        CommandRun result = javisor("run", "--cpus", "1", "--memory", "128M", "--append", "cryptomgr.notests=0",
                "--exec",
                "dmesg -r | grep -E '^<[0-4]>'");

        assertEquals("", result.out(), result.err());
    }

    /// A person at the console: types, waits for text.
    private static final class Person {
        private static final int PATIENCE_SECONDS = 120;

        private final StringBuilder screen = new StringBuilder();
        private Machine machine;

        synchronized void show(byte[] bytes, int from, int count) {
            screen.append(new String(bytes, from, count, StandardCharsets.ISO_8859_1));
            notifyAll();
        }

        synchronized void waitFor(String text) throws InterruptedException {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
            while (screen.indexOf(text) < 0) {
                long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                assertTrue(left > 0, () -> "no '" + text + "' on the screen: " + screen);
                wait(left);
            }
            screen.delete(0, screen.indexOf(text) + text.length());
        }

        void type(String text) throws InterruptedException {
            machine.send(0, text.getBytes(StandardCharsets.ISO_8859_1));
        }
    }

    @Test
    void aPersonAtTheConsoleTypesInterruptsAndPowersOff() throws Exception {
        DebianGuest guest = DebianGuest.get(Cache.of(System.getenv()), _ -> { });
        Person person = new Person();
        try (Machine machine = Machine.builder().cpus(2).memory(256L << 20).kernel(guest.kernel())
                .initrd("initramfs", guest.interactive()).commandLine("console=ttyS0 quiet cryptomgr.notests")
                .serial(0, person::show).build()) {
            person.machine = machine;
            FutureTask<MachineExit> exit = start(machine::run);

            person.waitFor("javisor:");
            person.type("echo $((6 * 7))\n");
            person.waitFor("\n42");
            person.type("sh -c 'trap \"echo caught; exit 9\" INT; echo armed; while :; do sleep 1; done'\n");
            person.waitFor("\narmed");
            person.type("\u0003");
            person.waitFor("caught");
            person.type("echo interrupted=$?\n");
            person.waitFor("\ninterrupted=9");
            person.type("poweroff\n");

            assertInstanceOf(MachineExit.PoweredOff.class, exit.get(120, TimeUnit.SECONDS));
        }
    }

    private static <T> FutureTask<T> start(Callable<T> body) {
        FutureTask<T> task = new FutureTask<>(body);
        Thread.ofPlatform().name("machine").daemon().start(task);
        return task;
    }
}
