// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import java.math.BigInteger;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

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
public final class HvReferenceTime {
    static final int UNIT_NANOS = 100;
    /// How many ticks of a counter a tick of the machine's is, as a fixed-point number.
    private static final int FRACTION_BITS = 32;
    private static final long SAME = 1L << FRACTION_BITS;
    /// A deadline as far away as this (a hundred years) never comes.
    private static final long FAR = 1L << 55;
    private static final long ENABLED = 1;
    private static final int SEQUENCE = 0, SCALE = 8, OFFSET = 16;
    /// Sequences that stand for "does not hold", the second one in old versions.
    private static final int INVALID = 0, OLD_INVALID = -1;

    /// How a processor's counter follows the machine's.
    ///
    /// @param ratio ticks of it for one of the machine's, with 32 bits behind the point
    /// @param lead  what it was when the machine's was zero
    private record Counter(long ratio, long lead) {
        static final Counter PLAIN = new Counter(SAME, 0);

        static Counter of(PvProcessor processor) {
            long lead = processor.tscOf(0);
            return new Counter(processor.tscOf(SAME) - lead, lead);
        }

        long at(long machine) {
            return (Math.unsignedMultiplyHigh(machine, ratio) << FRACTION_BITS | machine * ratio >>> FRACTION_BITS)
                    + lead;
        }

        /// What makes units of ticks, times 2^64, rounded up: so a unit is not told late.
        BigInteger scale() {
            BigInteger ticks = BigInteger.valueOf(ratio).multiply(BigInteger.valueOf(UNIT_NANOS));
            BigInteger one = BigInteger.ONE.shiftLeft(Long.SIZE + FRACTION_BITS);
            return one.add(ticks).subtract(BigInteger.ONE).divide(ticks);
        }
    }

    /// @param zero    when, by the machine's clock, its counter was zero
    /// @param counter that of all processors
    /// @param scale   what the page says
    /// @param offset  what the page says
    private record Line(long zero, Counter counter, long scale, long offset) {
        long at(long nanos) {
            return Math.unsignedMultiplyHigh(counter.at(nanos - zero), scale) + offset;
        }
    }

    private final PvMachine machine;
    private final List<PvProcessor> processors = new CopyOnWriteArrayList<>();
    private volatile Line line;
    private long register;
    /// The last one that a page told.
    private int sequence;

    HvReferenceTime(PvMachine machine) {
        this.machine = machine;
        this.line = new Line(zero(machine.clock().nanos()), Counter.PLAIN, Counter.PLAIN.scale().longValue(), 0);
    }

    /// When the machine's counter was zero.
    private long zero(long nanos) {
        return nanos - machine.tscAt(nanos);
    }

    /// Has the page hold only while this processor's counter is that of all.
    void add(PvProcessor processor) {
        processors.add(processor);
    }

    /// The time now; any thread.
    long now() {
        return line.at(machine.clock().nanos());
    }

    /// When, by the machine's clock, it will be `reference`: 0 if it has been, [Long#MAX_VALUE] for never. Late by less
    /// than a unit.
    long nanosAt(long reference) {
        long nanos = machine.clock().nanos();
        long present = line.at(nanos);
        if (Long.compareUnsigned(reference, present) <= 0) {
            return 0;
        }
        long units = reference - present;
        return Long.compareUnsigned(units, FAR) > 0 ? Long.MAX_VALUE : nanos + units * UNIT_NANOS;
    }

    synchronized long register() {
        return register;
    }

    /// Says where the page is, and whether it is to be kept. One outside memory is as good as none.
    synchronized void register(long value) {
        register = value;
        update();
    }

    /// Writes the page; again when a processor's counter has been set.
    synchronized void update() {
        if ((register & ENABLED) == 0) {
            return;
        }
        GuestArea page = new GuestArea(machine.memory(), register & -PvMachine.PAGE_BYTES);
        int told = (int) page.load(SEQUENCE, 4);
        if (told != INVALID) {
            // Also where the page comes from a machine that was saved.
            sequence = told;
        }
        page.storeRelease(SEQUENCE, INVALID);
        if (lead()) {
            page.store(SCALE, 8, line.scale);
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
    /// @return false if they are on different ones, on one that the page cannot tell, or so far ahead that they will
    ///     wrap
    private boolean lead() {
        long nanos = machine.clock().nanos();
        long machineTsc = machine.tscAt(nanos);
        Counter counter = Counter.of(processors.getFirst());
        boolean together = processors.stream().map(Counter::of).allMatch(counter::equals);
        if (!together || counter.ratio * UNIT_NANOS <= SAME || counter.at(machineTsc) < 0) {
            return false;
        }
        if (zero(nanos) != line.zero || !counter.equals(line.counter)) {
            long scale = counter.scale().longValue();
            long offset = line.at(nanos) + 1 - Math.unsignedMultiplyHigh(counter.at(machineTsc), scale);
            line = new Line(zero(nanos), counter, scale, offset);
        }
        return true;
    }

    /// RESET, which counters begin again at; the time goes on.
    synchronized void reset() {
        register = 0;
        sequence = 0;
    }

    /// @param now      the time when it was saved
    /// @param register where the page is
    public record State(long now, long register) { }

    synchronized State save() {
        return new State(now(), register);
    }

    /// Goes on from a time that was saved, with counters as they are set now.
    synchronized void load(State state) {
        Line old = line;
        line = new Line(old.zero, old.counter, old.scale, old.offset + state.now - now());
        register = state.register;
        update();
    }
}
