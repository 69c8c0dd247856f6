// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import org.javisor.host.HostMemory;

/// A run of guest page frames backed by a run of host memory.
///
/// Per page it keeps two bits beside the memory: *dirty* (while logging is on) and *tracked* (somebody must hear of
/// every write, as the code cache does for pages it has decoded). A store may bypass [GuestMemory] only into a page
/// that is neither tracked nor waiting to be logged: [#directlyWritable].
public final class MemorySlot {
    public static final int PAGES_PER_GRANT_SHIFT = 4;

    final int id;
    final long gpa;
    final long bytes;
    final long hva;
    final boolean readOnly;
    private final Ram ram;
    private final long ramOffset;
    /// Null if every page is there.
    private final AbsentPages absent;
    private final PageBits tracked;
    /// Null while logging is off.
    private volatile DirtyLog dirty;
    /// By run of 16 pages: the epoch when a permission to write directly was last granted, 0 if none was.
    private final MemorySegment grants;

    MemorySlot(int id, long gpa, long bytes, Ram ram, long ramOffset, boolean readOnly) {
        this.id = id;
        this.gpa = gpa;
        this.bytes = bytes;
        this.ram = ram;
        this.ramOffset = ramOffset;
        this.hva = ram.hva() + ramOffset;
        this.absent = ram.absent;
        this.readOnly = readOnly;
        this.tracked = new PageBits(pages());
        long runs = (bytes - 1 >>> GuestMemory.PAGE_SHIFT + PAGES_PER_GRANT_SHIFT) + 1;
        this.grants = Arena.ofAuto().allocate(runs * Integer.BYTES, Integer.BYTES);
    }

    /// The same memory at another place.
    MemorySlot movedTo(long newGpa) {
        MemorySlot moved = new MemorySlot(id, newGpa, bytes, ram, ramOffset, readOnly);
        moved.dirty = dirty;
        return moved;
    }

    /// How many pages it has.
    public long pages() {
        return bytes >>> GuestMemory.PAGE_SHIFT;
    }

    public int id() {
        return id;
    }

    /// The first guest-physical address.
    public long gpa() {
        return gpa;
    }

    public long bytes() {
        return bytes;
    }

    /// Where `gpa`, which must lie in this slot, is in this process. Returns when its page is there.
    ///
    /// @throws java.io.UncheckedIOException if it cannot be had
    public long hva(long gpa) {
        return hva(gpa, 1);
    }

    /// As [#hva], for all the pages of `bytes` bytes, which lie in this slot.
    public long hva(long gpa, long bytes) {
        if (absent != null) {
            await(gpa, bytes);
        }
        return hva + (gpa - this.gpa);
    }

    private void await(long gpa, long bytes) {
        int last = ramPage(gpa + Math.max(bytes, 1) - 1);
        for (int page = ramPage(gpa); page <= last; page++) {
            absent.await(page);
        }
    }

    private int ramPage(long gpa) {
        return (int) (ramOffset + (gpa - this.gpa) >>> GuestMemory.PAGE_SHIFT);
    }

    /// Whether the page of `gpa` is not there yet: [#hva] would wait.
    public boolean isAbsent(long gpa) {
        return absent != null && absent.has(ramPage(gpa));
    }

    /// Of the whole [Ram] that the slot is part of.
    void withdraw(long from, PageSink sink) {
        if (absent != null) {
            absent.withdraw(from, sink);
        }
    }

    /// Has the page of `gpa` fetched, and then calls `then`, on another thread, also if it could not be had.
    ///
    /// @return false if it is there or on its way: `then` is not called
    public boolean fetch(long gpa, Runnable then) {
        return absent != null && absent.fetch(ramPage(gpa), then);
    }

    public boolean readOnly() {
        return readOnly;
    }

    boolean holds(long gpa) {
        return Long.compareUnsigned(gpa - this.gpa, bytes) < 0;
    }

    private int page(long gpa) {
        return (int) ((gpa - this.gpa) >>> GuestMemory.PAGE_SHIFT);
    }

    /// Whether a store to the page of `gpa` needs nobody's notice, now.
    public boolean directlyWritable(long gpa) {
        DirtyLog log = dirty;
        return !readOnly && !tracked.has(page(gpa)) && (log == null || log.knows(page(gpa)));
    }

    /// As [#directlyWritable], for a caller that will keep the answer: notes in which of its epochs it asked, so that
    /// who begins to track the page knows whether there may be something to take back ([#lastGrant]).
    public boolean grantDirectWrites(long gpa, int epoch) {
        HostMemory.storeIntRelease(grant(gpa), epoch);
        // Before the look at the bits: either we see that the page is tracked, or the tracker sees the grant.
        VarHandle.fullFence();
        return directlyWritable(gpa);
    }

    /// The epoch of the last [#grantDirectWrites] for the page of `gpa` or one near it, 0 if there was none.
    public int lastGrant(long gpa) {
        VarHandle.fullFence();
        return HostMemory.loadIntAcquire(grant(gpa));
    }

    private long grant(long gpa) {
        return grants.address() + (long) (page(gpa) >> PAGES_PER_GRANT_SHIFT) * Integer.BYTES;
    }

    /// Whether emitted code may do by itself what [#grantDirectWrites] does, in [#grantsHva] and [#trackedHva]: as long
    /// as writes are not logged. No page of it needs waiting for.
    public boolean isPlain() {
        return !readOnly && absent == null && dirty == null;
    }

    /// Host address of the epochs of grants, 4 bytes for each `1 << PAGES_PER_GRANT_SHIFT` pages. Valid while this
    /// object is reachable.
    public long grantsHva() {
        return grants.address();
    }

    /// Host address of a bit for each page: whether somebody must hear of every write.
    public long trackedHva() {
        return tracked.hva();
    }

    boolean isTracked(long gpa) {
        return tracked.has(page(gpa));
    }

    /// @return whether the page was not tracked before
    boolean track(long gpa) {
        return tracked.set(page(gpa));
    }

    void untrack(long gpa) {
        tracked.clear(page(gpa));
    }

    /// Says that the page of `gpa` has been written, by who writes without [GuestMemory]; it does nothing where writes
    /// are not logged.
    public void markDirty(long gpa) {
        DirtyLog log = dirty;
        if (log != null) {
            log.mark(page(gpa));
        }
    }

    /// Whether writes are logged.
    public boolean logging() {
        return dirty != null;
    }

    void startLogging(DirtyLogging how) {
        if (dirty == null) {
            dirty = new DirtyLog(id, pages(), how);
        }
    }

    void stopLogging() {
        dirty = null;
    }

    /// @throws IllegalStateException if writes are not logged
    DirtyLog log() {
        DirtyLog log = dirty;
        if (log == null) {
            throw new IllegalStateException("slot " + id + " has no dirty log");
        }
        return log;
    }
}
