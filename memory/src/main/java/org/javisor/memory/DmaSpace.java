// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

import java.lang.invoke.VarHandle;
import org.javisor.memory.GuestMemory.OutOfRangeException;

/// Memory as a device sees it: guest memory itself, or what an IOMMU makes of the device's addresses.
///
/// Without an IOMMU each access is that of [GuestMemory] after one compare of a field with null. (An interface with two
/// implementations would cost a dispatch at each of the many places of access in a machine that has both kinds.)
/// Behind one, an access is cut at the borders of pages, each of which is translated; what is blocked is as memory that
/// is not there: it throws [OutOfRangeException].
///
/// Who moves much data at once asks [#gpa] for each [#run], and uses guest memory at these addresses between [#begin]
/// and [#end].
public final class DmaSpace {
    private static final int PAGE = GuestMemory.PAGE_BYTES, OFFSET = PAGE - 1;

    private final GuestMemory memory;
    /// Null where device addresses are guest-physical ones. Set before the device works.
    private DmaTranslation translation;

    public DmaSpace(GuestMemory memory) {
        this.memory = memory;
    }

    /// Puts the device behind an IOMMU; before it works.
    public void translateBy(DmaTranslation iommu) {
        translation = iommu;
    }

    /// Whether there is an IOMMU.
    public boolean translated() {
        return translation != null;
    }

    /// The memory that is behind this, by guest-physical address.
    public GuestMemory memory() {
        return memory;
    }

    /// How many of `bytes` bytes from `address` are certain to follow one another in guest memory, too.
    public long run(long address, long bytes) {
        return translation == null ? bytes : Math.min(bytes, PAGE - (address & OFFSET));
    }

    /// The guest-physical address of `address`, for the length of a [#run].
    ///
    /// @return [DmaTranslation#BLOCKED] if the device may not go there
    public long gpa(long address, boolean write) {
        return translation == null ? address : translation.translate(address, write);
    }

    /// Says that what [#gpa] gives is used from now until [#end]. A thread that has begun must end, whatever happens.
    public int begin() {
        return translation == null ? 0 : translation.begin();
    }

    /// @param request what [#begin] gave
    public void end(int request) {
        if (translation != null) {
            translation.end(request);
        }
    }

    // ---- typed accessors, as those of GuestMemory ----

    public byte loadByte(long address) {
        return translation == null ? memory.loadByte(address) : (byte) loadTranslated(address, 1);
    }

    public short loadShort(long address) {
        return translation == null ? memory.loadShort(address) : (short) loadTranslated(address, 2);
    }

    public int loadInt(long address) {
        return translation == null ? memory.loadInt(address) : (int) loadTranslated(address, 4);
    }

    public long loadLong(long address) {
        return translation == null ? memory.loadLong(address) : loadTranslated(address, 8);
    }

    /// As [GuestMemory#loadShortAcquire].
    public short loadShortAcquire(long address) {
        if (translation == null) {
            return memory.loadShortAcquire(address);
        }
        short value = (short) loadTranslated(address, 2);
        VarHandle.acquireFence();
        return value;
    }

    /// As [GuestMemory#loadIntAcquire].
    public int loadIntAcquire(long address) {
        if (translation == null) {
            return memory.loadIntAcquire(address);
        }
        int value = (int) loadTranslated(address, 4);
        VarHandle.acquireFence();
        return value;
    }

    public void storeByte(long address, byte value) {
        store(address, 1, value);
    }

    public void storeShort(long address, short value) {
        store(address, 2, value);
    }

    public void storeInt(long address, int value) {
        store(address, 4, value);
    }

    public void storeLong(long address, long value) {
        store(address, 8, value);
    }

    /// As [GuestMemory#storeShortRelease].
    public void storeShortRelease(long address, short value) {
        VarHandle.releaseFence();
        store(address, 2, value);
    }

    /// Loads `size` bytes (1, 2, 4 or 8), zero-extended.
    public long load(long address, int size) {
        return translation == null ? memory.load(address, size) : loadTranslated(address, size);
    }

    /// Stores the low `size` bytes (1, 2, 4 or 8) of `value`.
    public void store(long address, int size, long value) {
        if (translation == null) {
            memory.store(address, size, value);
        } else {
            storeTranslated(address, size, value);
        }
    }

    /// Copies memory into `bytes`.
    public void load(long address, byte[] bytes, int from, int count) {
        if (translation == null) {
            memory.load(address, bytes, from, count);
        } else {
            copyTranslated(address, bytes, from, count, false);
        }
    }

    /// Copies `count` bytes of `bytes` to memory. Of several pages behind an IOMMU those before one that is blocked are
    /// written, as on a bus.
    public void store(long address, byte[] bytes, int from, int count) {
        if (translation == null) {
            memory.store(address, bytes, from, count);
        } else {
            copyTranslated(address, bytes, from, count, true);
        }
    }

    public void store(long address, byte[] bytes) {
        store(address, bytes, 0, bytes.length);
    }

    // ---- behind an IOMMU ----

    private long require(long address, int bytes, boolean write) {
        long gpa = translation.translate(address, write);
        if (gpa == DmaTranslation.BLOCKED) {
            throw new OutOfRangeException(address, bytes);
        }
        return gpa;
    }

    /// Whether an access is cut in two.
    private static boolean crosses(long address, int bytes) {
        return (address & OFFSET) + bytes > PAGE;
    }

    private long loadTranslated(long address, int size) {
        int request = translation.begin();
        try {
            if (!crosses(address, size)) {
                return memory.load(require(address, size, false), size);
            }
            long value = 0;
            for (int i = 0; i < size; i++) {
                value |= (memory.loadByte(require(address + i, 1, false)) & 0xffL) << 8 * i;
            }
            return value;
        } finally {
            translation.end(request);
        }
    }

    private void storeTranslated(long address, int size, long value) {
        int request = translation.begin();
        try {
            if (!crosses(address, size)) {
                memory.store(require(address, size, true), size, value);
                return;
            }
            for (int i = 0; i < size; i++) {
                memory.storeByte(require(address + i, 1, true), (byte) (value >>> 8 * i));
            }
        } finally {
            translation.end(request);
        }
    }

    private void copyTranslated(long address, byte[] bytes, int from, int count, boolean write) {
        int request = translation.begin();
        try {
            for (int done = 0; done < count; ) {
                int piece = (int) run(address + done, count - done);
                long gpa = require(address + done, piece, write);
                if (write) {
                    memory.store(gpa, bytes, from + done, piece);
                } else {
                    memory.load(gpa, bytes, from + done, piece);
                }
                done += piece;
            }
        } finally {
            translation.end(request);
        }
    }
}
