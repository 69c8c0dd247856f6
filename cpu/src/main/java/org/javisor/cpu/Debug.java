// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// The debug registers, breakpoints and single-stepping.
///
/// While [Cpu#SLOW_STEP] is set in [Cpu#slow] the run loop executes one instruction at a time between [#before] and
/// [#after]; while [#watching] is set every memory access is shown to [#access].
final class Debug {
    private final Cpu cpu;

    /// Whether any data breakpoint is armed; after a change call [Cpu#modeChanged].
    boolean watching;
    /// Whether any instruction breakpoint is armed, or a trap waits for [#after]; as [#watching].
    boolean stepping;

    Debug(Cpu cpu) {
        this.cpu = cpu;
    }

    /// Before the instruction at RIP, when stepping: throws #DB for an instruction breakpoint, unless RF is set.
    void before() { }

    /// Behind an instruction that was stepped and did not fault: clears RF unless the instruction set it, and delivers
    /// what traps are due.
    ///
    /// @param flagsBefore [Cpu#systemFlags] before the instruction; its TF decides about the single-step trap
    /// @return [CpuExit#NONE] or an exit
    int after(int flagsBefore) {
        return CpuExit.NONE;
    }

    /// A load or store of the current instruction, when [#watching]; it has happened (or is certain to).
    void access(long gva, int bytes, boolean write) { }
}
