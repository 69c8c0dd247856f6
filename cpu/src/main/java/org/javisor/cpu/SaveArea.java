// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.memory.GuestMemory;
import org.javisor.memory.GuestMemory.OutOfRangeException;

/// Where a processor keeps its state while it is in system management mode: the top of the 64 KiB from SMBASE on, as
/// processors with long mode by AMD lay it out, and hypervisors after them.
///
/// What no memory takes is lost, and what none gives is all ones: as on an undriven bus.
///
/// @amd vol. 2 §10.2.3 "SMRAM State-Save Area"
final class SaveArea {
    // Offsets from SMBASE. A segment has its selector and attributes first.
    static final int ES = 0xfe00, SEGMENT_BYTES = 16, ATTRIBUTES = 2, LIMIT = 4, BASE = 8;
    static final int GDTR = 0xfe60, LDTR = 0xfe70, IDTR = 0xfe80, TR = 0xfe90;
    static final int IO_RIP = 0xfea0, IO_RCX = 0xfea8, IO_RSI = 0xfeb0, IO_RDI = 0xfeb8, IO = 0xfec0;
    static final int IO_RESTART = 0xfec8, AUTO_HALT = 0xfec9, NMI_MASK = 0xfeca;
    static final int EFER = 0xfed0, REVISION = 0xfefc, SMBASE = 0xff00, SSP = 0xff18;
    static final int CR4 = 0xff48, CR3 = 0xff50, CR0 = 0xff58, DR7 = 0xff60, DR6 = 0xff68, RFLAGS = 0xff70,
            RIP = 0xff78;
    /// Of R15; the others follow in descending order, RAX last.
    static final int R15 = 0xff80;
    private static final int FIRST = 0xfe00, END = 0x1_0000;

    /// This layout, and SMBASE may be changed in it. AMD's processors say that they restart I/O instructions, too, as
    /// this one does; but firmware compares the number with what hypervisors give.
    static final int REVISION_ID = 0x2_0064;

    private final GuestMemory memory;
    private final long base;

    SaveArea(GuestMemory memory, long base) {
        this.memory = memory;
        this.base = base;
    }

    static int general(int register) {
        return R15 + 8 * (15 - register);
    }

    /// @param segment as [Segments] numbers them, but for LDTR and TR
    static int segment(int segment) {
        return switch (segment) {
            case Segments.LDTR -> LDTR;
            case Segments.TR -> TR;
            default -> ES + SEGMENT_BYTES * segment;
        };
    }

    /// Fills the area with zeros.
    void clear() {
        for (int at = FIRST; at < END; at += 8) {
            store(at, 8, 0);
        }
    }

    void store(int offset, int bytes, long value) {
        try {
            memory.store(base + offset, bytes, value);
        } catch (OutOfRangeException e) {
            // There is nothing that would keep it.
        }
    }

    long load(int offset, int bytes) {
        return memory.backs(base + offset, bytes) ? memory.load(base + offset, bytes) : Cpu.mask(bytes);
    }
}
