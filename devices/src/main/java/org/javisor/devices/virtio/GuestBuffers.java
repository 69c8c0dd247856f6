// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.virtio;

import java.util.Arrays;
import org.javisor.memory.DmaSpace;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.MemorySlot;

/// One direction of a descriptor chain: buffers in guest memory, read or written as one run of bytes. How a
/// driver cuts a request into buffers means nothing.
///
/// @virtio 1.2 §2.7.4 "Message Framing"
public final class GuestBuffers {
    /// Works on `bytes` bytes of guest memory from `gpa`, all in one slot.
    @FunctionalInterface
    public interface Piece<X extends Exception> {
        /// @param at where the piece is in the run of bytes
        void accept(long gpa, long bytes, long at) throws X;
    }

    /// The longest run: used lengths have 32 bits.
    private static final long LIMIT = 0xffff_ffffL;

    private final DmaSpace space;
    private final GuestMemory memory;
    private final boolean writable;
    private long[] gpas = new long[4];
    private long[] lengths = new long[4];
    private int count;
    private long bytes;

    GuestBuffers(DmaSpace space, boolean writable) {
        this.space = space;
        this.memory = space.memory();
        this.writable = writable;
    }

    /// The length of all buffers together.
    public long bytes() {
        return bytes;
    }

    /// Appends a buffer, cut where one slot of memory ends and another begins, and at each page behind an IOMMU.
    void add(long address, long length) throws QueueViolation {
        if (bytes + length > LIMIT) {
            throw new QueueViolation("a chain longer than 4 GiB");
        }
        for (long done = 0; done < length; ) {
            long run = space.run(address + done, length - done);
            addPhysical(space.gpa(address + done, writable), run);
            done += run;
        }
    }

    private void addPhysical(long gpa, long length) throws QueueViolation {
        for (long done = 0; done < length; ) {
            MemorySlot slot = memory.find(gpa + done);
            if (slot == null || writable && slot.readOnly()) {
                throw new QueueViolation("a buffer outside memory");
            }
            long piece = Math.min(length - done, slot.bytes() - (gpa + done - slot.gpa()));
            append(gpa + done, piece, gpa + done != slot.gpa());
            done += piece;
        }
        bytes += length;
    }

    /// @param sameSlot whether the byte before is in the same slot
    private void append(long gpa, long length, boolean sameSlot) {
        if (sameSlot && count > 0 && gpas[count - 1] + lengths[count - 1] == gpa) {
            lengths[count - 1] += length;
            return;
        }
        if (count == gpas.length) {
            gpas = Arrays.copyOf(gpas, 2 * count);
            lengths = Arrays.copyOf(lengths, 2 * count);
        }
        gpas[count] = gpa;
        lengths[count++] = length;
    }

    /// Visits `length` bytes from `from`, which must be there, piece by piece.
    public <X extends Exception> void forEach(long from, long length, Piece<X> piece) throws X {
        if (from < 0 || length < 0 || length > bytes - from) {
            throw new IndexOutOfBoundsException(length + " bytes from " + from + " of " + bytes);
        }
        long start = 0;
        for (int i = 0; i < count && start < from + length; i++) {
            long first = Math.max(from, start);
            long end = Math.min(from + length, start + lengths[i]);
            if (first < end) {
                piece.accept(gpas[i] + (first - start), end - first, first);
            }
            start += lengths[i];
        }
    }

    /// Loads the little-endian number of `size` bytes (1 to 8) at `at`.
    public long load(long at, int size) {
        long[] value = {0};
        forEach(at, size, (gpa, length, place) -> {
            for (int i = 0; i < length; i++) {
                value[0] |= (memory.loadByte(gpa + i) & 0xffL) << 8 * (place - at + i);
            }
        });
        return value[0];
    }

    /// Copies `length` bytes from `at` on into `target`.
    public void load(long at, byte[] target, int from, int length) {
        forEach(at, length, (gpa, n, place) -> memory.load(gpa, target, from + (int) (place - at), (int) n));
    }

    /// Copies `length` bytes of `source` to `at` and following.
    public void store(long at, byte[] source, int from, int length) {
        forEach(at, length, (gpa, n, place) -> memory.store(gpa, source, from + (int) (place - at), (int) n));
    }

    public void storeByte(long at, int value) {
        forEach(at, 1, (gpa, _, _) -> memory.storeByte(gpa, (byte) value));
    }
}
