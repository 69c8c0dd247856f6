// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.qcow2;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.javisor.devices.block.ImageFile;
import org.javisor.devices.block.qcow2.Extent.Kind;

/// Where each cluster of a disk is: the L1 table and the L2 tables that are in use.
///
/// Lookups come from several threads at once and are one at a time here; changes, only under the image's exclusive
/// lock.
final class Mapping {
    /// L2 tables to keep: with the usual 64 KiB they are for 256 GiB.
    private static final long CACHE_BYTES = 32L << 20;
    private static final int LEAST_TABLES = 8;
    private static final int L1_SECTOR_ENTRIES = 64;

    private final ImageFile file;
    private final int clusterBits;
    private final int version;
    private final boolean extended;
    private final int entryWords;
    private final int perTable;
    private final TableCache tables;
    private long l1Offset;
    private final long[] l1;
    private int l1DirtyFrom = Integer.MAX_VALUE;
    private int l1DirtyTo;

    Mapping(ImageFile file, Qcow2Header header, long l1Offset, int l1Entries) throws IOException {
        this.file = file;
        this.clusterBits = header.clusterBits();
        this.version = header.version();
        this.extended = header.extendedL2();
        this.entryWords = header.l2EntryBytes() / 8;
        this.perTable = header.l2Entries();
        int clusterBytes = 1 << clusterBits;
        this.tables = new TableCache(file, clusterBytes, (int) Math.max(LEAST_TABLES, CACHE_BYTES / clusterBytes));
        this.l1Offset = l1Offset;
        this.l1 = new long[l1Entries];
        file.load(l1Offset, 8 * l1Entries).asLongBuffer().get(l1);
    }

    long l1Offset() {
        return l1Offset;
    }

    int l1Entries() {
        return l1.length;
    }

    long l1(int index) {
        return l1[index];
    }

    int perTable() {
        return perTable;
    }

    private int index(long cluster) {
        return (int) (cluster % perTable) * entryWords;
    }

    /// The table for a cluster of the disk, or null if there is none.
    private Table table(long cluster) throws IOException {
        long entry = l1[(int) (cluster / perTable)];
        if ((entry & Qcow2Layout.L1_RESERVED) != 0) {
            throw new CorruptImageException("an L1 entry 0x" + Long.toHexString(entry));
        }
        long offset = entry & Qcow2Layout.OFFSET_MASK;
        if (offset == 0) {
            return null;
        }
        requireAligned(offset, "an L2 table");
        return tables.get(offset);
    }

    private void requireAligned(long offset, String what) throws IOException {
        if ((offset & (1L << clusterBits) - 1) != 0) {
            throw new CorruptImageException(what + " at 0x" + Long.toHexString(offset));
        }
    }

    private long entry(Table table, long cluster) throws IOException {
        long entry = table.get(index(cluster));
        if ((entry & Qcow2Layout.COMPRESSED) == 0) {
            if ((entry & Qcow2Layout.L2_RESERVED) != 0 || version == 2 && (entry & Qcow2Layout.ZERO) != 0) {
                throw new CorruptImageException("an L2 entry 0x" + Long.toHexString(entry));
            }
            requireAligned(entry & Qcow2Layout.OFFSET_MASK, "a cluster");
        }
        return entry;
    }

    /// What there is from `offset` on, at most `most` bytes of it, as far as it goes on in the same way.
    synchronized Extent find(long offset, long most) throws IOException {
        long cluster = offset >>> clusterBits;
        Table table = table(cluster);
        if (table == null) {
            long covered = (cluster / perTable + 1) * perTable << clusterBits;
            return new Extent(Kind.ABSENT, 0, Math.min(most, covered - offset), 0);
        }
        return extended ? findSubcluster(table, offset, most) : findCluster(table, offset, most);
    }

    private Extent findCluster(Table table, long offset, long most) throws IOException {
        long clusterBytes = 1L << clusterBits;
        long cluster = offset >>> clusterBits;
        long into = offset & clusterBytes - 1;
        long first = entry(table, cluster);
        Kind kind = Extent.kindOf(first);
        long host = first & Qcow2Layout.OFFSET_MASK;
        long bytes = clusterBytes - into;
        long last = (cluster / perTable + 1) * perTable;
        for (long next = cluster + 1; bytes < most && next < last && kind != Kind.COMPRESSED; next++) {
            long entry = entry(table, next);
            boolean follows = kind == Kind.ABSENT || kind == Kind.ZERO
                    || (entry & Qcow2Layout.OFFSET_MASK) == host + into + bytes;
            if (Extent.kindOf(entry) != kind || !follows) {
                break;
            }
            bytes += clusterBytes;
        }
        return new Extent(kind, host + into, Math.min(most, bytes), first);
    }

    /// With extended entries, a bitmap says of each of a cluster's 32 parts whether it is there, and whether it is
    /// zeros.
    private Extent findSubcluster(Table table, long offset, long most) throws IOException {
        long cluster = offset >>> clusterBits;
        long entry = entry(table, cluster);
        long into = offset & (1L << clusterBits) - 1;
        if ((entry & Qcow2Layout.COMPRESSED) != 0) {
            return new Extent(Kind.COMPRESSED, 0, Math.min(most, (1L << clusterBits) - into), entry);
        }
        long bitmap = table.get(index(cluster) + 1);
        int partBits = clusterBits - 5;
        int part = (int) (into >>> partBits);
        Kind kind = partKind(entry, bitmap, part);
        int end = part + 1;
        while (end < Qcow2Layout.SUBCLUSTERS && partKind(entry, bitmap, end) == kind) {
            end++;
        }
        return new Extent(kind, (entry & Qcow2Layout.OFFSET_MASK) + into,
                Math.min(most, ((long) end << partBits) - into), entry);
    }

    private static Kind partKind(long entry, long bitmap, int part) throws CorruptImageException {
        boolean there = (bitmap >>> part & 1) != 0;
        boolean zero = (bitmap >>> part + Qcow2Layout.SUBCLUSTERS & 1) != 0;
        if (there && (zero || (entry & Qcow2Layout.OFFSET_MASK) == 0)) {
            throw new CorruptImageException("a bitmap of subclusters 0x" + Long.toHexString(bitmap));
        }
        return zero ? Kind.ZERO : there ? Kind.DATA : Kind.ABSENT;
    }

    // ---- changes ----

    /// A table that may be changed, for the clusters that `cluster` belongs to; a new one, or a copy of one that
    /// snapshots refer to too, if it must.
    ///
    /// @param released told of a table that this mapping no longer refers to
    synchronized Table writable(long cluster, Refcounts refcounts, java.util.function.LongConsumer released)
            throws IOException {
        int l1Index = (int) (cluster / perTable);
        if ((l1[l1Index] & Qcow2Layout.COPIED) != 0) {
            Table own = table(cluster);
            if (own != null) {
                return own;
            }
        }
        Table shared = table(cluster);
        long[] taken = new long[1];
        refcounts.allocate(1, taken);
        Table made = tables.create(taken[0] << clusterBits);
        if (shared != null) {
            try {
                made.memory().copyFrom(tables.get(shared.offset()).memory());
            } catch (IOException e) {
                tables.forget(made.offset());
                refcounts.decrement(taken[0]);
                throw e;
            }
            released.accept(shared.offset());
        }
        l1[l1Index] = made.offset() | Qcow2Layout.COPIED;
        l1DirtyFrom = Math.min(l1DirtyFrom, l1Index);
        l1DirtyTo = Math.max(l1DirtyTo, l1Index + 1);
        return made;
    }

    /// The entry of a cluster; 0 if its table does not exist.
    synchronized long entryOf(long cluster) throws IOException {
        Table table = table(cluster);
        return table == null ? 0 : entry(table, cluster);
    }

    /// @param table as [#writable] gave it for this cluster
    synchronized void set(Table table, long cluster, long entry) {
        table.set(index(cluster), entry);
    }

    boolean hasTable(long cluster) {
        return (l1[(int) (cluster / perTable)] & Qcow2Layout.OFFSET_MASK) != 0;
    }

    synchronized boolean dirty() {
        return l1DirtyTo > 0 || tables.dirty();
    }

    boolean l1Dirty() {
        return l1DirtyTo > 0;
    }

    synchronized boolean crowded() {
        return tables.crowded();
    }

    /// Forgets a table whose cluster has become free.
    synchronized void forget(long tableOffset) {
        tables.forget(tableOffset);
    }

    synchronized void writeTables() throws IOException {
        tables.write();
    }

    /// Writes the changed entries of the L1 table, in whole sectors.
    void writeL1() throws IOException {
        if (l1DirtyTo == 0) {
            return;
        }
        int from = l1DirtyFrom & -L1_SECTOR_ENTRIES;
        int to = Math.min(l1.length, l1DirtyTo + L1_SECTOR_ENTRIES - 1 & -L1_SECTOR_ENTRIES);
        ByteBuffer changed = ByteBuffer.allocate(8 * (to - from));
        changed.asLongBuffer().put(l1, from, to - from);
        file.store(l1Offset + 8L * from, changed.array());
        l1DirtyFrom = Integer.MAX_VALUE;
        l1DirtyTo = 0;
    }
}
