// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net;

import java.nio.ByteBuffer;

/// Makes packets for tests, without the code under test.
public final class Packets {
    public static final MacAddress CARD = MacAddress.parse("52:54:00:12:34:56");
    public static final MacAddress PEER = MacAddress.parse("52:55:0a:00:02:02");
    public static final int ETHERNET = 14, IP = 20, TCP_HEADER = 20, UDP_HEADER = 8;

    private Packets() { }

    /// An Ethernet frame.
    public static byte[] ethernet(MacAddress to, MacAddress from, int type, byte[] payload) {
        return ByteBuffer.allocate(ETHERNET + payload.length).put(to.toBytes()).put(from.toBytes())
                .putShort((short) type).put(payload).array();
    }

    /// An IPv4 packet with a right checksum.
    public static byte[] ipv4(int protocol, int from, int to, byte[] payload) {
        ByteBuffer packet = ByteBuffer.allocate(IP + payload.length).putShort((short) 0x4500)
                .putShort((short) (IP + payload.length)).putInt(0x1234_0000).put((byte) 64).put((byte) protocol)
                .putShort((short) 0).putInt(from).putInt(to).put(payload);
        packet.putShort(10, (short) ~slowSum(packet.array(), 0, IP));
        return packet.array();
    }

    public static byte[] udp(int from, int to, byte[] payload) {
        return ByteBuffer.allocate(UDP_HEADER + payload.length).putShort((short) from).putShort((short) to)
                .putShort((short) (UDP_HEADER + payload.length)).putShort((short) 0).put(payload).array();
    }

    /// A TCP segment whose checksum is still zero.
    public static byte[] tcp(int from, int to, int sequence, int acknowledged, int flags, byte[] payload) {
        return ByteBuffer.allocate(TCP_HEADER + payload.length).putShort((short) from).putShort((short) to)
                .putInt(sequence).putInt(acknowledged).putShort((short) (0x5000 | flags)).putShort((short) 0xffff)
                .putInt(0).put(payload).array();
    }

    /// Writes the checksum of TCP (at 16) or UDP (at 6) into an IPv4 packet.
    public static byte[] checksummed(byte[] packet, int at) {
        ByteBuffer buffer = ByteBuffer.wrap(packet);
        buffer.putShort(IP + at, (short) 0);
        buffer.putShort(IP + at, (short) ~transportSum(packet));
        return packet;
    }

    /// The sum over pseudo header and transport of an IPv4 packet: 0xffff if the checksum in it is right.
    public static int transportSum(byte[] packet) {
        int bytes = packet.length - IP;
        byte[] whole = ByteBuffer.allocate(12 + bytes).put(packet, 12, 8).putShort((short) packet[9])
                .putShort((short) bytes).put(packet, IP, bytes).array();
        return slowSum(whole, 0, whole.length);
    }

    /// The ones' complement sum, word by word.
    public static int slowSum(byte[] bytes, int from, int length) {
        int sum = 0;
        for (int i = 0; i < length; i += 2) {
            int low = i + 1 < length ? bytes[from + i + 1] & 0xff : 0;
            sum += (bytes[from + i] & 0xff) << 8 | low;
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return sum;
    }
}
