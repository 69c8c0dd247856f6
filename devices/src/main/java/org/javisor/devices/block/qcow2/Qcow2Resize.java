// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.qcow2;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.javisor.devices.block.BlockBackend;
import org.javisor.devices.block.ImageFile;

/// Makes the disk in an image larger or smaller.
public final class Qcow2Resize {
    private final ImageFile file;
    private final Qcow2Header header;
    private final BlockBackend backing;

    private Qcow2Resize(ImageFile file, Qcow2Header header, BlockBackend backing) {
        this.file = file;
        this.header = header;
        this.backing = backing;
    }

    /// Closes both files at the end.
    ///
    /// @param backing what is where the image has nothing, or null for zeros
    public static void resize(ImageFile file, BlockBackend backing, long bytes) throws IOException {
        Qcow2Header before = Qcow2Header.read(file);
        if (before.version() < 3 && before.snapshots() > 0) {
            throw new IOException("has snapshots, which in version 2 cannot say that the disk had another size");
        }
        Qcow2Image image = Qcow2Image.open(file, false, backing);
        try (image) {
            if (bytes < before.bytes()) {
                long from = Math.ceilDiv(bytes, before.clusterBytes()) * before.clusterBytes();
                if (from < before.bytes()) {
                    image.discard(from, before.bytes() - from);
                }
                image.flush();
                image.flush();
            }
            new Qcow2Resize(file, Qcow2Header.read(file), backing).setSize(bytes);
            if (bytes > before.bytes()) {
                hideOldContents(file, backing, before, bytes);
            }
        }
    }

    /// What the disk grows by is zeros, whatever the backing file has there, or the last cluster had.
    private static void hideOldContents(ImageFile file, BlockBackend backing, Qcow2Header before, long bytes)
            throws IOException {
        long end = Math.ceilDiv(before.bytes(), before.clusterBytes()) * before.clusterBytes();
        if (backing != null) {
            end = Math.max(end, backing.bytes());
        }
        end = Math.min(end, bytes);
        if (end > before.bytes()) {
            // Not closed: it shares its files with the image that the caller closes.
            Qcow2Image grown = Qcow2Image.open(file, false, backing);
            grown.writeZeroes(before.bytes(), end - before.bytes(), true);
            grown.flush();
            grown.flush();
        }
    }

    private void setSize(long bytes) throws IOException {
        int needed = (int) Math.min(header.neededL1Entries(bytes), Integer.MAX_VALUE);
        if (needed * 8L > Qcow2Layout.MAX_L1_BYTES) {
            throw new IOException("cannot become " + bytes + " bytes long with clusters of " + header.clusterBytes());
        }
        if (needed <= header.l1Entries()) {
            file.store(Qcow2Layout.SIZE, ByteBuffer.allocate(8).putLong(bytes).array());
            file.sync();
            return;
        }
        moveL1(bytes, needed);
    }

    /// The L1 table goes where it has room. Size and place change in one write.
    private void moveL1(long bytes, int entries) throws IOException {
        Refcounts refcounts = new Refcounts(file, header);
        refcounts.requireDistinctBlocks();
        int clusters = (int) Math.ceilDiv(entries * 8L, header.clusterBytes());
        long offset = refcounts.allocateTogether(clusters) << header.clusterBits();
        refcounts.write();
        ByteBuffer table = ByteBuffer.allocate((int) (clusters * header.clusterBytes()));
        table.put(file.load(header.l1Offset(), 8 * header.l1Entries()));
        file.store(offset, table.array());
        file.sync();
        file.store(Qcow2Layout.SIZE, ByteBuffer.allocate(24).putLong(bytes).putInt(0).putInt(entries).putLong(offset)
                .array());
        file.sync();
        long old = header.l1Offset() >>> header.clusterBits();
        long oldClusters = Math.ceilDiv(header.l1Entries() * 8L, header.clusterBytes());
        for (long i = 0; i < oldClusters; i++) {
            refcounts.decrement(old + i);
        }
        refcounts.write();
        file.sync();
    }
}
