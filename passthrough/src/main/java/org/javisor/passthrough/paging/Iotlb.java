// SPDX-License-Identifier: Apache-2.0
package org.javisor.passthrough.paging;

import org.javisor.memory.DmaTranslation;
import org.javisor.memory.GuestMemory;
import org.javisor.passthrough.paging.SecondLevelTable.Page;

/// Translations of late, one entry for 4 KiB, of large pages too, which are forgotten as a whole.
public final class Iotlb {
    private static final int PLACES = 4096;
    private static final int OFFSET = GuestMemory.PAGE_BYTES - 1;

    /// @param iova of the 4 KiB, whose guest-physical address is `gpa`
    private record Entry(int requester, int domain, long iova, long gpa, Page page) {
        private boolean overlaps(long from, int log) {
            int coarse = Math.max(log, page.shift());
            return iova >>> coarse == from >>> coarse;
        }
    }

    private final EpochCache<Entry> entries = new EpochCache<>(PLACES);

    private static int hash(int requester, long iova) {
        return (int) (iova >>> GuestMemory.PAGE_SHIFT) ^ requester * 0x9e37;
    }

    /// Where `iova` is, if that is known and the access is allowed; else [DmaTranslation#BLOCKED].
    public long find(int requester, long iova, boolean write) {
        Entry entry = entries.at(hash(requester, iova));
        boolean hit = entry != null && entry.iova == (iova & ~OFFSET) && entry.requester == requester
                && (write ? entry.page.writable() : entry.page.readable());
        return hit ? entry.gpa | iova & OFFSET : DmaTranslation.BLOCKED;
    }

    /// A number for [#enter], from before tables are looked at.
    public long epoch() {
        return entries.epoch();
    }

    /// Enters a translation of tables that were read since [#epoch] was `asOf`, unless something was invalidated since.
    ///
    /// @return the guest-physical address of `iova`
    public long enter(int requester, int domain, long iova, Page page, long asOf) {
        long gpa = page.gpa() | iova & (1L << page.shift()) - 1;
        entries.enter(hash(requester, iova),
                new Entry(requester, domain, iova & ~OFFSET, gpa & ~OFFSET, page), asOf);
        return gpa;
    }

    public void invalidateAll() {
        entries.invalidate(_ -> true);
    }

    public void invalidateDomain(int domain) {
        entries.invalidate(entry -> entry.domain == domain);
    }

    /// Forgets what is known of requesters that are `requester` in all bits but those of `ignored`.
    public void invalidateRequester(int requester, int ignored) {
        entries.invalidate(entry -> ((entry.requester ^ requester) & ~ignored) == 0);
    }

    /// Forgets what has to do with 2^`log` bytes from `iova`, whose lower bits are ignored.
    public void invalidatePages(int domain, long iova, int log) {
        entries.invalidate(entry -> entry.domain == domain && entry.overlaps(iova, log));
    }
}
