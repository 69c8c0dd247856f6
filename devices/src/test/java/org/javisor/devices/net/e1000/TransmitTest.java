// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net.e1000;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.javisor.devices.net.Packets;
import org.junit.jupiter.api.Test;

/// What drivers have the card send.
class TransmitTest {
    private static final int HOST = 0x0a00_0202, GUEST = 0x0a00_020f;
    private static final int IP_AT = Packets.ETHERNET, TRANSPORT_AT = IP_AT + Packets.IP;
    private static final int SUM_IP = 1, SUM_TRANSPORT = 2;

    private static byte[] bytes(int count) {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++) {
            bytes[i] = (byte) (i * 7 + i / 256);
        }
        return bytes;
    }

    private static byte[] frame(byte[] packet) {
        return Packets.ethernet(Packets.PEER, Packets.CARD, 0x800, packet);
    }

    private static byte[] packet(byte[] frame) {
        return Arrays.copyOfRange(frame, IP_AT, frame.length);
    }

    @Test
    void aFrameInSeveralBuffersIsSentAsOneAndReported() {
        try (CardFixture it = new CardFixture(Model.I82540EM).started()) {
            byte[] frame = frame(bytes(300));
            it.set(Layout.IMS, Layout.TXDW);

            it.legacy(Arrays.copyOf(frame, 100), 0, 0, 0, 0);
            it.legacy(Arrays.copyOfRange(frame, 100, frame.length), CardFixture.EOP | CardFixture.REPORT, 0, 0, 0);
            it.go();

            assertArrayEquals(frame, it.network.sent.getFirst());
            assertEquals(1, it.network.sent.size());
            assertEquals(0, it.memory.loadByte(CardFixture.SEND_RING + 12));
            assertEquals(1, it.memory.loadByte(CardFixture.SEND_RING + Ring.DESCRIPTOR + 12));
            assertTrue(it.intx().high());
            assertEquals(Layout.TXDW, it.get(Layout.ICR) & Layout.TXDW);
            assertTrue(!it.intx().high());
        }
    }

    @Test
    void shortFramesArePaddedAndTheRingGoesRound() {
        try (CardFixture it = new CardFixture(Model.I82540EM).started()) {
            for (int n = 0; n < 3 * CardFixture.RING; n++) {
                it.legacy(frame(bytes(10)), CardFixture.EOP, 0, 0, 0);
                it.go();
            }

            assertEquals(3 * CardFixture.RING, it.network.sent.size());
            assertEquals(60, it.network.sent.getLast().length);
        }
    }

    @Test
    void aLegacyDescriptorMayWantAChecksum() {
        try (CardFixture it = new CardFixture(Model.I82540EM).started()) {
            byte[] frame = frame(Packets.ipv4(17, GUEST, HOST, bytes(101)));

            it.legacy(frame, CardFixture.EOP | CardFixture.INSERT_CHECKSUM, TRANSPORT_AT + 6, TRANSPORT_AT, 0);
            it.go();

            byte[] sent = it.network.sent.getFirst();
            int old = Packets.slowSum(frame, TRANSPORT_AT, 101);
            assertEquals(~old & 0xffff, ByteBuffer.wrap(sent).getShort(TRANSPORT_AT + 6) & 0xffff);
        }
    }

    @Test
    void checksumsOfIpAndTcpAreWritten() {
        try (CardFixture it = new CardFixture(Model.I82574L).started()) {
            byte[] packet = Packets.checksummed(Packets.ipv4(6, GUEST, HOST,
                    Packets.tcp(1000, 80, 5, 6, 0x10, bytes(777))), 16);
            byte[] asDriverLeavesIt = packet.clone();
            ByteBuffer.wrap(asDriverLeavesIt).putShort(10, (short) 0)
                    .putShort(Packets.IP + 16, (short) pseudoSum(packet, packet.length - Packets.IP));

            it.context(IP_AT, IP_AT + 10, TRANSPORT_AT, TRANSPORT_AT + 16, 3, 0, 0, 0);
            it.data(frame(asDriverLeavesIt), CardFixture.EOP, SUM_IP | SUM_TRANSPORT, 0);
            it.go();

            assertArrayEquals(frame(packet), it.network.sent.getFirst());
        }
    }

    /// The sum of the pseudo header, with `length` in it.
    private static int pseudoSum(byte[] packet, int length) {
        byte[] header = ByteBuffer.allocate(12).put(packet, 12, 8).putShort(packet[9]).putShort((short) length).array();
        return Packets.slowSum(header, 0, 12);
    }

    @Test
    void aLongTcpPacketIsCutIntoSegments() {
        try (CardFixture it = new CardFixture(Model.I82540EM).started()) {
            byte[] data = bytes(2500);
            int finPushAck = 0x19;
            byte[] packet = Packets.ipv4(6, GUEST, HOST, Packets.tcp(1000, 80, 0x1000_0000, 6, finPushAck, data));
            ByteBuffer.wrap(packet).putShort(2, (short) 0).putShort(10, (short) 0)
                    .putShort(Packets.IP + 16, (short) pseudoSum(packet, 0));
            byte[] frame = frame(packet);
            int header = TRANSPORT_AT + Packets.TCP_HEADER;

            it.context(IP_AT, IP_AT + 10, TRANSPORT_AT, TRANSPORT_AT + 16, 3 | CardFixture.SEGMENT, header, 1000,
                    data.length);
            it.data(Arrays.copyOf(frame, header), CardFixture.SEGMENT, SUM_IP | SUM_TRANSPORT, 0);
            it.data(Arrays.copyOfRange(frame, header, frame.length), CardFixture.SEGMENT | CardFixture.EOP, 0, 0);
            it.go();

            assertEquals(3, it.network.sent.size());
            for (int n = 0; n < 3; n++) {
                byte[] segment = packet(it.network.sent.get(n));
                ByteBuffer fields = ByteBuffer.wrap(segment);
                int bytes = n < 2 ? 1000 : 500;
                assertEquals(Packets.IP + Packets.TCP_HEADER + bytes, fields.getShort(2));
                assertEquals(0xffff, Packets.slowSum(segment, 0, Packets.IP));
                assertEquals(0xffff, Packets.transportSum(segment));
                assertEquals(0x1234 + n, fields.getShort(4));
                assertEquals(0x1000_0000 + 1000 * n, fields.getInt(Packets.IP + 4));
                assertEquals(n < 2 ? 0x10 : finPushAck, segment[Packets.IP + 13]);
                assertArrayEquals(Arrays.copyOfRange(data, 1000 * n, 1000 * n + bytes),
                        Arrays.copyOfRange(segment, Packets.IP + Packets.TCP_HEADER, segment.length));
            }
        }
    }

    @Test
    void aTagIsInsertedAndChecksumsMoveWithIt() {
        try (CardFixture it = new CardFixture(Model.I82540EM).started()) {
            byte[] packet = Packets.checksummed(Packets.ipv4(17, GUEST, HOST, Packets.udp(7, 9, bytes(60))), 6);
            byte[] unsummed = packet.clone();
            ByteBuffer.wrap(unsummed).putShort(Packets.IP + 6, (short) pseudoSum(packet, packet.length - Packets.IP));

            it.context(IP_AT, IP_AT + 10, TRANSPORT_AT, TRANSPORT_AT + 6, 2, 0, 0, 0);
            it.data(frame(unsummed), CardFixture.EOP | CardFixture.TAG, SUM_TRANSPORT, 0x2005);
            it.go();

            byte[] sent = it.network.sent.getFirst();
            assertEquals(0x8100_2005, ByteBuffer.wrap(sent).getInt(12));
            assertArrayEquals(packet, Arrays.copyOfRange(sent, 18, sent.length));
        }
    }

    @Test
    void nothingIsSentBeforeTheDriverLetsTheCardReachMemory() {
        try (CardFixture it = new CardFixture(Model.I82540EM).started()) {
            it.card.function().writeConfig(4, 2, 2);
            it.legacy(frame(bytes(100)), CardFixture.EOP, 0, 0, 0);
            it.go();
            assertEquals(0, it.network.sent.size());

            it.card.function().writeConfig(4, 2, 6);

            assertEquals(1, it.network.sent.size());
        }
    }

    @Test
    void packetsThatCannotBeAreDroppedAndTheNextIsSent() {
        try (CardFixture it = new CardFixture(Model.I82540EM).started()) {
            byte[] right = frame(bytes(100));
            it.descriptor(0x7fff_0000L, 200 | (long) CardFixture.EOP << 24);
            it.descriptor(0, 5 | (long) CardFixture.EOP << 24);
            it.context(250, 251, 252, 255, 3 | CardFixture.SEGMENT, 255, 1, 0xf_ffff);
            it.data(right, CardFixture.EOP | CardFixture.SEGMENT, SUM_IP | SUM_TRANSPORT, 0);
            it.legacy(right, CardFixture.EOP, 0, 0, 0);
            it.go();

            assertArrayEquals(right, it.network.sent.getLast());
            // Zeros, as from nobody; and five bytes, padded.
            assertEquals(3, it.network.sent.size());
        }
    }
}
