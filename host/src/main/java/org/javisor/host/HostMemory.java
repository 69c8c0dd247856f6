// SPDX-License-Identifier: Apache-2.0
package org.javisor.host;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/// Loads and stores at host virtual addresses (`hva`), for code that has already translated and checked them.
///
/// This is the only unchecked door to memory in the project. Three kinds of caller may use it: the processor, with an
/// `hva` that its TLB derived from a memory slot; the owner of an off-heap block, with that block's base plus a layout
/// constant; and who moves whole buffers of guest memory, through [#segment], at the address and for the length that
/// guest memory has just checked. Everybody else uses a bounded `MemorySegment` or guest memory's checked accessors.
///
/// Plain loads and stores may be unaligned; aligned ones are single-copy atomic on every host that Java runs on.
/// Atomic operations need natural alignment.
public final class HostMemory {
    // SAFETY: covers every address; the callers above answer for the ones they pass. One constant segment instead of
    // one per block lets HotSpot fold base, limit and liveness checks away: a load is one host instruction.
    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final VarHandle INT_ATOMIC = ValueLayout.JAVA_INT.varHandle();
    private static final VarHandle LONG_ATOMIC = ValueLayout.JAVA_LONG.varHandle();

    private HostMemory() { }

    public static byte loadByte(long hva) {
        return ALL.get(ValueLayout.JAVA_BYTE, hva);
    }

    public static short loadShort(long hva) {
        return ALL.get(SHORT, hva);
    }

    public static int loadInt(long hva) {
        return ALL.get(INT, hva);
    }

    public static long loadLong(long hva) {
        return ALL.get(LONG, hva);
    }

    public static void storeByte(long hva, byte value) {
        ALL.set(ValueLayout.JAVA_BYTE, hva, value);
    }

    public static void storeShort(long hva, short value) {
        ALL.set(SHORT, hva, value);
    }

    public static void storeInt(long hva, int value) {
        ALL.set(INT, hva, value);
    }

    public static void storeLong(long hva, long value) {
        ALL.set(LONG, hva, value);
    }

    /// Loads `size` bytes (1, 2, 4 or 8), zero-extended.
    public static long load(long hva, int size) {
        return switch (size) {
            case 1 -> loadByte(hva) & 0xffL;
            case 2 -> loadShort(hva) & 0xffffL;
            case 4 -> loadInt(hva) & 0xffff_ffffL;
            case 8 -> loadLong(hva);
            default -> throw new IllegalArgumentException("size " + size);
        };
    }

    /// Stores the low `size` bytes (1, 2, 4 or 8) of `value`.
    public static void store(long hva, int size, long value) {
        switch (size) {
            case 1 -> storeByte(hva, (byte) value);
            case 2 -> storeShort(hva, (short) value);
            case 4 -> storeInt(hva, (int) value);
            case 8 -> storeLong(hva, value);
            default -> throw new IllegalArgumentException("size " + size);
        }
    }

    public static int loadIntAcquire(long hva) {
        return (int) INT_ATOMIC.getAcquire(ALL, hva);
    }

    public static long loadLongAcquire(long hva) {
        return (long) LONG_ATOMIC.getAcquire(ALL, hva);
    }

    public static void storeIntRelease(long hva, int value) {
        INT_ATOMIC.setRelease(ALL, hva, value);
    }

    public static void storeLongRelease(long hva, long value) {
        LONG_ATOMIC.setRelease(ALL, hva, value);
    }

    public static boolean compareAndSetInt(long hva, int expected, int value) {
        return INT_ATOMIC.compareAndSet(ALL, hva, expected, value);
    }

    public static boolean compareAndSetLong(long hva, long expected, long value) {
        return LONG_ATOMIC.compareAndSet(ALL, hva, expected, value);
    }

    /// The value found; the exchange happened exactly when it equals `expected`.
    public static int compareAndExchangeInt(long hva, int expected, int value) {
        return (int) INT_ATOMIC.compareAndExchange(ALL, hva, expected, value);
    }

    /// The value found; the exchange happened exactly when it equals `expected`.
    public static long compareAndExchangeLong(long hva, long expected, long value) {
        return (long) LONG_ATOMIC.compareAndExchange(ALL, hva, expected, value);
    }

    public static int getAndAddInt(long hva, int delta) {
        return (int) INT_ATOMIC.getAndAdd(ALL, hva, delta);
    }

    public static long getAndAddLong(long hva, long delta) {
        return (long) LONG_ATOMIC.getAndAdd(ALL, hva, delta);
    }

    public static int getAndBitwiseOrInt(long hva, int bits) {
        return (int) INT_ATOMIC.getAndBitwiseOr(ALL, hva, bits);
    }

    public static int getAndBitwiseAndInt(long hva, int bits) {
        return (int) INT_ATOMIC.getAndBitwiseAnd(ALL, hva, bits);
    }

    public static int getAndSetInt(long hva, int value) {
        return (int) INT_ATOMIC.getAndSet(ALL, hva, value);
    }

    public static long getAndSetLong(long hva, long value) {
        return (long) LONG_ATOMIC.getAndSet(ALL, hva, value);
    }

    /// A bounded view of `bytes` bytes at `hva`; the caller answers for the range staying mapped while it is used.
    public static MemorySegment segment(long hva, long bytes) {
        return ALL.asSlice(hva, bytes);
    }

    public static void copy(long fromHva, long toHva, long bytes) {
        MemorySegment.copy(ALL, fromHva, ALL, toHva, bytes);
    }

    public static void fill(long hva, long bytes, byte value) {
        ALL.asSlice(hva, bytes).fill(value);
    }
}
