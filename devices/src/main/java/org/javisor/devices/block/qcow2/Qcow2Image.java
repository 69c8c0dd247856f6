// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.qcow2;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.javisor.devices.block.BlockBackend;
import org.javisor.devices.block.ImageFile;
import org.javisor.devices.block.qcow2.Extent.Kind;
import org.javisor.host.IoVector;

/// A qcow2 image that is open.
///
/// What does not change the tables goes on side by side: reads, and writes to clusters that are there already. What
/// does has the image to itself meanwhile. A request that fails leaves tables that are right, so that it may be made
/// again.
public final class Qcow2Image implements BlockBackend {
    private static final MemorySegment ZEROES = Arena.global().allocate(64 << 10);

    private final ImageFile file;
    private final boolean readOnly;
    /// Null for zeros.
    private final BlockBackend backing;
    private final Qcow2Header header;
    private final Mapping mapping;
    /// Null when the image is read-only.
    private final Allocator allocator;
    private final CompressedClusters compressed;
    private final int clusterBits;
    private final long bytes;
    private final ReadWriteLock lock = new ReentrantReadWriteLock();
    /// Why nothing is written any more.
    private volatile String broken;
    private boolean closed;

    private Qcow2Image(ImageFile file, boolean readOnly, BlockBackend backing, Qcow2Header header, Snapshot snapshot)
            throws IOException {
        this.file = file;
        this.readOnly = readOnly;
        this.backing = backing;
        this.header = header;
        this.clusterBits = header.clusterBits();
        this.bytes = snapshot == null ? header.bytes() : snapshot.diskBytes();
        this.mapping = snapshot == null ? new Mapping(file, header, header.l1Offset(), header.l1Entries())
                : new Mapping(file, header, snapshot.l1Offset(), snapshot.l1Entries());
        this.compressed = new CompressedClusters(file, header);
        this.allocator = readOnly ? null : new Allocator(file, header, mapping, compressed);
    }

    /// The header of an image: what backing file to open, above all.
    ///
    /// @throws IOException if it cannot be used
    public static Qcow2Header header(ImageFile file) throws IOException {
        return Qcow2Header.read(file);
    }

    /// The snapshots that an image holds.
    public static List<Snapshot> snapshots(ImageFile file) throws IOException {
        return Snapshot.readAll(file, Qcow2Header.read(file));
    }

    /// Opens an image. Both files are the image's from now on. When it is to be written, and was not closed properly
    /// while its refcounts were behind, these are counted anew first.
    ///
    /// @param backing what is where the image has nothing, or null for zeros
    /// @throws IOException if it cannot be used; the files stay open
    public static Qcow2Image open(ImageFile file, boolean readOnly, BlockBackend backing) throws IOException {
        Qcow2Header header = Qcow2Header.read(file);
        if (!readOnly) {
            requireWritable(header);
            if (header.dirty()) {
                Qcow2Check.repair(file);
                header = Qcow2Header.read(file);
            }
            if (header.autoclear() != 0) {
                file.store(Qcow2Layout.AUTOCLEAR, new byte[8]);
            }
        }
        return new Qcow2Image(file, readOnly, backing, header, null);
    }

    /// Opens the disk as it was when a snapshot was made, to be read.
    public static Qcow2Image openSnapshot(ImageFile file, Snapshot snapshot, BlockBackend backing) throws IOException {
        return new Qcow2Image(file, true, backing, Qcow2Header.read(file), snapshot);
    }

    private static void requireWritable(Qcow2Header header) throws IOException {
        if (header.corrupt()) {
            throw new IOException("is marked corrupt: it can be read only, or repaired with"
                    + " `javisor image check --repair`");
        }
        if (header.extendedL2()) {
            throw new IOException("has extended L2 entries: it can be read only; convert it with"
                    + " `javisor image convert`");
        }
    }

    public Qcow2Header header() {
        return header;
    }

    @Override
    public long bytes() {
        return bytes;
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    // ---- reading ----

    @Override
    public void read(long offset, IoVector target) throws IOException {
        long there = Math.clamp(bytes - offset, 0, target.bytes());
        if (there < target.bytes()) {
            target.window(there, target.bytes() - there).zero();
        }
        Lock shared = lock.readLock();
        shared.lock();
        try {
            for (long done = 0; done < there; ) {
                Extent extent = mapping.find(offset + done, there - done);
                readExtent(offset + done, extent, target.window(done, extent.bytes()));
                done += extent.bytes();
            }
        } finally {
            shared.unlock();
        }
    }

    private void readExtent(long offset, Extent extent, IoVector target) throws IOException {
        switch (extent.kind()) {
            case ABSENT -> readBacking(offset, target);
            case ZERO -> target.zero();
            case DATA, COPIED -> file.read(extent.host(), target);
            case COMPRESSED -> compressed.read(extent.entry(), offset & header.clusterBytes() - 1, target);
        }
    }

    private void readBacking(long offset, IoVector target) throws IOException {
        if (backing == null) {
            target.zero();
        } else {
            backing.read(offset, target);
        }
    }

    @Override
    public long zeroesAt(long offset, long length) throws IOException {
        long zeroes = 0;
        while (zeroes < length && offset + zeroes < bytes) {
            Extent extent = mapping.find(offset + zeroes, Math.min(length, bytes - offset) - zeroes);
            long here = switch (extent.kind()) {
                case ZERO -> extent.bytes();
                case ABSENT -> backing == null ? extent.bytes()
                        : backing.zeroesAt(offset + zeroes, extent.bytes());
                default -> 0;
            };
            zeroes += here;
            if (here < extent.bytes()) {
                break;
            }
        }
        return zeroes;
    }

    // ---- writing ----

    /// Something done with the image alone.
    @FunctionalInterface
    private interface Change<T> {
        T make() throws IOException;
    }

    private <T> T alone(Change<T> change) throws IOException {
        if (readOnly) {
            throw new IOException(file.name() + ": is open read-only");
        }
        Lock exclusive = lock.writeLock();
        exclusive.lock();
        try {
            if (broken != null) {
                throw new IOException(file.name() + ": " + broken);
            }
            return change.make();
        } catch (CorruptImageException e) {
            markCorrupt(e);
            throw e;
        } finally {
            exclusive.unlock();
        }
    }

    /// From now on nobody writes to it, until it has been repaired.
    private void markCorrupt(CorruptImageException e) throws IOException {
        broken = e.getMessage();
        if (header.version() >= 3) {
            file.store(Qcow2Layout.INCOMPATIBLE,
                    ByteBuffer.allocate(8).putLong(header.incompatible() | Qcow2Layout.CORRUPT).array());
            file.sync();
        }
    }

    private void requireInside(long offset, long length) throws IOException {
        if (offset < 0 || length < 0 || length > bytes - offset) {
            throw new IOException(file.name() + ": " + length + " bytes at " + offset + " are beyond the disk");
        }
    }

    @Override
    public void write(long offset, IoVector source) throws IOException {
        requireInside(offset, source.bytes());
        for (long done = 0; done < source.bytes(); ) {
            done += writeSome(offset + done, source.window(done, source.bytes() - done));
        }
    }

    private long writeSome(long offset, IoVector source) throws IOException {
        try {
            long written = overwrite(offset, source);
            return written > 0 ? written
                    : alone(() -> allocator.write(offset, source, this::readOld, backing != null));
        } catch (CorruptImageException e) {
            return alone(() -> {
                throw e;
            });
        }
    }

    /// Writes to clusters that are the disk's own already.
    ///
    /// @return how many bytes; 0 if the first cluster is none
    private long overwrite(long offset, IoVector source) throws IOException {
        Lock shared = lock.readLock();
        shared.lock();
        try {
            if (readOnly || broken != null) {
                return 0;
            }
            Extent extent = mapping.find(offset, source.bytes());
            if (extent.kind() != Kind.COPIED) {
                return 0;
            }
            allocator.requireNoMetadata(extent.host(), extent.bytes());
            file.write(extent.host(), source.window(0, extent.bytes()));
            return extent.bytes();
        } finally {
            shared.unlock();
        }
    }

    /// What is on the disk now, for the rest of a cluster that is about to move.
    private void readOld(long offset, IoVector target) throws IOException {
        for (long done = 0; done < target.bytes(); ) {
            Extent extent = mapping.find(offset + done, target.bytes() - done);
            readExtent(offset + done, extent, target.window(done, extent.bytes()));
            done += extent.bytes();
        }
    }

    /// Stores a whole cluster compressed, if that makes it smaller. For who fills a new image.
    ///
    /// @return whether it did
    public boolean writeCompressed(long offset, byte[] cluster) throws IOException {
        requireInside(offset, Math.min(cluster.length, bytes - offset));
        return alone(() -> allocator.writeCompressed(offset, cluster));
    }

    @Override
    public void discard(long offset, long length) throws IOException {
        requireInside(offset, length);
        // The last cluster of a disk may be a part of one.
        long end = offset + length == bytes ? offset + length + header.clusterBytes() - 1 : offset + length;
        long first = Math.ceilDiv(offset, header.clusterBytes());
        long last = end >>> clusterBits;
        if (first < last) {
            alone(() -> {
                allocator.discard(first, last, backing != null);
                return null;
            });
        }
    }

    @Override
    public void writeZeroes(long offset, long length, boolean mayUnmap) throws IOException {
        requireInside(offset, length);
        long end = offset + length;
        long first = Math.ceilDiv(offset, header.clusterBytes());
        long last = end == bytes ? Math.ceilDiv(end, header.clusterBytes()) : end >>> clusterBits;
        if (first >= last) {
            storeZeroes(offset, length);
            return;
        }
        storeZeroes(offset, (first << clusterBits) - offset);
        long cluster = first;
        while (cluster < last) {
            long from = cluster;
            long done = alone(() -> allocator.zero(from, last, mayUnmap, backing != null));
            if (done == from) {
                storeZeroes(from << clusterBits, Math.min(header.clusterBytes(), end - (from << clusterBits)));
                done++;
            }
            cluster = done;
        }
        if (last << clusterBits < end) {
            storeZeroes(last << clusterBits, end - (last << clusterBits));
        }
    }

    /// Writes zeros where there may be anything else.
    private void storeZeroes(long offset, long length) throws IOException {
        for (long done = 0; done < length; ) {
            long known = zeroesAt(offset + done, length - done);
            if (known == 0) {
                known = Math.min(length - done, ZEROES.byteSize());
                write(offset + done, IoVector.of(ZEROES.asSlice(0, known)));
            }
            done += known;
        }
    }

    @Override
    public void flush() throws IOException {
        if (readOnly) {
            return;
        }
        Lock shared = lock.readLock();
        shared.lock();
        try {
            if (broken == null && allocator.settled()) {
                file.sync();
                return;
            }
        } finally {
            shared.unlock();
        }
        alone(() -> {
            allocator.settle();
            return null;
        });
    }

    @Override
    public void close() {
        Lock exclusive = lock.writeLock();
        exclusive.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            if (!readOnly && broken == null) {
                allocator.settle();
                allocator.settle();
            }
        } catch (IOException _) {
            // What was flushed is safe; nobody waits for the rest, and at worst some space is lost.
        } finally {
            exclusive.unlock();
            file.close();
            if (backing != null) {
                backing.close();
            }
        }
    }
}
