// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import static org.javisor.vmm.kvm.StateLayout.ABRIDGED_FTW;
import static org.javisor.vmm.kvm.StateLayout.SLOT_BYTES;
import static org.javisor.vmm.kvm.StateLayout.ST;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// The two forms of the x87 unit's tag word: two bits a register, as FSAVE stores it, and one, as XSAVE does.
///
/// @sdm vol. 1 "x87 FPU Tag Word"
final class X87Tags {
    private static final int VALID = 0, ZERO = 1, SPECIAL = 2, EMPTY = 3;
    private static final int REGISTERS = 8, TOP_SHIFT = 11;
    private static final int EXPONENT = 0x7fff;

    private X87Tags() { }

    /// The full tag word of an XSAVE area.
    ///
    /// @param status the status word, which has the number of the register that is the stack's top
    static int full(MemorySegment area, int status) {
        int occupied = area.get(ValueLayout.JAVA_BYTE, ABRIDGED_FTW) & 0xff;
        int top = status >> TOP_SHIFT & 7;
        int tags = 0;
        for (int physical = 0; physical < REGISTERS; physical++) {
            int tag = (occupied & 1 << physical) == 0 ? EMPTY : kind(area, physical - top & 7);
            tags |= tag << 2 * physical;
        }
        return tags;
    }

    private static int kind(MemorySegment area, int number) {
        long at = ST + (long) number * SLOT_BYTES;
        long significand = area.get(ValueLayout.JAVA_LONG, at);
        int exponent = area.get(ValueLayout.JAVA_SHORT, at + Long.BYTES) & EXPONENT;
        if (exponent == 0) {
            return significand == 0 ? ZERO : SPECIAL;
        }
        return exponent != EXPONENT && significand < 0 ? VALID : SPECIAL;
    }

    static byte abridged(int tags) {
        int occupied = 0;
        for (int physical = 0; physical < REGISTERS; physical++) {
            if ((tags >> 2 * physical & EMPTY) != EMPTY) {
                occupied |= 1 << physical;
            }
        }
        return (byte) occupied;
    }
}
