// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// What other threads may ask of a processor: bits for [Cpu#request]. A running processor notices within a block of
/// instructions; waking a halted one is up to who blocked its thread.
public final class Requests {
    /// INTR is asserted. A level: stays until cancelled.
    public static final int INTERRUPT = 1;
    public static final int NMI = 1 << 1;
    public static final int SMI = 1 << 2;
    /// As [Cpu#sendInit] asks.
    public static final int INIT = 1 << 3;
    /// A start-up IPI, behind the last INIT; its vector was given to [Cpu#startup].
    public static final int STARTUP = 1 << 4;
    /// Leave [Cpu#run] with [CpuExit#KICK].
    public static final int KICK = 1 << 5;
    /// Forget every translation.
    public static final int FLUSH_TLB = 1 << 6;
    /// Forget every permission to write directly: pages have become tracked or are to be logged.
    static final int WRITE_PROTECT = 1 << 7;
    /// A performance counter may have overflowed.
    public static final int COUNTERS = 1 << 8;

    /// Forget the translations of some pages ([PagesToForget]).
    static final int FORGET_PAGES = 1 << 9;

    /// Those that the architecture serves between instructions, and that [Exceptions#interrupt] takes.
    static final int ARCHITECTURAL = INTERRUPT | NMI | SMI | INIT | STARTUP;

    /// Those that nothing in the processor's state holds back, but for system management mode.
    static final int ALWAYS = SMI | INIT | STARTUP | KICK | FLUSH_TLB | WRITE_PROTECT | COUNTERS
            | FORGET_PAGES;

    private Requests() { }
}
