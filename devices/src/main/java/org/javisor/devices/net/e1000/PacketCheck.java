// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net.e1000;

import org.javisor.devices.net.InternetChecksum;
import org.javisor.devices.net.NetworkOrder;

/// What the card finds out about a frame that it receives: its protocols, and whether their checksums are right.
///
/// One object serves all frames of a card, one after another.
///
/// @datasheet Intel 317453 §3.2.9 "Receive Packet Checksum Offloading"
final class PacketCheck {
    static final int TCP = 6, UDP = 17;
    private static final int ETHERNET_HEADER = 14, IPV4 = 0x800, IPV6 = 0x86dd;
    private static final int IPV4_HEADER = 20, IPV6_HEADER = 40, FRAGMENT = 0x3fff;

    private byte[] frame;
    /// 4 or 6, or 0 for what is not IP.
    private int version;
    private int ip;
    private int transport;
    private int transportEnd;
    /// [#TCP], [#UDP], or 0 for what else IP carries, and for fragments.
    private int protocol;
    private boolean ipRight;

    /// Looks at `length` bytes of a frame without a tag.
    void look(byte[] looked, int length) {
        frame = looked;
        version = 0;
        protocol = 0;
        ipRight = true;
        ip = ETHERNET_HEADER;
        int type = NetworkOrder.get16(frame, 12);
        if (type == IPV4 && length >= ip + IPV4_HEADER) {
            lookIpv4(length);
        } else if (type == IPV6 && length >= ip + IPV6_HEADER) {
            version = 6;
            transport = ip + IPV6_HEADER;
            transportEnd = Math.min(length, transport + NetworkOrder.get16(frame, ip + 4));
            lookTransport(frame[ip + 6] & 0xff);
        }
    }

    private void lookIpv4(int length) {
        int header = (frame[ip] & 0xf) * 4;
        int total = NetworkOrder.get16(frame, ip + 2);
        if (frame[ip] >>> 4 != 4 || header < IPV4_HEADER || total < header || ip + total > length) {
            return;
        }
        version = 4;
        transport = ip + header;
        transportEnd = ip + total;
        ipRight = InternetChecksum.sum(frame, ip, header, 0) == 0xffff;
        if ((NetworkOrder.get16(frame, ip + 6) & FRAGMENT) == 0) {
            lookTransport(frame[ip + 9] & 0xff);
        }
    }

    private void lookTransport(int number) {
        int least = number == TCP ? 20 : 8;
        if ((number == TCP || number == UDP) && transportEnd - transport >= least) {
            protocol = number;
        }
    }

    int version() {
        return version;
    }

    int protocol() {
        return protocol;
    }

    /// Where the IP header is.
    int ip() {
        return ip;
    }

    /// Where the transport's header is, which begins with both ports.
    int transport() {
        return transport;
    }

    boolean ipRight() {
        return ipRight;
    }

    /// Whether the transport has a checksum: UDP may go without.
    boolean hasTransportChecksum() {
        return protocol == TCP || protocol == UDP && NetworkOrder.get16(frame, transport + 6) != 0;
    }

    boolean transportRight() {
        int bytes = transportEnd - transport;
        int start = InternetChecksum.pseudoHeader(frame, ip, version, protocol, bytes);
        return InternetChecksum.sum(frame, transport, bytes, start) == 0xffff;
    }
}
