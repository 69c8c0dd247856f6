// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.Collection;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import org.javisor.host.HostMemory;

/// Guest-physical memory: slots of host memory in an otherwise empty address space.
///
/// Everything that is not a processor's own fast path reads and writes guest memory here: each access is checked
/// against the slots, marks dirty pages and tells listeners of writes to tracked ones. An access that leaves the
/// slots throws [OutOfRangeException], which the caller turns into what hardware would do.
///
/// Lookups take no lock; slots change rarely, under this object's monitor.
public final class GuestMemory {
    public static final int PAGE_SHIFT = 12;
    public static final int PAGE_BYTES = 1 << PAGE_SHIFT;

    /// An access to guest-physical addresses that no slot backs. Carries no stack trace: guests can cause it at will.
    public static final class OutOfRangeException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        OutOfRangeException(long gpa, long bytes) {
            super(String.format("no memory for %d bytes at guest-physical address 0x%x", bytes, gpa), null, false,
                    false);
        }
    }

    /// Slots are numbered from 0, as an entry of a [DirtyRing] has room for.
    public static final int MOST_SLOTS = 1 << 15;
    private static final long LAST_GPA = (1L << 52) - 1;

    private final CopyOnWriteArrayList<MemoryListener> listeners = new CopyOnWriteArrayList<>();
    private volatile SlotTable table = SlotTable.EMPTY;
    /// Of a view: what is seen where it has no slots. Else null.
    private final GuestMemory beneath;
    /// Null in a view.
    private final GuestMemory management;

    public GuestMemory() {
        beneath = null;
        management = new GuestMemory(this);
    }

    private GuestMemory(GuestMemory beneath) {
        this.beneath = beneath;
        management = null;
    }

    /// What processors in system management mode see: a *view* whose slots hide this memory from them alone, for SMRAM.
    /// Its slots have numbers, logs and listeners of their own. An access to it stays within a page, or a slot of its
    /// own.
    ///
    /// @throws IllegalStateException if this is that view
    public GuestMemory management() {
        if (management == null) {
            throw new IllegalStateException("a view has no view");
        }
        return management;
    }

    /// Whose slot is seen at `gpa`: this memory itself, or, of a view, perhaps that beneath.
    public GuestMemory owner(long gpa) {
        return beneath == null || table.find(gpa) != null ? this : beneath;
    }

    /// Backs `bytes` bytes from `gpa` by `ram`, from `ramOffset` on. Stores to a read-only slot go to the I/O bus.
    ///
    /// @throws InvalidSlotException if addresses or length are not whole pages, the backing is too short, the slot
    ///     leaves the 52 bits of guest-physical addresses or overlaps another, or the number is taken
    public void addSlot(int id, long gpa, Ram ram, long ramOffset, long bytes, boolean readOnly) {
        MemorySlot slot = slot(id, gpa, ram, ramOffset, bytes, readOnly);
        synchronized (this) {
            table = table.with(slot);
        }
        try {
            listeners.forEach(MemoryListener::slotsChanged);
        } catch (RuntimeException e) {
            // The host refuses it: everything is to be as it was.
            removeSlot(id);
            throw e;
        }
    }

    /// Puts another slot, as of [#addSlot], in the place of one with its number, in one step: what is in both is there
    /// all the time. It has no dirty log.
    ///
    /// @throws InvalidSlotException as [#addSlot], or if there is no such slot
    public void replaceSlot(int id, long gpa, Ram ram, long ramOffset, long bytes, boolean readOnly) {
        MemorySlot other = slot(id, gpa, ram, ramOffset, bytes, readOnly);
        exchange(id, _ -> other);
    }

    private void exchange(int id, UnaryOperator<MemorySlot> change) {
        MemorySlot old;
        MemorySlot slot;
        synchronized (this) {
            old = requireSlot(id);
            slot = change.apply(old);
            table = table.without(old).with(slot);
        }
        try {
            listeners.forEach(MemoryListener::slotsChanged);
        } catch (RuntimeException e) {
            // The host refuses it: everything is to be as it was.
            synchronized (this) {
                table = table.without(slot).with(old);
            }
            listeners.forEach(MemoryListener::slotsChanged);
            throw e;
        }
    }

    private static MemorySlot slot(int id, long gpa, Ram ram, long ramOffset, long bytes, boolean readOnly) {
        check(id, id >= 0 && id < MOST_SLOTS, "id", "numbers go from 0 to " + (MOST_SLOTS - 1));
        check(id, isWhole(bytes) && bytes > 0, "bytes", String.format("0x%x bytes are not whole pages", bytes));
        checkPlace(id, gpa, bytes);
        check(id, isWhole(ramOffset) && ramOffset >= 0, "ramOffset",
                String.format("the offset 0x%x is not that of a page", ramOffset));
        check(id, bytes <= ram.bytes() - ramOffset, "bytes", String.format(
                "0x%x bytes from offset 0x%x do not fit a backing of 0x%x", bytes, ramOffset, ram.bytes()));
        return new MemorySlot(id, gpa, bytes, ram, ramOffset, readOnly);
    }

    private static void checkPlace(int id, long gpa, long bytes) {
        check(id, isWhole(gpa) && gpa >= 0 && gpa <= LAST_GPA && bytes - 1 <= LAST_GPA - gpa, "gpa", String.format(
                "0x%x bytes at 0x%x are not pages of a guest's 52-bit addresses", bytes, gpa));
    }

    private static boolean isWhole(long bytes) {
        return (bytes & PAGE_BYTES - 1) == 0;
    }

    private static void check(int id, boolean holds, String argument, String why) {
        if (!holds) {
            throw new InvalidSlotException(id, argument, why);
        }
    }

    /// Backs guest memory from `gpa` on by the whole of `ram`.
    public void addSlot(int id, long gpa, Ram ram) {
        addSlot(id, gpa, ram, 0, ram.bytes(), false);
    }

    /// Gives a slot another place, with its memory and its dirty log.
    ///
    /// @throws InvalidSlotException if there is no such slot, or it cannot be there
    public void moveSlot(int id, long gpa) {
        exchange(id, slot -> {
            checkPlace(id, gpa, slot.bytes);
            return slot.movedTo(gpa);
        });
    }

    /// Removes a slot; its memory stays the caller's. When this returns no listener uses it any more.
    public void removeSlot(int id) {
        synchronized (this) {
            table = table.without(requireSlot(id));
        }
        listeners.forEach(MemoryListener::slotsChanged);
    }

    /// Makes the pages absent again of all that has a [PageSource], from which they come when they are touched next.
    /// The machine is paused, and no device works on its memory.
    ///
    /// @param from of pages below this offset in their [Ram] all or most stay
    /// @param sink gets what is in the others
    public void withdraw(long from, PageSink sink) {
        for (MemorySlot slot : slots()) {
            slot.withdraw(from, sink);
        }
        listeners.forEach(MemoryListener::slotsChanged);
    }

    public void addListener(MemoryListener listener) {
        listeners.add(listener);
    }

    public void removeListener(MemoryListener listener) {
        listeners.remove(listener);
    }

    /// The slots, in the order of their addresses.
    public MemorySlot[] slots() {
        return table.slots();
    }

    /// Another number each time that slots have changed: what was derived from slots in one generation holds in that.
    public long generation() {
        return table.generation;
    }

    /// The slot that holds `gpa`, or null. Never allocates.
    public MemorySlot find(long gpa) {
        MemorySlot slot = table.find(gpa);
        return slot == null && beneath != null ? beneath.find(gpa) : slot;
    }

    private MemorySlot requireSlot(int id) {
        MemorySlot slot = table.slot(id);
        check(id, slot != null, "id", "there is no such slot");
        return slot;
    }

    /// The slot that holds all of `bytes` bytes from `gpa`, or null.
    private MemorySlot find(long gpa, long bytes) {
        MemorySlot slot = find(gpa);
        return slot != null && bytes >= 0 && bytes <= slot.bytes - (gpa - slot.gpa) ? slot : null;
    }

    private MemorySlot require(long gpa, long bytes) {
        MemorySlot slot = find(gpa, bytes);
        if (slot == null) {
            throw new OutOfRangeException(gpa, bytes);
        }
        return slot;
    }

    /// Whether one slot backs all of `bytes` bytes from `gpa`.
    public boolean backs(long gpa, long bytes) {
        return find(gpa, bytes) != null;
    }

    /// Whether one slot that is not read-only backs all of `bytes` bytes from `gpa`.
    public boolean backsWrites(long gpa, long bytes) {
        MemorySlot slot = find(gpa, bytes);
        return slot != null && !slot.readOnly;
    }

    /// Where `gpa` is in this process, for `bytes` bytes that one slot backs; 0 when none does. Writes through it are
    /// not seen by dirty log and trackers: call [#written] after them. Valid while the slot is there: who unmaps the
    /// memory of a removed slot has stopped such users first.
    public long hva(long gpa, long bytes) {
        MemorySlot slot = find(gpa, bytes);
        return slot == null ? 0 : slot.hva(gpa, bytes);
    }

    /// Says that `bytes` bytes from `gpa` have been written behind this object's back (a read from a file straight into
    /// guest memory). Addresses outside the slots are ignored.
    public void written(long gpa, long bytes) {
        long end = gpa + bytes;
        for (long at = gpa; Long.compareUnsigned(at, end) < 0; at = (at | PAGE_BYTES - 1) + 1) {
            MemorySlot slot = find(at);
            if (slot != null) {
                noteWrite(slot, at, (int) Math.min(end - at, PAGE_BYTES - (at & PAGE_BYTES - 1)));
            }
        }
    }

    private void noteWrite(MemorySlot slot, long gpa, int bytes) {
        slot.markDirty(gpa);
        // Either we see that the page is tracked, or who just began to track it sees what was written.
        VarHandle.fullFence();
        if (slot.isTracked(gpa)) {
            for (MemoryListener listener : owner(gpa).listeners) {
                listener.trackedWrite(gpa, bytes);
            }
        }
    }

    // ---- typed accessors; Plain: no order promised, Acquire and Release: as in java.lang.invoke.VarHandle ----

    public byte loadByte(long gpa) {
        return HostMemory.loadByte(require(gpa, 1).hva(gpa, 1));
    }

    public short loadShort(long gpa) {
        return HostMemory.loadShort(require(gpa, 2).hva(gpa, 2));
    }

    public int loadInt(long gpa) {
        return HostMemory.loadInt(require(gpa, 4).hva(gpa, 4));
    }

    public long loadLong(long gpa) {
        return HostMemory.loadLong(require(gpa, 8).hva(gpa, 8));
    }

    /// Loads a 16-bit field that a running guest publishes with a release store; `gpa` must be even.
    public short loadShortAcquire(long gpa) {
        short value = HostMemory.loadShort(require(gpa, 2).hva(gpa, 2));
        VarHandle.acquireFence();
        return value;
    }

    /// As [#loadShortAcquire]; `gpa` must be a multiple of 4.
    public int loadIntAcquire(long gpa) {
        return HostMemory.loadIntAcquire(require(gpa, 4).hva(gpa, 4));
    }

    public void storeByte(long gpa, byte value) {
        MemorySlot slot = requireWritable(gpa, 1);
        HostMemory.storeByte(slot.hva(gpa), value);
        noteWrite(slot, gpa, 1);
    }

    public void storeShort(long gpa, short value) {
        store(gpa, 2, value);
    }

    public void storeInt(long gpa, int value) {
        store(gpa, 4, value);
    }

    public void storeLong(long gpa, long value) {
        store(gpa, 8, value);
    }

    /// Publishes a 16-bit field to a running guest: every earlier store is visible before it. `gpa` must be even.
    public void storeShortRelease(long gpa, short value) {
        VarHandle.releaseFence();
        store(gpa, 2, value);
    }

    /// Loads `size` bytes (1, 2, 4 or 8), zero-extended.
    public long load(long gpa, int size) {
        return HostMemory.load(require(gpa, size).hva(gpa, size), size);
    }

    /// Stores the low `size` bytes (1, 2, 4 or 8) of `value`.
    public void store(long gpa, int size, long value) {
        MemorySlot slot = requireWritable(gpa, size);
        HostMemory.store(slot.hva(gpa, size), size, value);
        if ((gpa & PAGE_BYTES - 1) + size <= PAGE_BYTES) {
            noteWrite(slot, gpa, size);
        } else {
            written(gpa, size);
        }
    }

    private MemorySlot requireWritable(long gpa, long bytes) {
        MemorySlot slot = require(gpa, bytes);
        if (slot.readOnly) {
            throw new OutOfRangeException(gpa, bytes);
        }
        return slot;
    }

    /// Copies guest memory into `bytes`, across slots that adjoin.
    public void load(long gpa, byte[] bytes, int from, int count) {
        forEachRun(gpa, count, (slot, at, done, n) -> MemorySegment.copy(HostMemory.segment(slot.hva(at, n), n), 0,
                MemorySegment.ofArray(bytes), from + done, n));
    }

    /// Copies `count` bytes of `bytes` to guest memory, across slots that adjoin. Nothing is written unless all fit.
    public void store(long gpa, byte[] bytes, int from, int count) {
        forEachRun(gpa, count, (slot, at, _, n) -> requireWritable(at, n));
        forEachRun(gpa, count, (slot, at, done, n) -> {
            MemorySegment.copy(MemorySegment.ofArray(bytes), from + done, HostMemory.segment(slot.hva(at, n), n), 0, n);
            written(at, n);
        });
    }

    public void store(long gpa, byte[] bytes) {
        store(gpa, bytes, 0, bytes.length);
    }

    @FunctionalInterface
    private interface Run {
        void accept(MemorySlot slot, long gpa, long done, long bytes);
    }

    private void forEachRun(long gpa, long bytes, Run run) {
        for (long done = 0; done < bytes; ) {
            long at = gpa + done;
            MemorySlot slot = require(at, 1);
            long n = Math.min(bytes - done, slot.bytes - (at - slot.gpa));
            run.accept(slot, at, done, n);
            done += n;
        }
    }

    // ---- dirty log ----

    /// Starts to record which pages of slot `id` are written.
    public void startDirtyLog(int id) {
        startDirtyLog(id, DirtyLogging.BITMAP);
    }

    /// As [#startDirtyLog(int)]. Does nothing for a slot that has a log.
    public void startDirtyLog(int id, DirtyLogging how) {
        MemorySlot slot = requireSlot(id);
        slot.startLogging(how);
        listeners.forEach(listener -> listener.loggingChanged(slot));
        writeProtect(slot);
    }

    public void stopDirtyLog(int id) {
        MemorySlot slot = requireSlot(id);
        slot.stopLogging();
        listeners.forEach(listener -> listener.loggingChanged(slot));
    }

    /// The pages of slot `id` written since the log was started or last taken: page 0 in bit 0 of word 0. Every
    /// write that happens after this returns will be in the next log.
    ///
    /// @throws IllegalStateException if the slot has no log; this holds for all below
    public long[] takeDirtyLog(int id) {
        MemorySlot slot = requireSlot(id);
        long[] taken = collected(slot).take();
        writeProtect(slot);
        return taken;
    }

    /// The same, but the log stays as it is: [#clearDirtyLog] takes pages out, a part at a time, each when the reader
    /// is about to copy it (`KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2`).
    public long[] dirtyLog(int id) {
        return collected(requireSlot(id)).read();
    }

    /// Takes pages out of the log of slot `id`; every write to them that happens after this returns will be in it.
    ///
    /// @param firstPage a multiple of 64
    /// @param pages     those whose bits are set: page `firstPage` is bit 0 of word 0
    /// @throws InvalidSlotException if the slot has no such pages
    public void clearDirtyLog(int id, long firstPage, long[] pages) {
        MemorySlot slot = requireSlot(id);
        DirtyLog log = collected(slot);
        check(id, firstPage >= 0 && (firstPage & 63) == 0 && (firstPage >>> 6) + pages.length <= log.words(),
                "firstPage", String.format("%d words of bits from page 0x%x do not fit its %d pages", pages.length,
                        firstPage, slot.pages()));
        log.clear((int) (firstPage >>> 6), pages);
        writeProtect(slot);
    }

    private DirtyLog collected(MemorySlot slot) {
        DirtyLog log = slot.log();
        listeners.forEach(listener -> listener.collectWrites(slot));
        return log;
    }

    /// Makes what was harvested of the rings free, and has the next writes to those pages told again.
    ///
    /// @return how many entries that were
    public int resetDirtyRings(Collection<DirtyRing> rings) {
        int freed = 0;
        for (DirtyRing ring : rings) {
            for (DirtyRing.Entry entry : ring.reset()) {
                freed++;
                MemorySlot slot = table.slot(entry.slot());
                if (slot != null && slot.logging()) {
                    slot.log().clear(entry.page());
                }
            }
        }
        if (freed > 0) {
            listeners.forEach(MemoryListener::ringsReset);
            writeProtect(0, LAST_GPA + 1 >>> PAGE_SHIFT);
        }
        return freed;
    }

    private void writeProtect(MemorySlot slot) {
        writeProtect(slot.gpa, slot.pages());
    }

    // ---- write tracking ----

    /// Has listeners told of every write to the page of `gpa` from when this returns. Does nothing outside the slots.
    public void track(long gpa) {
        MemorySlot slot = find(gpa);
        if (slot != null && slot.track(gpa)) {
            owner(gpa).writeProtect(gpa & -PAGE_BYTES, 1);
        }
    }

    /// As [#track], for a caller that itself takes back the permissions that are kept for the page.
    public void markTracked(long gpa) {
        MemorySlot slot = find(gpa);
        if (slot != null) {
            slot.track(gpa);
        }
    }

    public void untrack(long gpa) {
        MemorySlot slot = find(gpa);
        if (slot != null) {
            slot.untrack(gpa);
        }
    }

    private void writeProtect(long gpa, long pages) {
        for (MemoryListener listener : listeners) {
            listener.writeProtected(gpa, pages);
        }
    }
}
