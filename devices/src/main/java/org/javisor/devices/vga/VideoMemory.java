// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.vga;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.javisor.devices.pci.MappedRange;
import org.javisor.host.HostMemory;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.Ram;

/// The memory of a VGA: 16 MiB that the guest reaches directly, as memory behind a BAR, or by [VgaWindow].
///
/// The four planes of a VGA's own modes are interleaved: byte 4 n + p is byte n of plane p.
final class VideoMemory implements MappedRange, AutoCloseable {
    static final int BYTES = 16 << 20;

    private final GuestMemory memory;
    private final int slot;
    private final Ram ram = Ram.allocate(BYTES);
    private boolean mapped;
    private long gpa;

    /// @param slot number of the memory slot that it may use
    VideoMemory(GuestMemory memory, int slot) {
        this.memory = memory;
        this.slot = slot;
    }

    @Override
    public synchronized void appear(long at) {
        try {
            memory.addSlot(slot, at, ram);
            mapped = true;
            gpa = at;
        } catch (IllegalArgumentException _) {
            // On top of RAM, which keeps its place; accesses through the bus go on.
            mapped = false;
        }
    }

    @Override
    public synchronized void disappear() {
        if (mapped) {
            memory.removeSlot(slot);
            mapped = false;
        }
    }

    // ---- accesses that come by the bus all the same ----

    @Override
    public long read(long offset, int size) {
        return offset + size <= BYTES ? HostMemory.load(ram.hva() + offset, size) : -1;
    }

    @Override
    public void write(long offset, int size, long value) {
        if (offset + size <= BYTES) {
            HostMemory.store(ram.hva() + offset, size, value);
            written(offset, size);
        }
    }

    private synchronized void written(long offset, int bytes) {
        if (mapped) {
            memory.written(gpa + offset, bytes);
        }
    }

    // ---- for the device itself; what is beyond the end wraps around ----

    int load(long offset) {
        return HostMemory.loadByte(ram.hva() + (offset & BYTES - 1)) & 0xff;
    }

    void store(long offset, int value) {
        HostMemory.storeByte(ram.hva() + (offset & BYTES - 1), (byte) value);
        written(offset & BYTES - 1, 1);
    }

    /// Four bytes, at a multiple of four: one of each plane.
    int loadPlanes(long offset) {
        return HostMemory.loadInt(ram.hva() + (offset & BYTES - 4));
    }

    /// Pixels of four bytes, of which the highest means nothing.
    void loadPixels(long offset, int[] to, int at, int count) {
        if (offset < 0 || offset + 4L * count > BYTES) {
            for (int n = 0; n < count; n++) {
                to[at + n] = loadPlanes(offset + 4L * n) & 0xff_ffff;
            }
            return;
        }
        MemorySegment line = HostMemory.segment(ram.hva() + offset, 4L * count);
        MemorySegment.copy(line, ValueLayout.JAVA_INT_UNALIGNED, 0, to, at, count);
        for (int n = at; n < at + count; n++) {
            to[n] &= 0xff_ffff;
        }
    }

    void storePlanes(long offset, int value) {
        HostMemory.storeInt(ram.hva() + (offset & BYTES - 4), value);
        written(offset & BYTES - 4, 4);
    }

    void clear(long bytes) {
        HostMemory.fill(ram.hva(), Math.min(bytes, BYTES), (byte) 0);
        written(0, (int) Math.min(bytes, BYTES));
    }

    byte[] toArray() {
        return HostMemory.segment(ram.hva(), BYTES).toArray(ValueLayout.JAVA_BYTE);
    }

    void fill(byte[] content) {
        MemorySegment.copy(MemorySegment.ofArray(content), 0, HostMemory.segment(ram.hva(), BYTES), 0, BYTES);
        written(0, BYTES);
    }

    @Override
    public void close() {
        ram.close();
    }
}
