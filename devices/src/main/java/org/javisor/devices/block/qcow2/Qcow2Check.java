// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.qcow2;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.javisor.devices.block.ImageFile;

/// Whether an image's tables agree with each other; and making them agree.
///
/// A repair never trusts the refcounts: it counts all references and writes new refcounts behind everything else, so
/// that nothing is lost if it does not come to an end.
public final class Qcow2Check {
    private static final int MOST_MESSAGES = 20;

    /// What was found.
    ///
    /// @param errors     how many contradictions: writing to the image would destroy data
    /// @param leaks      how many clusters are taken by nobody: only space is lost
    /// @param clusters   how many clusters the disk has
    /// @param data       how many of them are in this image
    /// @param compressed how many of these are compressed
    /// @param fragmented how many do not follow the one before
    /// @param end        where the last cluster that is in use ends
    /// @param messages   the first of what was found, in words
    public record Report(long errors, long leaks, long clusters, long data, long compressed, long fragmented, long end,
                         List<String> messages) {
        public boolean clean() {
            return errors == 0 && leaks == 0;
        }
    }

    private final ImageFile file;
    private final Qcow2Header header;
    private final List<String> messages = new ArrayList<>();
    private long errors;
    private long leaks;

    private Qcow2Check(ImageFile file, Qcow2Header header) {
        this.file = file;
        this.header = header;
    }

    /// Looks only.
    ///
    /// @throws IOException if the image is no image at all
    public static Report check(ImageFile file) throws IOException {
        return new Qcow2Check(file, Qcow2Header.read(file)).check(false);
    }

    /// Makes the image right as far as that is possible, and says what is left.
    public static Report repair(ImageFile file) throws IOException {
        Qcow2Header header = Qcow2Header.read(file);
        if (header.bitmaps()) {
            throw new IOException("has persistent bitmaps, which only QEMU can repair");
        }
        new Qcow2Check(file, header).rebuild();
        Report left = check(file);
        if (left.errors() == 0 && header.version() >= 3) {
            long incompatible = header.incompatible() & ~(Qcow2Layout.DIRTY | Qcow2Layout.CORRUPT);
            file.store(Qcow2Layout.INCOMPATIBLE, ByteBuffer.allocate(8).putLong(incompatible).array());
            file.sync();
        }
        return left;
    }

    private void error(String message) {
        errors++;
        tell("error: " + message);
    }

    private void tell(String message) {
        if (messages.size() < MOST_MESSAGES) {
            messages.add(message);
        }
    }

    // ---- looking ----

    private Report check(boolean repair) throws IOException {
        References references = new References(file, header, repair, this::error);
        references.count();
        countOwnTables(references);
        Refcounts refcounts = new Refcounts(file, header);
        compare(references.counts(), refcounts);
        checkCopied(refcounts);
        return new Report(errors, leaks, Math.ceilDiv(header.bytes(), header.clusterBytes()), references.data(),
                references.compressed(), references.fragmented(),
                (references.counts().last() + 1) * header.clusterBytes(), List.copyOf(messages));
    }

    private void countOwnTables(References references) throws IOException {
        long bytes = header.tableClusters() * header.clusterBytes();
        if (!references.add(header.tableOffset(), bytes, "the refcount table")) {
            return;
        }
        ByteBuffer table = file.load(header.tableOffset(), (int) bytes);
        while (table.hasRemaining()) {
            long block = table.getLong();
            if (block == 0) {
                continue;
            }
            if (block % header.clusterBytes() != 0) {
                error("a refcount block is at 0x" + Long.toHexString(block));
            } else if (references.add(block, header.clusterBytes(), "a refcount block")
                    && references.counts().get(block >>> header.clusterBits()) > 1) {
                error("the refcount block at 0x" + Long.toHexString(block) + " is in use for something else");
            }
        }
    }

    /// Blocks whose place makes no sense were reported above, and count nothing.
    private void compare(ClusterCounts counts, Refcounts refcounts) throws IOException {
        long perBlock = header.clusterBytes() * 8 / header.refcountBits();
        for (int block = 0; block < refcounts.blockCount(); block++) {
            long offset = refcounts.blockOffset(block);
            if (offset == 0 || !usable(offset)) {
                continue;
            }
            for (long cluster = block * perBlock; cluster < (block + 1) * perBlock; cluster++) {
                long stored = refcounts.get(cluster);
                int found = counts.get(cluster);
                if (Long.compareUnsigned(stored, found) > 0) {
                    leaks++;
                    tell("leak: cluster " + cluster + " has refcount " + Long.toUnsignedString(stored) + ", "
                            + found + " is right");
                }
            }
        }
        counts.forEach((cluster, found) -> {
            long stored = storedCount(refcounts, perBlock, cluster);
            if (Long.compareUnsigned(stored, found) < 0) {
                error("cluster " + cluster + " has refcount " + stored + ", " + found + " is right");
            }
        });
    }

    private boolean usable(long blockOffset) throws IOException {
        return blockOffset > 0 && blockOffset % header.clusterBytes() == 0 && blockOffset < file.length();
    }

    private long storedCount(Refcounts refcounts, long perBlock, long cluster) throws IOException {
        long block = cluster / perBlock;
        boolean counted = block < refcounts.blockCount() && usable(refcounts.blockOffset((int) block));
        return counted ? refcounts.get(cluster) : 0;
    }

    /// The flag that lets a cluster be written in place must be set exactly where the refcount is one.
    private void checkCopied(Refcounts refcounts) throws IOException {
        long perBlock = header.clusterBytes() * 8 / header.refcountBits();
        forEachActive((_, entry) -> {
            boolean one = storedCount(refcounts, perBlock,
                    (entry & Qcow2Layout.OFFSET_MASK) >>> header.clusterBits()) == 1;
            if (one != ((entry & Qcow2Layout.COPIED) != 0)) {
                error("an entry 0x" + Long.toHexString(entry) + " claims " + (one ? "not " : "")
                        + "to be the only one for its cluster");
            }
            return entry;
        });
    }

    /// Takes an entry and where it is; returns what it should be.
    @FunctionalInterface
    private interface EntryVisitor {
        long visit(long place, long entry) throws IOException;
    }

    /// Visits the entries of the active L1 table and its L2 tables that point at clusters.
    private void forEachActive(EntryVisitor visitor) throws IOException {
        ByteBuffer l1 = file.load(header.l1Offset(), 8 * header.l1Entries());
        for (int i = 0; i < header.l1Entries(); i++) {
            long entry = l1.getLong(8 * i);
            long l2 = entry & Qcow2Layout.OFFSET_MASK;
            if (l2 != 0 && l2 % header.clusterBytes() == 0 && l2 < file.length()) {
                visit(visitor, header.l1Offset() + 8L * i, entry);
                visitL2(visitor, l2);
            }
        }
    }

    private void visitL2(EntryVisitor visitor, long l2) throws IOException {
        ByteBuffer table = file.load(l2, (int) header.clusterBytes());
        for (int at = 0; at < table.limit(); at += header.l2EntryBytes()) {
            long entry = table.getLong(at);
            if ((entry & Qcow2Layout.COMPRESSED) == 0 && (entry & Qcow2Layout.OFFSET_MASK) != 0) {
                visit(visitor, l2 + at, entry);
            }
        }
    }

    private void visit(EntryVisitor visitor, long place, long entry) throws IOException {
        long right = visitor.visit(place, entry);
        if (right != entry) {
            file.store(place, ByteBuffer.allocate(8).putLong(right).array());
        }
    }

    // ---- repairing ----

    private void rebuild() throws IOException {
        References references = new References(file, header, true, this::error);
        references.count();
        ClusterCounts counts = references.counts();
        if (counts.get(0) > 1) {
            throw new IOException("cannot be repaired: something is stored over its header");
        }
        // What must be shared must be copied before it is changed: first the flags, then the refcounts.
        forEachActive((_, entry) -> {
            boolean one = counts.get((entry & Qcow2Layout.OFFSET_MASK) >>> header.clusterBits()) == 1;
            return one ? entry | Qcow2Layout.COPIED : entry & ~Qcow2Layout.COPIED;
        });
        file.sync();
        writeRefcounts(counts);
    }

    /// New blocks and a new table, behind everything that is in the file.
    private void writeRefcounts(ClusterCounts counts) throws IOException {
        long clusterBytes = header.clusterBytes();
        long perBlock = clusterBytes * 8 / header.refcountBits();
        long start = Math.ceilDiv(file.length(), clusterBytes);
        long blocks = 1;
        long tables = 1;
        while (true) {
            long needed = Math.ceilDiv(start + blocks + tables, perBlock);
            long neededTables = Math.ceilDiv(8 * needed, clusterBytes);
            if (needed <= blocks && neededTables <= tables) {
                break;
            }
            blocks = needed;
            tables = neededTables;
        }
        if (tables * clusterBytes > Qcow2Layout.MAX_REFCOUNT_TABLE_BYTES) {
            throw new IOException("is too long a file to be repaired");
        }
        ByteBuffer table = ByteBuffer.allocate((int) (tables * clusterBytes));
        long next = start;
        for (long index = 0; index < blocks; index++) {
            long from = index * perBlock;
            if (touches(counts, from, perBlock, start, start + blocks + tables)) {
                table.putLong((int) (8 * index), next++ * clusterBytes);
            }
        }
        long end = next + tables;
        for (long i = start; i < end; i++) {
            counts.add(i);
        }
        for (int index = 0; index < blocks; index++) {
            if (table.getLong(8 * index) != 0) {
                writeBlock(counts, index * perBlock, perBlock, table.getLong(8 * index));
            }
        }
        file.store(next * clusterBytes, table.array());
        file.sync();
        file.store(Qcow2Layout.REFCOUNT_TABLE_OFFSET,
                ByteBuffer.allocate(12).putLong(next * clusterBytes).putInt((int) tables).array());
        file.sync();
    }

    /// Whether a block is needed for `count` clusters: some are in use, or will be in use for the new tables.
    private static boolean touches(ClusterCounts counts, long from, long count, long newStart, long newEnd) {
        return from < newEnd && newStart < from + count || counts.anyNear(from, count);
    }

    private void writeBlock(ClusterCounts counts, long from, long count, long offset) throws IOException {
        Table block = new Table(offset, java.lang.foreign.Arena.ofAuto().allocate(header.clusterBytes(), 8));
        block.allChanged();
        long largest = header.refcountBits() == 64 ? Long.MAX_VALUE : (1L << header.refcountBits()) - 1;
        for (int i = 0; i < count; i++) {
            int references = counts.get(from + i);
            if (references > largest) {
                throw new IOException("cannot be repaired: a cluster needs refcount " + references + ", "
                        + largest + " is the most");
            }
            if (references != 0) {
                block.set(i, header.refcountBits(), references);
            }
        }
        block.write(file);
    }
}
