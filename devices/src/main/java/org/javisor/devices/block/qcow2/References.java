// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.qcow2;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Consumer;
import org.javisor.devices.block.ImageFile;
import org.javisor.host.IoVector;

/// A walk through all tables of an image that counts who refers to what, and finds what cannot be meant.
final class References {
    /// More than this is not read: an image that claims to have more tables would keep us for days.
    private static final long MOST_TABLE_BYTES = 64L << 30;

    private final ImageFile file;
    private final Qcow2Header header;
    private final boolean repair;
    private final Consumer<String> errors;
    private final ClusterCounts counts = new ClusterCounts();
    private final long fileClusters;
    private final Table table;
    private long tableBytes;
    private long data;
    private long compressed;
    private long fragmented;
    private long expected;

    /// @param repair whether entries that point nowhere are taken out
    References(ImageFile file, Qcow2Header header, boolean repair, Consumer<String> errors) throws IOException {
        this.file = file;
        this.header = header;
        this.repair = repair;
        this.errors = errors;
        this.fileClusters = Math.ceilDiv(file.length(), header.clusterBytes());
        this.table = new Table(0, Arena.ofAuto().allocate(header.clusterBytes(), 8));
    }

    ClusterCounts counts() {
        return counts;
    }

    /// Clusters of the disk that are in the image.
    long data() {
        return data;
    }

    long compressed() {
        return compressed;
    }

    /// Clusters that do not follow the one before them.
    long fragmented() {
        return fragmented;
    }

    /// Counts everything but the refcounts' own tables.
    void count() throws IOException {
        add(0, 1, "the header");
        countL1(header.l1Offset(), header.l1Entries(), "the L1 table", true);
        Snapshot.Found found = Snapshot.read(file, header);
        if (!found.snapshots().isEmpty()) {
            add(header.snapshotsOffset(), found.end() - header.snapshotsOffset(), "the table of snapshots");
        }
        for (Snapshot snapshot : found.snapshots()) {
            countL1(snapshot.l1Offset(), snapshot.l1Entries(), "the L1 table of snapshot " + snapshot.id(), false);
        }
    }

    /// @return whether the range is in the file
    boolean add(long offset, long bytes, String what) throws IOException {
        if (bytes == 0) {
            return true;
        }
        long first = offset >>> header.clusterBits();
        long last = offset + bytes - 1 >>> header.clusterBits();
        if (offset < 0 || last >= fileClusters) {
            errors.accept(what + " at 0x" + Long.toHexString(offset) + " is beyond the end of the file");
            return false;
        }
        for (long cluster = first; cluster <= last; cluster++) {
            counts.add(cluster);
        }
        return true;
    }

    private void countL1(long offset, int entries, String what, boolean active) throws IOException {
        if (!add(offset, 8L * entries, what)) {
            return;
        }
        ByteBuffer l1 = file.load(offset, 8 * entries);
        Set<Long> seen = new HashSet<>();
        for (int i = 0; i < entries; i++) {
            long entry = l1.getLong(8 * i);
            long l2 = entry & Qcow2Layout.OFFSET_MASK;
            boolean possible = (entry & Qcow2Layout.L1_RESERVED) == 0 && l2 % header.clusterBytes() == 0;
            if (l2 == 0 && possible) {
                continue;
            }
            if (!possible) {
                errors.accept("entry " + i + " of " + what + " is 0x" + Long.toHexString(entry));
            } else if (!seen.add(l2)) {
                possible = false;
                errors.accept("entry " + i + " of " + what + " points at the L2 table of another one");
            } else {
                possible = add(l2, header.clusterBytes(), "an L2 table");
            }
            if (possible) {
                countL2(l2, active);
            } else if (repair) {
                file.store(offset + 8L * i, new byte[8]);
            }
        }
    }

    private void countL2(long offset, boolean active) throws IOException {
        tableBytes += header.clusterBytes();
        if (tableBytes > MOST_TABLE_BYTES) {
            throw new IOException("the image has more tables than can be checked");
        }
        file.read(offset, IoVector.of(table.memory()));
        int words = header.l2EntryBytes() / 8;
        for (int i = 0; i < header.l2Entries(); i++) {
            long entry = table.get(i * words);
            if ((entry & ~Qcow2Layout.ZERO) != 0 && !countEntry(entry, active) && repair) {
                file.store(offset + 8L * i * words, ByteBuffer.allocate(8).putLong(
                        header.version() < 3 ? 0 : Qcow2Layout.ZERO).array());
            }
        }
    }

    private boolean countEntry(long entry, boolean active) throws IOException {
        if ((entry & Qcow2Layout.COMPRESSED) != 0) {
            compressed += active ? 1 : 0;
            data += active ? 1 : 0;
            return countCompressed(entry);
        }
        long host = entry & Qcow2Layout.OFFSET_MASK;
        if ((entry & Qcow2Layout.L2_RESERVED) != 0 || header.version() < 3 && (entry & Qcow2Layout.ZERO) != 0
                || host % header.clusterBytes() != 0 || host == 0 && !header.extendedL2()) {
            errors.accept("an L2 entry is 0x" + Long.toHexString(entry));
            return false;
        }
        if (host == 0) {
            return true;
        }
        if (active) {
            fragmented += data > 0 && host != expected ? 1 : 0;
            expected = host + header.clusterBytes();
            data++;
        }
        return add(host, header.clusterBytes(), "a cluster of data");
    }

    /// The last sectors of compressed data may be beyond the end: only what is needed has been written.
    private boolean countCompressed(long entry) throws IOException {
        long offset = CompressedClusters.offset(entry, header.clusterBits());
        long end = Math.ceilDiv(file.length(), header.clusterBytes()) * header.clusterBytes();
        long bytes = CompressedClusters.length(entry, header.clusterBits());
        if (offset == 0) {
            errors.accept("a compressed cluster is on the header");
            return false;
        }
        return add(offset, offset < end ? Math.min(bytes, end - offset) : bytes, "a compressed cluster");
    }
}
