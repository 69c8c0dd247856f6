// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import org.javisor.memory.GuestMemory;

/// A call as a guest makes it: what the input value says, and where the parameters are. Those of a slow call are in
/// memory; a fast one has them in two general registers, and those that do not fit in XMM0 to XMM5.
///
/// ```
///  63    60 59    48 47    44 43    32 31    27 26      17 16   15   0
///  reserved start    reserved reps     reserved header's   fast code
///                                               words
/// ```
///
/// @hyperv "Hypercall Inputs"
public interface HvCall {
    int FAST_BYTES = 16, XMM_HALVES = 12, MOST_FAST_BYTES = FAST_BYTES + 8 * XMM_HALVES;

    long RESERVED = 0xf000_f000_f800_0000L;

    GuestMemory memory();

    /// The input value.
    long control();

    /// Where the input parameters are, or the first of them.
    long input();

    /// Where results go, or the second parameter.
    long output();

    /// Half of an XMM register.
    ///
    /// @param half 0 is the low one of XMM0, 11 the high one of XMM5
    long xmm(int half);

    default int code() {
        return (int) control() & 0xffff;
    }

    /// Whether a bit is set that has no meaning.
    default boolean reserved() {
        return (control() & RESERVED) != 0;
    }

    default boolean fast() {
        return (control() & 1 << 16) != 0;
    }

    /// How many words of 8 bytes the header has beyond its fixed part.
    default int variableWords() {
        return (int) (control() >>> 17) & 0x3ff;
    }

    default int reps() {
        return (int) (control() >>> 32) & 0xfff;
    }

    /// The repetition to begin with.
    default int start() {
        return (int) (control() >>> 48) & 0xfff;
    }

    default boolean repeats() {
        return reps() != 0 || start() != 0;
    }

    /// The 8 bytes at `offset`, a multiple of 8, of the input parameters; of a fast call those that
    /// [it can have](#fits(int)).
    ///
    /// @throws GuestMemory.OutOfRangeException where there are none
    default long word(int offset) {
        if (!fast()) {
            return memory().loadLong(input() + offset);
        }
        return switch (offset) {
            case 0 -> input();
            case 8 -> output();
            default -> xmm((offset - FAST_BYTES) / 8);
        };
    }

    /// Whether input parameters can have so many bytes.
    default boolean fits(int bytes) {
        return !fast() || bytes <= MOST_FAST_BYTES;
    }
}
