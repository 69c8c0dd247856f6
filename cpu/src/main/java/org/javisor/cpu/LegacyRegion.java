// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.host.HostMemory;
import org.javisor.memory.GuestMemory;

/// The 512 bytes that FXSAVE writes, which are also the start of an XSAVE area, somewhere in guest memory.
///
/// ```
///    0  FCW  FSW  FTW(8) 0  FOP  FIP(4 or 8: with CS)  FDP(likewise: with DS)  MXCSR  MXCSR_MASK
///   32  ST0..ST7 (or MM0..MM7), 16 bytes each
///  160  XMM0..XMM15 (XMM7 outside 64-bit mode), 16 bytes each
///  416  reserved
/// ```
///
/// @sdm vol. 1 §10.5.1 "FXSAVE Area", §13.4.1 "Legacy Region of an XSAVE Area"
final class LegacyRegion {
    static final int BYTES = 512;

    private static final int FCW = 0, FSW = 2, FTW = 4, FOP = 6, FIP = 8, FDP = 16, MXCSR = 24, MASK = 28,
            ST = 32, XMM = 160;
    private static final int FCW_INITIAL = 0x37f;
    private static final int FCW_BITS = 0x1f3f, FCW_ONES = 0x40;

    private final Cpu cpu;
    private final int segment;
    private final long at;
    private final long mask;
    private final boolean wide;
    private final int xmmCount;
    /// Where all of the area is in the host's memory, or 0: then each access is looked at by itself.
    private long window;

    LegacyRegion(Cpu cpu, Insn insn, long at) {
        this.cpu = cpu;
        this.segment = insn.segment;
        this.at = at;
        this.mask = insn.addressMask;
        this.wide = insn.operandBytes == 8;
        this.xmmCount = insn.codeBits == 64 ? 16 : 8;
    }

    /// A region in the host's memory, in the form that 64-bit mode has.
    ///
    /// @param hva of the area, all of which is there
    LegacyRegion(Cpu cpu, long hva) {
        this.cpu = cpu;
        this.segment = 0;
        this.at = 0;
        this.mask = -1;
        this.wide = true;
        this.xmmCount = 16;
        this.window = hva;
    }

    long load(int offset, int bytes) {
        return window != 0 ? HostMemory.load(window + offset, bytes) : cpu.load(segment, at + offset & mask, bytes);
    }

    void store(int offset, int bytes, long value) {
        if (window != 0) {
            HostMemory.store(window + offset, bytes, value);
        } else {
            cpu.store(segment, at + offset & mask, bytes, value);
        }
    }

    /// To be called before the first `bytes` bytes are accessed.
    void probe(int bytes, boolean forWrite) {
        cpu.probe(segment, at, bytes, forWrite);
        long gva = cpu.segments.linear(segment, at, bytes, forWrite);
        boolean inPage = (gva & GuestMemory.PAGE_BYTES - 1) + bytes <= GuestMemory.PAGE_BYTES;
        window = !inPage ? 0 : forWrite ? cpu.mmu.writeWindow(gva) : cpu.mmu.readWindow(gva);
    }

    /// Copies 16 bytes of the processor's block to the area.
    private void save(long from, int offset) {
        store(offset, 8, HostMemory.loadLong(from));
        store(offset + 8, 8, HostMemory.loadLong(from + 8));
    }

    private void restore(long to, int offset) {
        HostMemory.storeLong(to, load(offset, 8));
        HostMemory.storeLong(to + 8, load(offset + 8, 8));
    }

    // ---- x87 ----

    private static int register(Cpu cpu, int offset) {
        return HostMemory.loadShort(cpu.state + offset) & 0xffff;
    }

    private void register(int offset, long value) {
        HostMemory.storeShort(cpu.state + offset, (short) value);
    }

    private int top() {
        return register(cpu, CpuLayout.FSW) >> 11 & 7;
    }

    /// Where ST(n) is in the processor's block.
    private long st(int n) {
        return cpu.state + CpuLayout.FPR + CpuLayout.FPR_STRIDE * (long) (top() + n & 7);
    }

    void saveX87() {
        store(FCW, 2, register(cpu, CpuLayout.FCW));
        store(FSW, 2, register(cpu, CpuLayout.FSW));
        store(FTW, 2, abridged(register(cpu, CpuLayout.FTW)));
        store(FOP, 2, register(cpu, CpuLayout.FOP));
        // The selectors are deprecated and saved as zero.
        long pointerMask = wide ? -1L : 0xffff_ffffL;
        store(FIP, 8, HostMemory.loadLong(cpu.state + CpuLayout.FIP) & pointerMask);
        store(FDP, 8, HostMemory.loadLong(cpu.state + CpuLayout.FDP) & pointerMask);
        for (int n = 0; n < 8; n++) {
            store(ST + 16 * n, 8, HostMemory.loadLong(st(n)));
            store(ST + 16 * n + 8, 8, HostMemory.loadShort(st(n) + 8) & 0xffff);
        }
    }

    /// One bit a register, set when it is not empty, from two.
    private static int abridged(int tags) {
        int bits = 0;
        for (int n = 0; n < 8; n++) {
            bits |= (tags >> 2 * n & 3) != 3 ? 1 << n : 0;
        }
        return bits;
    }

    void restoreX87() {
        int status = (int) load(FSW, 2);
        int bits = (int) load(FTW, 1);
        register(CpuLayout.FCW, load(FCW, 2) & FCW_BITS | FCW_ONES);
        register(CpuLayout.FSW, status);
        register(CpuLayout.FOP, load(FOP, 2) & 0x7ff);
        long pointerMask = wide ? -1L : 0xffff_ffffL;
        HostMemory.storeLong(cpu.state + CpuLayout.FIP, load(FIP, 8) & pointerMask);
        HostMemory.storeLong(cpu.state + CpuLayout.FDP, load(FDP, 8) & pointerMask);
        for (int n = 0; n < 8; n++) {
            HostMemory.storeLong(st(n), load(ST + 16 * n, 8));
            HostMemory.storeLong(st(n) + 8, load(ST + 16 * n + 8, 2));
        }
        register(CpuLayout.FTW, fullTags(bits));
        deriveSummary();
    }

    /// ES and B follow from the exceptions and their masks.
    private void deriveSummary() {
        int status = register(cpu, CpuLayout.FSW) & ~0x8080;
        boolean pending = (status & ~register(cpu, CpuLayout.FCW) & 0x3f) != 0;
        register(CpuLayout.FSW, pending ? status | 0x8080 : status);
    }

    /// Two bits a physical register: the kind of what it holds.
    private int fullTags(int bits) {
        int tags = 0;
        for (int n = 0; n < 8; n++) {
            int tag = (bits >> n & 1) == 0 ? 3
                    : kind(cpu.state + CpuLayout.FPR + CpuLayout.FPR_STRIDE * (long) n);
            tags |= tag << 2 * n;
        }
        return tags;
    }

    /// 0 valid, 1 zero, 2 special (NaN, infinity, denormal, unsupported).
    private static int kind(long at) {
        long significand = HostMemory.loadLong(at);
        int exponent = HostMemory.loadShort(at + 8) & 0x7fff;
        if (exponent == 0 && significand == 0) {
            return 1;
        }
        return exponent == 0 || exponent == 0x7fff || significand >= 0 ? 2 : 0;
    }

    void initializeX87() {
        initializeX87(cpu);
        for (int n = 0; n < 8; n++) {
            HostMemory.storeLong(st(n), 0);
            HostMemory.storeLong(st(n) + 8, 0);
        }
    }

    /// FNINIT: the registers keep their contents, but are tagged empty.
    static void initializeX87(Cpu cpu) {
        HostMemory.storeShort(cpu.state + CpuLayout.FCW, (short) FCW_INITIAL);
        HostMemory.storeShort(cpu.state + CpuLayout.FSW, (short) 0);
        HostMemory.storeShort(cpu.state + CpuLayout.FTW, (short) 0xffff);
        HostMemory.storeShort(cpu.state + CpuLayout.FOP, (short) 0);
        HostMemory.storeLong(cpu.state + CpuLayout.FIP, 0);
        HostMemory.storeLong(cpu.state + CpuLayout.FDP, 0);
    }

    static boolean x87InUse(Cpu cpu) {
        boolean initial = register(cpu, CpuLayout.FCW) == FCW_INITIAL && register(cpu, CpuLayout.FSW) == 0
                && register(cpu, CpuLayout.FTW) == 0xffff && register(cpu, CpuLayout.FOP) == 0
                && HostMemory.loadLong(cpu.state + CpuLayout.FIP) == 0
                && HostMemory.loadLong(cpu.state + CpuLayout.FDP) == 0;
        for (int n = 0; n < 8 && initial; n++) {
            long at = cpu.state + CpuLayout.FPR + CpuLayout.FPR_STRIDE * (long) n;
            initial = HostMemory.loadLong(at) == 0 && HostMemory.loadShort(at + 8) == 0;
        }
        return !initial;
    }

    // ---- MXCSR ----

    int mxcsr() {
        return HostMemory.loadInt(cpu.state + CpuLayout.MXCSR);
    }

    void saveMxcsr() {
        store(MXCSR, 4, mxcsr());
        store(MASK, 4, Mxcsr.WRITABLE);
    }

    boolean hasValidMxcsr() {
        return (load(MXCSR, 4) & ~Mxcsr.WRITABLE) == 0;
    }

    void checkMxcsr() {
        if (!hasValidMxcsr()) {
            throw cpu.gp(0);
        }
    }

    void restoreMxcsr() {
        HostMemory.storeInt(cpu.state + CpuLayout.MXCSR, (int) load(MXCSR, 4));
    }

    void initializeMxcsr() {
        HostMemory.storeInt(cpu.state + CpuLayout.MXCSR, Mxcsr.INITIAL);
    }

    // ---- XMM registers ----

    private static long xmm(Cpu cpu, int n) {
        return cpu.state + CpuLayout.XMM + CpuLayout.XMM_STRIDE * (long) n;
    }

    void saveXmm() {
        for (int n = 0; n < xmmCount; n++) {
            save(xmm(cpu, n), XMM + 16 * n);
        }
    }

    void restoreXmm() {
        for (int n = 0; n < xmmCount; n++) {
            restore(xmm(cpu, n), XMM + 16 * n);
        }
    }

    void initializeXmm() {
        for (int n = 0; n < xmmCount; n++) {
            HostMemory.storeLong(xmm(cpu, n), 0);
            HostMemory.storeLong(xmm(cpu, n) + 8, 0);
        }
    }

    // ---- the upper halves of YMM registers, behind the legacy region ----

    /// @param offset of the component in the area
    void saveYmm(int offset) {
        for (int n = 0; n < xmmCount; n++) {
            save(xmm(cpu, n) + 16, offset + 16 * n);
        }
    }

    void restoreYmm(int offset) {
        for (int n = 0; n < xmmCount; n++) {
            restore(xmm(cpu, n) + 16, offset + 16 * n);
        }
    }

    void initializeYmm() {
        for (int n = 0; n < xmmCount; n++) {
            HostMemory.storeLong(xmm(cpu, n) + 16, 0);
            HostMemory.storeLong(xmm(cpu, n) + 24, 0);
        }
    }

    static boolean ymmInUse(Cpu cpu) {
        for (int n = 0; n < 16; n++) {
            if (HostMemory.loadLong(xmm(cpu, n) + 16) != 0 || HostMemory.loadLong(xmm(cpu, n) + 24) != 0) {
                return true;
            }
        }
        return false;
    }

    static boolean xmmInUse(Cpu cpu) {
        for (int n = 0; n < 16; n++) {
            if (HostMemory.loadLong(xmm(cpu, n)) != 0 || HostMemory.loadLong(xmm(cpu, n) + 8) != 0) {
                return true;
            }
        }
        return false;
    }
}
