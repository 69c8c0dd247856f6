// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net.user;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.javisor.devices.net.NetworkBackend;
import org.javisor.devices.net.Packets;

/// A guest on the user-mode network, as straight or crooked as a test wants it.
final class FakeGuest implements NetworkBackend.Receiver, AutoCloseable {
    static final int GUEST = 0x0a00_020f, ROUTER = 0x0a00_0202, NAMES = 0x0a00_0203;
    static final int FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16;
    private static final int PATIENCE_SECONDS = 20;

    /// A segment from the network, checked.
    record Segment(int from, int to, int sequence, int acknowledged, int flags, int window, byte[] data) { }

    final UserNetwork network;
    private final BlockingQueue<byte[]> received = new LinkedBlockingQueue<>();
    volatile boolean full;

    FakeGuest(UserNetwork.Settings settings) {
        network = new UserNetwork(settings);
        network.connect(this);
    }

    @Override
    public boolean receive(byte[] frame, int length) {
        if (full) {
            return false;
        }
        received.add(Arrays.copyOf(frame, length));
        return true;
    }

    void send(int type, byte[] payload) {
        byte[] frame = Packets.ethernet(Packets.PEER, Packets.CARD, type, payload);
        network.send(frame, frame.length);
    }

    void sendUdp(int to, int fromPort, int toPort, byte[] data) {
        send(0x800, Packets.checksummed(Packets.ipv4(17, GUEST, to, Packets.udp(fromPort, toPort, data)), 6));
    }

    void sendTcp(int port, int toPort, int sequence, int acknowledged, int flags, byte[] data) {
        send(0x800, Packets.checksummed(Packets.ipv4(6, GUEST, ROUTER,
                Packets.tcp(port, toPort, sequence, acknowledged, flags, data)), 16));
    }

    /// The next frame.
    byte[] frame() throws InterruptedException {
        byte[] frame = received.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        assertNotNull(frame, "nothing came");
        return frame;
    }

    /// The next frame's IPv4 packet, whose checksums are right.
    byte[] packet() throws InterruptedException {
        byte[] frame = frame();
        byte[] packet = Arrays.copyOfRange(frame, Packets.ETHERNET, frame.length);
        assertEquals(0x800, ByteBuffer.wrap(frame).getShort(12));
        assertEquals(0xffff, Packets.slowSum(packet, 0, Packets.IP));
        assertEquals(packet.length, ByteBuffer.wrap(packet).getShort(2));
        if (packet[9] != Ipv4.ICMP) {
            assertEquals(0xffff, Packets.transportSum(packet));
        }
        return packet;
    }

    /// What the next datagram carries.
    byte[] datagram(int from, int fromPort, int toPort) throws InterruptedException {
        byte[] packet = packet();
        ByteBuffer fields = ByteBuffer.wrap(packet);
        assertEquals(Ipv4.UDP, packet[9]);
        assertEquals(from, fields.getInt(12));
        assertEquals(fromPort, fields.getShort(Packets.IP) & 0xffff);
        assertEquals(toPort, fields.getShort(Packets.IP + 2) & 0xffff);
        return Arrays.copyOfRange(packet, Packets.IP + Packets.UDP_HEADER, packet.length);
    }

    Segment segment() throws InterruptedException {
        byte[] packet = packet();
        ByteBuffer fields = ByteBuffer.wrap(packet);
        assertEquals(Ipv4.TCP, packet[9]);
        int at = Packets.IP;
        int header = (packet[at + 12] >>> 4 & 15) * 4;
        return new Segment(fields.getShort(at) & 0xffff, fields.getShort(at + 2) & 0xffff, fields.getInt(at + 4),
                fields.getInt(at + 8), packet[at + 13], fields.getShort(at + 14) & 0xffff,
                Arrays.copyOfRange(packet, at + header, packet.length));
    }

    @Override
    public void close() {
        network.close();
    }
}
