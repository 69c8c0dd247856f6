// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.nvme;

import org.javisor.memory.DmaSpace;
import org.javisor.memory.GuestMemory;

/// A copy of one submission queue entry, and the first dword of its completion. To be used again.
///
/// @nvme 1.4 §4.2 "Submission Queue Entry - Command Format"
final class Command {
    private static final int DWORDS = 16, NAMESPACE_DWORD = 1;
    private static final int FUSED_AND_SGL = 0xc300;

    private final int[] dwords = new int[DWORDS];
    /// Dword 0 of the completion.
    int result;

    /// @throws GuestMemory.OutOfRangeException if there is no memory
    void load(DmaSpace memory, long gpa) {
        for (int i = 0; i < DWORDS; i += 2) {
            long two = memory.loadLong(gpa + 4 * i);
            dwords[i] = (int) two;
            dwords[i + 1] = (int) (two >>> 32);
        }
        result = 0;
    }

    int opcode() {
        return dwords[0] & 0xff;
    }

    int id() {
        return dwords[0] >>> 16;
    }

    /// Whether it asks for what this controller does not have: fused operations, SGLs.
    boolean unsupportedForm() {
        return (dwords[0] & FUSED_AND_SGL) != 0;
    }

    int namespace() {
        return dwords[NAMESPACE_DWORD];
    }

    long prp1() {
        return quad(6);
    }

    long prp2() {
        return quad(8);
    }

    /// Dword `n`, 0 to 15.
    int dword(int n) {
        return dwords[n];
    }

    /// Dwords `n` and `n + 1`.
    long quad(int n) {
        return dwords[n] & 0xffff_ffffL | (long) dwords[n + 1] << 32;
    }
}
