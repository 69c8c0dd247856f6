// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.javisor.host.HostMemory;
import org.javisor.host.Mapping;

/// Runs single x87 instructions on the host's own processor, on a state of the caller's choice. What the
/// instruction leaves pending never comes due: the state is saved without waiting, which resets the unit.
///
/// ```
/// image      0 FCW   4 FSW   8 FTW   12 pointers   28 ST(0) .. ST(7), 10 bytes each
/// operand    0 memory for the instruction at [rdx]   128 RFLAGS and RAX before   144 after
/// ```
public final class NativeX87 implements AutoCloseable {
    public static final int FCW = 0, FSW = 4, FTW = 8, POINTERS = 12, REGISTERS = 28, IMAGE_BYTES = 108;
    public static final int OPERAND_BYTES = 128;
    /// Offsets from [#operand]: of RFLAGS, with RAX behind.
    public static final int BEFORE = 128, AFTER = 144;

    private static final MethodHandle CALL = Linker.nativeLinker().downcallHandle(
            FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
    private static final int CODE_BYTES = 64;

    private final Mapping code = Mapping.executable(64 * Mapping.PAGE_BYTES);
    private final Mapping data = Mapping.anonymous(Mapping.PAGE_BYTES);
    private int used;

    public static boolean isSupported() {
        return System.getProperty("os.arch").equals("amd64");
    }

    /// Address of the image to start from, of the one saved afterwards, and of memory for the instruction at
    /// `[rdx]`.
    public long before() {
        return data.hva();
    }

    public long after() {
        return data.hva() + 128;
    }

    public long operand() {
        return data.hva() + 256;
    }

    /// Prepares an instruction.
    ///
    /// @return a handle for [#run]
    public MemorySegment compile(int... instruction) {
        long at = code.hva() + used;
        used += CODE_BYTES;
        // frstor [rdi]; push qword [rdx + 128]; popfq; mov rax, [rdx + 136]
        long end = emit(at, 0xdd, 0x27, 0xff, 0xb2, BEFORE, 0, 0, 0, 0x9d);
        end = emit(end, 0x48, 0x8b, 0x82, BEFORE + 8, 0, 0, 0);
        end = emit(end, instruction);
        // pushfq; pop qword [rdx + 144]; mov [rdx + 152], rax; fnsave [rsi]; ret
        emit(end, 0x9c, 0x8f, 0x82, AFTER, 0, 0, 0, 0x48, 0x89, 0x82, AFTER + 8, 0, 0, 0, 0xdd, 0x36, 0xc3);
        return MemorySegment.ofAddress(at);
    }

    private static long emit(long at, int... bytes) {
        for (int i = 0; i < bytes.length; i++) {
            HostMemory.storeByte(at + i, (byte) bytes[i]);
        }
        return at + bytes.length;
    }

    /// Sets the image to start from: control and status word as given, and which registers, relative to the
    /// top, are empty.
    public void prepare(int fcw, int fsw, int empty) {
        HostMemory.storeLong(before() + FCW, fcw);
        HostMemory.storeLong(before() + FSW, fsw);
        int tags = 0;
        for (int i = 0; i < 8; i++) {
            if ((empty >> i & 1) != 0) {
                tags |= 3 << 2 * (i + (fsw >> 11) & 7);
            }
        }
        HostMemory.storeLong(before() + FTW, tags);
        HostMemory.storeLong(operand() + BEFORE, 2);
    }

    public void register(int i, int se, long significand) {
        HostMemory.storeLong(before() + REGISTERS + 10 * i, significand);
        HostMemory.storeShort(before() + REGISTERS + 10 * i + 8, (short) se);
    }

    public void run(MemorySegment instruction) {
        // SAFETY: the code is what compile() emitted; it uses caller-saved registers alone, and leaves the
        // x87 unit as FNSAVE does, which is as the ABI wants it. The direction flag is the caller's to leave
        // clear.
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
