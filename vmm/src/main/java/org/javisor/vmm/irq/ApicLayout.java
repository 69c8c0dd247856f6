// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

/// Registers and bits of the local APIC. Offsets are those of the memory-mapped page; the x2APIC's register at offset
/// `o` is MSR 0x800 + `o` / 16.
///
/// ```
/// Interrupt command (and, but for the shorthand, I/O APIC redirection entry and MSI data):
///  31      20 19 18 17 16 15 14 13 12 11 10   8 7        0
/// ┌──────────┬─────┬─────┬──┬──┬──┬──┬──┬──────┬──────────┐
/// │          │short│     │TM│L │  │DS│DM│ mode │  vector  │
/// └──────────┴─────┴─────┴──┴──┴──┴──┴──┴──────┴──────────┘
///   TM trigger mode (1 level), L level (1 assert), DS delivery status, DM destination mode (1 logical)
/// ```
///
/// @sdm vol. 3A §11.4.1 "The Local APIC Block Diagram", Table 11-1 "Local APIC Register Address Map";
/// §11.12.1.2 "x2APIC Register Address Space"
final class ApicLayout {
    static final int ID = 0x020, VERSION = 0x030, TPR = 0x080, APR = 0x090, PPR = 0x0a0, EOI = 0x0b0, RRD = 0x0c0,
            LDR = 0x0d0, DFR = 0x0e0, SVR = 0x0f0;
    /// The first of eight.
    static final int ISR = 0x100, TMR = 0x180, IRR = 0x200;
    static final int ESR = 0x280, LVT_CMCI = 0x2f0, ICR = 0x300, ICR_HIGH = 0x310;
    static final int LVT_TIMER = 0x320, LVT_THERMAL = 0x330, LVT_PERFORMANCE = 0x340, LVT_LINT0 = 0x350,
            LVT_LINT1 = 0x360, LVT_ERROR = 0x370;
    static final int TIMER_INITIAL = 0x380, TIMER_CURRENT = 0x390, TIMER_DIVIDE = 0x3e0, SELF_IPI = 0x3f0;

    /// Integrated APIC, seven LVT entries, EOI broadcasts can be suppressed.
    static final int VERSION_VALUE = 0x14 | 6 << 16 | 1 << 24;

    static final int SVR_ENABLE = 1 << 8, SVR_SUPPRESS_EOI_BROADCAST = 1 << 12;
    static final int SVR_WRITABLE = 0xff | SVR_ENABLE | SVR_SUPPRESS_EOI_BROADCAST;

    static final int ESR_SEND_ILLEGAL_VECTOR = 1 << 5, ESR_RECEIVE_ILLEGAL_VECTOR = 1 << 6,
            ESR_ILLEGAL_REGISTER = 1 << 7;

    static final int VECTOR = 0xff;
    static final int MODE_SHIFT = 8, MODE = 7 << MODE_SHIFT;
    static final int FIXED = 0, LOWEST_PRIORITY = 1, SMI = 2, NMI = 4, INIT = 5, STARTUP = 6, EXTINT = 7;
    static final int LOGICAL = 1 << 11;
    static final int LEVEL_ASSERT = 1 << 14;
    static final int TRIGGER_LEVEL = 1 << 15;
    static final int SHORTHAND_SHIFT = 18;
    static final int NO_SHORTHAND = 0, SELF = 1, ALL = 2, OTHERS = 3;
    static final int ICR_WRITABLE = VECTOR | MODE | LOGICAL | LEVEL_ASSERT | TRIGGER_LEVEL | 3 << SHORTHAND_SHIFT;

    static final int LVT_DELIVERY_PENDING = 1 << 12;
    static final int LVT_REMOTE_IRR = 1 << 14;
    static final int LVT_MASKED = 1 << 16;
    static final int LVT_TIMER_MODE_SHIFT = 17;
    static final int ONE_SHOT = 0, PERIODIC = 1, TSC_DEADLINE = 2;

    /// Vectors below are reserved for exceptions: an APIC neither sends nor receives them.
    static final int FIRST_LEGAL_VECTOR = 16;

    /// A destination that everybody matches, as a 32-bit one.
    static final int BROADCAST = -1;

    private ApicLayout() { }

    /// The entries of the local vector table, in the order of [LocalApic.State#lvt].
    enum Lvt {
        CMCI(LVT_CMCI, VECTOR | MODE | LVT_MASKED),
        TIMER(LVT_TIMER, VECTOR | LVT_MASKED | 3 << LVT_TIMER_MODE_SHIFT),
        THERMAL(LVT_THERMAL, VECTOR | MODE | LVT_MASKED),
        PERFORMANCE(LVT_PERFORMANCE, VECTOR | MODE | LVT_MASKED),
        LINT0(LVT_LINT0, VECTOR | MODE | 1 << 13 | TRIGGER_LEVEL | LVT_MASKED),
        LINT1(LVT_LINT1, VECTOR | MODE | 1 << 13 | TRIGGER_LEVEL | LVT_MASKED),
        ERROR(LVT_ERROR, VECTOR | LVT_MASKED);

        private static final Lvt[] VALUES = values();

        final int offset;
        final int writable;

        Lvt(int offset, int writable) {
            this.offset = offset;
            this.writable = writable;
        }

        /// The entry at `offset`, or null.
        static Lvt at(int offset) {
            if (offset >= LVT_TIMER && offset <= LVT_ERROR) {
                return VALUES[TIMER.ordinal() + (offset - LVT_TIMER >> 4)];
            }
            return offset == LVT_CMCI ? CMCI : null;
        }
    }

    static int mode(int command) {
        return (command & MODE) >> MODE_SHIFT;
    }
}
