// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net.e1000;

import org.javisor.devices.net.NetworkOrder;

import java.util.Arrays;

/// Takes what a ring's descriptors describe together: a packet, with what is to be done to it ([Offload]).
///
/// Guarded by the card's lock.
///
/// @datasheet Intel 317453 §3.3 "Packet Transmission"
public final class Transmitter {
    /// The longest packet that can be described: a header and 64 KiB behind it, and what a VLAN tag needs.
    static final int MAX_PACKET = (1 << 16) + 256 + 4;

    private static final int EOP = 1, INSERT = 1 << 2, SEGMENT = 1 << 2, REPORT = 1 << 3, EXTENDED = 1 << 5,
            VLAN = 1 << 6;
    private static final int TYPE_CONTEXT = 0, TYPE_DATA = 1;
    private static final int DONE = 1;
    private static final int STATUS_AT = 12;

    /// What a packet was told by its descriptors so far.
    ///
    /// @param segmenting, other the contexts for packets with and without segmentation
    public record State(byte[] packet, boolean spoilt, long segmentingLow, long segmentingHigh, long otherLow,
            long otherHigh,
            int command, int options, int tag, int checksumAt) {
        public State {
            if (packet.length > MAX_PACKET) {
                throw new IllegalArgumentException("a packet of " + packet.length + " bytes");
            }
            packet = packet.clone();
        }
    }

    private final Ring ring;
    private final Dma dma;
    private final byte[] packet = new byte[MAX_PACKET];
    private int length;
    /// The packet is longer than any can be.
    private boolean spoilt;
    private Context segmenting = Context.NONE;
    private Context other = Context.NONE;
    private int command;
    private int options;
    private int tag;
    private int checksumAt;

    Transmitter(Ring ring, Dma dma) {
        this.ring = ring;
        this.dma = dma;
    }

    Ring ring() {
        return ring;
    }

    // ---- descriptors ----

    /// What [#take] met.
    enum Taken { NOTHING, PART, PACKET }

    /// Takes one descriptor.
    ///
    /// @return PACKET when it was a packet's last, which is then in [#packet] until the next is taken
    Taken take(Report report) {
        if (ring.available() == 0) {
            return Taken.NOTHING;
        }
        long at = ring.descriptor(0);
        long address = dma.load(at);
        long fields = dma.load(at + 8);
        int bits = (int) (fields >>> 24) & 0xff;
        boolean last = false;
        if ((bits & EXTENDED) == 0) {
            last = data(address, (int) fields & 0xffff, fields, true);
        } else if ((fields >>> 20 & 0xf) == TYPE_CONTEXT) {
            context(address, fields, bits);
        } else if ((fields >>> 20 & 0xf) == TYPE_DATA) {
            last = data(address, (int) fields & 0xf_ffff, fields, false);
        }
        if ((bits & REPORT) != 0) {
            dma.store(at + STATUS_AT, 1, (fields >>> 32 | DONE) & 0xff);
        }
        ring.advance(1);
        report.taken((bits & REPORT) != 0, ring.available() == 0);
        return last ? Taken.PACKET : Taken.PART;
    }

    /// Is told of each descriptor.
    @FunctionalInterface
    interface Report {
        void taken(boolean reported, boolean emptied);
    }

    private void context(long low, long high, int bits) {
        Context taken = new Context(low, high);
        if ((bits & SEGMENT) != 0) {
            segmenting = taken;
        } else {
            other = taken;
        }
    }

    private boolean data(long address, int bytes, long fields, boolean legacy) {
        int bits = (int) (fields >>> 24) & 0xff;
        if (length == 0 && !spoilt) {
            // The first descriptor of a packet says what is done to it.
            command = legacy ? bits & ~SEGMENT : bits | EXTENDED;
            options = legacy ? 0 : (int) (fields >>> 40) & 3;
        }
        if (legacy && (bits & INSERT) != 0) {
            command |= INSERT;
            checksumAt = (int) (fields >>> 16 & 0xff) | (int) (fields >>> 40 & 0xff) << 8;
        }
        append(address, bytes);
        if ((bits & EOP) == 0) {
            return false;
        }
        command |= bits & VLAN;
        tag = (int) (fields >>> 48);
        return true;
    }

    private void append(long address, int bytes) {
        if (bytes > MAX_PACKET - 4 - length) {
            spoilt = true;
            return;
        }
        dma.load(address, packet, length, bytes);
        length += bytes;
    }

    // ---- the packet that is complete ----

    byte[] packet() {
        return packet;
    }

    int length() {
        return spoilt ? 0 : length;
    }

    /// Inserts the tag that the driver wants.
    ///
    /// @param type of VLAN frames
    void insertTag(int type) {
        if ((command & VLAN) == 0 || length() < 12) {
            return;
        }
        System.arraycopy(packet, 12, packet, 16, length - 12);
        NetworkOrder.put16(packet, 12, type);
        NetworkOrder.put16(packet, 14, tag);
        length += 4;
    }

    /// Cuts the packet and writes checksums as the driver wants, and hands on what comes of that.
    ///
    /// @param tagged 4 if a tag was inserted, by which everything behind it has moved
    void finish(Offload.Output output, int moved) {
        if (length() == 0) {
            return;
        }
        if ((command & EXTENDED) == 0) {
            if ((command & INSERT) != 0) {
                Offload.checksum(packet, moved + (checksumAt >>> 8), moved + (checksumAt & 0xff), length, length);
            }
            output.send(packet, length);
        } else if ((command & SEGMENT) != 0) {
            new Offload(segmenting, moved, options).segment(packet, length, output);
        } else {
            new Offload(other, moved, options).whole(packet, length, output);
        }
    }

    int moved() {
        return (command & VLAN) != 0 ? 4 : 0;
    }

    /// Begins the next packet.
    void next() {
        length = 0;
        spoilt = false;
        command = 0;
    }

    // ---- life ----

    void reset() {
        next();
        segmenting = Context.NONE;
        other = Context.NONE;
        options = 0;
        tag = 0;
        checksumAt = 0;
    }

    State save() {
        return new State(Arrays.copyOf(packet, length), spoilt, segmenting.low(), segmenting.high(), other.low(),
                other.high(), command, options, tag, checksumAt);
    }

    void load(State state) {
        System.arraycopy(state.packet, 0, packet, 0, state.packet.length);
        length = state.packet.length;
        spoilt = state.spoilt;
        segmenting = new Context(state.segmentingLow, state.segmentingHigh);
        other = new Context(state.otherLow, state.otherHigh);
        command = state.command;
        options = state.options;
        tag = state.tag;
        checksumAt = state.checksumAt;
    }
}
