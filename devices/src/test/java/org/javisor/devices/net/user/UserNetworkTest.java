// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net.user;

import static org.javisor.devices.net.user.FakeGuest.ACK;
import static org.javisor.devices.net.user.FakeGuest.FIN;
import static org.javisor.devices.net.user.FakeGuest.GUEST;
import static org.javisor.devices.net.user.FakeGuest.PSH;
import static org.javisor.devices.net.user.FakeGuest.ROUTER;
import static org.javisor.devices.net.user.FakeGuest.RST;
import static org.javisor.devices.net.user.FakeGuest.SYN;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.javisor.devices.net.Packets;
import org.javisor.devices.net.user.FakeGuest.Segment;
import org.javisor.devices.net.user.UserNetwork.Forward;
import org.javisor.devices.net.user.UserNetwork.Settings;
import org.javisor.memory.ConfigurationException;
import org.javisor.testkit.Seeds;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class UserNetworkTest {
    private static final Settings PLAIN = new Settings(List.of(), null, "", null);
    private static final int PORT = 40_000;
    private static final byte[] NOTHING = {};
    @TempDir
    private Path directory;

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static ServerSocket server() throws IOException {
        return new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
    }

    @Test
    void theRouterAnswersArpAndPings() throws Exception {
        try (FakeGuest guest = new FakeGuest(PLAIN)) {
            guest.send(0x806, ByteBuffer.allocate(28).putLong(0x0001_0800_0604_0001L).put(Packets.CARD.toBytes())
                    .putInt(GUEST).put(new byte[6]).putInt(ROUTER).array());
            ByteBuffer answer = ByteBuffer.wrap(guest.frame());
            assertEquals(0x0806_0001, answer.getInt(12));
            assertEquals(2, answer.getShort(20));
            assertEquals(ROUTER, answer.getInt(28));
            assertEquals(GUEST, answer.getInt(38));

            byte[] echo = ByteBuffer.allocate(20).putInt(0x0800_0000).putLong(0x0123_4567_89ab_cdefL).array();
            guest.send(0x800, Packets.ipv4(1, GUEST, ROUTER, echo));
            byte[] reply = guest.packet();
            assertEquals(0, reply[Packets.IP]);
            assertEquals(0xffff, Packets.slowSum(reply, Packets.IP, 20));
            assertArrayEquals(Arrays.copyOfRange(echo, 4, 20), Arrays.copyOfRange(reply, Packets.IP + 4, 40));
        }
    }

    // ---- DHCP and TFTP ----

    private static byte[] dhcp(int type, int requested) {
        ByteBuffer message = ByteBuffer.allocate(300).putInt(0x0101_0600).putInt(0x1122_3344).position(28)
                .put(Packets.CARD.toBytes()).position(236).putInt(0x6382_5363).putShort((short) 0x3501)
                .put((byte) type);
        if (requested != 0) {
            message.putShort((short) 0x3204).putInt(requested);
        }
        return message.put((byte) 0xff).array();
    }

    @Test
    void aGuestGetsItsAddressAndTheFileToBoot() throws Exception {
        try (FakeGuest guest = new FakeGuest(new Settings(List.of(), directory, "boot.me", null))) {
            guest.sendUdp(-1, 68, 67, dhcp(1, 0));
            ByteBuffer offer = ByteBuffer.wrap(guest.datagram(ROUTER, 67, 68));
            assertEquals(0x1122_3344, offer.getInt(4));
            assertEquals(GUEST, offer.getInt(16));
            assertEquals(ROUTER, offer.getInt(20));
            assertEquals("boot.me", new String(offer.array(), 108, 7, StandardCharsets.US_ASCII));
            assertEquals(0x3501_02, offer.getInt(240) >>> 8);

            guest.sendUdp(-1, 68, 67, dhcp(3, GUEST));
            assertEquals(0x3501_05, ByteBuffer.wrap(guest.datagram(ROUTER, 67, 68)).getInt(240) >>> 8);
            guest.sendUdp(-1, 68, 67, dhcp(3, GUEST + 1));
            assertEquals(0x3501_06, ByteBuffer.wrap(guest.datagram(ROUTER, 67, 68)).getInt(240) >>> 8);
        }
    }

    private static byte[] ack(int block) {
        return new byte[] {0, 4, (byte) (block >>> 8), (byte) block};
    }

    @Test
    void tftpGivesOutAFileBlockByBlockAndAgain() throws Exception {
        byte[] content = new byte[2 * 1000 + 7];
        new SplittableRandom(1).nextBytes(content);
        Files.write(directory.resolve("file"), content);
        try (FakeGuest guest = new FakeGuest(new Settings(List.of(), directory, "", null))) {
            guest.sendUdp(ROUTER, 1069, 69, text("\0\1file\0octet\0blksize\0001000\0tsize\0000\0"));
            assertEquals("\0\6blksize\0001000\0tsize\0002007\0",
                    new String(guest.datagram(ROUTER, 69, 1069), StandardCharsets.US_ASCII));

            ByteArrayOutputStream got = new ByteArrayOutputStream();
            for (int block = 1; block <= 3; block++) {
                guest.sendUdp(ROUTER, 1069, 69, ack(block - 1));
                byte[] data = guest.datagram(ROUTER, 69, 1069);
                guest.sendUdp(ROUTER, 1069, 69, ack(block - 1));
                assertArrayEquals(data, guest.datagram(ROUTER, 69, 1069), "asked for again");
                assertEquals(0x3_0000 | block, ByteBuffer.wrap(data).getInt());
                got.write(data, 4, data.length - 4);
            }

            assertArrayEquals(content, got.toByteArray());
        }
    }

    @Test
    void tftpGivesOutNothingElse() throws Exception {
        Path inside = Files.createDirectory(directory.resolve("inside"));
        Files.writeString(directory.resolve("secret"), "x");
        Files.createSymbolicLink(inside.resolve("link"), directory.resolve("secret"));
        try (FakeGuest guest = new FakeGuest(new Settings(List.of(), inside, "", null))) {
            for (String name : List.of("../secret", "/../secret", "link", "absent", "", "\u0001", ".")) {
                guest.sendUdp(ROUTER, 1069, 69, text("\0\1" + name + "\0octet\0"));
                assertEquals(0x5_0001, ByteBuffer.wrap(guest.datagram(ROUTER, 69, 1069)).getInt(), name);
            }
            guest.sendUdp(ROUTER, 1069, 69, text("\0\2new\0octet\0"));
            assertEquals(0x5_0002, ByteBuffer.wrap(guest.datagram(ROUTER, 69, 1069)).getInt());
        }
    }

    // ---- UDP and TCP ----

    @Test
    void datagramsReachTheHostAndAnswersComeBack() throws Exception {
        try (DatagramSocket echo = new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
                FakeGuest guest = new FakeGuest(new Settings(List.of(), null, "",
                        (InetSocketAddress) echo.getLocalSocketAddress()))) {
            DatagramPacket packet = new DatagramPacket(new byte[100], 100);
            guest.sendUdp(ROUTER, PORT, echo.getLocalPort(), text("question"));
            echo.receive(packet);
            assertEquals("question", new String(packet.getData(), 0, packet.getLength(), StandardCharsets.US_ASCII));
            echo.send(new DatagramPacket(text("answer"), 6, packet.getSocketAddress()));

            // The socket is the name server as well, and so answers as that.
            assertArrayEquals(text("answer"), guest.datagram(FakeGuest.NAMES, 53, PORT));

            guest.sendUdp(FakeGuest.NAMES, PORT, 53, text("who?"));
            echo.receive(packet);
            assertEquals(4, packet.getLength());
        }
    }

    /// The guest's end of an open connection.
    private record Open(FakeGuest guest, int port, int next, int expected) {
        static Open to(FakeGuest guest, int port) throws InterruptedException {
            guest.sendTcp(PORT, port, 100, 0, SYN, NOTHING);
            Segment answer = guest.segment();
            assertEquals(SYN | ACK, answer.flags());
            assertEquals(101, answer.acknowledged());
            guest.sendTcp(PORT, port, 101, answer.sequence() + 1, ACK, NOTHING);
            return new Open(guest, port, 101, answer.sequence() + 1);
        }
    }

    @Test
    void aConnectionCarriesBytesBothWaysAndEnds() throws Exception {
        try (ServerSocket server = server(); FakeGuest guest = new FakeGuest(PLAIN)) {
            Open open = Open.to(guest, server.getLocalPort());
            try (Socket peer = server.accept()) {
                guest.sendTcp(PORT, open.port, open.next, open.expected, ACK | PSH, text("hello"));
                assertArrayEquals(text("hello"), peer.getInputStream().readNBytes(5));
                assertEquals(open.next + 5, guest.segment().acknowledged());

                peer.getOutputStream().write(text("welcome"));
                Segment data = guest.segment();
                assertArrayEquals(text("welcome"), data.data());
                assertEquals(open.expected, data.sequence());
                guest.sendTcp(PORT, open.port, open.next + 5, open.expected + 7, ACK, NOTHING);

                peer.shutdownOutput();
                Segment end = guest.segment();
                assertEquals(FIN | ACK, end.flags());
                guest.sendTcp(PORT, open.port, open.next + 5, open.expected + 8, FIN | ACK, NOTHING);
                assertEquals(open.next + 6, guest.segment().acknowledged());
                assertEquals(-1, peer.getInputStream().read());
            }
            guest.sendTcp(PORT, open.port, open.next + 6, open.expected + 8, ACK, NOTHING);
            assertEquals(RST, guest.segment().flags(), "the connection is forgotten");
        }
    }

    @Test
    void whatTheGuestDoesNotAcknowledgeComesAgain() throws Exception {
        try (ServerSocket server = server(); FakeGuest guest = new FakeGuest(PLAIN)) {
            Open open = Open.to(guest, server.getLocalPort());
            try (Socket peer = server.accept()) {
                peer.getOutputStream().write(text("lost"));
                Segment first = guest.segment();
                Segment again = guest.segment();

                assertArrayEquals(first.data(), again.data());
                assertEquals(first.sequence(), again.sequence());
            }
        }
    }

    @Test
    void aGuestWithoutBuffersLosesNothing() throws Exception {
        byte[] content = new byte[300_000];
        new SplittableRandom(2).nextBytes(content);
        try (ServerSocket server = server(); FakeGuest guest = new FakeGuest(PLAIN)) {
            Open open = Open.to(guest, server.getLocalPort());
            try (Socket peer = server.accept()) {
                Thread writer = Thread.ofVirtual().start(() -> {
                    try {
                        peer.getOutputStream().write(content);
                    } catch (IOException e) {
                        throw new IllegalStateException(e);
                    }
                });
                ByteArrayOutputStream got = new ByteArrayOutputStream();
                for (int n = 0; got.size() < content.length; n++) {
                    if (n % 7 == 0) {
                        guest.full = true;
                        Thread.yield();
                        guest.full = false;
                        guest.network.resume();
                    }
                    Segment segment = guest.segment();
                    int known = open.expected + got.size() - segment.sequence();
                    if (known == 0) {
                        got.write(segment.data());
                    }
                    guest.sendTcp(PORT, open.port, open.next, open.expected + got.size(), ACK, NOTHING);
                }
                writer.join();

                assertArrayEquals(content, got.toByteArray());
            }
        }
    }

    @Test
    void whereNobodyListensAConnectionIsRefused() throws Exception {
        int port;
        try (ServerSocket gone = server()) {
            port = gone.getLocalPort();
        }
        try (FakeGuest guest = new FakeGuest(PLAIN)) {
            guest.sendTcp(PORT, port, 100, 0, SYN, NOTHING);

            assertEquals(RST | ACK, guest.segment().flags());
        }
    }

    @Test
    void aForwardedPortLeadsToTheGuest() throws Exception {
        int port;
        try (ServerSocket free = server()) {
            port = free.getLocalPort();
        }
        try (FakeGuest guest = new FakeGuest(new Settings(List.of(new Forward(port, 22)), null, "", null));
                Socket client = new Socket(InetAddress.getLoopbackAddress(), port)) {
            Segment greeting = guest.segment();
            assertEquals(SYN, greeting.flags());
            assertEquals(22, greeting.to());
            guest.sendTcp(22, greeting.from(), 500, greeting.sequence() + 1, SYN | ACK, NOTHING);
            assertEquals(501, guest.segment().acknowledged());
            guest.sendTcp(22, greeting.from(), 501, greeting.sequence() + 1, ACK | PSH, text("ssh"));

            assertArrayEquals(text("ssh"), client.getInputStream().readNBytes(3));
        }
    }

    @Test
    void aPortThatIsTakenIsToldOf() throws Exception {
        try (ServerSocket taken = server()) {
            Settings settings = new Settings(List.of(new Forward(taken.getLocalPort(), 22)), null, "", null);
            ConfigurationException e = assertThrows(ConfigurationException.class, () -> new UserNetwork(settings));

            assertTrue(e.getMessage().contains("port " + taken.getLocalPort()), e.getMessage());
        }
    }

    // ---- hostile guests ----

    @Test
    void rubbishIsSurvived() throws Exception {
        SplittableRandom random = Seeds.random("UserNetworkTest");
        Files.write(directory.resolve("file"), new byte[5000]);
        try (ServerSocket server = server();
                FakeGuest guest = new FakeGuest(new Settings(List.of(), directory, "b", null))) {
            int[] types = {0x800, 0x800, 0x800, 0x806, 0x86dd};
            int[] protocols = {1, 6, 6, 17, 17, 2};
            int[] ports = {53, 67, 69, server.getLocalPort(), PORT};
            for (int n = 0; n < 20_000; n++) {
                byte[] payload = new byte[random.nextInt(8, 120)];
                random.nextBytes(payload);
                payload[0] = (byte) random.nextInt(6);
                ByteBuffer fields = ByteBuffer.wrap(payload).putShort(2, (short) ports[random.nextInt(ports.length)]);
                if (payload.length > 14 && random.nextBoolean()) {
                    fields.putShort(12, (short) (random.nextInt(4, 8) << 12 | random.nextInt(64)));
                }
                // Never to strangers: this test talks to this host alone.
                int to = random.nextBoolean() ? ROUTER : random.nextBoolean() ? -1 : 0x0a00_02ff;
                byte[] packet = Packets.ipv4(protocols[random.nextInt(protocols.length)], GUEST, to, payload);
                if (random.nextInt(4) == 0) {
                    packet[random.nextInt(12)] ^= (byte) (1 << random.nextInt(8));
                }
                guest.send(types[random.nextInt(types.length)],
                        Arrays.copyOf(packet, random.nextInt(8) == 0 ? random.nextInt(packet.length) : packet.length));
            }
            byte[] last = ByteBuffer.allocate(12).putInt(0x0800_0000).putLong(0x5eed_5eed_5eed_5eedL).array();
            // What waits may have been dropped, and so may this.
            boolean answered = false;
            for (int tries = 0; !answered && tries < 1000; tries++) {
                guest.send(0x800, Packets.ipv4(1, GUEST, ROUTER, last));
                for (int n = 0; !answered && n < 100; n++) {
                    byte[] frame = guest.frame();
                    answered = frame.length == 46 && ByteBuffer.wrap(frame).getLong(38) == 0x5eed_5eed_5eed_5eedL;
                }
            }
            assertTrue(answered);
        }
    }
}
