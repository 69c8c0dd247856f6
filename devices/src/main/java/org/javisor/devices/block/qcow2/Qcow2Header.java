// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.qcow2;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.javisor.devices.block.ImageFile;

/// A header that makes sense. Made by [#read], which checks every field before anything is done with it.
///
/// @param version        2 or 3
/// @param backing        name of the backing file as it is written, or null
/// @param backingFormat  its format as it is written, or null
/// @param bytes          the disk's size
/// @param l1Entries      how many entries the L1 table has
/// @param tableClusters  clusters of the refcount table
/// @param refcountOrder  refcounts have 2 to the power of this many bits
/// @param compression    how compressed clusters are compressed
public record Qcow2Header(int version, String backing, String backingFormat, int clusterBits, long bytes, int l1Entries,
                          long l1Offset, long tableOffset, int tableClusters, int snapshots, long snapshotsOffset,
                          long incompatible, long compatible, long autoclear, int refcountOrder,
                          Compression compression) {
    /// How compressed clusters are compressed.
    public enum Compression { ZLIB, ZSTD }

    private static final long UNDERSTOOD = Qcow2Layout.DIRTY | Qcow2Layout.CORRUPT | Qcow2Layout.COMPRESSION_TYPE
            | Qcow2Layout.EXTENDED_L2;

    /// Whether a file that begins like this is meant to be one of ours.
    public static boolean recognises(ByteBuffer beginning) {
        return beginning.getInt(0) == Qcow2Layout.MAGIC;
    }

    public long clusterBytes() {
        return 1L << clusterBits;
    }

    public boolean dirty() {
        return (incompatible & Qcow2Layout.DIRTY) != 0;
    }

    public boolean corrupt() {
        return (incompatible & Qcow2Layout.CORRUPT) != 0;
    }

    public boolean extendedL2() {
        return (incompatible & Qcow2Layout.EXTENDED_L2) != 0;
    }

    public boolean lazyRefcounts() {
        return (compatible & Qcow2Layout.LAZY_REFCOUNTS) != 0;
    }

    /// Whether there are persistent bitmaps, whose clusters only who understands them can count.
    public boolean bitmaps() {
        return (autoclear & Qcow2Layout.BITMAPS) != 0;
    }

    public int refcountBits() {
        return 1 << refcountOrder;
    }

    int l2EntryBytes() {
        return extendedL2() ? 16 : 8;
    }

    int l2Entries() {
        return (int) (clusterBytes() / l2EntryBytes());
    }

    /// How many bytes of the disk one L2 table is for.
    long l2Covers() {
        return l2Entries() * clusterBytes();
    }

    /// @throws IOException if it is not a header, or of an image that cannot be used
    static Qcow2Header read(ImageFile file) throws IOException {
        ByteBuffer fixed = file.load(0, Qcow2Layout.WITH_COMPRESSION);
        require(recognises(fixed), "is no qcow2 image");
        int version = fixed.getInt(Qcow2Layout.VERSION);
        require(version == 2 || version == 3, "is qcow2 version " + version + "; 2 and 3 are understood");
        int clusterBits = fixed.getInt(Qcow2Layout.CLUSTER_BITS);
        require(clusterBits >= Qcow2Layout.MIN_CLUSTER_BITS && clusterBits <= Qcow2Layout.MAX_CLUSTER_BITS,
                "clusters of 2^" + Integer.toUnsignedString(clusterBits) + " bytes: 2^9 to 2^21 are possible");
        int length = version == 2 ? Qcow2Layout.V2_BYTES : fixed.getInt(Qcow2Layout.HEADER_LENGTH);
        require(length == Qcow2Layout.V2_BYTES || length >= Qcow2Layout.V3_BYTES && length % 8 == 0
                && length <= 1 << clusterBits, "a header of " + length + " bytes");
        long incompatible = version == 2 ? 0 : fixed.getLong(Qcow2Layout.INCOMPATIBLE);
        checkFeatures(fixed.getInt(Qcow2Layout.CRYPT_METHOD), incompatible);
        ByteBuffer whole = file.load(0, 1 << clusterBits);
        Qcow2Header header = new Qcow2Header(version, backing(whole, length), backingFormat(whole, length), clusterBits,
                fixed.getLong(Qcow2Layout.SIZE), fixed.getInt(Qcow2Layout.L1_SIZE),
                fixed.getLong(Qcow2Layout.L1_OFFSET), fixed.getLong(Qcow2Layout.REFCOUNT_TABLE_OFFSET),
                fixed.getInt(Qcow2Layout.REFCOUNT_TABLE_CLUSTERS), fixed.getInt(Qcow2Layout.SNAPSHOTS),
                fixed.getLong(Qcow2Layout.SNAPSHOTS_OFFSET), incompatible,
                version == 2 ? 0 : fixed.getLong(Qcow2Layout.COMPATIBLE),
                version == 2 ? 0 : fixed.getLong(Qcow2Layout.AUTOCLEAR),
                version == 2 ? 4 : fixed.getInt(Qcow2Layout.REFCOUNT_ORDER), compression(fixed, length, incompatible));
        header.check();
        return header;
    }

    private static void checkFeatures(int crypt, long incompatible) throws IOException {
        require(crypt == 0, "is encrypted, which is not supported; decrypt it with qemu-img convert");
        require((incompatible & Qcow2Layout.EXTERNAL_DATA) == 0,
                "has its data in another file, which is not supported; convert it with qemu-img");
        require((incompatible & ~UNDERSTOOD) == 0,
                "needs features 0x" + Long.toHexString(incompatible & ~UNDERSTOOD) + ", which are not supported");
    }

    private static Compression compression(ByteBuffer fixed, int length, long incompatible) throws IOException {
        int type = length > Qcow2Layout.V3_BYTES ? fixed.get(Qcow2Layout.COMPRESSION) & 0xff : 0;
        require(type <= 1, "compression " + type + ": only zlib (0) and zstd (1) are understood");
        require((type != 0) == ((incompatible & Qcow2Layout.COMPRESSION_TYPE) != 0),
                "names a compression in one place and not in the other");
        return Compression.values()[type];
    }

    private static String backing(ByteBuffer whole, int length) throws IOException {
        long offset = whole.getLong(Qcow2Layout.BACKING_OFFSET);
        int size = whole.getInt(Qcow2Layout.BACKING_SIZE);
        if (offset == 0) {
            return null;
        }
        require(size > 0 && size <= Qcow2Layout.MAX_BACKING_NAME && offset >= length && offset <= whole.limit() - size,
                "a backing file's name of " + Integer.toUnsignedString(size) + " bytes at "
                        + Long.toUnsignedString(offset));
        byte[] name = new byte[size];
        whole.get((int) offset, name);
        return new String(name, StandardCharsets.UTF_8);
    }

    private static String backingFormat(ByteBuffer whole, int length) throws IOException {
        int end = whole.getLong(Qcow2Layout.BACKING_OFFSET) == 0 ? whole.limit()
                : (int) whole.getLong(Qcow2Layout.BACKING_OFFSET);
        for (int at = length; at <= end - 8; ) {
            int type = whole.getInt(at);
            int size = whole.getInt(at + 4);
            if (type == Qcow2Layout.EXTENSION_END) {
                return null;
            }
            require(size >= 0 && size <= end - at - 8, "a header extension that reaches too far");
            if (type == Qcow2Layout.EXTENSION_BACKING_FORMAT) {
                byte[] name = new byte[size];
                whole.get(at + 8, name);
                return new String(name, StandardCharsets.UTF_8);
            }
            at += 8 + (size + 7 & ~7);
        }
        return null;
    }

    /// Every table has a possible size and place. What it points at is checked when it is used.
    private void check() throws IOException {
        require(bytes >= 0, "a disk of " + Long.toUnsignedString(bytes) + " bytes");
        require(refcountOrder >= 0 && refcountOrder <= Qcow2Layout.MAX_REFCOUNT_ORDER,
                "refcounts of 2^" + Integer.toUnsignedString(refcountOrder) + " bits");
        require(!extendedL2() || clusterBits >= 14, "extended L2 entries with clusters of 2^" + clusterBits + " bytes");
        require(l1Entries >= 0 && l1Entries * 8L <= Qcow2Layout.MAX_L1_BYTES,
                "an L1 table of " + Integer.toUnsignedString(l1Entries) + " entries");
        require(l1Entries >= neededL1Entries(bytes), "an L1 table too small for a disk of " + bytes + " bytes");
        requirePlace(l1Offset, l1Entries * 8L, "L1 table");
        require(tableClusters > 0 && tableClusters * clusterBytes() <= Qcow2Layout.MAX_REFCOUNT_TABLE_BYTES,
                "a refcount table of " + Integer.toUnsignedString(tableClusters) + " clusters");
        requirePlace(tableOffset, tableClusters * clusterBytes(), "refcount table");
        require(tableOffset != 0, "a refcount table on the header");
        require(snapshots >= 0 && snapshots <= Qcow2Layout.MAX_SNAPSHOTS,
                Integer.toUnsignedString(snapshots) + " snapshots");
        requirePlace(snapshotsOffset, snapshots * (long) Qcow2Layout.SNAPSHOT_FIXED, "table of snapshots");
    }

    long neededL1Entries(long diskBytes) {
        return Math.ceilDiv(diskBytes, l2Covers());
    }

    private void requirePlace(long offset, long length, String what) throws IOException {
        boolean possible = offset >= 0 && offset % clusterBytes() == 0 && offset <= Qcow2Layout.OFFSET_MASK - length;
        require(possible && (length == 0 || offset != 0 || what.equals("L1 table") && l1Entries == 0),
                "a " + what + " at " + Long.toUnsignedString(offset));
    }

    private static void require(boolean holds, String message) throws IOException {
        if (!holds) {
            throw new IOException(message);
        }
    }
}
