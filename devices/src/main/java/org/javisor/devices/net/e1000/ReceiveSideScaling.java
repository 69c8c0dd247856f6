// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net.e1000;

import static org.javisor.devices.net.e1000.Layout.MRQC;
import static org.javisor.devices.net.e1000.Layout.RETA;
import static org.javisor.devices.net.e1000.Layout.RSSRK;
import static org.javisor.devices.net.e1000.Layout.RXCSUM;
import static org.javisor.devices.net.e1000.Layout.RXCSUM_HASH;

/// Spreads packets over queues by a hash of their addresses and ports.
///
/// @datasheet Intel 82574 §7.1.11 "Receive Side Scaling (RSS)"
final class ReceiveSideScaling {
    /// What was hashed, as descriptors say it.
    static final int NONE = 0, TCP_IPV4 = 1, IPV4 = 2, TCP_IPV6 = 3, IPV6 = 5;
    private static final int ENABLE = 1;
    private static final int WANT_TCP_IPV4 = 1 << 16, WANT_IPV4 = 1 << 17, WANT_TCP_IPV6 = 1 << 18,
            WANT_IPV6 = 1 << 20;

    private final int[] registers;
    private int type;
    private int hash;

    ReceiveSideScaling(int[] registers) {
        this.registers = registers;
    }

    /// Hashes a packet as the driver wants.
    void look(byte[] frame, PacketCheck packet) {
        int wanted = registers[MRQC >>> 2];
        hash = 0;
        type = (wanted & 3) == ENABLE && hashes() ? typeOf(packet, wanted) : NONE;
        if (type == NONE) {
            return;
        }
        boolean ports = type == TCP_IPV4 || type == TCP_IPV6;
        int done = packet.version() == 4 ? toeplitz(frame, packet.ip() + 12, 8, 0)
                : toeplitz(frame, packet.ip() + 8, 32, 0);
        if (ports) {
            toeplitz(frame, packet.transport(), 4, done);
        }
    }

    /// Whether descriptors report a hash in place of a checksum.
    boolean hashes() {
        return (registers[RXCSUM >>> 2] & RXCSUM_HASH) != 0;
    }

    private static int typeOf(PacketCheck packet, int wanted) {
        boolean tcp = packet.protocol() == PacketCheck.TCP;
        return switch (packet.version()) {
            case 4 -> tcp && (wanted & WANT_TCP_IPV4) != 0 ? TCP_IPV4 : (wanted & WANT_IPV4) != 0 ? IPV4 : NONE;
            case 6 -> tcp && (wanted & WANT_TCP_IPV6) != 0 ? TCP_IPV6 : (wanted & WANT_IPV6) != 0 ? IPV6 : NONE;
            default -> NONE;
        };
    }

    /// Adds `bytes` bytes to the hash, the key's bits from `8 * done` on being theirs.
    ///
    /// @return how many bytes are done
    private int toeplitz(byte[] frame, int from, int bytes, int done) {
        for (int i = 0; i < bytes; i++) {
            for (int bit = 0; bit < 8; bit++) {
                if ((frame[from + i] & 0x80 >>> bit) != 0) {
                    hash ^= key(8 * (done + i) + bit);
                }
            }
        }
        return done + bytes;
    }

    /// 32 bits of the key from bit `at` on; the key's first byte is the first register's lowest.
    private int key(int at) {
        long bits = 0;
        for (int i = 0; i < 5; i++) {
            int index = at / 8 + i;
            bits = bits << 8 | registers[(RSSRK >>> 2) + index / 4] >>> 8 * (index % 4) & 0xff;
        }
        return (int) (bits >>> 8 - at % 8);
    }

    int type() {
        return type;
    }

    int hash() {
        return hash;
    }

    /// The queue for the packet: what the table says for the hash's last seven bits.
    int queue() {
        if (type == NONE) {
            return 0;
        }
        int index = hash & 0x7f;
        return registers[(RETA >>> 2) + index / 4] >>> 8 * (index % 4) + 7 & 1;
    }
}
