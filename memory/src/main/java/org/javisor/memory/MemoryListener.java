// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

/// Somebody who keeps translations of guest memory (a processor's TLB) or decoded copies of it (a code cache), and
/// must hear when these stop being true. Called on the thread that changes the memory, without a lock held.
public interface MemoryListener {
    /// Slots changed: every kept translation is void when this returns.
    default void slotsChanged() { }

    /// From when this returns on, stores to pages that are not [MemorySlot#directlyWritable] reach
    /// [GuestMemory]: kept permissions to write directly to `pages` pages from `gpa` are void.
    default void writeProtected(long gpa, long pages) { }

    /// `bytes` bytes at `gpa`, within one tracked page, have just been written.
    default void trackedWrite(long gpa, int bytes) { }

    /// Writes to a slot are logged from now on, or no longer: [MemorySlot#logging].
    default void loggingChanged(MemorySlot slot) { }

    /// The log of a slot is about to be read: who lets processors write to memory without [GuestMemory] marks the pages
    /// that they have written, [MemorySlot#markDirty].
    default void collectWrites(MemorySlot slot) { }

    /// What was harvested of dirty rings is free: the next writes to those pages are to be told again.
    default void ringsReset() { }
}
