// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net.e1000;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;
import org.javisor.devices.net.MacAddress;
import org.javisor.devices.net.Packets;
import org.junit.jupiter.api.Test;

/// What the card gives drivers.
class ReceiveTest {
    private static final int DONE = 1, EOP = 2, NO_CHECKSUM = 4, TAGGED = 8, UDP = 0x10, TCP = 0x20, IP = 0x40;
    private static final MacAddress ALL = new MacAddress(0xffff_ffff_ffffL);

    private static byte[] frame(MacAddress to, int bytes) {
        byte[] payload = new byte[bytes - Packets.ETHERNET];
        for (int i = 0; i < payload.length; i++) {
            payload[i] = (byte) (3 * i + 1);
        }
        return Packets.ethernet(to, Packets.PEER, 0x88b5, payload);
    }

    private static int status(long descriptor) {
        return (int) (descriptor >>> 32) & 0xff;
    }

    private static int errors(long descriptor) {
        return (int) (descriptor >>> 40) & 0xff;
    }

    @Test
    void aFrameLandsInABufferAndInterrupts() {
        try (CardFixture it = new CardFixture(Model.I82540EM).started()) {
            it.set(Layout.IMS, Layout.RXT0);
            byte[] frame = frame(Packets.CARD, 1000);

            assertTrue(it.network.deliver(frame));

            assertEquals(DONE | EOP | NO_CHECKSUM, status(it.received(0)));
            assertEquals(1000, it.received(0) & 0xffff);
            assertArrayEquals(frame, it.receivedBytes(0, 1000));
            assertTrue(it.intx().high());
            assertEquals(1, it.get(Layout.RX_QUEUE + Layout.HEAD));
        }
    }

    @Test
    void theCheckSequenceFollowsUnlessTheDriverHasItStripped() {
        try (CardFixture it = new CardFixture(Model.I82540EM).started()) {
            it.set(Layout.RCTL, Layout.RCTL_ENABLE);
            byte[] frame = frame(Packets.CARD, 100);
            CRC32 crc = new CRC32();
            crc.update(frame);

            it.network.deliver(frame);

            assertEquals(104, it.received(0) & 0xffff);
            assertEquals(Integer.reverseBytes((int) crc.getValue()),
                    ByteBuffer.wrap(it.receivedBytes(0, 104)).getInt(100));
        }
    }

    @Test
    void onlyWhatTheDriverWantsIsReceived() {
        try (CardFixture it = new CardFixture(Model.I82540EM).started()) {
            MacAddress group = new MacAddress(0x0100_5e01_0203L);
            MacAddress stranger = MacAddress.parse("52:54:00:00:00:01");

            it.network.deliver(frame(stranger, 100));
            it.network.deliver(frame(group, 100));
            assertEquals(0, it.get(Layout.RX_QUEUE + Layout.HEAD));

            it.network.deliver(frame(ALL, 100));
            assertEquals(1, it.get(Layout.RX_QUEUE + Layout.HEAD));

            // Bits 47:36 of the address as on the wire, the last octet uppermost: 0x030.
            it.set(Layout.MTA + 4 * (0x030 >>> 5), 1 << (0x030 & 31));
            it.network.deliver(frame(group, 100));
            assertEquals(2, it.get(Layout.RX_QUEUE + Layout.HEAD));

            it.set(Layout.RCTL, Layout.RCTL_ENABLE | Layout.RCTL_UNICAST);
            it.network.deliver(frame(stranger, 100));
            assertEquals(3, it.get(Layout.RX_QUEUE + Layout.HEAD));
        }
    }

    @Test
    void withoutBuffersAFrameIsRefusedAndTheNetworkToldOfNewOnes() {
        try (CardFixture it = new CardFixture(Model.I82540EM).started()) {
            byte[] frame = frame(Packets.CARD, 100);
            for (int n = 0; n < CardFixture.RING - 1; n++) {
                assertTrue(it.network.deliver(frame));
            }
            assertFalse(it.network.deliver(frame));
            assertEquals(0, it.network.resumed);

            it.set(Layout.RX_QUEUE + Layout.TAIL, 3);

            assertEquals(1, it.network.resumed);
            assertTrue(it.network.deliver(frame));
        }
    }

    @Test
    void aLongFrameTakesSeveralBuffers() {
        try (CardFixture it = new CardFixture(Model.I82540EM).started()) {
            it.network.deliver(frame(Packets.CARD, 5000));
            assertEquals(0, it.get(Layout.RX_QUEUE + Layout.HEAD), "longer than the driver allows");

            it.set(Layout.RCTL, Layout.RCTL_ENABLE | Layout.RCTL_LONG | Layout.RCTL_STRIP_CRC);
            byte[] frame = frame(Packets.CARD, 5000);
            it.network.deliver(frame);

            assertEquals(DONE, status(it.received(0)));
            assertEquals(DONE, status(it.received(1)));
            assertEquals(DONE | EOP, status(it.received(2)) & (DONE | EOP));
            assertEquals(5000 - 2 * CardFixture.BUFFER, it.received(2) & 0xffff);
            assertArrayEquals(Arrays.copyOfRange(frame, CardFixture.BUFFER, 2 * CardFixture.BUFFER),
                    it.receivedBytes(1, CardFixture.BUFFER));
        }
    }

    @Test
    void checksumsAreJudged() {
        try (CardFixture it = new CardFixture(Model.I82540EM).started()) {
            it.set(Layout.RXCSUM, Layout.RXCSUM_IP | Layout.RXCSUM_TCP);
            byte[] packet = Packets.checksummed(Packets.ipv4(6, 1, 2, Packets.tcp(1, 2, 3, 4, 16, new byte[101])), 16);
            byte[] wrongTcp = packet.clone();
            wrongTcp[packet.length - 1]++;
            byte[] wrongIp = packet.clone();
            wrongIp[8]++;
            byte[] datagram = Packets.checksummed(Packets.ipv4(17, 1, 2, Packets.udp(1, 2, new byte[9])), 6);

            for (byte[] each : new byte[][] {packet, wrongTcp, wrongIp, datagram}) {
                it.network.deliver(Packets.ethernet(Packets.CARD, Packets.PEER, 0x800, each));
            }

            assertEquals(DONE | EOP | IP | TCP, status(it.received(0)));
            assertEquals(0, errors(it.received(0)));
            assertEquals(0x20, errors(it.received(1)));
            assertEquals(0x40, errors(it.received(2)));
            assertEquals(DONE | EOP | IP | TCP | UDP, status(it.received(3)));
            assertEquals(0, errors(it.received(3)));
        }
    }

    @Test
    void aTagIsTakenOutAndToldInTheDescriptor() {
        try (CardFixture it = new CardFixture(Model.I82540EM).started()) {
            it.set(Layout.CTRL, Layout.CTRL_LINK_UP | Layout.CTRL_VLAN);
            byte[] plain = frame(Packets.CARD, 200);
            byte[] tagged = ByteBuffer.allocate(204).put(plain, 0, 12).putInt(0x8100_3007).put(plain, 12, 188).array();

            it.network.deliver(tagged);

            assertEquals(TAGGED, status(it.received(0)) & TAGGED);
            assertEquals(0x3007, it.received(0) >>> 48);
            assertArrayEquals(plain, it.receivedBytes(0, 200));
        }
    }

    @Test
    void extendedDescriptorsTellTheHash() {
        try (CardFixture it = new CardFixture(Model.I82574L).started()) {
            // The example of the hash's makers: 66.9.149.187:2794 to 161.142.100.80:1766.
            byte[] key = {0x6d, 0x5a, 0x56, (byte) 0xda, 0x25, 0x5b, 0x0e, (byte) 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43,
                (byte) 0xa3, (byte) 0x8f, (byte) 0xb0, (byte) 0xd0, (byte) 0xca, 0x2b, (byte) 0xcb, (byte) 0xae, 0x7b,
                0x30, (byte) 0xb4, 0x77, (byte) 0xcb, 0x2d, (byte) 0xa3, (byte) 0x80, 0x30, (byte) 0xf2, 0x0c, 0x6a,
                0x42, (byte) 0xb7, 0x3b, (byte) 0xbe, (byte) 0xac, 0x01, (byte) 0xfa};
            for (int i = 0; i < key.length; i += 4) {
                it.set(Layout.RSSRK + i, Integer.reverseBytes(ByteBuffer.wrap(key).getInt(i)));
            }
            it.set(Layout.MRQC, 1 | 1 << 16);
            it.set(Layout.RXCSUM, Layout.RXCSUM_HASH);
            it.set(Layout.RFCTL, Layout.RFCTL_EXTENDED);
            byte[] packet = Packets.checksummed(Packets.ipv4(6, 0x4209_95bb, 0xa18e_6450,
                    Packets.tcp(2794, 1766, 3, 4, 16, new byte[10])), 16);

            it.network.deliver(Packets.ethernet(Packets.CARD, Packets.PEER, 0x800, packet));

            long first = it.memory.loadLong(CardFixture.RECEIVE_RING);
            assertEquals(0x51cc_c178, (int) (first >>> 32));
            assertEquals(ReceiveSideScaling.TCP_IPV4, first & 0xf);
            assertEquals(DONE | EOP, it.received(0) & (DONE | EOP));
            assertEquals(64, it.received(0) >>> 32 & 0xffff);
        }
    }

    @Test
    void interruptsKeepTheirDistance() {
        try (CardFixture it = new CardFixture(Model.I82540EM).started()) {
            it.set(Layout.IMS, Layout.RXT0);
            it.set(Layout.ITR, 1000);
            it.network.deliver(frame(Packets.CARD, 100));
            assertTrue(it.intx().high());
            it.get(Layout.ICR);

            it.network.deliver(frame(Packets.CARD, 100));
            assertFalse(it.intx().high());
            it.clock.advance(1000 * 256);

            assertTrue(it.intx().high());
        }
    }

    @Test
    void eachQueueHasItsMessage() {
        try (CardFixture it = new CardFixture(Model.I82574L).started()) {
            it.enableMessages();
            it.set(Layout.IVAR, 8 | 9 << 8 | 10 << 16);
            it.set(Layout.EIAC, Layout.RXQ0 | Layout.TXQ0);
            it.set(Layout.IMS, Layout.RXQ0 | Layout.TXQ0 | Layout.OTHER | Layout.LSC);

            it.network.deliver(frame(Packets.CARD, 100));
            assertEquals(List.of(CardFixture.DATA), it.messages);
            it.legacy(frame(Packets.PEER, 100), CardFixture.EOP | CardFixture.REPORT, 0, 0, 0);
            it.go();
            it.set(Layout.ICS, Layout.LSC);

            assertEquals(List.of(CardFixture.DATA, CardFixture.DATA + 1, CardFixture.DATA + 2), it.messages);
            assertEquals(0, it.get(Layout.IMS) & (Layout.RXQ0 | Layout.TXQ0), "masked until the driver has looked");
        }
    }
}
