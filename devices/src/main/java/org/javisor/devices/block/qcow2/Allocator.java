// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.qcow2;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.javisor.devices.block.ImageFile;
import org.javisor.devices.block.qcow2.Extent.Kind;
import org.javisor.host.IoVector;

/// Changes of an image's tables: clusters that are taken and given back. Confined to the image's exclusive lock.
final class Allocator {
    /// One request takes at most so many clusters at a time.
    private static final int MOST_CLUSTERS = 1024;
    /// So many clusters wait to become free before the tables are written.
    private static final int MOST_RELEASED = 4096;

    /// Reads what a part of the disk is now.
    @FunctionalInterface
    interface OldContents {
        void read(long offset, IoVector target) throws IOException;
    }

    /// What nothing in memory refers to any more, though the file's tables may.
    ///
    /// @param punch whether the space is to be given back to the host
    private record Released(long entry, boolean punch) { }

    private final ImageFile file;
    private final Mapping mapping;
    private final Refcounts refcounts;
    private final CompressedClusters compressed;
    private final int version;
    private final int clusterBits;
    private final long clusterBytes;
    private final long snapshotsOffset;
    private final long snapshotsEnd;
    private final List<Released> released = new ArrayList<>();
    /// Where the next compressed cluster goes: behind the last one.
    private long packAt;

    Allocator(ImageFile file, Qcow2Header header, Mapping mapping, CompressedClusters compressed) throws IOException {
        this.file = file;
        this.mapping = mapping;
        this.refcounts = new Refcounts(file, header);
        refcounts.requireDistinctBlocks();
        this.compressed = compressed;
        this.version = header.version();
        this.clusterBits = header.clusterBits();
        this.clusterBytes = header.clusterBytes();
        this.snapshotsOffset = header.snapshotsOffset();
        this.snapshotsEnd = snapshotsOffset + header.snapshots() * (long) Qcow2Layout.SNAPSHOT_FIXED;
    }

    /// Keeps data from being written over the tables that are always in use.
    void requireNoMetadata(long host, long bytes) throws CorruptImageException {
        if (host < clusterBytes || overlaps(host, bytes, mapping.l1Offset(), 8L * mapping.l1Entries())
                || overlaps(host, bytes, refcounts.tableOffset(), refcounts.tableClusters() * clusterBytes)
                || overlaps(host, bytes, snapshotsOffset, snapshotsEnd - snapshotsOffset)) {
            throw new CorruptImageException("data at " + host + ", where tables are");
        }
    }

    private static boolean overlaps(long a, long aBytes, long b, long bBytes) {
        return a < b + bBytes && b < a + aBytes;
    }

    // ---- taking ----

    /// Writes as much of `source` as fits into one run of new clusters.
    ///
    /// @return how much that was; 0 if the first cluster can be written in place after all
    long write(long offset, IoVector source, OldContents old, boolean backed) throws IOException {
        writeIfCrowded();
        long cluster = offset >>> clusterBits;
        long entry = mapping.entryOf(cluster);
        if (Extent.kindOf(entry) == Kind.COPIED) {
            requireNoMetadata(entry & Qcow2Layout.OFFSET_MASK, clusterBytes);
            return 0;
        }
        Table table = mapping.writable(cluster, refcounts, this::releaseCluster);
        long host = entry & Qcow2Layout.OFFSET_MASK;
        if (Extent.kindOf(entry) == Kind.ZERO && host != 0 && (entry & Qcow2Layout.COPIED) != 0) {
            return writeReserved(table, offset, host, source, old);
        }
        long[] first = new long[1];
        int count = refcounts.allocate(missing(offset, source.bytes()), first);
        long written = Math.min(source.bytes(), (cluster + count << clusterBits) - offset);
        try {
            requireNoMetadata(first[0] << clusterBits, count * clusterBytes);
            fill(first[0] << clusterBits, count, offset, source.window(0, written), old, backed);
        } catch (IOException e) {
            for (int i = 0; i < count; i++) {
                refcounts.decrement(first[0] + i);
            }
            throw e;
        }
        for (int i = 0; i < count; i++) {
            replace(table, cluster + i, first[0] + i << clusterBits | Qcow2Layout.COPIED, false);
        }
        return written;
    }

    /// Into a cluster that has kept its place while it read as zeros.
    private long writeReserved(Table table, long offset, long host, IoVector source, OldContents old)
            throws IOException {
        requireNoMetadata(host, clusterBytes);
        long written = Math.min(source.bytes(), clusterBytes - (offset & clusterBytes - 1));
        fill(host, 1, offset, source.window(0, written), old, true);
        mapping.set(table, offset >>> clusterBits, host | Qcow2Layout.COPIED);
        return written;
    }

    /// How many clusters from `offset` on, that a request of `bytes` touches, need a place.
    private int missing(long offset, long bytes) throws IOException {
        long cluster = offset >>> clusterBits;
        long last = offset + bytes - 1 >>> clusterBits;
        long most = Math.min(cluster + MOST_CLUSTERS, (cluster / mapping.perTable() + 1) * mapping.perTable()) - 1;
        last = Math.min(last, most);
        long at = cluster;
        while (at < last) {
            long entry = mapping.entryOf(at + 1);
            if ((entry & Qcow2Layout.COPIED) != 0) {
                break;
            }
            at++;
        }
        return (int) (at - cluster + 1);
    }

    /// Writes the new contents of `count` clusters at `host`: of the first and the last a part may be what it was.
    private void fill(long host, int count, long offset, IoVector source, OldContents old, boolean backed)
            throws IOException {
        long head = offset & clusterBytes - 1;
        long tail = count * clusterBytes - head - source.bytes();
        if (head == 0 && tail == 0) {
            file.write(host, source);
            return;
        }
        if (!backed && allAbsent(offset, count) && host >= file.length()) {
            // What the file grows by is zeros.
            file.truncate(host + count * clusterBytes);
            file.write(host + head, source);
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            IoVector whole = new IoVector();
            addOld(whole, arena, offset - head, head, old);
            source.forEach((hva, length, _) -> whole.add(hva, length));
            addOld(whole, arena, offset + source.bytes(), tail, old);
            file.write(host, whole);
        }
    }

    private static void addOld(IoVector whole, Arena arena, long offset, long bytes, OldContents old)
            throws IOException {
        if (bytes > 0) {
            MemorySegment memory = arena.allocate(bytes);
            old.read(offset, IoVector.of(memory));
            whole.add(memory.address(), bytes);
        }
    }

    private boolean allAbsent(long offset, int count) throws IOException {
        for (long cluster = offset >>> clusterBits, i = 0; i < count; i++) {
            if (Extent.kindOf(mapping.entryOf(cluster + i)) != Kind.ABSENT) {
                return false;
            }
        }
        return true;
    }

    /// @return whether the cluster has become smaller; else nothing has changed
    boolean writeCompressed(long offset, byte[] cluster) throws IOException {
        byte[] result = new byte[cluster.length];
        int length = compressed.compress(cluster, result);
        if (length < 0 || Extent.kindOf(mapping.entryOf(offset >>> clusterBits)) != Kind.ABSENT) {
            return false;
        }
        writeIfCrowded();
        Table table = mapping.writable(offset >>> clusterBits, refcounts, this::releaseCluster);
        long place = pack(length);
        try (Arena arena = Arena.ofConfined()) {
            file.write(place, IoVector.of(CompressedClusters.copy(result, length, arena)));
        }
        mapping.set(table, offset >>> clusterBits, CompressedClusters.entry(place, length, clusterBits));
        return true;
    }

    /// Finds room behind the last compressed cluster, or in a new one. All that hold the data count it.
    private long pack(int length) throws IOException {
        long left = packAt == 0 ? 0 : (packAt | clusterBytes - 1) + 1 - packAt;
        long place = packAt;
        if (left < length || !refcounts.increment(packAt >>> clusterBits)) {
            long[] first = new long[1];
            refcounts.allocate(1, first);
            long made = first[0] << clusterBits;
            boolean follows = left > 0 && left < length && made == packAt + left
                    && refcounts.increment(packAt >>> clusterBits);
            place = follows ? packAt : made;
        }
        packAt = (place + length & clusterBytes - 1) == 0 ? 0 : place + length;
        return place;
    }

    // ---- giving back ----

    /// Lets a range of whole clusters become anything.
    void discard(long first, long last, boolean backed) throws IOException {
        if (version < 3 && backed) {
            // Without a place of its own the cluster would show an older state: allowed, but surprising.
            return;
        }
        for (long cluster = first; cluster < last; cluster++) {
            if (!mapping.hasTable(cluster)) {
                cluster = (cluster / mapping.perTable() + 1) * mapping.perTable() - 1;
                continue;
            }
            long entry = mapping.entryOf(cluster);
            boolean there = (entry & (Qcow2Layout.COMPRESSED | Qcow2Layout.OFFSET_MASK)) != 0;
            if (there) {
                writeIfCrowded();
                Table table = mapping.writable(cluster, refcounts, this::releaseCluster);
                replace(table, cluster, backed ? Qcow2Layout.ZERO : 0, true);
            }
        }
    }

    /// Makes whole clusters read as zeros, by their entries alone.
    ///
    /// @return the first cluster that needs zeros written to it; `last` if none does
    long zero(long first, long last, boolean mayUnmap, boolean backed) throws IOException {
        for (long cluster = first; cluster < last; cluster++) {
            if (!backed && !mapping.hasTable(cluster)) {
                cluster = Math.min(last, (cluster / mapping.perTable() + 1) * mapping.perTable()) - 1;
                continue;
            }
            long entry = mapping.entryOf(cluster);
            Kind kind = Extent.kindOf(entry);
            if (kind == Kind.ZERO || kind == Kind.ABSENT && !backed) {
                continue;
            }
            if (version < 3 && (backed || !mayUnmap)) {
                return cluster;
            }
            writeIfCrowded();
            Table table = mapping.writable(cluster, refcounts, this::releaseCluster);
            if (kind == Kind.COPIED && !mayUnmap) {
                mapping.set(table, cluster, entry | Qcow2Layout.ZERO);
            } else {
                replace(table, cluster, version < 3 ? 0 : Qcow2Layout.ZERO, mayUnmap);
            }
        }
        return last;
    }

    private void replace(Table table, long cluster, long entry, boolean punch) throws IOException {
        long old = mapping.entryOf(cluster);
        mapping.set(table, cluster, entry);
        if ((old & (Qcow2Layout.COMPRESSED | Qcow2Layout.OFFSET_MASK)) != 0) {
            released.add(new Released(old, punch));
        }
    }

    private void releaseCluster(long offset) {
        released.add(new Released(offset, false));
    }

    // ---- what the file knows ----

    boolean settled() {
        return released.isEmpty() && !refcounts.dirty() && !mapping.dirty();
    }

    private void writeIfCrowded() throws IOException {
        if (mapping.crowded() || released.size() >= MOST_RELEASED) {
            settle();
        }
        refcounts.writeIfCrowded();
    }

    /// Makes all that has been done last, in the order that keeps the image whole. What becomes free by that is
    /// counted as free by the next call.
    void settle() throws IOException {
        refcounts.write();
        if (mapping.dirty()) {
            file.sync();
            mapping.writeTables();
            if (mapping.l1Dirty()) {
                file.sync();
                mapping.writeL1();
            }
        }
        file.sync();
        while (!released.isEmpty()) {
            free(released.removeLast());
        }
    }

    private void free(Released what) throws IOException {
        long entry = what.entry;
        if ((entry & Qcow2Layout.COMPRESSED) == 0) {
            lower((entry & Qcow2Layout.OFFSET_MASK) >>> clusterBits, what.punch);
            return;
        }
        compressed.forget();
        long offset = CompressedClusters.offset(entry, clusterBits);
        long end = offset + CompressedClusters.length(entry, clusterBits);
        for (long cluster = offset >>> clusterBits; cluster << clusterBits < end; cluster++) {
            lower(cluster, what.punch);
        }
    }

    private void lower(long cluster, boolean punch) throws IOException {
        if (refcounts.decrement(cluster)) {
            mapping.forget(cluster << clusterBits);
            if (packAt >>> clusterBits == cluster) {
                packAt = 0;
            }
            if (punch) {
                file.punch(cluster << clusterBits, clusterBytes);
            }
        }
    }
}
