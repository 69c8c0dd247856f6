// SPDX-License-Identifier: Apache-2.0
package org.javisor.testkit;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import org.javisor.host.HostException;
import org.javisor.host.HostMemory;
import org.javisor.host.Mapping;

/// The host's own processor as the judge of instructions: runs one at a time, at user privilege, on registers
/// of the caller's choice.
///
/// It runs 64-bit code, or 32-bit code in a compatibility-mode segment of the Linux kernel's.
///
/// Code, registers and data lie in one mapping, so that the code around the instruction reaches them relative
/// to RIP and all sixteen registers, RSP too, belong to the instruction. It lies below 2 GiB, in reach of
/// 32-bit addresses. While it runs RSP may hold anything: the JVM sends no signals to threads in native code,
/// and the kernel does not use a user's stack.
///
/// ```
/// page 0    entry: saves the host's registers, loads the instruction's
///   +0x400  the instruction; behind it the way out for "not taken"
///   +0x440  the way out for "taken": where the tests' branches lead
///   +0x600  stores the instruction's registers, restores the host's
/// page 1    registers: see the offsets below
/// page 2..  data
/// ```
///
/// Instructions must not fault: a fault is a signal, which ends the process.
public final class HostProcessor implements AutoCloseable {
    private static final Path CPUINFO = Path.of("/proc/cpuinfo");

    /// Offsets from [#state]: sixteen general registers, the flags, where it went, the upper
    /// halves of YMM registers, and an FXSAVE image.
    public static final int GPR = 0, RFLAGS = 128, TAKEN = 144, YMM = 256, FX = 512;
    public static final int FX_BYTES = 512;
    /// Whether the registers have upper halves, of 16 bytes each from [#YMM] on; else these stay as they are.
    public static final boolean HAS_YMM = Files.isReadable(CPUINFO) && features().contains("avx");
    public static final int DATA_BYTES = 2 * Mapping.PAGE_BYTES;
    /// Distance from an instruction to where taken branches go.
    public static final int TAKEN_DISTANCE = 0x40;
    /// Pages of the whole mapping.
    public static final int PAGES = 4;

    private static final int HOST_RSP = 136, FAR_POINTER = 152, HOST_FX = 1024;
    private static final int INSTRUCTION = 0x400, LEAVE = 0x600;
    private static final int RSP = 4;
    private static final int MXCSR = 24, ZF = 1 << 6;
    /// Of what LAR gives: D, L, present, DPL, code segment; and how these are for 32-bit user code.
    private static final int RIGHTS = 0x60_f800, CODE_RIGHTS = 0x40_f800;
    /// Linux's selectors for user code and data.
    private static final int CODE_64 = 0x33, CODE_32 = 0x23, DATA = 0x2b;
    private static final int[] CALLEE_SAVED = {3, 5, 12, 13, 14, 15};
    private static final int FXSAVE = 0, FXRSTOR = 1;

    private static final int INSERT_HALF = 0x18, EXTRACT_HALF = 0x19;

    private static final MethodHandle CALL =
            Linker.nativeLinker().downcallHandle(FunctionDescriptor.ofVoid(), Linker.Option.critical(false));

    private final Mapping mapping = Mapping.executableBelow2GiB((long) PAGES * Mapping.PAGE_BYTES);
    private final MemorySegment entry = MemorySegment.ofAddress(mapping.hva());
    private final int codeBits;
    private long at;

    /// @param codeBits 64 or 32: what the instructions are written for
    /// @throws HostException where memory must not be executable
    public HostProcessor(int codeBits) {
        this.codeBits = codeBits;
        emitEntry();
        emitLeave();
        at = instruction() + TAKEN_DISTANCE;
        emitWayOut(1);
    }

    /// Why this host cannot judge, or null if it can.
    public static String unavailable() {
        boolean is64 = System.getProperty("os.arch").equals("amd64");
        if (!is64 || !System.getProperty("os.name").equals("Linux")) {
            return "the host is no x86-64 Linux";
        }
        try (Mapping probe = Mapping.executableBelow2GiB(Mapping.PAGE_BYTES)) {
            return probe.hva() >>> 31 == 0 ? null : "the host gives no memory below 2 GiB";
        } catch (HostException e) {
            return "the host gives no executable memory: " + e.getMessage();
        }
    }

    /// Why this host cannot judge 32-bit code, or null if it can.
    public static String unavailable32() {
        String unavailable = unavailable();
        if (unavailable != null) {
            return unavailable;
        }
        try (HostProcessor probe = new HostProcessor(64)) {
            // LAR EAX, ECX tells whether user mode may load the selector, and what it names.
            byte[] lar = {0x0f, 0x02, (byte) 0xc1};
            probe.install(lar, lar.length);
            probe.reset();
            HostMemory.storeLong(probe.state() + 8, CODE_32);
            probe.run();
            boolean found = (HostMemory.loadLong(probe.state() + RFLAGS) & ZF) != 0;
            long rights = HostMemory.loadLong(probe.state());
            return found && (rights & RIGHTS) == CODE_RIGHTS ? null
                    : "the host's kernel has no 32-bit user code";
        }
    }

    /// Puts harmless values into all registers.
    private void reset() {
        HostMemory.fill(state(), FX + FX_BYTES, (byte) 0);
        HostMemory.storeShort(state() + FX, (short) 0x37f);
        HostMemory.storeInt(state() + FX + MXCSR, 0x1f80);
    }

    /// 64 or 32.
    public int codeBits() {
        return codeBits;
    }

    /// The features of the host's processor, by their Linux names.
    public static Set<String> features() {
        try (var lines = Files.lines(CPUINFO)) {
            return lines.filter(line -> line.startsWith("flags")).findFirst().stream()
                    .flatMap(line -> Arrays.stream(line.substring(line.indexOf(':') + 1).strip().split(" ")))
                    .collect(Collectors.toUnmodifiableSet());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /// The first byte of the mapping; the caller shows the same addresses to the processor it compares.
    public long base() {
        return mapping.hva();
    }

    /// Where instructions are executed.
    public long instruction() {
        return mapping.hva() + INSTRUCTION;
    }

    /// Address of the registers.
    public long state() {
        return mapping.hva() + Mapping.PAGE_BYTES;
    }

    /// Address of [#DATA_BYTES] bytes for memory operands.
    public long data() {
        return mapping.hva() + 2L * Mapping.PAGE_BYTES;
    }

    /// Puts an instruction of at most 15 bytes into place.
    public void install(byte[] bytes, int length) {
        at = instruction();
        for (int n = 0; n < length; n++) {
            emit(bytes[n]);
        }
        emitWayOut(0);
    }

    /// The installed instruction, of `length` bytes.
    public byte[] code(int length) {
        return HostMemory.segment(instruction(), length).toArray(ValueLayout.JAVA_BYTE);
    }

    /// Executes the installed instruction once.
    public void run() {
        // SAFETY: the code is what this class emitted, around an instruction of a test's, which answers for
        // it not faulting. It restores every register that the ABI says a function keeps, and the flags,
        // MXCSR and x87 control word, and touches this mapping alone. It takes nanoseconds, so holding off a
        // safepoint is harmless.
        try {
            CALL.invokeExact(entry);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        mapping.close();
    }

    // ---- emission ----

    private void emit(int... bytes) {
        for (int value : bytes) {
            HostMemory.storeByte(at++, (byte) value);
        }
    }

    /// The displacement of a RIP-relative operand that ends its instruction but for `immediateBytes` bytes.
    private void emitDistance(long target, int immediateBytes) {
        HostMemory.storeInt(at, (int) (target - at - 4 - immediateBytes));
        at += 4;
    }

    private void emitPush(int reg) {
        if (reg >= 8) {
            emit(0x41);
        }
        emit(0x50 + (reg & 7));
    }

    private void emitPop(int reg) {
        if (reg >= 8) {
            emit(0x41);
        }
        emit(0x58 + (reg & 7));
    }

    /// MOV between a register and the registers' block: opcode 8B loads, 89 stores.
    private void emitMove(int opcode, int reg, int offset) {
        emit(reg >= 8 ? 0x4c : 0x48, opcode, 0x05 | (reg & 7) << 3);
        emitDistance(state() + offset, 0);
    }

    private void emitFx(int extension, int offset) {
        emit(0x48, 0x0f, 0xae, 0x05 | extension << 3);
        emitDistance(state() + offset, 0);
    }

    /// VINSERTF128 or VEXTRACTF128 of the upper half of each YMM register; then, if they have been stored, VZEROUPPER.
    private void emitUpperHalves(int opcode) {
        if (!HAS_YMM) {
            return;
        }
        for (int reg = 0; reg < 16; reg++) {
            int vvvv = opcode == INSERT_HALF ? ~reg & 15 : 15;
            emit(0xc4, reg >= 8 ? 0x63 : 0xe3, vvvv << 3 | 5, opcode, 0x05 | (reg & 7) << 3);
            emitDistance(state() + YMM + 16 * reg, 1);
            emit(1);
        }
        if (opcode == EXTRACT_HALF) {
            emit(0xc5, 0xf8, 0x77);
        }
    }

    private void emitEntry() {
        at = mapping.hva();
        for (int reg : CALLEE_SAVED) {
            emitPush(reg);
        }
        emit(0x9c);
        emitMove(0x89, RSP, HOST_RSP);
        emitFx(FXSAVE, HOST_FX);
        emitFx(FXRSTOR, FX);
        emitUpperHalves(INSERT_HALF);
        emit(0xff, 0x35);
        emitDistance(state() + RFLAGS, 0);
        emit(0x9d);
        if (codeBits == 32) {
            emitDataSelectors(DATA);
        }
        for (int reg = 0; reg < 16; reg++) {
            emitMove(0x8b, reg, GPR + 8 * reg);
        }
        if (codeBits == 32) {
            HostMemory.storeInt(state() + FAR_POINTER, (int) instruction());
            HostMemory.storeInt(state() + FAR_POINTER + 4, CODE_32);
            emit(0xff, 0x2d);
            emitDistance(state() + FAR_POINTER, 0);
        } else {
            emit(0xe9);
            emitDistance(instruction(), 0);
        }
    }

    /// MOV EAX, `selector`; MOV DS, EAX; MOV ES, EAX. Changes no flag.
    private void emitDataSelectors(int selector) {
        emit(0xb8, selector, 0, 0, 0, 0x8e, 0xd8, 0x8e, 0xc0);
    }

    private void emitWayOut(int taken) {
        emit(0xc6, 0x05);
        if (codeBits == 32) {
            emitInt((int) (state() + TAKEN));
            emit(taken, 0xea);
            emitInt((int) (mapping.hva() + LEAVE));
            emit(CODE_64, 0);
        } else {
            emitDistance(state() + TAKEN, 1);
            emit(taken, 0xe9);
            emitDistance(mapping.hva() + LEAVE, 0);
        }
    }

    private void emitInt(int value) {
        HostMemory.storeInt(at, value);
        at += 4;
    }

    private void emitLeave() {
        at = mapping.hva() + LEAVE;
        for (int reg = 0; reg < 16; reg++) {
            emitMove(0x89, reg, GPR + 8 * reg);
        }
        emitMove(0x8b, RSP, HOST_RSP);
        emit(0x9c, 0x8f, 0x05);
        emitDistance(state() + RFLAGS, 0);
        if (codeBits == 32) {
            emitDataSelectors(0);
        }
        emitFx(FXSAVE, FX);
        emitUpperHalves(EXTRACT_HALF);
        emitFx(FXRSTOR, HOST_FX);
        emit(0x9d);
        for (int n = CALLEE_SAVED.length - 1; n >= 0; n--) {
            emitPop(CALLEE_SAVED[n]);
        }
        emit(0xc3);
    }
}
