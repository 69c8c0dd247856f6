// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block;

import java.util.Arrays;
import org.javisor.host.IoVector;
import org.javisor.memory.DmaSpace;
import org.javisor.memory.DmaTranslation;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.MemorySlot;

/// Where a driver wants a request's data: pieces of guest memory, as it has listed them, that are one run of bytes to
/// the device. Data moves between them and a file without a copy, through [#vector].
///
/// One list serves request after request. Not for several threads at once. What an IOMMU makes of addresses is asked
/// when a piece is added, and kept for that request.
public final class ScatterList {
    private final DmaSpace space;
    private final GuestMemory memory;
    private final IoVector vector = new IoVector();
    private long[] gpas = new long[32];
    private long[] lengths = new long[32];
    private int count;
    private long bytes;
    /// What an IOMMU has made of the piece that is being added.
    private long[] found = new long[16];

    public ScatterList(DmaSpace space) {
        this.space = space;
        this.memory = space.memory();
    }

    public void clear() {
        vector.clear();
        count = 0;
        bytes = 0;
    }

    /// Appends a piece; one that adjoins the last becomes part of it.
    ///
    /// @param toBeWritten whether the device will write it
    /// @return false if any of it is not memory, or the device may not write it: nothing has changed
    public boolean add(long address, long length, boolean toBeWritten) {
        return space.translated() ? addTranslated(address, length, toBeWritten)
                : addPhysical(address, length, toBeWritten);
    }

    private boolean addTranslated(long address, long length, boolean toBeWritten) {
        int runs = 0;
        for (long done = 0; done < length; done += space.run(address + done, length - done)) {
            long gpa = space.gpa(address + done, toBeWritten);
            if (gpa == DmaTranslation.BLOCKED || !usable(gpa, space.run(gpa, length - done), toBeWritten)) {
                return false;
            }
            found = runs < found.length ? found : Arrays.copyOf(found, 2 * runs);
            found[runs++] = gpa;
        }
        long done = 0;
        for (int i = 0; i < runs; i++) {
            long piece = space.run(address + done, length - done);
            if (!addPhysical(found[i], piece, toBeWritten)) {
                return false;
            }
            done += piece;
        }
        return true;
    }

    private boolean addPhysical(long gpa, long length, boolean toBeWritten) {
        if (!usable(gpa, length, toBeWritten)) {
            return false;
        }
        for (long done = 0; done < length; ) {
            MemorySlot slot = memory.find(gpa + done);
            long piece = Math.min(length - done, slot.bytes() - (gpa + done - slot.gpa()));
            append(gpa + done, slot.hva(gpa + done, piece), piece);
            done += piece;
        }
        return true;
    }

    private boolean usable(long gpa, long length, boolean toBeWritten) {
        for (long done = 0; done < length; ) {
            MemorySlot slot = memory.find(gpa + done);
            if (slot == null || toBeWritten && slot.readOnly()) {
                return false;
            }
            done += Math.min(length - done, slot.bytes() - (gpa + done - slot.gpa()));
        }
        return true;
    }

    private void append(long gpa, long hva, long length) {
        bytes += length;
        vector.add(hva, length);
        if (count > 0 && gpas[count - 1] + lengths[count - 1] == gpa) {
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

    /// The length of all pieces together.
    public long bytes() {
        return bytes;
    }

    /// The first `length` bytes, as the host reaches them. Who writes through it calls [#written] afterwards.
    public IoVector vector(long length) {
        return vector.window(0, length);
    }

    /// Tells who watches guest memory that the first `length` bytes have been written, or perhaps have been.
    public void written(long length) {
        long left = length;
        for (int i = 0; i < count && left > 0; i++) {
            long piece = Math.min(left, lengths[i]);
            memory.written(gpas[i], piece);
            left -= piece;
        }
    }
}
