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
}
