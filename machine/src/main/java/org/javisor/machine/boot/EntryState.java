// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine.boot;

/// In what state the first processor enters a kernel. Interrupts are off, segments flat (in real mode: all selectors 0
/// but CS); general registers not named here are 0.
///
/// @param mode how instructions are decoded and memory is translated
/// @param rip  the entry point; in real mode CS:IP is `rip >> 4 : rip & 15`
/// @param cr3  the top page table, for [Mode#LONG]
/// @param gdt  where the global descriptor table lies, which [BootTables] wrote; 0 in real mode
public record EntryState(Mode mode, long rip, long rsp, long rax, long rbx, long rsi, long cr3, long gdt) {
    /// The processor modes that boot protocols ask for.
    public enum Mode {
        REAL,
        /// 32-bit protected mode, paging off.
        PROTECTED,
        /// 64-bit mode, the first 4 GiB mapped one to one.
        LONG
    }
}
