// SPDX-License-Identifier: Apache-2.0
package org.javisor.host;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// Compare-and-swap beyond what `VarHandle`s offer: at any alignment, across cache lines, and 16 bytes wide.
///
/// Naturally aligned accesses, and those within an aligned word, are the JVM's own. The rest takes a few bytes of
/// machine code, `lock cmpxchg`; where the host is not x86-64 or refuses executable memory, one lock stands in, which
/// keeps such accesses atomic among themselves but not against plain stores.
public final class HostAtomics {
    private static final byte[] SWAP = {
        0x48, (byte) 0x89, (byte) 0xf0,                               // mov rax, rsi
        (byte) 0xf0, 0x48, 0x0f, (byte) 0xb1, 0x17,                   // lock cmpxchg [rdi], rdx
        (byte) 0xc3};                                                 // ret
    private static final byte[] SWAP_4 = {
        0x48, (byte) 0x89, (byte) 0xf0,                               // mov rax, rsi
        (byte) 0xf0, 0x0f, (byte) 0xb1, 0x17,                         // lock cmpxchg [rdi], edx
        (byte) 0xc3};                                                 // ret
    private static final byte[] SWAP_2 = {
        0x48, (byte) 0x89, (byte) 0xf0,                               // mov rax, rsi
        0x66, (byte) 0xf0, 0x0f, (byte) 0xb1, 0x17,                   // lock cmpxchg [rdi], dx
        (byte) 0xc3};                                                 // ret
    // rsi points to: expected low, expected high (both replaced by what was found), new low, new high.
    private static final byte[] SWAP_16 = {
        0x53,                                                         // push rbx
        0x48, (byte) 0x8b, 0x06, 0x48, (byte) 0x8b, 0x56, 0x08,       // mov rax, [rsi]; mov rdx, [rsi + 8]
        0x48, (byte) 0x8b, 0x5e, 0x10, 0x48, (byte) 0x8b, 0x4e, 0x18, // mov rbx, [rsi + 16]; mov rcx, [rsi + 24]
        (byte) 0xf0, 0x48, 0x0f, (byte) 0xc7, 0x0f,                   // lock cmpxchg16b [rdi]
        0x48, (byte) 0x89, 0x06, 0x48, (byte) 0x89, 0x56, 0x08,       // mov [rsi], rax; mov [rsi + 8], rdx
        0x0f, (byte) 0x94, (byte) 0xc0, 0x0f, (byte) 0xb6, (byte) 0xc0, // sete al; movzx eax, al
        0x5b, (byte) 0xc3};                                           // pop rbx; ret

    /// A slot of code each, and one of data for the 16-byte form's arguments.
    private static final int STRIDE = 64;

    private static final class Code {
        final MethodHandle swap8, swap4, swap2, swap16;

        Code(CodeMapping mapping) {
            FunctionDescriptor three = FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG);
            FunctionDescriptor two = FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_LONG);
            swap8 = place(mapping, 0, SWAP, three);
            swap4 = place(mapping, STRIDE, SWAP_4, three);
            swap2 = place(mapping, 2 * STRIDE, SWAP_2, three);
            swap16 = place(mapping, 3 * STRIDE, SWAP_16, two);
        }

        private static MethodHandle place(CodeMapping mapping, int offset, byte[] code, FunctionDescriptor type) {
            long hva = mapping.hva() + offset;
            MemorySegment.copy(MemorySegment.ofArray(code), 0,
                    HostMemory.segment(hva + mapping.toWritable(), code.length), 0, code.length);
            // SAFETY: the code above touches only what its arguments name and returns after a handful of instructions,
            // so it may hold off safepoints (critical).
            return Linker.nativeLinker().downcallHandle(MemorySegment.ofAddress(hva), type,
                    Linker.Option.critical(false));
        }
    }

    private static final Code CODE = code();
    private static final Object LOCK = new Object();

    private HostAtomics() { }

    private static Code code() {
        String host = System.getProperty("os.arch");
        if (!host.equals("amd64") && !host.equals("x86_64")) {
            return null;
        }
        try {
            // Lives as long as the process.
            return new Code(CodeMapping.open(Mapping.PAGE_BYTES));
        } catch (HostException _) {
            return null;
        }
    }

    /// Stores the low `size` bytes (1, 2, 4 or 8) of `value` at `hva` if the bytes there equal those of `expected`.
    ///
    /// @param expected zero-extended
    /// @return what was found, zero-extended
    public static long compareAndSwap(long hva, int size, long expected, long value) {
        int misaligned = (int) hva & size - 1;
        if (misaligned == 0 && size == 8) {
            return HostMemory.compareAndExchangeLong(hva, expected, value);
        }
        if (misaligned == 0 && size == 4) {
            return HostMemory.compareAndExchangeInt(hva, (int) expected, (int) value) & 0xffff_ffffL;
        }
        if ((hva & 3) + size <= 4) {
            return withinInt(hva, size, expected, value);
        }
        return CODE == null ? locked(hva, size, expected, value) : misaligned(hva, size, expected, value);
    }

    private static long withinInt(long hva, int size, long expected, long value) {
        long word = hva & -4;
        int shift = (int) (hva & 3) * 8;
        int mask = (1 << 8 * size) - 1;
        while (true) {
            int old = HostMemory.loadInt(word);
            int found = old >>> shift & mask;
            int replacement = found == (int) expected ? old & ~(mask << shift) | ((int) value & mask) << shift : old;
            // A failed comparison is a locked write of what was there, as on the processor: it orders memory too.
            if (HostMemory.compareAndSetInt(word, old, replacement)) {
                return found;
            }
        }
    }

    private static long misaligned(long hva, int size, long expected, long value) {
        try {
            return switch (size) {
                case 2 -> (long) CODE.swap2.invokeExact(hva, expected, value) & 0xffffL;
                case 4 -> (long) CODE.swap4.invokeExact(hva, expected, value) & 0xffff_ffffL;
                case 8 -> (long) CODE.swap8.invokeExact(hva, expected, value);
                default -> throw new IllegalArgumentException("size " + size);
            };
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    private static long locked(long hva, int size, long expected, long value) {
        synchronized (LOCK) {
            long found = HostMemory.load(hva, size);
            if (found == expected) {
                HostMemory.store(hva, size, value);
            }
            return found;
        }
    }

    /// Stores 16 bytes at `hva`, a multiple of 16, if those there equal the expected ones.
    ///
    /// @param arguments host address of 32 bytes: expected low and high half, new low and high half. The first two are
    ///     replaced by what was found.
    /// @return whether they were equal
    public static boolean compareAndSwap16(long hva, long arguments) {
        if (CODE == null) {
            return locked16(hva, arguments);
        }
        try {
            return (long) CODE.swap16.invokeExact(hva, arguments) != 0;
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    private static boolean locked16(long hva, long arguments) {
        synchronized (LOCK) {
            long low = HostMemory.loadLong(hva);
            long high = HostMemory.loadLong(hva + 8);
            boolean equal = low == HostMemory.loadLong(arguments) && high == HostMemory.loadLong(arguments + 8);
            if (equal) {
                HostMemory.storeLong(hva, HostMemory.loadLong(arguments + 16));
                HostMemory.storeLong(hva + 8, HostMemory.loadLong(arguments + 24));
            }
            HostMemory.storeLong(arguments, low);
            HostMemory.storeLong(arguments + 8, high);
            return equal;
        }
    }
}
