// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.qcow2;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.javisor.devices.block.ImageFile;

/// How often each cluster of the file is referred to, and which is free. Confined to the image's exclusive lock.
///
/// The first level is in memory; blocks, the second level, are cached. They may be written at any time: a count is
/// raised before anything points at the cluster, and lowered when nothing on disk does any more.
final class Refcounts {
    /// Blocks to keep: with the usual 64 KiB each counts the clusters of 2 GiB.
    private static final long CACHE_BYTES = 4L << 20;
    private static final int LEAST_TABLES = 4;

    private final ImageFile file;
    private final int clusterBits;
    private final int bits;
    private final int perBlock;
    private final TableCache blocks;
    private long[] table;
    private long tableOffset;
    private int tableClusters;
    /// No cluster before it is free.
    private long firstFree;

    Refcounts(ImageFile file, Qcow2Header header) throws IOException {
        this.file = file;
        this.clusterBits = header.clusterBits();
        this.bits = header.refcountBits();
        this.perBlock = (int) (header.clusterBytes() * 8 / bits);
        int clusterBytes = 1 << clusterBits;
        this.blocks = new TableCache(file, clusterBytes, (int) Math.max(LEAST_TABLES, CACHE_BYTES / clusterBytes));
        this.tableOffset = header.tableOffset();
        this.tableClusters = header.tableClusters();
        this.table = new long[tableClusters * (clusterBytes / 8)];
        ByteBuffer stored = file.load(tableOffset, table.length * 8);
        stored.asLongBuffer().get(table);
    }

    private long clusterBytes() {
        return 1L << clusterBits;
    }

    /// How many clusters the table could count as it is.
    long countable() {
        return (long) table.length * perBlock;
    }

    int blockCount() {
        return table.length;
    }

    /// Where block `index` is, or 0.
    long blockOffset(int index) {
        return table[index];
    }

    long tableOffset() {
        return tableOffset;
    }

    int tableClusters() {
        return tableClusters;
    }

    long largest() {
        return bits == 64 ? Long.MAX_VALUE : (1L << bits) - 1;
    }

    private Table block(int index) throws IOException {
        long offset = table[index];
        if (offset <= 0 || offset % clusterBytes() != 0) {
            throw new CorruptImageException("a refcount block at " + Long.toUnsignedString(offset));
        }
        return blocks.get(offset);
    }

    /// Whether a cluster has no block that counts it.
    private boolean uncounted(long cluster) {
        return cluster / perBlock >= table.length || table[(int) (cluster / perBlock)] == 0;
    }

    long get(long cluster) throws IOException {
        if (uncounted(cluster)) {
            return 0;
        }
        return block((int) (cluster / perBlock)).get((int) (cluster % perBlock), bits);
    }

    /// Changes a count whose block exists, or will not be made for a zero.
    void set(long cluster, long count) throws IOException {
        if (uncounted(cluster)) {
            if (count == 0) {
                return;
            }
            ensureCounted(cluster);
        }
        block((int) (cluster / perBlock)).set((int) (cluster % perBlock), bits, count);
        if (count == 0) {
            firstFree = Math.min(firstFree, cluster);
        }
    }

    /// @return whether there was room for one more
    boolean increment(long cluster) throws IOException {
        long count = get(cluster);
        if (count == largest()) {
            return false;
        }
        set(cluster, count + 1);
        return true;
    }

    /// @return whether nothing refers to it any more
    boolean decrement(long cluster) throws IOException {
        long count = get(cluster);
        if (count == 0) {
            throw new CorruptImageException("cluster " + cluster + " is in use and counts as free");
        }
        set(cluster, count - 1);
        return count == 1;
    }

    // ---- free clusters ----

    /// Takes free clusters that follow each other.
    ///
    /// @param first where to report the first
    /// @return how many, from 1 to `wanted`
    int allocate(int wanted, long[] first) throws IOException {
        long start = nextFree(firstFree);
        int count = 1;
        while (count < wanted && !uncounted(start + count) && get(start + count) == 0) {
            count++;
        }
        take(start, count);
        first[0] = start;
        return count;
    }

    /// Takes exactly `count` clusters that follow each other, perhaps with free ones before them. Blocks that have yet
    /// to be made lie behind them, where they are in nobody's way.
    long allocateTogether(int count) throws IOException {
        long start = freeRun(count);
        int made = missingBlocks(start, count);
        for (int before = 0; before != made; made = missingBlocks(start, count + made)) {
            before = made;
            start = freeRun(count + made);
        }
        long last = (start + count + made - 1) / perBlock;
        if (last >= table.length) {
            growTable(last + 1);
            return allocateTogether(count);
        }
        long hint = firstFree;
        makeBlocks(start, count, made);
        if (hint < start) {
            firstFree = hint;
        }
        return start;
    }

    /// Where so many clusters are free together, counted or not.
    private long freeRun(long count) throws IOException {
        long start = firstFree;
        for (long at = start; at < start + count; ) {
            if (uncounted(at)) {
                at = (at / perBlock + 1) * perBlock;
            } else if (get(at) == 0) {
                at++;
            } else {
                start = ++at;
            }
        }
        return start;
    }

    private int missingBlocks(long start, long count) {
        int missing = 0;
        for (long index = start / perBlock; index <= (start + count - 1) / perBlock; index++) {
            missing += uncounted(index * perBlock) ? 1 : 0;
        }
        return missing;
    }

    /// Takes `count` clusters, and behind them places for the `made` blocks that all these need.
    private void makeBlocks(long start, int count, int made) throws IOException {
        int[] indexes = new int[made];
        int done = 0;
        for (int index = (int) (start / perBlock); done < made; index++) {
            if (table[index] == 0) {
                table[index] = start + count + done << clusterBits;
                blocks.create(table[index]);
                indexes[done++] = index;
            }
        }
        try {
            take(start, count + made);
            blocks.write();
            file.sync();
            for (int index : indexes) {
                file.store(tableOffset + 8L * index, ByteBuffer.allocate(8).putLong(table[index]).array());
            }
        } catch (IOException e) {
            for (int index : indexes) {
                blocks.forget(table[index]);
                table[index] = 0;
            }
            throw e;
        }
    }

    private void take(long start, int count) throws IOException {
        for (long at = start; at < start + count; at++) {
            set(at, 1);
        }
        firstFree = start + count;
    }

    private long nextFree(long from) throws IOException {
        long cluster = from;
        while (true) {
            ensureCounted(cluster);
            if (get(cluster) == 0) {
                return cluster;
            }
            cluster++;
        }
    }

    /// Sees to it that there is a block for a cluster. A new one lies in the first cluster that it counts, so it needs
    /// no other.
    private void ensureCounted(long cluster) throws IOException {
        if (cluster >= Qcow2Layout.OFFSET_MASK >>> clusterBits) {
            throw new IOException("no more clusters can be addressed");
        }
        if (cluster / perBlock >= table.length) {
            growTable(cluster / perBlock + 1);
        }
        int index = (int) (cluster / perBlock);
        if (table[index] != 0) {
            return;
        }
        long offset = (long) index * perBlock << clusterBits;
        Table made = blocks.create(offset);
        made.set(0, bits, 1);
        try {
            made.write(file);
            file.sync();
            file.store(tableOffset + 8L * index, ByteBuffer.allocate(8).putLong(offset).array());
        } catch (IOException e) {
            blocks.forget(offset);
            throw e;
        }
        table[index] = offset;
    }

    /// Moves the table to where it has room for more. The new one begins where nothing has been counted so far, with
    /// its first blocks behind it.
    private void growTable(long leastEntries) throws IOException {
        long perTable = clusterBytes() / 8;
        long entries = Math.max(leastEntries, table.length + table.length / 2);
        long start = countable();
        long clusters;
        long made;
        do {
            clusters = Math.ceilDiv(entries, perTable);
            made = Math.ceilDiv(start + clusters, perBlock) - table.length;
            made = Math.ceilDiv(start + clusters + made, perBlock) - table.length;
            entries = Math.max(entries, table.length + made);
        } while (clusters != Math.ceilDiv(entries, perTable)
                || start + clusters + made > (table.length + made) * perBlock);
        if (clusters * clusterBytes() > Qcow2Layout.MAX_REFCOUNT_TABLE_BYTES) {
            throw new IOException("the refcount table cannot grow any more");
        }
        long[] grown = Arrays.copyOf(table, (int) (clusters * perTable));
        for (int i = 0; i < made; i++) {
            grown[table.length + i] = start + clusters + i << clusterBits;
            blocks.create(grown[table.length + i]);
        }
        moveTable(grown, start, (int) clusters, (int) (clusters + made));
    }

    private void moveTable(long[] grown, long start, int clusters, int taken) throws IOException {
        long oldStart = tableOffset >>> clusterBits;
        int oldClusters = tableClusters;
        long[] old = table;
        table = grown;
        try {
            for (int i = 0; i < taken; i++) {
                set(start + i, 1);
            }
            blocks.write();
            ByteBuffer stored = ByteBuffer.allocate(grown.length * 8);
            stored.asLongBuffer().put(grown);
            file.store(start << clusterBits, stored.array());
            file.sync();
            file.store(Qcow2Layout.REFCOUNT_TABLE_OFFSET,
                    ByteBuffer.allocate(12).putLong(start << clusterBits).putInt(clusters).array());
            file.sync();
        } catch (IOException e) {
            table = old;
            for (int i = clusters; i < taken; i++) {
                blocks.forget(start + i << clusterBits);
            }
            throw e;
        }
        tableOffset = start << clusterBits;
        tableClusters = clusters;
        for (int i = 0; i < oldClusters; i++) {
            set(oldStart + i, 0);
        }
    }

    /// A block that counts for two ranges would never let either have a free cluster.
    ///
    /// @throws CorruptImageException if there is one
    void requireDistinctBlocks() throws CorruptImageException {
        long[] sorted = table.clone();
        Arrays.sort(sorted);
        for (int i = 1; i < sorted.length; i++) {
            if (sorted[i] != 0 && sorted[i] == sorted[i - 1]) {
                throw new CorruptImageException("two refcount blocks at " + sorted[i]);
            }
        }
    }

    /// Writes what has changed.
    void write() throws IOException {
        blocks.write();
    }

    boolean dirty() {
        return blocks.dirty();
    }

    void writeIfCrowded() throws IOException {
        if (blocks.crowded()) {
            blocks.write();
        }
    }
}
