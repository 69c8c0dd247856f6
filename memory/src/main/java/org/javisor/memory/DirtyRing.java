// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;

/// The pages that one processor has written, in the order of the first write to each: an alternative to bitmaps, whose
/// cost is that of the pages written and not that of all memory.
///
/// ```
///        reset            harvested            next
///  ────────┬──────────────────┬──────────────────┬───────
///   free   │ told to a reader │ to be told       │ free
/// ```
///
/// The processor's thread adds; one thread at a time harvests, and [GuestMemory#resetDirtyRings] makes what was
/// harvested free again. When a ring is nearly full, its processor stops ([#full]) until that has happened.
///
/// @see <a href="https://docs.kernel.org/virt/kvm/api.html">KVM API, KVM_CAP_DIRTY_LOG_RING</a>
public final class DirtyRing {
    /// Room for what a processor may still write before it stops: a block of instructions, or one that writes much.
    private static final int RESERVE = 64;
    public static final int LEAST_ENTRIES = 2 * RESERVE;
    public static final int MOST_ENTRIES = 1 << 16;

    /// A page that was written.
    ///
    /// @param slot its slot's number
    /// @param page counted from the slot's start
    public record Entry(int slot, long page) { }

    private static final ThreadLocal<DirtyRing> CURRENT = new ThreadLocal<>();
    private static final int SLOT_SHIFT = 40;

    private final AtomicLongArray entries;
    private final Runnable source;
    private volatile long next;
    private volatile long harvested;
    private volatile long reset;
    private Runnable stop;

    /// @param entries a power of two, [#LEAST_ENTRIES] to [#MOST_ENTRIES]
    public DirtyRing(int entries) {
        this(entries, () -> { });
    }

    /// @param source fills it with what is not in it yet, on the thread that harvests
    public DirtyRing(int entries, Runnable source) {
        checkEntries(entries);
        this.entries = new AtomicLongArray(entries);
        this.source = source;
    }

    /// How many entries it has.
    public int capacity() {
        return entries.length();
    }

    /// @throws IllegalArgumentException if no ring has so many entries
    public static void checkEntries(int entries) {
        if (Integer.bitCount(entries) != 1 || entries < LEAST_ENTRIES || entries > MOST_ENTRIES) {
            throw new IllegalArgumentException(String.format(
                    "a dirty ring has a power of two from %d to %d entries, not %d", LEAST_ENTRIES, MOST_ENTRIES,
                    entries));
        }
    }

    /// The ring of the processor that the calling thread runs, or null.
    static DirtyRing current() {
        return CURRENT.get();
    }

    /// Says that the calling thread runs the processor of this ring, until [#leave].
    ///
    /// @param onFull has the processor stop soon: the ring has become [#full]
    public void enter(Runnable onFull) {
        stop = onFull;
        CURRENT.set(this);
    }

    public void leave() {
        CURRENT.remove();
    }

    /// @return false if there is no room
    boolean push(int slot, long page) {
        long at = next;
        if (at - reset >= entries.length()) {
            return false;
        }
        entries.set(index(at), (long) slot << SLOT_SHIFT | page);
        next = at + 1;
        if (full()) {
            stop.run();
        }
        return true;
    }

    private int index(long at) {
        return (int) at & entries.length() - 1;
    }

    /// Whether the processor must not run before the ring has been harvested and reset.
    public boolean full() {
        return next - reset >= entries.length() - RESERVE;
    }

    /// The pages written since they were last harvested. Their next writes are told after the next reset.
    public List<Entry> harvest() {
        source.run();
        List<Entry> taken = new ArrayList<>();
        long end = next;
        for (long at = harvested; at != end; at++) {
            taken.add(entry(at));
        }
        harvested = end;
        return taken;
    }

    private Entry entry(long at) {
        long packed = entries.get(index(at));
        return new Entry((int) (packed >>> SLOT_SHIFT), packed & (1L << SLOT_SHIFT) - 1);
    }

    /// Makes the harvested entries free.
    ///
    /// @return what they were
    List<Entry> reset() {
        List<Entry> freed = new ArrayList<>();
        long end = harvested;
        for (long at = reset; at != end; at++) {
            freed.add(entry(at));
        }
        reset = end;
        return freed;
    }
}
