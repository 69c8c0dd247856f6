// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net.e1000;

/// A context descriptor: where a packet's headers are, for the packets that follow.
///
/// @param low, high the descriptor as it lies in memory
/// @datasheet Intel 317453 §3.3.6 "TCP/IP Context Transmit Descriptor"
record Context(long low, long high) {
    static final Context NONE = new Context(0, 0);
    private static final int TCP = 1, IPV4 = 2;

    int ipStart() {
        return (int) low & 0xff;
    }

    int ipChecksum() {
        return (int) (low >>> 8) & 0xff;
    }

    /// The last byte that the IP checksum covers; 0 for the packet's.
    int ipEnd() {
        return (int) (low >>> 16) & 0xffff;
    }

    int transportStart() {
        return (int) (low >>> 32) & 0xff;
    }

    int transportChecksum() {
        return (int) (low >>> 40) & 0xff;
    }

    /// The last byte that the transport's checksum covers; 0 for the packet's.
    int transportEnd() {
        return (int) (low >>> 48) & 0xffff;
    }

    boolean tcp() {
        return (high >>> 24 & TCP) != 0;
    }

    boolean ipv4() {
        return (high >>> 24 & IPV4) != 0;
    }

    int headerBytes() {
        return (int) (high >>> 40) & 0xff;
    }

    int segmentBytes() {
        return (int) (high >>> 48) & 0xffff;
    }
}
