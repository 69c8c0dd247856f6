// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.javisor.app.guest.Cache;
import org.javisor.app.guest.DebianGuest;
import org.javisor.machine.BoardConfig;
import org.javisor.machine.DiskBus;
import org.javisor.machine.IommuConfig;
import org.javisor.machine.Machine;
import org.javisor.machine.MachineConfig.Disk;
import org.javisor.machine.MachineConfig.FullPolicy;
import org.javisor.machine.MachineConfig.SerialOutput;
import org.javisor.machine.Plugged;
import org.javisor.machine.layout.BoardModel;
import org.javisor.memory.ConfigurationException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Debian's kernel sees virtio disks come and go: by PCI Express's own means on q35, by ACPI's on pc.
@Timeout(value = 600, unit = TimeUnit.SECONDS)
class HotplugTest {
    private static final Duration PATIENCE = Duration.ofSeconds(200);
    private static final int BYTES = 1 << 20, WRITTEN = 64 << 10;
    /// For each of two disks: waits until it is there, tells its sum, writes to the first, waits until it is gone.
    private static final String GUEST = """
            for n in 1 2; do
                echo waiting $n
                while [ ! -b /dev/vda ]; do sleep 0.1; done
                sha256sum </dev/vda
                [ $n = 1 ] && tr '\\000' x </dev/zero |
                    dd of=/dev/vda bs=64k count=1 iflag=fullblock conv=fsync 2>/dev/null
                echo used $n
                while [ -b /dev/vda ]; do sleep 0.1; done
            done
            dmesg -r | grep -E '^<[0-2]>|BUG:|Oops'
            echo over""";

    @TempDir
    private Path directory;

    /// What the guest says.
    private static final class Lines implements SerialOutput {
        private final StringBuilder text = new StringBuilder();

        @Override
        public synchronized void write(byte[] bytes, int from, int count) {
            text.append(new String(bytes, from, count, StandardCharsets.UTF_8));
            notifyAll();
        }

        /// Waits for a line, and gives all that came before it since the last that was waited for.
        synchronized String until(String line) throws InterruptedException {
            long end = System.nanoTime() + PATIENCE.toNanos();
            int at;
            while ((at = text.indexOf(line + "\n")) < 0) {
                long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
                assertTrue(left > 0, "the guest never said " + line + ", but " + text);
                wait(left);
            }
            String before = text.substring(0, at);
            text.delete(0, at + line.length() + 1);
            return before;
        }
    }

    @ParameterizedTest
    @EnumSource(BoardModel.class)
    void disksComeAndGoAndKeepTheirData(BoardModel model) throws Exception {
        DebianGuest guest = DebianGuest.get(Cache.of(System.getenv()), _ -> { });
        run(model, guest, GUEST, (machine, said) -> plugAndUnplug(machine, model, said));
    }

    @Test
    @Tag("slow")
    void disksComeAndGoBehindAnIommu() throws Exception {
        DebianGuest guest = DebianGuest.get(Cache.of(System.getenv()), _ -> { });
        run(BoardModel.Q35, IommuConfig.INTEL, guest, GUEST,
                (machine, said) -> plugAndUnplug(machine, BoardModel.Q35, said));
    }

    private void plugAndUnplug(Machine machine, BoardModel model, Lines said) throws Exception {
        said.until("waiting 1");
        Path first = disk("first");
        Plugged plugged = machine.plug(disk(first));
        assertEquals(sum(first), said.until("used 1").strip());
        if (model.express()) {
            assertThrows(ConfigurationException.class, () -> machine.plug(disk(disk("one too many"))));
        }
        plugged.askForRemoval();
        assertTrue(plugged.awaitRemoval(PATIENCE));
        byte[] content = Files.readAllBytes(first);
        byte[] expected = new byte[WRITTEN];
        Arrays.fill(expected, (byte) 'x');
        assertArrayEquals(expected, Arrays.copyOf(content, WRITTEN));

        said.until("waiting 2");
        Path second = disk("second");
        Plugged other = machine.plug(disk(second));
        assertEquals(sum(second), said.until("used 2").strip());
        other.askForRemoval();
        assertTrue(other.awaitRemoval(PATIENCE));

        assertEquals("", said.until("over"));
    }

    /// Waits for a disk, reads it, and does not know that it is to go; twice.
    private static final String SURPRISED_GUEST = """
            modprobe nvme
            for n in 1 2; do
                echo waiting $n
                while [ ! -b /dev/nvme?n1 ]; do sleep 0.1; done
                cat /dev/nvme?n1 | sha256sum
                echo used $n
                while [ -b /dev/nvme?n1 ]; do sleep 0.1; done
            done
            dmesg -r | grep -E '^<[0-2]>|BUG:|Oops'
            echo over""";

    @ParameterizedTest
    @EnumSource(BoardModel.class)
    @Tag("slow")
    void anNvmeDiskThatIsPulledIsMissedAndAnotherTakesItsPlace(BoardModel model) throws Exception {
        DebianGuest guest = DebianGuest.get(Cache.of(System.getenv()), DebianGuest.Kernel.CLOUD, List.of("nvme"),
                _ -> { });
        run(model, guest, SURPRISED_GUEST, (machine, said) -> {
            for (int n = 1; n <= 2; n++) {
                said.until("waiting " + n);
                Path file = disk("disk " + n);
                Plugged plugged = machine.plug(new Disk(file, null, true, false, FullPolicy.REPORT, DiskBus.NVME));
                assertEquals(sum(file), said.until("used " + n).strip());
                plugged.pull();
                assertTrue(plugged.awaitRemoval(PATIENCE));
            }
            assertEquals("", said.until("over"));
        });
    }

    @FunctionalInterface
    private interface Host {
        void plugAndUnplug(Machine machine, Lines said) throws Exception;
    }

    private static void run(BoardModel model, DebianGuest guest, String command, Host host) throws Exception {
        run(model, null, guest, command, host);
    }

    private static void run(BoardModel model, IommuConfig iommu, DebianGuest guest, String command, Host host)
            throws Exception {
        Lines said = new Lines();
        BoardConfig board = BoardConfig.DEFAULT.withModel(model).withRootPorts(model.express() ? 1 : 0);
        try (Machine machine = Machine.builder().memory(256L << 20).board(board).kernel(guest.kernel())
                .initrd("initramfs", guest.running(command)).iommu(iommu)
                .commandLine("console=ttyS0 quiet cryptomgr.notests intel_iommu=on iommu.strict=1")
                .serial(1, said).build()) {
            Thread runs = Thread.ofPlatform().start(machine::run);
            try {
                host.plugAndUnplug(machine, said);
            } finally {
                machine.stop();
                runs.join();
            }
        }
    }

    private Path disk(String name) throws Exception {
        byte[] content = new byte[BYTES];
        new Random(name.hashCode()).nextBytes(content);
        return Files.write(directory.resolve(name), content);
    }

    private static Disk disk(Path file) {
        return new Disk(file, null, false, false, FullPolicy.REPORT, DiskBus.VIRTIO);
    }

    private static String sum(Path file) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)))
                + "  -";
    }
}
