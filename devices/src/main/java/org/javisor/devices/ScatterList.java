// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.javisor.host.HostMemory;
import org.javisor.host.IoVector;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.MemorySlot;

/// Where in guest memory a device's transfer goes, or comes from: pieces that a driver has named, taken as one run of
/// bytes. Pieces that adjoin are made one. To be used again after [#clear]; not for several threads at once.
public final class ScatterList {
    private final GuestMemory memory;
    private long[] gpas = new long[8];
    private long[] lengths = new long[8];
    private int count;
    private long bytes;
    private final IoVector vector = new IoVector();

    public ScatterList(GuestMemory memory) {
        this.memory = memory;
    }

    public void clear() {
        count = 0;
        bytes = 0;
    }

    /// The length of all pieces together.
    public long bytes() {
        return bytes;
    }

    /// Appends a piece.
    ///
    /// @param written whether the device is to write to it
    /// @return whether all of it is memory that can be used so; a part may have been added if not
    public boolean add(long gpa, long length, boolean written) {
        for (long done = 0; done < length; ) {
            MemorySlot slot = memory.find(gpa + done);
            if (slot == null || written && slot.readOnly()) {
                return false;
            }
            long piece = Math.min(length - done, slot.bytes() - (gpa + done - slot.gpa()));
            append(slot, gpa + done, piece);
            done += piece;
        }
        return true;
    }

    private void append(MemorySlot slot, long gpa, long length) {
        bytes += length;
        // What ends before the slot's first byte is in another slot.
        if (count > 0 && gpas[count - 1] + lengths[count - 1] == gpa && gpa != slot.gpa()) {
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

    /// The memory in this process, valid until this list is changed or asked again. Whoever writes to it says so with
    /// [#written].
    ///
    /// @throws IOException if memory has been taken away since it was added
    public IoVector vector() throws IOException {
        vector.clear();
        for (int i = 0; i < count; i++) {
            long hva = memory.hva(gpas[i], lengths[i]);
            if (hva == 0) {
                throw new IOException("memory was taken away");
            }
            vector.add(hva, lengths[i]);
        }
        return vector;
    }

    /// Tells dirty logs and code caches that all of it has been written.
    public void written() {
        written(bytes);
    }

    /// As [#written], for the first `length` bytes.
    public void written(long length) {
        long left = length;
        for (int i = 0; i < count && left > 0; i++) {
            memory.written(gpas[i], Math.min(left, lengths[i]));
            left -= lengths[i];
        }
    }

    /// Copies `length` bytes of `source` to the beginning, or as many as there is room for.
    ///
    /// @return how many
    public int store(byte[] source, int from, int length) throws IOException {
        int stored = (int) Math.min(length, bytes);
        vector().window(0, stored).copyFrom(MemorySegment.ofArray(source).asSlice(from, stored));
        written(stored);
        return stored;
    }

    /// Copies the first bytes into `target`, `target.length` of them or as many as there are.
    ///
    /// @return how many
    public int load(byte[] target) throws IOException {
        int loaded = (int) Math.min(target.length, bytes);
        vector().window(0, loaded).copyTo(MemorySegment.ofArray(target));
        return loaded;
    }

    /// Whether `other`, which is as long as the piece of this from `at` on, holds the same.
    public boolean equalAt(long at, MemorySegment other) throws IOException {
        boolean[] equal = {true};
        vector().window(at, other.byteSize()).forEach((hva, length, place) ->
                equal[0] &= MemorySegment.mismatch(HostMemory.segment(hva, length), 0, length,
                        other, place, place + length) < 0);
        return equal[0];
    }
}
