// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import java.util.function.IntToLongFunction;
import org.javisor.memory.GuestMemory;

/// A call as a guest makes it: what the input value says, and where the parameters are. Those of a slow call are in
/// memory; a fast one has them in two general registers, and those that do not fit in XMM0 to XMM5.
///
/// @hyperv "Hypercall Inputs"
///
/// @param control the input value
/// @param input   where the input parameters are, or the first of them
/// @param output  where results go, or the second parameter
/// @param xmm     halves of XMM registers, 0 the low one of XMM0
public record HvCall(GuestMemory memory, long control, long input, long output, IntToLongFunction xmm) {
    private static final int FAST_BYTES = 16, XMM_HALVES = 12, MOST_FAST_BYTES = FAST_BYTES + 8 * XMM_HALVES;
    private static final int FAST = 1 << 16, VARIABLE_SHIFT = 17, VARIABLE = 0x3ff, REPS_SHIFT = 32, START_SHIFT = 48,
            REPS = 0xfff;

    int code() {
        return (int) control & 0xffff;
    }

    boolean fast() {
        return (control & FAST) != 0;
    }

    /// How many words of 8 bytes the header has beyond its fixed part.
    int variableWords() {
        return (int) (control >>> VARIABLE_SHIFT) & VARIABLE;
    }

    int reps() {
        return (int) (control >>> REPS_SHIFT) & REPS;
    }

    /// The repetition to begin with.
    int start() {
        return (int) (control >>> START_SHIFT) & REPS;
    }

    boolean repeats() {
        return reps() != 0 || start() != 0;
    }

    /// The 8 bytes at `offset`, a multiple of 8, of the input parameters.
    ///
    /// @throws GuestMemory.OutOfRangeException where there are none
    long word(int offset) {
        if (!fast()) {
            return memory.loadLong(input + offset);
        }
        return switch (offset) {
            case 0 -> input;
            case 8 -> output;
            default -> xmm.applyAsLong((offset - FAST_BYTES) / 8);
        };
    }

    /// Whether input parameters can have so many bytes.
    boolean fits(int bytes) {
        return !fast() || bytes <= MOST_FAST_BYTES;
    }
}
