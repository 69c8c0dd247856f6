// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.javisor.app.guest.Cache;
import org.javisor.app.guest.DebianGuest;
import org.javisor.devices.pci.AdvancedErrors;
import org.javisor.devices.pci.PciError;
import org.javisor.machine.BoardConfig;
import org.javisor.machine.DiskBus;
import org.javisor.machine.Machine;
import org.javisor.machine.MachineConfig.Disk;
import org.javisor.machine.MachineConfig.FullPolicy;
import org.javisor.machine.MachineExit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Debian's kernel is told of errors on a link by PCI Express's own means, says which they are, and recovers.
@Tag("slow")
@Timeout(value = 600, unit = TimeUnit.SECONDS)
class PciErrorBootTest {
    private static final int SECONDS = 200;
    private static final int[] WRITE_PACKET = {0x4000_0001, 0x0100_000f, 0xfe00_1000, 0};
    /// Waits for the disk, and until the kernel has got over an error; tells what it has counted, and reads the disk.
    private static final String GUEST = """
            modprobe nvme
            while [ ! -b /dev/nvme0n1 ]; do sleep 0.1; done
            echo ready
            while ! dmesg | grep -q 'device recovery successful'; do sleep 0.1; done
            device=/sys/bus/pci/devices/0000:01:00.0
            grep -h '[1-9]$' $device/aer_dev_correctable $device/aer_dev_nonfatal
            sha256sum </dev/nvme0n1""";

    @TempDir
    private Path directory;

    @Test
    void theKernelReportsErrorsAndRecovers() throws Exception {
        byte[] content = new byte[1 << 20];
        new Random(7).nextBytes(content);
        Path file = Files.write(directory.resolve("disk"), content);
        DebianGuest guest = DebianGuest.get(Cache.of(System.getenv()), DebianGuest.Kernel.CLOUD, List.of("nvme"),
                _ -> { });
        SerialTalk kernel = new SerialTalk(), command = new SerialTalk();
        try (Machine machine = Machine.builder().memory(256L << 20).board(BoardConfig.DEFAULT.withRootPorts(1))
                .kernel(guest.kernel()).initrd("initramfs", guest.running(GUEST))
                .commandLine("console=ttyS0 cryptomgr.notests").serial(0, kernel::write).serial(1, command::write)
                .build()) {
            machine.plug(new Disk(file, null, true, false, FullPolicy.REPORT, DiskBus.NVME));
            CompletableFuture<MachineExit> exit = CompletableFuture.supplyAsync(machine::run);
            try {
                kernel.expect("AER: enabled with IRQ", SECONDS);
                command.expect("ready", SECONDS);
                AdvancedErrors card = machine.slots().getFirst().occupant().errors();

                card.report(PciError.BAD_TLP);
                kernel.expect("AER: Corrected error", SECONDS);
                kernel.expect("severity=Corrected, type=Data Link Layer", SECONDS);
                kernel.expect("BadTLP", SECONDS);
                card.report(PciError.POISONED_TLP, WRITE_PACKET);
                kernel.expect("AER: Uncorrected (Non-Fatal) error", SECONDS);
                kernel.expect("TLP Header: 40000001 0100000f fe001000 00000000", SECONDS);
                kernel.expect("device recovery successful", SECONDS);

                command.expect("BadTLP 1", SECONDS);
                command.expect("TLP 1", SECONDS);
                command.expect(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content)), SECONDS);
                assertInstanceOf(MachineExit.PoweredOff.class, exit.get(SECONDS, TimeUnit.SECONDS));
            } finally {
                machine.stop();
                exit.join();
            }
        }
    }
}
