// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net.user;

import static org.javisor.devices.net.NetworkOrder.get32;
import static org.javisor.devices.net.NetworkOrder.put32;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// The DHCP server: it has one address to give, and perhaps a file to boot from.
///
/// @rfc 2131 "Dynamic Host Configuration Protocol"; 2132 for the options
final class Dhcp {
    static final int SERVER_PORT = 67, CLIENT_PORT = 68;
    private static final int REQUEST = 1, REPLY = 2, OPTIONS = 240, COOKIE_AT = 236, COOKIE = 0x6382_5363;
    private static final int CIADDR = 12, YIADDR = 16, SIADDR = 20, GIADDR = 24, FILE = 108, FILE_BYTES = 128;
    private static final int PAD = 0, MASK = 1, ROUTER = 3, NAME_SERVER = 6, REQUESTED = 50, LEASE = 51, TYPE = 53,
            SERVER = 54, BOOT_SERVER = 66, BOOT_FILE = 67, END = 255;
    private static final int DISCOVER = 1, OFFER = 2, ASKS = 3, ACK = 5, NAK = 6, INFORM = 8;
    private static final int LEASE_SECONDS = 86_400;
    private static final int SHORTEST_REPLY = 300;

    private final byte[] bootFile;
    private final byte[] reply = new byte[OPTIONS + 2 * FILE_BYTES + 64];
    private int end;

    /// @param bootFile what TFTP has for a guest that boots from the network; empty for nothing
    Dhcp(String bootFile) {
        this.bootFile = bootFile.getBytes(StandardCharsets.UTF_8);
        if (this.bootFile.length >= FILE_BYTES) {
            throw new IllegalArgumentException("a boot file's name has up to " + (FILE_BYTES - 1) + " bytes");
        }
    }

    /// Answers a message.
    void receive(byte[] message, int at, int bytes, GuestLink guest) {
        if (bytes < OPTIONS || message[at] != REQUEST || get32(message, at + COOKIE_AT) != COOKIE) {
            return;
        }
        int end = at + bytes;
        int typeAt = option(message, at + OPTIONS, end, TYPE, 1);
        int type = typeAt < 0 ? 0 : message[typeAt];
        if (type == DISCOVER) {
            answer(message, at, OFFER, guest);
        } else if (type == INFORM) {
            answer(message, at, ACK, guest);
        } else if (type == ASKS && forUs(message, at, end)) {
            answer(message, at, wanted(message, at, end) == Ipv4.GUEST ? ACK : NAK, guest);
        }
    }

    private static boolean forUs(byte[] message, int at, int end) {
        int server = option(message, at + OPTIONS, end, SERVER, 4);
        return server < 0 || get32(message, server) == Ipv4.GATEWAY;
    }

    private static int wanted(byte[] message, int at, int end) {
        int requested = option(message, at + OPTIONS, end, REQUESTED, 4);
        return requested < 0 ? get32(message, at + CIADDR) : get32(message, requested);
    }

    /// Where the value of an option of at least `least` bytes is, or -1.
    private static int option(byte[] message, int from, int end, int wanted, int least) {
        for (int at = from; at < end && (message[at] & 0xff) != END; ) {
            if (message[at] == PAD) {
                at++;
                continue;
            }
            int bytes = at + 1 < end ? message[at + 1] & 0xff : end;
            if (at + 2 + bytes > end) {
                return -1;
            }
            if ((message[at] & 0xff) == wanted && bytes >= least) {
                return at + 2;
            }
            at += 2 + bytes;
        }
        return -1;
    }

    private void answer(byte[] message, int at, int type, GuestLink guest) {
        Arrays.fill(reply, (byte) 0);
        System.arraycopy(message, at, reply, 0, CIADDR);
        System.arraycopy(message, at + GIADDR, reply, GIADDR, 4 + 16);
        reply[0] = REPLY;
        reply[3] = 0;
        put32(reply, COOKIE_AT, COOKIE);
        end = OPTIONS;
        byteOption(TYPE, type);
        addressOption(SERVER, Ipv4.GATEWAY);
        if (type != NAK) {
            put32(reply, YIADDR, Ipv4.GUEST);
            addressOption(LEASE, LEASE_SECONDS);
            addressOption(MASK, Ipv4.MASK);
            addressOption(ROUTER, Ipv4.GATEWAY);
            addressOption(NAME_SERVER, Ipv4.NAME_SERVER);
            boot();
        }
        reply[end++] = (byte) END;
        guest.udp(Ipv4.GATEWAY, SERVER_PORT, Ipv4.EVERYBODY, CLIENT_PORT, reply, Math.max(end, SHORTEST_REPLY));
    }

    private void boot() {
        if (bootFile.length == 0) {
            return;
        }
        put32(reply, SIADDR, Ipv4.GATEWAY);
        System.arraycopy(bootFile, 0, reply, FILE, bootFile.length);
        option(BOOT_SERVER, Ipv4.address(Ipv4.GATEWAY).getHostAddress().getBytes(StandardCharsets.US_ASCII));
        option(BOOT_FILE, bootFile);
    }

    private void byteOption(int code, int value) {
        option(code, new byte[] {(byte) value});
    }

    private void addressOption(int code, int value) {
        byte[] bytes = new byte[4];
        put32(bytes, 0, value);
        option(code, bytes);
    }

    private void option(int code, byte[] value) {
        reply[end++] = (byte) code;
        reply[end++] = (byte) value.length;
        System.arraycopy(value, 0, reply, end, value.length);
        end += value.length;
    }
}
