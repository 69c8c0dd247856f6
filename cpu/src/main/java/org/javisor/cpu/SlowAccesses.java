// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.host.HostAtomics;
import org.javisor.host.HostMemory;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.MemorySlot;

/// Accesses that one look into the TLB does not settle: page walks, accesses across pages, devices, pages whose writes
/// somebody must hear of. The address is canonical, and aligned where it has to be.
final class SlowAccesses {
    private static final long PAGE = -4096;

    private final Cpu cpu;
    private final Bus bus;
    private final TlbFill fill;

    SlowAccesses(Cpu cpu, TlbFill fill) {
        this.cpu = cpu;
        this.bus = cpu.bus;
        this.fill = fill;
    }

    /// The linear address, cut to the mode's width: an access may wrap around at 4 GiB.
    long linear(long gva) {
        return gva & cpu.segments.linearMask;
    }

    private static boolean crossesPage(long gva, int bytes) {
        return (gva & ~PAGE) + bytes > GuestMemory.PAGE_BYTES;
    }

    long load(Tlb tlb, int access, long gva, int bytes) {
        if (crossesPage(gva, bytes)) {
            return loadAcrossPages(tlb, access, gva, bytes);
        }
        long hva = hvaToRead(tlb, access, gva);
        return hva == 0 ? bus.readMemory(fill.gpa(), bytes) : HostMemory.load(hva, bytes);
    }

    private long loadAcrossPages(Tlb tlb, int access, long gva, int bytes) {
        long second = linear(gva + bytes - 1) & PAGE;
        translate(tlb, access, gva);
        translate(tlb, access, second);
        if (tlb.readable(gva) && tlb.readable(second)) {
            int inFirst = (int) (-gva & ~PAGE);
            long low = HostMemory.loadLong(tlb.hva(gva) + inFirst - Long.BYTES) >>> Long.SIZE - 8 * inFirst;
            long high = HostMemory.loadLong(tlb.hva(second)) << 8 * inFirst;
            return (low | high) & Cpu.mask(bytes);
        }
        long value = 0;
        int piece;
        for (int i = 0; i < bytes; i += piece) {
            piece = piece(gva + i, bytes - i);
            value |= load(tlb, access, linear(gva + i), piece) << 8 * i;
        }
        return value;
    }

    /// How many bytes, of the `left` ones from `gva` on, are accessed at once where a device may be: as many as lie in
    /// one page and are a power of two.
    private static int piece(long gva, int left) {
        return Integer.highestOneBit(Math.min(left, GuestMemory.PAGE_BYTES - (int) (gva & ~PAGE)));
    }

    void store(Tlb tlb, int access, long gva, int bytes, long value) {
        if (crossesPage(gva, bytes)) {
            storeAcrossPages(tlb, access, gva, bytes, value);
            return;
        }
        long hva = hvaToWrite(tlb, access, gva);
        if (hva == 0) {
            bus.writeMemory(fill.gpa(), bytes, value);
        } else {
            HostMemory.store(hva, bytes, value);
            notifyOfWrite(tlb, gva, bytes);
        }
    }

    private void storeAcrossPages(Tlb tlb, int access, long gva, int bytes, long value) {
        long second = linear(gva + bytes - 1) & PAGE;
        translate(tlb, access | PageWalker.WRITE, gva);
        translate(tlb, access | PageWalker.WRITE, second);
        if (tlb.writableDirectly(gva) && tlb.writableDirectly(second)) {
            int inFirst = (int) (-gva & ~PAGE);
            storeBytes(tlb.hva(gva), inFirst, value);
            storeBytes(tlb.hva(second), bytes - inFirst, value >>> 8 * inFirst);
            return;
        }
        int piece;
        for (int i = 0; i < bytes; i += piece) {
            piece = piece(gva + i, bytes - i);
            store(tlb, access, linear(gva + i), piece, value >>> 8 * i & Cpu.mask(piece));
        }
    }

    private static void storeBytes(long hva, int bytes, long value) {
        for (int i = 0; i < bytes; i++) {
            HostMemory.storeByte(hva + i, (byte) (value >>> 8 * i));
        }
    }

    long compareAndSwap(Tlb tlb, int access, long gva, int bytes, long expected, long value) {
        long hva = crossesPage(gva, bytes) ? 0 : hvaToWrite(tlb, access, gva);
        if (hva == 0) {
            return compareAndSwapByParts(tlb, access, gva, bytes, expected, value);
        }
        long found = HostAtomics.compareAndSwap(hva, bytes, expected, value);
        notifyOfWrite(tlb, gva, bytes);
        return found;
    }

    /// As [Mmu#compareAndSwap16].
    boolean compareAndSwap16(Tlb tlb, int access, long gva, long expectedLow, long expectedHigh, long low, long high,
                             long[] found) {
        long hva = hvaToWrite(tlb, access, gva);
        boolean swapped;
        if (hva == 0) {
            long gpa = fill.gpa();
            found[0] = bus.readMemory(gpa, 8);
            found[1] = bus.readMemory(gpa + 8, 8);
            swapped = found[0] == expectedLow && found[1] == expectedHigh;
            bus.writeMemory(gpa, 8, swapped ? low : found[0]);
            bus.writeMemory(gpa + 8, 8, swapped ? high : found[1]);
        } else {
            long arguments = cpu.state + CpuLayout.SWAP_16;
            HostMemory.storeLong(arguments, expectedLow);
            HostMemory.storeLong(arguments + 8, expectedHigh);
            HostMemory.storeLong(arguments + 16, low);
            HostMemory.storeLong(arguments + 24, high);
            swapped = HostAtomics.compareAndSwap16(hva, arguments);
            found[0] = HostMemory.loadLong(arguments);
            found[1] = HostMemory.loadLong(arguments + 8);
            notifyOfWrite(tlb, gva, 16);
        }
        return swapped;
    }

    /// Across pages and in devices, where the host has no atomic access: the processors exclude each other.
    private long compareAndSwapByParts(Tlb tlb, int access, long gva, int bytes, long expected, long value) {
        translate(tlb, access | PageWalker.WRITE, gva);
        translate(tlb, access | PageWalker.WRITE, linear(gva + bytes - 1) & PAGE);
        cpu.group.lockBus(cpu);
        try {
            long found = load(tlb, access, gva, bytes);
            store(tlb, access, gva, bytes, found == expected ? value : found);
            return found;
        } finally {
            cpu.group.unlockBus();
        }
    }

    /// Where to read `gva`, or 0 when no memory backs it; then the walker knows the guest-physical address.
    private long hvaToRead(Tlb tlb, int access, long gva) {
        return tlb.readable(gva) || fill.walk(tlb, gva, access) ? tlb.hva(gva) : 0;
    }

    /// As [#hvaToRead]; after the write comes [#notifyOfWrite].
    long hvaToWrite(Tlb tlb, int access, long gva) {
        return tlb.writable(gva) || fill.walk(tlb, gva, access | PageWalker.WRITE) ? tlb.hva(gva) : 0;
    }

    /// Checks that `gva` may be accessed.
    void translate(Tlb tlb, int access, long gva) {
        if ((access & PageWalker.WRITE) != 0) {
            hvaToWrite(tlb, access & ~PageWalker.WRITE, gva);
        } else {
            hvaToRead(tlb, access, gva);
        }
    }

    void notifyOfWrite(Tlb tlb, long gva, int bytes) {
        if (tlb.mustNotify(gva)) {
            long gpa = tlb.gpa(gva);
            fill.memory().written(gpa, bytes);
            MemorySlot slot = fill.memory().find(gpa);
            if (slot != null && slot.grantDirectWrites(gpa, cpu.group.epoch())) {
                tlb.writeDirectly(gva);
            }
        }
    }
}
