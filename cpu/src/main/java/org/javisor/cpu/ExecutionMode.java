// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// The mode that CR0.PE, EFER.LMA, RFLAGS.VM and CS.L make together.
///
/// @sdm vol. 3A §2.2 "Modes of Operation"
enum ExecutionMode {
    REAL,
    VIRTUAL_8086,
    PROTECTED,
    COMPATIBILITY,
    /// 64-bit mode.
    LONG;

    /// Whether segment registers hold paragraph numbers and there are no privileges but the mode's own.
    boolean eightySixStyle() {
        return this == REAL || this == VIRTUAL_8086;
    }

    /// EFER.LMA.
    boolean ia32e() {
        return this == COMPATIBILITY || this == LONG;
    }
}
