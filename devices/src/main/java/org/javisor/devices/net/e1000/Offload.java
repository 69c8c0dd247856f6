// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net.e1000;

import org.javisor.devices.net.InternetChecksum;
import org.javisor.devices.net.NetworkOrder;

/// What the card does to a packet in the driver's place: checksums, and cutting what is longer than a frame.
///
/// All positions come from the guest: one that lies outside the packet leaves undone what it was for.
///
/// @param moved   by how much headers lie behind where the context says
/// @param options bit 0 for IP's checksum, bit 1 for the transport's
/// @datasheet Intel 317453 §3.5 "TCP Segmentation", §3.6 "IP/TCP/UDP Transmit Checksum Offloading"
record Offload(Context context, int moved, int options) {
    private static final int IP = 1, TRANSPORT = 2;
    private static final int FIN_AND_PUSH = 9;
    private static final int IPV6_HEADER = 40;
    /// So that a packet cannot become hundreds of thousands of frames.
    private static final int SHORTEST_SEGMENT = 8;

    /// Takes frames. The array is the caller's.
    @FunctionalInterface
    interface Output {
        void send(byte[] frame, int length);
    }

    /// Sends a packet as one frame.
    void whole(byte[] packet, int length, Output output) {
        insertChecksums(packet, length);
        output.send(packet, length);
    }

    private void insertChecksums(byte[] packet, int length) {
        if ((options & IP) != 0) {
            checksum(packet, moved + context.ipStart(), moved + context.ipChecksum(), end(context.ipEnd(), length),
                    length);
        }
        if ((options & TRANSPORT) != 0) {
            int at = moved + context.transportChecksum();
            checksum(packet, moved + context.transportStart(), at, end(context.transportEnd(), length), length);
            if (!context.tcp() && at + 2 <= length && NetworkOrder.get16(packet, at) == 0) {
                // UDP: zero would say that there is none.
                NetworkOrder.put16(packet, at, 0xffff);
            }
        }
    }

    private int end(int last, int length) {
        return last == 0 ? length : Math.min(length, moved + last + 1);
    }

    /// Writes the checksum of the bytes from `start` to `end` to `at`.
    static void checksum(byte[] packet, int start, int at, int end, int length) {
        if (start < end && at + 2 <= length) {
            NetworkOrder.put16(packet, at, ~InternetChecksum.sum(packet, start, end - start, 0));
        }
    }

    /// Sends a packet as frames of at most the context's segment size behind the header, which each gets.
    void segment(byte[] packet, int length, Output output) {
        int header = moved + context.headerBytes();
        int most = context.segmentBytes();
        if (most < SHORTEST_SEGMENT || header >= length) {
            return;
        }
        byte[] frame = new byte[Math.min(header + most, length)];
        System.arraycopy(packet, 0, frame, 0, header);
        for (int at = header, n = 0; at < length; at += most, n++) {
            int bytes = Math.min(most, length - at);
            // Checksums of the segment before are not to be summed.
            System.arraycopy(packet, 0, frame, 0, header);
            System.arraycopy(packet, at, frame, header, bytes);
            fitHeaders(frame, header + bytes, at - header, n, at + bytes < length);
            insertChecksums(frame, header + bytes);
            output.send(frame, header + bytes);
        }
    }

    private void fitHeaders(byte[] frame, int length, int offset, int number, boolean more) {
        int ip = moved + context.ipStart();
        int transport = moved + context.transportStart();
        if (ip + 6 > length || transport + 14 > length) {
            return;
        }
        if (context.ipv4()) {
            NetworkOrder.put16(frame, ip + 2, length - ip);
            NetworkOrder.put16(frame, ip + 4, NetworkOrder.get16(frame, ip + 4) + number);
        } else {
            NetworkOrder.put16(frame, ip + 4, length - ip - IPV6_HEADER);
        }
        if (context.tcp()) {
            NetworkOrder.put32(frame, transport + 4, NetworkOrder.get32(frame, transport + 4) + offset);
            if (more) {
                frame[transport + 13] &= ~FIN_AND_PUSH;
            }
        } else {
            NetworkOrder.put16(frame, transport + 4, length - transport);
        }
        int at = moved + context.transportChecksum();
        if (at + 2 <= length) {
            // The driver has put the sum of the pseudo header there, without the length, which differs by segment.
            NetworkOrder.put16(frame, at, InternetChecksum.sum(frame, at, 2, length - transport));
        }
    }
}
