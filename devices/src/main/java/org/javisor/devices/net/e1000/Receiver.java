// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net.e1000;

import static org.javisor.devices.net.e1000.Layout.RCTL;
import static org.javisor.devices.net.e1000.Layout.RCTL_LONG;
import static org.javisor.devices.net.e1000.Layout.RCTL_SPLIT;
import static org.javisor.devices.net.e1000.Layout.RCTL_STRIP_CRC;
import static org.javisor.devices.net.e1000.Layout.RFCTL;
import static org.javisor.devices.net.e1000.Layout.RFCTL_EXTENDED;
import static org.javisor.devices.net.e1000.Layout.RXCSUM;
import static org.javisor.devices.net.e1000.Layout.RXCSUM_IP;
import static org.javisor.devices.net.e1000.Layout.RXCSUM_TCP;

import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.zip.CRC32;
import org.javisor.devices.net.InternetChecksum;
import org.javisor.devices.net.NetworkBackend;
import org.javisor.devices.net.NetworkOrder;

/// Puts frames into the driver's buffers, and what the card knows about them into descriptors: the legacy format, the
/// extended one, and that with several buffers a descriptor.
///
/// Guarded by the card's lock.
///
/// @datasheet Intel 317453 §3.2 "Packet Reception"; Intel 82574 §7.1.5 "Receive Descriptor Format", §7.1.6
final class Receiver {
    private static final int SHORTEST = 60, LONGEST = 1514, TAG = 4, CRC = 4;
    private static final int DONE = 1, EOP = 2, NO_CHECKSUM = 4, TAGGED = 8, UDP_CHECKED = 0x10, TCP_CHECKED = 0x20,
            IP_CHECKED = 0x40;
    private static final int TRANSPORT_WRONG = 0x20, IP_WRONG = 0x40;
    private static final int PSRCTL = 0x2170;
    /// Buffers of a descriptor that has several.
    private static final int BUFFERS = 4;

    private final int[] registers;
    private final Ring[] rings;
    private final Dma dma;
    private final ReceiveFilter filter;
    private final Statistics statistics;
    private final PacketCheck packet = new PacketCheck();
    private final ReceiveSideScaling scaling;
    private final CRC32 crc = new CRC32();
    private final byte[] frame = new byte[NetworkBackend.MAX_FRAME + TAG + CRC];
    private int status;
    private int errors;
    private int tag;
    private int queue;

    Receiver(int[] registers, Ring[] rings, Dma dma, Statistics statistics) {
        this.registers = registers;
        this.rings = rings;
        this.dma = dma;
        this.filter = new ReceiveFilter(registers);
        this.statistics = statistics;
        this.scaling = new ReceiveSideScaling(registers);
    }

    /// What became of a frame.
    enum Outcome { DROPPED, NO_BUFFER, STORED }

    /// Receives a frame without its check sequence.
    Outcome receive(byte[] received, int length) {
        if (length < 14 || length > NetworkBackend.MAX_FRAME || !filter.wants(received)) {
            return Outcome.DROPPED;
        }
        boolean tagged = filter.tagged(received);
        if (length > LONGEST + (tagged ? TAG : 0) && (control() & RCTL_LONG) == 0) {
            statistics.oversize();
            return Outcome.DROPPED;
        }
        int bytes = prepare(received, length, tagged && filter.handlesTags());
        inspect(bytes);
        int whole = bytes;
        if ((control() & RCTL_STRIP_CRC) == 0) {
            whole = appendCrc(bytes);
        }
        if (!store(whole)) {
            statistics.noBuffer();
            return Outcome.NO_BUFFER;
        }
        statistics.received(frame, bytes);
        return Outcome.STORED;
    }

    private int control() {
        return registers[RCTL >>> 2];
    }

    /// The queue that got the last frame.
    int queue() {
        return queue;
    }

    /// Whether so few buffers are left that the driver wants to know.
    boolean running() {
        Ring ring = rings[queue];
        return ring.available() <= ring.size() >>> 1 + (control() >>> 8 & 3);
    }

    private int prepare(byte[] received, int length, boolean strip) {
        int bytes = length;
        if (strip) {
            System.arraycopy(received, 0, frame, 0, 12);
            System.arraycopy(received, 12 + TAG, frame, 12, length - 12 - TAG);
            tag = NetworkOrder.get16(received, 14);
            status = TAGGED;
            bytes -= TAG;
        } else {
            System.arraycopy(received, 0, frame, 0, length);
            tag = 0;
            status = 0;
        }
        if (bytes < SHORTEST) {
            Arrays.fill(frame, bytes, SHORTEST, (byte) 0);
            bytes = SHORTEST;
        }
        return bytes;
    }

    private void inspect(int bytes) {
        packet.look(frame, bytes);
        scaling.look(frame, packet);
        queue = rings.length > 1 ? scaling.queue() : 0;
        errors = 0;
        int wanted = registers[RXCSUM >>> 2];
        if (packet.version() == 4 && (wanted & RXCSUM_IP) != 0) {
            status |= IP_CHECKED;
            errors |= packet.ipRight() ? 0 : IP_WRONG;
        }
        if (packet.hasTransportChecksum() && (wanted & RXCSUM_TCP) != 0) {
            status |= TCP_CHECKED | (packet.protocol() == PacketCheck.UDP ? UDP_CHECKED : 0);
            errors |= packet.transportRight() ? 0 : TRANSPORT_WRONG;
        }
        if ((status & (IP_CHECKED | TCP_CHECKED)) == 0) {
            status |= NO_CHECKSUM;
        }
    }

    private int appendCrc(int bytes) {
        crc.reset();
        crc.update(frame, 0, bytes);
        int value = (int) crc.getValue();
        for (int i = 0; i < CRC; i++) {
            frame[bytes + i] = (byte) (value >>> 8 * i);
        }
        return bytes + CRC;
    }

    /// The sum from where the driver wants it on.
    private int checksum(int bytes) {
        int start = registers[RXCSUM >>> 2] & 0xff;
        return start < bytes ? InternetChecksum.sum(frame, start, bytes - start, 0) : 0;
    }

    // ---- descriptors ----

    private boolean store(int bytes) {
        boolean extended = (registers[RFCTL >>> 2] & RFCTL_EXTENDED) != 0;
        if (extended && (control() & RCTL_SPLIT) != 0) {
            return storeSplit(bytes);
        }
        Ring ring = rings[queue];
        int size = bufferBytes();
        int needed = (bytes + size - 1) / size;
        if (ring.available() < needed) {
            return false;
        }
        for (int n = 0; n < needed; n++) {
            int from = n * size;
            int piece = Math.min(size, bytes - from);
            long at = ring.descriptor(n);
            store(dma.load(at), from, piece);
            VarHandle.releaseFence();
            writeBack(at, piece, n == needed - 1, bytes, extended);
        }
        ring.advance(needed);
        return true;
    }

    private void store(long address, int from, int count) {
        // A null pointer is a buffer that the driver does not have.
        if (address != 0) {
            dma.store(address, frame, from, count);
        }
    }

    private void writeBack(long at, int piece, boolean last, int bytes, boolean extended) {
        int flags = DONE | (last ? EOP | status : 0);
        int wrong = last ? errors : 0;
        if (!extended) {
            long sum = last ? checksum(bytes) : 0;
            dma.store(at + 8, 8, piece | sum << 16 | (long) flags << 32 | (long) wrong << 40 | (long) tag << 48);
            return;
        }
        dma.store(at, 8, firstWord(last, bytes));
        VarHandle.releaseFence();
        dma.store(at + 8, 8, flags | (long) wrong << 24 | (long) piece << 32 | (long) tag << 48);
    }

    /// The first half of an extended descriptor: what was hashed, the queue, and the hash; or the checksum.
    private long firstWord(boolean last, int bytes) {
        if (!last) {
            return 0;
        }
        if (scaling.hashes()) {
            return scaling.type() | queue << 8 | (long) scaling.hash() << 32;
        }
        long identification = packet.version() == 4 ? NetworkOrder.get16(frame, packet.ip() + 4) : 0;
        return identification << 32 | (long) checksum(bytes) << 48;
    }

    /// Descriptors of 32 bytes, which count as two, with four buffers each that are filled one after the other.
    private boolean storeSplit(int bytes) {
        Ring ring = rings[queue];
        int each = 0;
        for (int n = 0; n < BUFFERS; n++) {
            each += splitBytes(n);
        }
        int needed = each == 0 ? 0 : (bytes + each - 1) / each;
        if (needed == 0 || ring.available() < 2 * needed) {
            return false;
        }
        int from = 0;
        for (int n = 0; n < needed; n++) {
            from = storeSplit(ring.descriptor(2 * n), from, bytes, n == needed - 1);
        }
        ring.advance(2 * needed);
        return true;
    }

    private int storeSplit(long at, int start, int bytes, boolean last) {
        int from = start;
        long lengths = 0;
        int first = 0;
        for (int n = 0; n < BUFFERS; n++) {
            int piece = Math.min(splitBytes(n), bytes - from);
            store(dma.load(at + 8 * n), from, piece);
            from += piece;
            if (n == 0) {
                first = piece;
            } else {
                lengths |= (long) piece << 16 * n;
            }
        }
        dma.store(at, 8, firstWord(last, bytes));
        dma.store(at + 16, 8, lengths);
        dma.store(at + 24, 8, 0);
        VarHandle.releaseFence();
        dma.store(at + 8, 8, DONE | (last ? EOP | status | (long) errors << 24 : 0) | (long) first << 32
                | (long) tag << 48);
        return from;
    }

    private int splitBytes(int buffer) {
        int field = registers[PSRCTL >>> 2] >>> 8 * buffer & (buffer == 0 ? 0x7f : 0x3f);
        return field * (buffer == 0 ? 128 : 1024);
    }

    private int bufferBytes() {
        int control = control();
        int kilobytes = rings.length > 1 ? control >>> 27 & 0xf : 0;
        if (kilobytes != 0) {
            return kilobytes * 1024;
        }
        int size = 2048 >>> (control >>> 16 & 3);
        return (control & 1 << 25) != 0 && size != 2048 ? 16 * size : size;
    }
}
