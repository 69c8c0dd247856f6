// SPDX-License-Identifier: Apache-2.0
package org.javisor.host;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// Pieces of memory that are read into, or written from, as one run of bytes: scatter and gather.
///
/// Whoever adds a piece answers for its address, and keeps it mapped until the vector is no more used. A
/// [#window] shares the pieces with its vector, and is of no use any more once that is cleared. Not for several threads
/// at once while pieces are added.
public final class IoVector {
    private final MemorySegment owner;
    private long[] addresses;
    private long[] lengths;
    private int count;
    private long bytes;
    /// Where a window begins: in which piece, and how far in it.
    private final int first;
    private final long skip;

    /// An empty vector.
    public IoVector() {
        this(null, new long[4], new long[4], 0, 0, 0, 0);
    }

    private IoVector(MemorySegment owner, long[] addresses, long[] lengths, int first, long skip, int count,
                     long bytes) {
        this.owner = owner;
        this.addresses = addresses;
        this.lengths = lengths;
        this.first = first;
        this.skip = skip;
        this.count = count;
        this.bytes = bytes;
    }

    /// A vector of one piece.
    ///
    /// @param segment off-heap
    public static IoVector of(MemorySegment segment) {
        if (!segment.isNative()) {
            throw new IllegalArgumentException("a segment on the heap has no address");
        }
        return new IoVector(segment, new long[] {segment.address()}, new long[] {segment.byteSize()}, 0, 0, 1,
                segment.byteSize());
    }

    /// Appends a piece; one that adjoins the last becomes part of it.
    public void add(long hva, long length) {
        if (count > 0 && addresses[count - 1] + lengths[count - 1] == hva) {
            lengths[count - 1] += length;
            bytes += length;
            return;
        }
        if (count == addresses.length) {
            addresses = Arrays.copyOf(addresses, 2 * count);
            lengths = Arrays.copyOf(lengths, 2 * count);
        }
        addresses[count] = hva;
        lengths[count++] = length;
        bytes += length;
    }

    public void clear() {
        count = 0;
        bytes = 0;
    }

    /// The length of all pieces together.
    public long bytes() {
        return bytes;
    }

    /// The part of `length` bytes that begins `at` bytes from here.
    public IoVector window(long at, long length) {
        if (at < 0 || length < 0 || length > bytes - at) {
            throw new IndexOutOfBoundsException(length + " bytes from " + at + " of " + bytes);
        }
        if (length == bytes) {
            return this;
        }
        int piece = first;
        long into = skip + at;
        while (piece < count && into >= lengths[piece]) {
            into -= lengths[piece++];
        }
        return new IoVector(owner, addresses, lengths, piece, into, count, length);
    }

    /// Takes bytes that are at `hva`, `at` bytes from a vector's beginning.
    @FunctionalInterface
    public interface Piece<X extends Exception> {
        void accept(long hva, long length, long at) throws X;
    }

    /// Visits every piece in turn.
    public <X extends Exception> void forEach(Piece<X> visitor) throws X {
        long into = skip;
        long at = 0;
        for (int piece = first; at < bytes; piece++) {
            long length = Math.min(lengths[piece] - into, bytes - at);
            if (length > 0) {
                visitor.accept(addresses[piece] + into, length, at);
            }
            at += length;
            into = 0;
        }
    }

    /// Fills everything with zeros.
    public void zero() {
        forEach((hva, length, _) -> HostMemory.fill(hva, length, (byte) 0));
    }

    /// Copies the bytes to `target`, which has room for them.
    public void copyTo(MemorySegment target) {
        forEach((hva, length, at) -> MemorySegment.copy(HostMemory.segment(hva, length), 0, target, at, length));
    }

    /// Fills everything from the first bytes of `source`.
    public void copyFrom(MemorySegment source) {
        forEach((hva, length, at) -> MemorySegment.copy(source, at, HostMemory.segment(hva, length), 0, length));
    }

    /// The bytes of `index`th piece that are left, for who makes an array of them.
    long pieceAddress(int index) {
        return index == 0 ? addresses[first] + skip : addresses[first + index];
    }

    long pieceBytes(int index) {
        return index == 0 ? lengths[first] - skip : lengths[first + index];
    }
}
