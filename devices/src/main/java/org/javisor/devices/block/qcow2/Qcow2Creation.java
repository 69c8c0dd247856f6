// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.qcow2;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.javisor.devices.block.ImageFile;
import org.javisor.devices.block.qcow2.Qcow2Header.Compression;
import org.javisor.memory.ConfigurationException;

/// What a new image is to be.
///
/// @param version       2 or 3
/// @param clusterBits   9 to 21
/// @param refcountBits  1, 2, 4 to 64; 16 in version 2
/// @param backing       the backing file's name as it is to be written, or null
/// @param backingFormat its format's name; not null if there is one
/// @param lazyRefcounts whether QEMU may leave the refcounts behind (we never do)
public record Qcow2Creation(long bytes, int version, int clusterBits, int refcountBits, String backing,
                            String backingFormat, Compression compression, boolean lazyRefcounts) {
    /// What everybody uses.
    public static Qcow2Creation of(long bytes) {
        return new Qcow2Creation(bytes, 3, 16, 16, null, null, Compression.ZLIB, false);
    }

    public Qcow2Creation withBacking(String name, String format) {
        return new Qcow2Creation(bytes, version, clusterBits, refcountBits, name, format, compression, lazyRefcounts);
    }

    public Qcow2Creation {
        require(bytes >= 0, "size " + bytes + ": not negative, please");
        require(version == 2 || version == 3, "qcow2 version " + version + ": 2 or 3 is possible");
        require(clusterBits >= Qcow2Layout.MIN_CLUSTER_BITS && clusterBits <= Qcow2Layout.MAX_CLUSTER_BITS,
                "cluster size: a power of two from 512 to 2M is possible");
        require(Integer.bitCount(refcountBits) == 1 && refcountBits <= 64 && (version == 3 || refcountBits == 16),
                "refcounts of " + refcountBits + " bits: 1, 2, 4, 8, 16, 32 or 64 are possible, in version 2 only 16");
        require(version == 3 || compression == Compression.ZLIB && !lazyRefcounts,
                "zstd and lazy refcounts need version 3");
        require(backing == null || backing.getBytes(StandardCharsets.UTF_8).length <= Qcow2Layout.MAX_BACKING_NAME
                && backingFormat != null, "backing file '" + backing + "': its name is too long, or it has no format");
        require(l1Bytes(bytes, clusterBits) <= Qcow2Layout.MAX_L1_BYTES,
                "size " + bytes + ": too large for clusters of " + (1 << clusterBits) + " bytes");
    }

    private static void require(boolean holds, String message) {
        if (!holds) {
            throw new ConfigurationException(message);
        }
    }

    private static long l1Bytes(long bytes, int clusterBits) {
        long covers = 1L << 2 * clusterBits - 3;
        return 8 * (bytes / covers + (bytes % covers == 0 ? 0 : 1));
    }

    /// How many clusters of each kind an empty image has.
    private record Sizes(int table, int blocks, int l1) {
        int clusters() {
            return 1 + table + blocks + l1;
        }
    }

    private Sizes sizes() {
        long clusterBytes = 1L << clusterBits;
        int l1 = (int) Math.max(1, Math.ceilDiv(l1Bytes(bytes, clusterBits), clusterBytes));
        Sizes sizes = new Sizes(1, 1, l1);
        while (true) {
            int blocks = (int) Math.ceilDiv((long) sizes.clusters(), clusterBytes * 8 / refcountBits);
            int table = (int) Math.ceilDiv(8L * blocks, clusterBytes);
            if (blocks == sizes.blocks && table == sizes.table) {
                return sizes;
            }
            sizes = new Sizes(table, blocks, l1);
        }
    }

    /// Makes an image of an empty file. The header comes last, so an image that is not whole is none.
    public void write(ImageFile file) throws IOException {
        Sizes sizes = sizes();
        long clusterBytes = 1L << clusterBits;
        file.truncate(0);
        file.truncate(sizes.clusters() * clusterBytes);
        ByteBuffer table = ByteBuffer.allocate(8 * sizes.blocks);
        for (int i = 0; i < sizes.blocks; i++) {
            table.putLong((1 + sizes.table + i) * clusterBytes);
        }
        file.store(clusterBytes, table.array());
        storeCounts(file, sizes);
        file.sync();
        file.store(0, header(sizes).array());
        file.sync();
    }

    private void storeCounts(ImageFile file, Sizes sizes) throws IOException {
        long clusterBytes = 1L << clusterBits;
        long perBlock = clusterBytes * 8 / refcountBits;
        for (int i = 0; i < sizes.blocks; i++) {
            Table block = new Table((1 + sizes.table + i) * clusterBytes,
                    java.lang.foreign.Arena.ofAuto().allocate(clusterBytes, 8));
            for (long cluster = i * perBlock; cluster < Math.min(sizes.clusters(), (i + 1) * perBlock); cluster++) {
                block.set((int) (cluster % perBlock), refcountBits, 1);
            }
            block.write(file);
        }
    }

    private ByteBuffer header(Sizes sizes) {
        long clusterBytes = 1L << clusterBits;
        byte[] name = backing == null ? new byte[0] : backing.getBytes(StandardCharsets.UTF_8);
        byte[] format = backing == null ? new byte[0] : backingFormat.getBytes(StandardCharsets.UTF_8);
        boolean long3 = version == 3 && compression != Compression.ZLIB;
        int length = version == 2 ? Qcow2Layout.V2_BYTES : long3 ? Qcow2Layout.WITH_COMPRESSION : Qcow2Layout.V3_BYTES;
        int extensions = (backing == null ? 0 : 8 + (format.length + 7 & -8)) + 8;
        ByteBuffer header = ByteBuffer.allocate(length + extensions + name.length);
        header.putInt(Qcow2Layout.MAGIC).putInt(version).putLong(backing == null ? 0 : length + extensions)
                .putInt(name.length).putInt(clusterBits).putLong(bytes).putInt(0)
                .putInt((int) (l1Bytes(bytes, clusterBits) / 8))
                .putLong((1L + sizes.table + sizes.blocks) * clusterBytes).putLong(clusterBytes).putInt(sizes.table);
        if (version == 3) {
            header.putLong(Qcow2Layout.INCOMPATIBLE, long3 ? Qcow2Layout.COMPRESSION_TYPE : 0)
                    .putLong(Qcow2Layout.COMPATIBLE, lazyRefcounts ? Qcow2Layout.LAZY_REFCOUNTS : 0)
                    .putInt(Qcow2Layout.REFCOUNT_ORDER, Integer.numberOfTrailingZeros(refcountBits))
                    .putInt(Qcow2Layout.HEADER_LENGTH, length);
            if (long3) {
                header.put(Qcow2Layout.COMPRESSION, (byte) compression.ordinal());
            }
        }
        header.position(length);
        if (backing != null) {
            header.putInt(Qcow2Layout.EXTENSION_BACKING_FORMAT).putInt(format.length).put(format);
            header.position(length + extensions - 8);
        }
        header.position(length + extensions).put(name);
        return header;
    }
}
