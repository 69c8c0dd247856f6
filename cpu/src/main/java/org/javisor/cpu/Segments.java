// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// The segment registers with their hidden parts, and the checks that turn an offset into a linear address.
final class Segments {
    private final Cpu cpu;

    Segments(Cpu cpu) {
        this.cpu = cpu;
    }

    /// The linear address of `bytes` bytes at `offset`.
    ///
    /// @throws GuestFault #GP(0) or #SS(0) for limits, type and canonical form
    long linear(int segment, long offset, int bytes, boolean forWrite) {
        throw new UnsupportedOperationException();
    }

    /// Checks the target of a near branch, already cut to the operand size: canonical in 64-bit mode, within the limit
    /// of CS elsewhere.
    ///
    /// @throws GuestFault #GP(0)
    void checkTarget(long target) {
        throw new UnsupportedOperationException();
    }
}
