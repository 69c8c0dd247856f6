// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net.user;

import static org.javisor.devices.net.NetworkOrder.put16;
import static org.javisor.devices.net.NetworkOrder.put32;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import org.javisor.devices.net.InternetChecksum;
import org.javisor.devices.net.MacAddress;
import org.javisor.devices.net.NetworkBackend.Receiver;

/// The way to the guest: puts headers before what is sent, and keeps frames while the card has no buffers.
///
/// Used by the network's thread alone.
final class GuestLink {
    static final int ETHERNET = 14, IP = 20, UDP_HEADER = 8, TCP_HEADER = 20;
    static final int MTU = 1500;
    private static final int TYPE_IPV4 = 0x800;
    /// As many frames as a card of a thousand buffers would hold; what comes then is dropped.
    private static final int MOST_WAITING = 1024;
    private static final int TIME_TO_LIVE = 64, DO_NOT_FRAGMENT = 0x4000;

    private static final MacAddress EVERYBODY = new MacAddress(0xffff_ffff_ffffL);
    static final MacAddress ROUTER = new MacAddress(0x5255_0a00_0202L);

    private final byte[] frame = new byte[ETHERNET + MTU];
    private final Deque<byte[]> waiting = new ArrayDeque<>();
    private Receiver receiver;
    private MacAddress guest = EVERYBODY;
    private int identification;

    void connect(Receiver card) {
        receiver = card;
    }

    /// Says which station the guest is.
    void learn(MacAddress address) {
        guest = address;
    }

    /// Whether nothing waits: who has more to send than a little asks first.
    boolean free() {
        return waiting.isEmpty();
    }

    // ---- frames ----

    /// Sends `bytes` of payload with an Ethernet header of `type`.
    void ethernet(int type, byte[] payload, int bytes) {
        System.arraycopy(payload, 0, frame, ETHERNET, bytes);
        ethernetHeader(type, guest);
        send(ETHERNET + bytes);
    }

    private void ethernetHeader(int type, MacAddress to) {
        for (int i = 0; i < MacAddress.BYTES; i++) {
            frame[i] = (byte) to.octet(i);
            frame[i + 6] = (byte) ROUTER.octet(i);
        }
        put16(frame, 12, type);
    }

    void icmp(int from, byte[] message, int bytes) {
        System.arraycopy(message, 0, frame, ETHERNET + IP, bytes);
        ipv4(Ipv4.ICMP, from, Ipv4.GUEST, bytes);
    }

    void udp(int from, int fromPort, int to, int toPort, byte[] payload, int bytes) {
        int at = ETHERNET + IP;
        put16(frame, at, fromPort);
        put16(frame, at + 2, toPort);
        put16(frame, at + 4, UDP_HEADER + bytes);
        put16(frame, at + 6, 0);
        System.arraycopy(payload, 0, frame, at + UDP_HEADER, bytes);
        transport(Ipv4.UDP, from, to, UDP_HEADER + bytes, at + 6);
    }

    /// Sends a segment.
    ///
    /// @param mss what a SYN offers; 0 for other segments
    void tcp(int from, int fromPort, int toPort, int sequence, int acknowledged, int flags, int window, int mss,
            byte[] payload, int payloadAt, int bytes) {
        int at = ETHERNET + IP;
        int header = TCP_HEADER + (mss == 0 ? 0 : 4);
        put16(frame, at, fromPort);
        put16(frame, at + 2, toPort);
        put32(frame, at + 4, sequence);
        put32(frame, at + 8, acknowledged);
        put16(frame, at + 12, header / 4 << 12 | flags);
        put16(frame, at + 14, window);
        put32(frame, at + 16, 0);
        if (mss != 0) {
            put32(frame, at + 20, 0x0204_0000 | mss);
        }
        System.arraycopy(payload, payloadAt, frame, at + header, bytes);
        transport(Ipv4.TCP, from, Ipv4.GUEST, header + bytes, at + 16);
    }

    private void transport(int protocol, int from, int to, int bytes, int checksumAt) {
        ipv4Header(protocol, from, to, bytes);
        int start = InternetChecksum.pseudoHeader(frame, ETHERNET, 4, protocol, bytes);
        int sum = ~InternetChecksum.sum(frame, ETHERNET + IP, bytes, start) & 0xffff;
        put16(frame, checksumAt, sum == 0 && protocol == Ipv4.UDP ? 0xffff : sum);
        finish(to, bytes);
    }

    private void ipv4(int protocol, int from, int to, int bytes) {
        ipv4Header(protocol, from, to, bytes);
        finish(to, bytes);
    }

    private void ipv4Header(int protocol, int from, int to, int bytes) {
        put16(frame, ETHERNET, 0x4500);
        put16(frame, ETHERNET + 2, IP + bytes);
        put16(frame, ETHERNET + 4, identification++);
        put16(frame, ETHERNET + 6, DO_NOT_FRAGMENT);
        put16(frame, ETHERNET + 8, TIME_TO_LIVE << 8 | protocol);
        put16(frame, ETHERNET + 10, 0);
        put32(frame, ETHERNET + 12, from);
        put32(frame, ETHERNET + 16, to);
        put16(frame, ETHERNET + 10, ~InternetChecksum.sum(frame, ETHERNET, IP, 0));
    }

    private void finish(int to, int bytes) {
        ethernetHeader(TYPE_IPV4, to == Ipv4.EVERYBODY ? EVERYBODY : guest);
        send(ETHERNET + IP + bytes);
    }

    private void send(int length) {
        if (receiver == null) {
            return;
        }
        if (waiting.isEmpty() && receiver.receive(frame, length)) {
            return;
        }
        if (waiting.size() < MOST_WAITING) {
            waiting.add(Arrays.copyOf(frame, length));
        }
    }

    /// Tries again what waits.
    void flush() {
        while (!waiting.isEmpty() && receiver.receive(waiting.peek(), waiting.peek().length)) {
            waiting.remove();
        }
    }
}
