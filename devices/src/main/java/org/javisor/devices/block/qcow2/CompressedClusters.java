// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.qcow2;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.javisor.devices.block.ImageFile;
import org.javisor.devices.block.qcow2.Qcow2Header.Compression;
import org.javisor.devices.block.zstd.ZstdDecoder;
import org.javisor.devices.block.zstd.ZstdEncoder;
import org.javisor.host.IoVector;

/// Reads clusters that are compressed, and keeps the last one: small reads follow each other. For any thread.
final class CompressedClusters {
    private static final int SECTOR = 512;

    private final ImageFile file;
    private final int clusterBits;
    private final Compression compression;
    private final MemorySegment last;
    private long lastEntry;

    CompressedClusters(ImageFile file, Qcow2Header header) {
        this.file = file;
        this.clusterBits = header.clusterBits();
        this.compression = header.compression();
        this.last = MemorySegment.ofArray(new byte[1 << clusterBits]);
    }

    private static int offsetBits(int clusterBits) {
        return 62 - (clusterBits - 8);
    }

    /// Where in the file an entry's data begins.
    static long offset(long entry, int clusterBits) {
        return entry & (1L << offsetBits(clusterBits)) - 1;
    }

    /// How far it may reach; the data may end earlier.
    static int length(long entry, int clusterBits) {
        long sectors = ((entry & ~(Qcow2Layout.COPIED | Qcow2Layout.COMPRESSED)) >>> offsetBits(clusterBits)) + 1;
        return (int) (sectors * SECTOR - (offset(entry, clusterBits) & SECTOR - 1));
    }

    /// The entry for `length` bytes at `offset` of the file.
    static long entry(long offset, int length, int clusterBits) {
        long further = (offset + length - 1) / SECTOR - offset / SECTOR;
        return Qcow2Layout.COMPRESSED | further << offsetBits(clusterBits) | offset;
    }

    /// Fills `target` with what is `from` bytes into a cluster.
    synchronized void read(long entry, long from, IoVector target) throws IOException {
        if (entry != lastEntry) {
            lastEntry = 0;
            byte[] stored = new byte[length(entry, clusterBits)];
            file.load(offset(entry, clusterBits), stored.length).get(stored);
            byte[] cluster = (byte[]) last.heapBase().orElseThrow();
            int length = switch (compression) {
                case ZLIB -> inflate(stored, cluster);
                case ZSTD -> ZstdDecoder.decode(stored, 0, stored.length, cluster);
            };
            if (length != cluster.length) {
                throw new IOException(file.name() + ": a compressed cluster is damaged");
            }
            lastEntry = entry;
        }
        target.copyFrom(last.asSlice(from, target.bytes()));
    }

    private int inflate(byte[] stored, byte[] cluster) throws IOException {
        try (Inflater inflater = new Inflater(true)) {
            inflater.setInput(stored);
            int length = 0;
            while (length < cluster.length) {
                int more = inflater.inflate(cluster, length, cluster.length - length);
                if (more == 0) {
                    break;
                }
                length += more;
            }
            return length;
        } catch (DataFormatException e) {
            throw new IOException(file.name() + ": a compressed cluster is damaged", e);
        }
    }

    /// Forgets what it has kept: its place in the file may have become another's.
    synchronized void forget() {
        lastEntry = 0;
    }

    /// Compresses a cluster as this image does.
    ///
    /// @param result as large as the cluster
    /// @return how many bytes of `result` it takes, or -1 if it does not become smaller
    int compress(byte[] cluster, byte[] result) {
        return switch (compression) {
            case ZLIB -> deflate(cluster, result);
            case ZSTD -> ZstdEncoder.encode(cluster, result);
        };
    }

    private static int deflate(byte[] cluster, byte[] result) {
        try (Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true)) {
            deflater.setInput(cluster);
            deflater.finish();
            int length = deflater.deflate(result, 0, cluster.length - 1);
            return deflater.finished() ? length : -1;
        }
    }

    static MemorySegment copy(byte[] bytes, int length, Arena arena) {
        MemorySegment memory = arena.allocate(length);
        MemorySegment.copy(MemorySegment.ofArray(bytes), 0, memory, 0, length);
        return memory;
    }
}
