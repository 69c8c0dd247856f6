// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import java.util.Arrays;

/// The reference time of a partition, in units of 100 ns, and the page by which guests make it of their time stamp
/// counter: counter * scale / 2^64 + offset.
///
/// The hypervisor itself computes it in the same way, from the same numbers, so that both always agree. When they
/// change, for the guest has set its counters, the new line begins where the old one is, rounded up: time never goes
/// backward. A page can serve only while all processors' counters are one; else it says that it does not hold.
///
/// Counter and machine clock stop and go on together, so pausing the machine changes nothing here.
///
/// @hyperv "Partition Reference Time Enlightenment"
final class HvReferenceTime {
    /// Of a counter at 1 GHz: 2^64 / 100, rounded up, which makes 100 ticks no less than a unit.
    static final long SCALE = 0x028f_5c28_f5c2_8f5dL;
    static final int UNIT_NANOS = 100;
    /// A deadline as far away as this (a hundred years) never comes.
    private static final long FAR = 1L << 55;
    private static final long ENABLED = 1;
    private static final int SEQUENCE = 0, SCALE_AT = 8, OFFSET = 16;
    /// Sequences that stand for "does not hold", the second one in old versions.
    private static final int INVALID = 0, OLD_INVALID = -1;

    /// @param lead   what a processor's counter is ahead of the machine's clock
    /// @param offset what the page says
    private record Line(long lead, long offset) {
        long at(long nanos) {
            return Math.unsignedMultiplyHigh(nanos + lead, SCALE) + offset;
        }
    }

    private final PvMachine machine;
    /// What processors add to the machine's counter.
    private final long[] tscOffsets;
    private volatile Line line = new Line(0, 0);
    private long register;
    private int sequence;

    HvReferenceTime(PvMachine machine) {
        this.machine = machine;
        this.tscOffsets = new long[machine.processors()];
    }

    /// The time now; any thread.
    long now() {
        return line.at(machine.clock().nanos());
    }

    /// When, by the machine's clock, it will be `reference`: 0 if it has been, [Long#MAX_VALUE] for never.
    long nanosAt(long reference) {
        Line now = line;
        long present = now.at(machine.clock().nanos());
        if (Long.compareUnsigned(reference, present) <= 0) {
            return 0;
        }
        return Long.compareUnsigned(reference - present, FAR) > 0 ? Long.MAX_VALUE
                : (reference - now.offset) * UNIT_NANOS - now.lead;
    }

    synchronized long register() {
        return register;
    }

    /// Says where the page is, and whether it is to be kept. One outside memory is as good as none.
    synchronized void register(long value) {
        register = value;
        update();
    }

    /// Processor `vp` now adds `offset` to the machine's counter.
    synchronized void tscChanged(int vp, long offset) {
        if (vp < tscOffsets.length && tscOffsets[vp] != offset) {
            tscOffsets[vp] = offset;
            update();
        }
    }

    private boolean enabled() {
        return (register & ENABLED) != 0;
    }

    private void update() {
        if (!enabled()) {
            return;
        }
        GuestArea page = new GuestArea(machine.memory(), register & -PvMachine.PAGE_BYTES);
        page.storeRelease(SEQUENCE, INVALID);
        if (lead()) {
            page.store(SCALE_AT, 8, SCALE);
            page.store(OFFSET, 8, line.offset);
            page.storeRelease(SEQUENCE, nextSequence());
        }
    }

    private int nextSequence() {
        do {
            sequence++;
        } while (sequence == INVALID || sequence == OLD_INVALID);
        return sequence;
    }

    /// Goes over to the line that all processors' counters are on.
    ///
    /// @return false if they are on different ones, or so far ahead that they will wrap
    private boolean lead() {
        long nanos = machine.clock().nanos();
        long tsc = machine.tscAt(nanos) + tscOffsets[0];
        boolean together = Arrays.stream(tscOffsets).allMatch(offset -> offset == tscOffsets[0]);
        if (!together || tsc < 0) {
            return false;
        }
        if (tsc - nanos != line.lead) {
            line = new Line(tsc - nanos, line.at(nanos) + 1 - Math.unsignedMultiplyHigh(tsc, SCALE));
        }
        return true;
    }

    /// RESET, which counters begin again at; the time goes on.
    synchronized void reset() {
        Arrays.fill(tscOffsets, 0);
        register = 0;
        sequence = 0;
    }

    /// @param now      the time when it was saved
    /// @param register where the page is
    /// @param sequence the last one in the page
    record State(long now, long register, int sequence) {
        static final State RESET = new State(0, 0, 0);
    }

    synchronized State save() {
        return new State(now(), register, sequence);
    }

    /// Goes on from a time that was saved, with counters as they are set now.
    synchronized void load(State state) {
        long nanos = machine.clock().nanos();
        Line old = line;
        line = new Line(old.lead, state.now - Math.unsignedMultiplyHigh(nanos + old.lead, SCALE));
        register = state.register;
        sequence = state.sequence;
        update();
    }
}
