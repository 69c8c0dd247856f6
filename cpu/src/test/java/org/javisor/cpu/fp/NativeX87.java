// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.javisor.host.HostMemory;
import org.javisor.host.Mapping;

/// Runs single x87 instructions on the host's own processor, on a state of the caller's choice. What the instruction
/// leaves pending never comes due: the state is saved without waiting, which resets the unit.
///
/// ```
///   0 FCW   4 FSW   8 FTW   12 pointers   28 ST(0) .. ST(7), 10 bytes each
/// ```
final class NativeX87 implements AutoCloseable {
    static final int FCW = 0, FSW = 4, FTW = 8, REGISTERS = 28, IMAGE_BYTES = 108;

    private static final MethodHandle CALL = Linker.nativeLinker().downcallHandle(
            FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
    private static final int CODE_BYTES = 64;

    private final Mapping code = Mapping.executable(16 * Mapping.PAGE_BYTES);
    private final Mapping data = Mapping.anonymous(Mapping.PAGE_BYTES);
    private int used;

    static boolean isSupported() {
        return System.getProperty("os.arch").equals("amd64");
    }

    /// Address of the image to start from, of the one saved afterwards, and of memory for the instruction at `[rdx]`.
    long before() {
        return data.hva();
    }

    long after() {
        return data.hva() + 128;
    }

    long operand() {
        return data.hva() + 256;
    }

    /// Prepares `frstor [rdi]; instruction; fnsave [rsi]`.
    ///
    /// @return a handle for [#run]
    MemorySegment compile(int... instruction) {
        long at = code.hva() + used;
        used += CODE_BYTES;
        long end = emit(at, 0xdd, 0x27);
        end = emit(end, instruction);
        emit(end, 0xdd, 0x36, 0xc3);
        return MemorySegment.ofAddress(at);
    }

    private static long emit(long at, int... bytes) {
        for (int i = 0; i < bytes.length; i++) {
            HostMemory.storeByte(at + i, (byte) bytes[i]);
        }
        return at + bytes.length;
    }

    /// Sets the image to start from: control and status word as given, tags from the contents for all but the
    /// registers (relative to the top) in `empty`.
    void prepare(int fcw, int fsw, int empty) {
        HostMemory.storeLong(before() + FCW, fcw);
        HostMemory.storeLong(before() + FSW, fsw);
        int tags = 0;
        for (int i = 0; i < 8; i++) {
            if ((empty >> i & 1) != 0) {
                tags |= 3 << 2 * (i + (fsw >> 11) & 7);
            }
        }
        HostMemory.storeLong(before() + FTW, tags);
    }

    void register(int i, int se, long significand) {
        HostMemory.storeLong(before() + REGISTERS + 10 * i, significand);
        HostMemory.storeShort(before() + REGISTERS + 10 * i + 8, (short) se);
    }

    void run(MemorySegment instruction) {
        // SAFETY: the code is what compile() emitted; it uses caller-saved registers alone, and leaves the x87 unit as
        // FNSAVE does, which is as the ABI wants it.
        try {
            CALL.invokeExact(instruction, before(), after(), operand());
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    int status() {
        return HostMemory.loadShort(after() + FSW) & 0xffff;
    }

    long significand(int i) {
        return HostMemory.loadLong(after() + REGISTERS + 10 * i);
    }

    int se(int i) {
        return HostMemory.loadShort(after() + REGISTERS + 10 * i + 8) & 0xffff;
    }

    @Override
    public void close() {
        code.close();
        data.close();
    }
}
