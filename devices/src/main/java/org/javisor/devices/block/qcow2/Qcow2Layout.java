// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.qcow2;

/// Where things are in a header, a snapshot's entry, and an L1 or L2 entry. All big-endian.
final class Qcow2Layout {
    static final int MAGIC = 0x514649fb;

    // The header. Version 2 ends behind the snapshots.
    static final int VERSION = 4, BACKING_OFFSET = 8, BACKING_SIZE = 16, CLUSTER_BITS = 20, SIZE = 24,
            CRYPT_METHOD = 32, L1_SIZE = 36, L1_OFFSET = 40, REFCOUNT_TABLE_OFFSET = 48,
            REFCOUNT_TABLE_CLUSTERS = 56, SNAPSHOTS = 60, SNAPSHOTS_OFFSET = 64, INCOMPATIBLE = 72, COMPATIBLE = 80,
            AUTOCLEAR = 88, REFCOUNT_ORDER = 96, HEADER_LENGTH = 100, COMPRESSION = 104;
    static final int V2_BYTES = 72, V3_BYTES = 104, WITH_COMPRESSION = 112;

    static final long DIRTY = 1, CORRUPT = 2, EXTERNAL_DATA = 4, COMPRESSION_TYPE = 8, EXTENDED_L2 = 16;
    static final long LAZY_REFCOUNTS = 1;
    static final long BITMAPS = 1;

    static final int EXTENSION_END = 0, EXTENSION_BACKING_FORMAT = 0xe2792aca, EXTENSION_FEATURES = 0x6803f857;

    // A snapshot's entry, before its variable parts.
    static final int SNAPSHOT_L1_OFFSET = 0, SNAPSHOT_L1_SIZE = 8, SNAPSHOT_ID_SIZE = 12, SNAPSHOT_NAME_SIZE = 14,
            SNAPSHOT_SECONDS = 16, SNAPSHOT_NANOS = 20, SNAPSHOT_VM_CLOCK = 24, SNAPSHOT_VM_STATE = 32,
            SNAPSHOT_EXTRA_SIZE = 36, SNAPSHOT_FIXED = 40;
    static final int EXTRA_VM_STATE = 0, EXTRA_DISK_SIZE = 8;

    // L1 and L2 entries.
    /// The cluster's refcount is exactly one: it may be written in place.
    static final long COPIED = 1L << 63;
    static final long COMPRESSED = 1L << 62;
    static final long ZERO = 1;
    static final long OFFSET_MASK = 0x00ff_ffff_ffff_fe00L;
    /// Bits that mean nothing yet.
    static final long L1_RESERVED = 0x7f00_0000_0000_01ffL, L2_RESERVED = 0x3f00_0000_0000_01feL;
    static final long REFCOUNT_TABLE_RESERVED = 0x1ffL;

    static final int SUBCLUSTERS = 32;

    // What no honest image exceeds.
    static final int MIN_CLUSTER_BITS = 9, MAX_CLUSTER_BITS = 21, MAX_REFCOUNT_ORDER = 6;
    static final long MAX_L1_BYTES = 32L << 20, MAX_REFCOUNT_TABLE_BYTES = 8L << 20;
    static final int MAX_BACKING_NAME = 1023, MAX_SNAPSHOTS = 65536;
    static final long MAX_SNAPSHOT_TABLE_BYTES = 64L << 20;

    private Qcow2Layout() { }
}
