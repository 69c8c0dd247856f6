// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.javisor.app.DebianRun.Setup;
import org.javisor.devices.net.MacAddress;
import org.javisor.devices.net.e1000.Model;
import org.javisor.devices.net.user.UserNetwork;
import org.javisor.machine.BoardConfig;
import org.javisor.machine.DiskBus;
import org.javisor.machine.Machine;
import org.javisor.machine.MachineConfig.Disk;
import org.javisor.machine.MachineConfig.FullPolicy;
import org.javisor.machine.NetworkCard;
import org.javisor.machine.Plugged;
import org.javisor.machine.layout.BoardModel;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// A Debian system that firmware has started sees disks and a network card come and go: firmware has left room for them
/// in the windows of root ports, and tables that tell of slots.
@Tag("slow")
@Timeout(value = 40, unit = TimeUnit.MINUTES)
class FirmwareHotplugTest {
    private static final Duration PATIENCE = Duration.ofSeconds(DebianRun.SECONDS);
    private static final long ADDRESS = 0x0200_00c0_ffeeL;

    @TempDir
    private Path directory;

    static Stream<Setup> setups() {
        Pattern chosen = Pattern.compile(System.getProperty("javisor.disks", ".*"));
        return Stream.of(BoardModel.values()).flatMap(board -> Stream.of("seabios", "ovmf")
                .map(firmware -> new Setup(board, DiskBus.VIRTIO, firmware)))
                .filter(setup -> chosen.matcher(setup.toString()).matches());
    }

    @ParameterizedTest
    @MethodSource("setups")
    void disksAndANetworkCardComeAndGo(Setup setup) throws Exception {
        BoardConfig board = BoardConfig.DEFAULT.withRootPorts(setup.board().express() ? 2 : 0);
        DebianRun.run(setup, Machine.builder(), board, directory, (machine, serial) -> {
            // The kernel's messages would come between the shell's lines.
            SerialTalk.type(machine, "dmesg -n 1\r");
            Path file = Files.write(directory.resolve("plugged"), content());
            for (DiskBus bus : List.of(DiskBus.NVME, DiskBus.VIRTIO)) {
                String name = bus == DiskBus.NVME ? "/dev/nvme0n1" : "/dev/vdb";
                Plugged disk = machine.plug(new Disk(file, null, true, false, FullPolicy.REPORT, bus));
                DebianRun.await(machine, serial, "test -b " + name);
                SerialTalk.type(machine, "sha256sum " + name + "\r");
                serial.expect(sum() + "  " + name, DebianRun.SECONDS);
                disk.askForRemoval();
                assertTrue(disk.awaitRemoval(PATIENCE));
                DebianRun.await(machine, serial, "test ! -b " + name);
            }
            network(machine, serial);
            SerialTalk.type(machine, "dmesg -r | grep -cE '^<[0-2]>|BUG:|Oops' | sed 's/^/complaints: /'\r");
            serial.expect("complaints: 0", DebianRun.SECONDS);
        });
    }

    /// The card gets an address, and an answer from the network.
    private static void network(Machine machine, SerialTalk serial) throws InterruptedException {
        Plugged card = machine.plug(new NetworkCard(Model.I82574L, new MacAddress(ADDRESS),
                new NetworkCard.Cable.User(new UserNetwork.Settings(List.of(), null, "", null)), new byte[0]));
        DebianRun.await(machine, serial, "grep -q 02:00:00:c0:ff:ee /sys/class/net/*/address");
        SerialTalk.type(machine, "mkdir -p /run/systemd/network; printf '[Match]\\nMACAddress=02:00:00:c0:ff:ee\\n"
                + "[Network]\\nDHCP=ipv4\\n' > /run/systemd/network/card.network\r");
        DebianRun.await(machine, serial, "systemctl restart systemd-networkd");
        DebianRun.await(machine, serial, "grep -q ADDRESS=10.0.2.15 /run/systemd/netif/leases/*");
        card.askForRemoval();
        assertTrue(card.awaitRemoval(PATIENCE));
        DebianRun.await(machine, serial, "! grep -q 02:00:00:c0:ff:ee /sys/class/net/*/address");
    }

    private static byte[] content() {
        byte[] content = new byte[4 << 20];
        new Random(4).nextBytes(content);
        return content;
    }

    private static String sum() throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content()));
    }
}
