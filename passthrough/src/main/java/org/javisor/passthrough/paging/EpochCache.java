// SPDX-License-Identifier: Apache-2.0
package org.javisor.passthrough.paging;

import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Predicate;

/// A cache with one place for each hash, of what is read from tables that change: who looks takes no lock, and what was
/// read before an invalidation cannot be entered after it.
///
/// ```
/// long asOf = cache.epoch();
/// E entry = read the tables;
/// cache.enter(hash, entry, asOf);
/// ```
///
/// @param <E> immutable, and knows by itself for what it stands
public final class EpochCache<E> {
    private final AtomicReferenceArray<E> entries;
    private final int mask;
    private volatile long epoch;

    /// @param places a power of two
    public EpochCache(int places) {
        if (Integer.bitCount(places) != 1) {
            throw new IllegalArgumentException("a cache of " + places + " places");
        }
        entries = new AtomicReferenceArray<>(places);
        mask = places - 1;
    }

    /// What was entered last with this hash or another for the same place; or null.
    public E at(int hash) {
        return entries.getAcquire(hash & mask);
    }

    /// A number that every invalidation changes.
    public long epoch() {
        return epoch;
    }

    /// Enters what was read since [#epoch] was `asOf`, unless there has been an invalidation since.
    public void enter(int hash, E entry, long asOf) {
        synchronized (this) {
            if (epoch == asOf) {
                entries.setRelease(hash & mask, entry);
            }
        }
    }

    /// Forgets the entries that `stale` holds for.
    public void invalidate(Predicate<E> stale) {
        synchronized (this) {
            epoch++;
            for (int place = 0; place <= mask; place++) {
                E entry = entries.getPlain(place);
                if (entry != null && stale.test(entry)) {
                    entries.setRelease(place, null);
                }
            }
        }
    }
}
