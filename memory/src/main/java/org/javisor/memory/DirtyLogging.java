// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

/// How the written pages of a slot are told.
public enum DirtyLogging {
    /// In a bitmap, which is empty at first.
    BITMAP,
    /// In a bitmap that is full at first: who copies all of memory then needs to take back no permission before the
    /// page's turn comes (`KVM_DIRTY_LOG_INITIALLY_SET`).
    FULL_BITMAP,
    /// In the [DirtyRing] of the processor that writes; what others write, and what a ring has no room for, in a
    /// bitmap (`KVM_CAP_DIRTY_LOG_RING_WITH_BITMAP`).
    RING
}
