// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.concurrent.CopyOnWriteArrayList;
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

    private static final MemorySlot[] NONE = {};

    private final CopyOnWriteArrayList<MemoryListener> listeners = new CopyOnWriteArrayList<>();
    private volatile MemorySlot[] slots = NONE;

    /// Backs `bytes` bytes from `gpa` by `ram`, from `ramOffset` on.
    ///
    /// @throws IllegalArgumentException if addresses or length are not whole pages, the backing is too short, the slot
    ///     overlaps another, or the number is taken
    public void addSlot(int id, long gpa, Ram ram, long ramOffset, long bytes, boolean readOnly) {
        if (((gpa | ramOffset | bytes) & PAGE_BYTES - 1) != 0 || bytes <= 0) {
            throw new IllegalArgumentException(String.format(
                    "slot %d (0x%x bytes at 0x%x, offset 0x%x) is not made of whole pages", id, bytes, gpa, ramOffset));
        }
        if (ramOffset < 0 || bytes > ram.bytes() - ramOffset) {
            throw new IllegalArgumentException(String.format(
                    "slot %d needs 0x%x bytes from offset 0x%x of a backing of 0x%x", id, bytes, ramOffset,
                    ram.bytes()));
        }
        MemorySlot slot = new MemorySlot(id, gpa, bytes, ram.hva() + ramOffset, readOnly);
        synchronized (this) {
            for (MemorySlot other : slots) {
                if (other.id == id) {
                    throw new IllegalArgumentException("slot " + id + " exists");
                }
                if (other.holds(gpa) || slot.holds(other.gpa)) {
                    throw new IllegalArgumentException("slot " + id + " overlaps slot " + other.id);
                }
            }
            MemorySlot[] grown = Arrays.copyOf(slots, slots.length + 1);
            grown[slots.length] = slot;
            slots = grown;
        }
        listeners.forEach(MemoryListener::slotsChanged);
    }

    /// Backs guest memory from `gpa` on by the whole of `ram`.
    public void addSlot(int id, long gpa, Ram ram) {
        addSlot(id, gpa, ram, 0, ram.bytes(), false);
    }

    /// Removes a slot; its memory stays the caller's. When this returns no listener uses it any more.
    public void removeSlot(int id) {
        synchronized (this) {
            requireSlot(id);
            slots = Arrays.stream(slots).filter(s -> s.id != id).toArray(MemorySlot[]::new);
        }
        listeners.forEach(MemoryListener::slotsChanged);
    }

    public void addListener(MemoryListener listener) {
        listeners.add(listener);
    }

    public void removeListener(MemoryListener listener) {
        listeners.remove(listener);
    }

    /// The slots, in the order they were added.
    public MemorySlot[] slots() {
        return slots.clone();
    }

    /// The slot that holds `gpa`, or null. Never allocates.
    public MemorySlot find(long gpa) {
        for (MemorySlot slot : slots) {
            if (slot.holds(gpa)) {
                return slot;
            }
        }
        return null;
    }

    private MemorySlot requireSlot(int id) {
        for (MemorySlot slot : slots) {
            if (slot.id == id) {
                return slot;
            }
        }
        throw new IllegalArgumentException("no slot " + id);
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

    /// Where `gpa` is in this process, for `bytes` bytes that one slot backs; 0 when none does. Writes through it are
    /// not seen by dirty log and trackers: call [#written] after them. Valid while the slot is there: who unmaps the
    /// memory of a removed slot has stopped such users first.
    public long hva(long gpa, long bytes) {
        MemorySlot slot = find(gpa, bytes);
        return slot == null ? 0 : slot.hva(gpa);
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
            for (MemoryListener listener : listeners) {
                listener.trackedWrite(gpa, bytes);
            }
        }
    }

    // ---- typed accessors; Plain: no order promised, Acquire and Release: as in java.lang.invoke.VarHandle ----

    public byte loadByte(long gpa) {
        return HostMemory.loadByte(require(gpa, 1).hva(gpa));
    }

    public short loadShort(long gpa) {
        return HostMemory.loadShort(require(gpa, 2).hva(gpa));
    }

    public int loadInt(long gpa) {
        return HostMemory.loadInt(require(gpa, 4).hva(gpa));
    }

    public long loadLong(long gpa) {
        return HostMemory.loadLong(require(gpa, 8).hva(gpa));
    }

    /// Loads a 16-bit field that a running guest publishes with a release store; `gpa` must be even.
    public short loadShortAcquire(long gpa) {
        short value = HostMemory.loadShort(require(gpa, 2).hva(gpa));
        VarHandle.acquireFence();
        return value;
    }

    /// As [#loadShortAcquire]; `gpa` must be a multiple of 4.
    public int loadIntAcquire(long gpa) {
        return HostMemory.loadIntAcquire(require(gpa, 4).hva(gpa));
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
        return HostMemory.load(require(gpa, size).hva(gpa), size);
    }

    /// Stores the low `size` bytes (1, 2, 4 or 8) of `value`.
    public void store(long gpa, int size, long value) {
        MemorySlot slot = requireWritable(gpa, size);
        HostMemory.store(slot.hva(gpa), size, value);
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
        forEachRun(gpa, count, (slot, at, done, n) -> MemorySegment.copy(HostMemory.segment(slot.hva(at), n), 0,
                MemorySegment.ofArray(bytes), from + done, n));
    }

    /// Copies `count` bytes of `bytes` to guest memory, across slots that adjoin. Nothing is written unless all fit.
    public void store(long gpa, byte[] bytes, int from, int count) {
        forEachRun(gpa, count, (slot, at, _, n) -> requireWritable(at, n));
        forEachRun(gpa, count, (slot, at, done, n) -> {
            MemorySegment.copy(MemorySegment.ofArray(bytes), from + done, HostMemory.segment(slot.hva(at), n), 0, n);
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
        MemorySlot slot = requireSlot(id);
        slot.startLogging();
        writeProtect(slot.gpa, slot.bytes >>> PAGE_SHIFT);
    }

    public void stopDirtyLog(int id) {
        requireSlot(id).stopLogging();
    }

    /// The pages of slot `id` written since the log was started or last taken: page 0 in bit 0 of word 0. Every
    /// write that happens after this returns will be in the next log.
    public long[] takeDirtyLog(int id) {
        MemorySlot slot = requireSlot(id);
        long[] taken = slot.takeDirty();
        writeProtect(slot.gpa, slot.bytes >>> PAGE_SHIFT);
        return taken;
    }

    // ---- write tracking ----

    /// Has listeners told of every write to the page of `gpa` from when this returns. Does nothing outside the slots.
    public void track(long gpa) {
        MemorySlot slot = find(gpa);
        if (slot != null && slot.track(gpa)) {
            writeProtect(gpa & -PAGE_BYTES, 1);
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
