// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.javisor.app.guest.Cache;
import org.javisor.app.guest.DebianFirmware;
import org.javisor.devices.net.e1000.Model;
import org.javisor.devices.net.user.UserNetwork;
import org.javisor.machine.Machine;
import org.javisor.machine.MachineConfig.ResetPolicy;
import org.javisor.machine.MachineConfig.SerialOutput;
import org.javisor.machine.MachineExit;
import org.javisor.machine.NetworkCard;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Network cards with the drivers of others: iPXE's, and Linux's.
@Timeout(value = 240, unit = TimeUnit.SECONDS)
class NetworkBootTest {
    @TempDir
    private Path directory;

    /// SeaBIOS runs the card's ROM, which asks for an address and a file, and starts that.
    @ParameterizedTest
    @EnumSource(Model.class)
    void iPxeBootsAFileFromTheNetwork(Model model) throws Exception {
        Files.write(directory.resolve("boot.me"), Arrays.copyOf(FirmwareBootTest.disk("hello from the network"), 1024));
        Cache cache = Cache.of(System.getenv());
        UserNetwork.Settings settings = new UserNetwork.Settings(List.of(), directory, "boot.me", null);
        NetworkCard card = new NetworkCard(model, null, new NetworkCard.Cable.User(settings),
                DebianFirmware.networkBoot(model.driver(), cache, _ -> { }));
        try (Machine machine = Machine.builder().memory(128 << 20).networkCard(card)
                .firmware(DebianFirmware.get("seabios", null, cache, _ -> { }), SerialOutput.NOWHERE)
                .display(DebianFirmware.vgaBios(cache, _ -> { })).onReset(ResetPolicy.STOP).build()) {
            MachineExit exit = machine.run();

            String shown = machine.screen().text();
            assertInstanceOf(MachineExit.PoweredOff.class, exit, shown);
            assertTrue(shown.contains("10.0.2.15/255.255.255.0") && shown.contains("hello from the network"), shown);
        }
    }

    /// DHCP, a download, an upload, and a port of the guest's, with checksums.
    @ParameterizedTest
    @ValueSource(strings = {"e1000", "e1000e"})
    @Tag("slow")
    void linuxDownloadsAndServes(String model) throws Exception {
        byte[] content = new byte[8 << 20];
        new Random(5).nextBytes(content);
        ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(() -> serve(server, content));
        int forwarded;
        try (ServerSocket free = new ServerSocket(0)) {
            forwarded = free.getLocalPort();
        }
        ByteArrayOutputStream fromGuest = new ByteArrayOutputStream();
        Thread client = Thread.ofVirtual().start(() -> readFrom(forwarded, fromGuest));
        String port = Integer.toString(server.getLocalPort());
        CommandRun result = CommandRun.of("run", "--cpus", "2", "--guest-kernel", "full", "--guest-modules", model,
                "--nic", "user,model=" + model + ",forward=" + forwarded + ":80", "--exec", """
                        modprobe %1$s; sleep 1; ip link set eth0 up; sleep 1
                        udhcpc -i eth0 -n -q -s /bin/true 2>&1 | grep -o 'lease of [0-9.]*'
                        ip addr add 10.0.2.15/24 dev eth0
                        wget -q -O /tmp/got http://10.0.2.2:%2$s/; sha256sum </tmp/got
                        nc -l -p 80 </tmp/got; dmesg -r | grep -E '^<[0-3]>'""".formatted(model, port));
        server.close();
        client.join();

        String sum = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        assertEquals("lease of 10.0.2.15\n" + sum + "  -\n", result.out(), result.err());
        assertEquals(sum, HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256")
                .digest(fromGuest.toByteArray())));
    }

    /// Answers one request over HTTP.
    private static void serve(ServerSocket server, byte[] content) {
        try (Socket socket = server.accept()) {
            new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII)).lines()
                    .takeWhile(line -> !line.isEmpty()).count();
            socket.getOutputStream().write("HTTP/1.0 200 OK\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            socket.getOutputStream().write(content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Connects until the guest's server is there and sends something.
    private static void readFrom(int port, ByteArrayOutputStream got) {
        while (got.size() == 0) {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                socket.getInputStream().transferTo(got);
            } catch (IOException _) {
                Thread.onSpinWait();
            }
        }
    }
}
