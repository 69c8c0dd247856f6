// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

import java.util.Arrays;
import java.util.stream.Stream;

/// An address space of devices: ports (0 to 0xffff) or MMIO (guest-physical addresses).
///
/// Ranges never overlap. Lookups take no lock: they read an immutable sorted array that attaching and detaching
/// replace, so a BAR may move while other vCPUs use the bus. An access that lies only partly in a range is split into
/// bytes.
///
/// A bus may be one processor's view of another bus: what is attached to the view (a local APIC) hides the shared
/// bus's devices from that processor, and is hidden from the others.
public final class IoBus {
    /// One attached device.
    ///
    /// @param start the first address
    /// @param bytes how many addresses, positive
    public record Range(long start, long bytes, BusDevice device, String name) {
        private boolean holds(long address) {
            return Long.compareUnsigned(address - start, bytes) < 0;
        }

        private boolean holds(long address, int size) {
            return holds(address) && Long.compareUnsigned(address - start + size, bytes) <= 0;
        }

        private boolean overlaps(Range other) {
            return holds(other.start) || other.holds(start);
        }

        @Override
        public String toString() {
            return String.format("%s at 0x%x-0x%x", name, start, start + bytes - 1);
        }
    }

    private record Tapped(long start, long bytes, WriteTap tap) {
        private boolean holds(long address, int size) {
            return Long.compareUnsigned(address - start, bytes) < 0
                    && Long.compareUnsigned(address - start + size, bytes) <= 0;
        }
    }

    private static final Range[] NONE = {};
    private static final Tapped[] NO_TAPS = {};

    private final String name;
    private final long limit;
    private final IoBus shared;
    private volatile Range[] ranges = NONE;
    /// In the order in which they were attached.
    private volatile Tapped[] taps = NO_TAPS;

    /// @param name  what the addresses are, for messages: `port` or `MMIO address`
    /// @param limit the highest address
    public IoBus(String name, long limit) {
        this.name = name;
        this.limit = limit;
        this.shared = null;
    }

    /// A view of `shared` with room for devices of its own in front.
    public IoBus(IoBus shared) {
        this.name = shared.name;
        this.limit = shared.limit;
        this.shared = shared;
    }

    /// The highest address.
    public long limit() {
        return limit;
    }

    /// Claims `bytes` addresses from `start` for `device`.
    ///
    /// @throws IllegalArgumentException if the range is empty, leaves the bus, or overlaps another
    public synchronized Range attach(long start, long bytes, BusDevice device, String deviceName) {
        Range range = new Range(start, bytes, device, deviceName);
        if (bytes <= 0 || Long.compareUnsigned(start, limit) > 0
                || Long.compareUnsigned(bytes - 1, limit - start) > 0) {
            throw new IllegalArgumentException(range + " does not fit a bus whose last " + name + " is 0x"
                    + Long.toHexString(limit));
        }
        Range[] old = ranges;
        int at = 0;
        for (Range other : old) {
            if (other.overlaps(range)) {
                throw new IllegalArgumentException(range + " overlaps " + other);
            }
            if (Long.compareUnsigned(other.start, start) < 0) {
                at++;
            }
        }
        Range[] grown = new Range[old.length + 1];
        System.arraycopy(old, 0, grown, 0, at);
        grown[at] = range;
        System.arraycopy(old, at, grown, at + 1, old.length - at);
        ranges = grown;
        return range;
    }

    /// Gives a claimed range up; accesses already under way finish. Does nothing for a range that is not attached.
    public synchronized void detach(Range range) {
        ranges = Arrays.stream(ranges).filter(r -> r != range).toArray(Range[]::new);
    }

    /// Lets `tap` look at every write to `bytes` addresses from `start`, behind those that are there. Views of a bus
    /// have the taps of the bus.
    ///
    /// @return what takes it away again
    public Runnable tap(long start, long bytes, WriteTap tap) {
        if (shared != null) {
            return shared.tap(start, bytes, tap);
        }
        if (bytes <= 0 || Long.compareUnsigned(start, limit) > 0
                || Long.compareUnsigned(bytes - 1, limit - start) > 0) {
            throw new IllegalArgumentException(String.format(
                    "0x%x addresses from 0x%x do not fit a bus whose last %s is 0x%x", bytes, start, name, limit));
        }
        Tapped added = new Tapped(start, bytes, tap);
        synchronized (this) {
            taps = Stream.concat(Arrays.stream(taps), Stream.of(added)).toArray(Tapped[]::new);
        }
        return () -> untap(added);
    }

    private synchronized void untap(Tapped removed) {
        taps = Arrays.stream(taps).filter(tapped -> tapped != removed).toArray(Tapped[]::new);
    }

    /// Offers a write to the taps, which [#write] does too.
    ///
    /// @return whether one of them has done it
    public boolean tapped(long address, int size, long value) {
        for (Tapped tapped : shared == null ? taps : shared.taps) {
            if (tapped.holds(address, size) && tapped.tap.write(address, size, value)) {
                return true;
            }
        }
        return false;
    }

    /// The range that holds `address`, or null. Never allocates.
    public Range find(long address) {
        Range[] sorted = ranges;
        int low = 0;
        int high = sorted.length - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            Range range = sorted[middle];
            if (range.holds(address)) {
                return range;
            }
            if (Long.compareUnsigned(range.start, address) < 0) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return shared == null ? null : shared.find(address);
    }

    /// Whether no device claims any of the `size` addresses from `address`.
    public boolean unclaimed(long address, int size) {
        for (int i = 0; i < size; i++) {
            if (find(address + i) != null) {
                return false;
            }
        }
        return true;
    }

    /// Reads `size` bytes (1, 2, 4 or 8), zero-extended; bytes that no device claims read as 0xff.
    public long read(long address, int size) {
        Range range = find(address);
        if (range != null && range.holds(address, size)) {
            return range.device.read(address - range.start, size) & mask(size);
        }
        if (size == 1) {
            return 0xff;
        }
        long value = 0;
        for (int i = 0; i < size; i++) {
            value |= read(address + i, 1) << 8 * i;
        }
        return value;
    }

    /// Writes the low `size` bytes (1, 2, 4 or 8) of `value`; bytes that nobody takes are lost.
    public void write(long address, int size, long value) {
        if (!tapped(address, size, value & mask(size))) {
            deliver(address, size, value);
        }
    }

    private void deliver(long address, int size, long value) {
        Range range = find(address);
        if (range != null && range.holds(address, size)) {
            range.device.write(address - range.start, size, value & mask(size));
        } else if (size > 1) {
            for (int i = 0; i < size; i++) {
                deliver(address + i, 1, value >>> 8 * i & 0xff);
            }
        }
    }

    /// What is attached to this very bus, in order of address; for `--stats` and monitors.
    public Range[] ranges() {
        return ranges.clone();
    }

    private static long mask(int size) {
        return size == 8 ? -1L : (1L << 8 * size) - 1;
    }
}
