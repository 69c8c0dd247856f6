// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.qcow2;

/// Where a run of the disk's bytes is.
///
/// @param kind  what there is
/// @param host  the file's offset of the first byte, for [Kind#DATA] and [Kind#COPIED]
/// @param bytes how far it goes
/// @param entry the L2 entry of the first cluster
record Extent(Kind kind, long host, long bytes, long entry) {
    enum Kind {
        /// Not here: what the backing file has.
        ABSENT,
        ZERO,
        /// In clusters that others may refer to as well.
        DATA,
        /// In clusters of its own, which may be written in place.
        COPIED,
        COMPRESSED
    }

    /// What an entry of the standard form says of its cluster.
    static Kind kindOf(long entry) {
        if ((entry & Qcow2Layout.COMPRESSED) != 0) {
            return Kind.COMPRESSED;
        }
        if ((entry & Qcow2Layout.ZERO) != 0) {
            return Kind.ZERO;
        }
        if ((entry & Qcow2Layout.OFFSET_MASK) == 0) {
            return Kind.ABSENT;
        }
        return (entry & Qcow2Layout.COPIED) != 0 ? Kind.COPIED : Kind.DATA;
    }
}
