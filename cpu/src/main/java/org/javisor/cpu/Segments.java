// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.CS;
import static org.javisor.isa.Instruction.DS;
import static org.javisor.isa.Instruction.ES;
import static org.javisor.isa.Instruction.FS;
import static org.javisor.isa.Instruction.GS;
import static org.javisor.isa.Instruction.SS;

import org.javisor.host.HostMemory;

/// The segment registers with their hidden parts, and the checks that turn an offset into a linear address.
///
/// What the hidden parts mean depends on the mode, so the fast path does not read them: [#refresh] derives from them
/// the base to add ([CpuLayout#SEGMENT_BASE]) and whether an access needs to be checked at all ([#checked]). Who
/// changes a hidden part calls [#refresh] afterwards ([Cpu#modeChanged] does).
///
/// @sdm vol. 3A §3.4.3 "Segment Registers"
final class Segments {
    /// Numbers beside [org.javisor.isa.Instruction#ES] to GS.
    static final int LDTR = 6, TR = 7;
    static final int COUNT = 8;

    // Attributes: bits 8 to 23 of the descriptor's upper half, shifted down.
    static final int TYPE = 0xf, ACCESSED = 1, WRITABLE = 2, EXPAND_DOWN = 4, CODE = 8;
    /// Of code segments, in the place of [#WRITABLE] and [#EXPAND_DOWN].
    static final int READABLE = 2, CONFORMING = 4;
    /// Code or data, as opposed to system.
    static final int S = 1 << 4;
    static final int DPL_SHIFT = 5, DPL = 3 << DPL_SHIFT;
    static final int PRESENT = 1 << 7;
    static final int AVL = 1 << 12, L = 1 << 13;
    /// D of code segments, B of others: 32 bits.
    static final int D = 1 << 14;
    static final int GRANULARITY = 1 << 15;
    /// Not in the descriptor: the register holds a null selector.
    static final int NULL = 1 << 16;

    private final Cpu cpu;

    final int[] selector = new int[COUNT];
    final long[] base = new long[COUNT];
    /// In bytes, whatever the granularity; unsigned.
    final int[] limit = new int[COUNT];
    final int[] attributes = new int[COUNT];

    /// Bit n is set when accesses through segment n have more to check than the address's canonical form, which the TLB
    /// checks by itself.
    int checked;
    /// Cuts a linear address to the mode's width.
    long linearMask;
    /// Whether ES, DS, FS and GS are what they are after a return to CPL 3.
    boolean staysForPrograms;

    Segments(Cpu cpu) {
        this.cpu = cpu;
    }

    /// The linear address of `bytes` bytes at `offset`. In 64-bit mode it need not be canonical yet: [Mmu] checks.
    ///
    /// @throws GuestFault #GP(0) or #SS(0) for limits, type and null selectors
    long linear(int segment, long offset, int bytes, boolean forWrite) {
        if ((checked >> segment & 1) != 0) {
            check(segment, offset, bytes, forWrite);
        }
        return HostMemory.loadLong(cpu.state + CpuLayout.SEGMENT_BASE + 8L * segment) + offset & linearMask;
    }

    private void check(int segment, long offset, int bytes, boolean forWrite) {
        if (!permits(attributes[segment], forWrite) || !holds(segment, offset, bytes)) {
            throw segment == SS ? cpu.fault(GuestFault.SS, 0) : cpu.gp(0);
        }
    }

    private static boolean permits(int attributes, boolean forWrite) {
        if ((attributes & NULL) != 0) {
            return false;
        }
        if ((attributes & CODE) != 0) {
            return !forWrite && (attributes & READABLE) != 0;
        }
        return !forWrite || (attributes & WRITABLE) != 0;
    }

    private boolean holds(int segment, long offset, int bytes) {
        return holds(attributes[segment], limit[segment], offset, bytes);
    }

    /// Whether a segment with these hidden parts holds `bytes` bytes from `offset` on.
    ///
    /// @sdm vol. 3A §5.3 "Limit Checking"
    static boolean holds(int attributes, int limit, long offset, int bytes) {
        long last = offset + bytes - 1;
        long bound = Integer.toUnsignedLong(limit);
        if ((attributes & (CODE | EXPAND_DOWN)) == EXPAND_DOWN) {
            return offset > bound && last <= ((attributes & D) != 0 ? 0xffff_ffffL : 0xffffL);
        }
        return last <= bound;
    }

    /// Checks the target of a near branch, already cut to the operand size: canonical in 64-bit mode, within the limit
    /// of CS elsewhere.
    ///
    /// @throws GuestFault #GP(0)
    void checkTarget(long target) {
        if (cpu.codeBits == 64 ? !cpu.mmu.canonical(target) : target > Integer.toUnsignedLong(limit[CS])) {
            throw cpu.gp(0);
        }
    }

    /// Follows translated code, which changes bases in 64-bit mode.
    void followBases() {
        base[FS] = HostMemory.loadLong(cpu.state + CpuLayout.SEGMENT_BASE + 8 * FS);
        base[GS] = HostMemory.loadLong(cpu.state + CpuLayout.SEGMENT_BASE + 8 * GS);
    }

    /// The part of [#refresh] that a transfer from 64-bit code to 64-bit code needs: which segments are loaded does not
    /// matter there.
    void refreshSelectors() {
        for (int n = 0; n < LDTR; n++) {
            HostMemory.storeInt(cpu.state + CpuLayout.SELECTORS + 4L * n, selector[n]);
        }
        staysForPrograms = staysForPrograms(ES) && staysForPrograms(DS) && staysForPrograms(FS) && staysForPrograms(GS);
    }

    private boolean staysForPrograms(int n) {
        boolean conforming = (attributes[n] & (CODE | CONFORMING)) == (CODE | CONFORMING);
        return (attributes[n] & NULL) != 0 ? selector[n] == 0 : conforming || (attributes[n] & DPL) == DPL;
    }

    /// Derives what the fast path reads from the hidden parts and the mode.
    void refresh() {
        boolean longMode = cpu.codeBits == 64;
        linearMask = longMode ? -1L : 0xffff_ffffL;
        int needed = 0;
        int open = 0;
        for (int n = 0; n < LDTR; n++) {
            boolean ignored = longMode && n < FS;
            HostMemory.storeLong(cpu.state + CpuLayout.SEGMENT_BASE + 8L * n, ignored ? 0 : base[n]);
            HostMemory.storeInt(cpu.state + CpuLayout.SELECTORS + 4L * n, selector[n]);
            needed |= longMode || flat(n) ? 0 : 1 << n;
            open |= longMode || isOpen(n) ? 1 << n : 0;
        }
        staysForPrograms = staysForPrograms(ES) && staysForPrograms(DS) && staysForPrograms(FS) && staysForPrograms(GS);
        checked = needed;
        HostMemory.storeLong(cpu.state + CpuLayout.LINEAR_MASK, linearMask);
        HostMemory.storeInt(cpu.state + CpuLayout.OPEN_SEGMENTS, open);
        cpu.stackMask = longMode ? -1L : (attributes[SS] & D) != 0 ? 0xffff_ffffL : 0xffffL;
        cpu.modes.segmentsChanged();
    }

    /// Whether nothing that 32-bit code can do through segment `n` violates it.
    private boolean flat(int n) {
        return isOpen(n) && base[n] == 0;
    }

    /// Whether segment `n` may be read and written at all offsets of 32 bits.
    private boolean isOpen(int n) {
        int wanted = PRESENT | S | WRITABLE;
        return (attributes[n] & (wanted | CODE | EXPAND_DOWN | NULL)) == wanted && limit[n] == -1;
    }

    /// Whether to 32-bit code offsets are linear addresses: of instructions, on the stack, and in DS and ES.
    boolean areFlat() {
        return base[CS] == 0 && limit[CS] == -1 && (attributes[SS] & D) != 0 && flat(SS) && flat(DS) && flat(ES);
    }
}
