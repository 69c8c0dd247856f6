// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net.user;

import java.net.InetAddress;
import java.net.UnknownHostException;

/// Addresses of IPv4, as numbers with the first octet in bits 31:24, and the plan of the guest's network.
final class Ipv4 {
    static final int NETWORK = 0x0a00_0200, MASK = 0xffff_ff00;
    /// The router; what is sent to it reaches the host's loopback interface.
    static final int GATEWAY = NETWORK | 2;
    static final int NAME_SERVER = NETWORK | 3;
    static final int GUEST = NETWORK | 15;
    static final int BROADCAST = NETWORK | 255, EVERYBODY = -1;
    static final int ICMP = 1, TCP = 6, UDP = 17;

    private Ipv4() { }

    static boolean local(int address) {
        return (address & MASK) == NETWORK;
    }

    static InetAddress address(int number) {
        byte[] octets = {(byte) (number >>> 24), (byte) (number >>> 16), (byte) (number >>> 8), (byte) number};
        try {
            return InetAddress.getByAddress(octets);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("four octets are an address", e);
        }
    }

    /// The host that the guest means by `number`.
    static InetAddress host(int number) {
        return number == GATEWAY ? InetAddress.getLoopbackAddress() : address(number);
    }
}
