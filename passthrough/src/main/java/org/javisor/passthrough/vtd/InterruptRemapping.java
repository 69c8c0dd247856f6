// SPDX-License-Identifier: Apache-2.0
package org.javisor.passthrough.vtd;

import org.javisor.memory.GuestMemory;
import org.javisor.memory.GuestMemory.OutOfRangeException;
import org.javisor.vmm.irq.InterruptChips;
import org.javisor.vmm.irq.MessageRemapping;
import org.javisor.vmm.irq.MessageRemapping.Remapped;

/// Sends interrupts where the guest's table says. The table is looked at for each: nothing of it is kept, so there is
/// nothing to forget. Any thread, no lock.
///
/// ```
/// Message:  address 31   20 19         5 4 3 2 1 0      data 31      16 15         0
///                  ┌───────┬────────────┬─┬─┬─┬───┐         ┌──────────┬────────────┐
///                  │ 0xfee │ index 14:0 │1│S│I│   │         │          │ subindex   │  if S
///                  └───────┴────────────┴─┴─┴─┴───┘         └──────────┴────────────┘
///   I bit 15 of the index; 0 in place of 1 makes a message in compatibility format
///
/// Entry:  63        32 31  24 23    16 15 14  12 11  8 7   5 4  3  2  1  0
///        ┌────────────┬──────┬────────┬──┬──────┬─────┬─────┬──┬──┬──┬──┬──┐
///        │ destination│      │ vector │IM│      │     │mode │TM│RH│DM│FD│P │
///        └────────────┴──────┴────────┴──┴──────┴─────┴─────┴──┴──┴──┴──┴──┘
///         127                84 83 82 81 80 79       64
///        ┌─────────────────────┬─────┬─────┬───────────┐
///        │                     │ SVT │ SQ  │ source-id │
///        └─────────────────────┴─────┴─────┴───────────┘
///   IM posted, which there is not; TM trigger mode; RH redirection hint; DM destination mode; FD faults are not
///   recorded; SVT, SQ how the source is verified
/// ```
///
/// The I/O APIC and the HPET have source-ids of their own, which the DMAR table tells. The I/O APIC's is not verified,
/// as in other virtual machines: there are guests that expect the id of the function behind a pin (kvm-unit-tests), and
/// nobody but the guest's own kernel can make it send.
///
/// @datasheet Intel VT-d 4.1 §5.1 "Interrupt Remapping", §9.10 "Interrupt Remapping Table Entry (IRTE) for Remapped
/// Interrupts"
final class InterruptRemapping {
    private static final int REMAPPABLE = 1 << 4, SUBINDEX = 1 << 3, INDEX_15 = 1 << 2;
    private static final int ENTRY_BYTES = 16, PRESENT = 1, SILENT = 2, LOGICAL = 4, REDIRECTION_HINT = 8, LEVEL = 16,
            MODE_SHIFT = 5, VECTOR_SHIFT = 16;
    private static final long LOW_RESERVED = 0xff00_f000L, XAPIC_RESERVED = 0xffff_00ff_0000_0000L;
    private static final long HIGH_RESERVED = -1L << 20;
    private static final int NO_VERIFICATION = 0, VERIFY_SOURCE = 1, VERIFY_BUS = 2;

    // Of the interrupt command register.
    private static final int COMMAND_MODE_SHIFT = 8, COMMAND_LOGICAL = 1 << 11, COMMAND_ASSERT = 1 << 14,
            COMMAND_LEVEL = 1 << 15;
    /// Of what [#entry] gives, above the command.
    private static final int ONE = 1 << 16, VALID = 1 << 17;

    private static final int SIZE = 0xf, EXTENDED = 1 << 11;

    /// Takes note of an interrupt that is blocked.
    @FunctionalInterface
    interface Blocked {
        void interrupt(int source, int index, FaultReason reason);
    }

    private final GuestMemory memory;
    private final InterruptChips chips;
    private final VtdConfig config;
    private final Blocked blocked;
    private volatile boolean enabled;
    private volatile boolean compatibility;
    /// The table's address, its size and whether destinations have 32 bits, as the register has them.
    private volatile long table;

    InterruptRemapping(GuestMemory memory, InterruptChips chips, VtdConfig config, Blocked blocked) {
        this.memory = memory;
        this.chips = chips;
        this.config = config;
        this.blocked = blocked;
    }

    // ---- commands ----

    void table(long register) {
        table = register;
    }

    long table() {
        return table;
    }

    void enable(boolean on, boolean compatibilityFormat) {
        enabled = on;
        compatibility = compatibilityFormat;
    }

    // ---- interrupts ----

    /// What a chip of the board's sends through.
    MessageRemapping from(int source) {
        return new MessageRemapping() {
            @Override
            public boolean send(long address, int data) {
                return InterruptRemapping.this.send(source, address, data);
            }

            @Override
            public Remapped resolve(long address, int data) {
                return InterruptRemapping.this.resolve(source, address, data);
            }
        };
    }

    /// Sends a message.
    ///
    /// @return whether anybody accepted it
    boolean send(int source, long address, int data) {
        if (!enabled) {
            return chips.sendUnmapped(address, data);
        }
        if ((address & REMAPPABLE) == 0) {
            if (!compatibility || extended()) {
                refuse(source, 0, FaultReason.COMPATIBILITY_BLOCKED, false, true);
                return false;
            }
            return chips.sendUnmapped(address, data);
        }
        long entry = entry(source, address, data, true);
        return entry != 0 && chips.deliver((int) (entry >>> 32), (int) entry & ONE - 1, (entry & ONE) != 0);
    }

    private Remapped resolve(int source, long address, int data) {
        if (!enabled || (address & REMAPPABLE) == 0 && compatibility && !extended()) {
            return chips.decodeUnmapped(address, data);
        }
        long entry = (address & REMAPPABLE) == 0 ? 0 : entry(source, address, data, false);
        return entry == 0 ? null
                : new Remapped((int) (entry >>> 32), (int) entry & ONE - 1, (entry & ONE) != 0);
    }

    private boolean extended() {
        return config.extendedInterrupts() && (table & EXTENDED) != 0;
    }

    /// What the table says of a message.
    ///
    /// @param tell whether it is recorded if the message is blocked
    /// @return destination, [#VALID], [#ONE] and command; or 0
    private long entry(int source, long address, int data, boolean tell) {
        int handle = (int) address >>> 5 & 0x7fff | ((address & INDEX_15) != 0 ? 0x8000 : 0);
        boolean sub = (address & SUBINDEX) != 0;
        if (sub && data >>> 16 != 0) {
            return refuse(source, handle, FaultReason.REQUEST_RESERVED, false, tell);
        }
        int index = sub ? handle + (data & 0xffff) : handle;
        long register = table;
        if (index >= 2 << (register & SIZE)) {
            return refuse(source, index, FaultReason.INDEX_BEYOND_TABLE, false, tell);
        }
        long low;
        long high;
        try {
            long at = (register & VtdLayout.PAGE_ADDRESS) + (long) ENTRY_BYTES * index;
            low = memory.loadLong(at);
            high = memory.loadLong(at + 8);
        } catch (OutOfRangeException _) {
            return refuse(source, index, FaultReason.NO_INTERRUPT_TABLE, false, tell);
        }
        FaultReason wrong = wrong(source, low, high);
        return wrong == null ? decode(low) : refuse(source, index, wrong, (low & SILENT) != 0, tell);
    }

    /// What is wrong with an entry, for this source; or null.
    private FaultReason wrong(int source, long low, long high) {
        if ((low & PRESENT) == 0) {
            return FaultReason.ENTRY_NOT_PRESENT;
        }
        int verification = (int) (high >>> 18) & 3;
        if ((low & (extended() ? LOW_RESERVED : LOW_RESERVED | XAPIC_RESERVED)) != 0 || (high & HIGH_RESERVED) != 0
                || verification > VERIFY_BUS) {
            return FaultReason.ENTRY_RESERVED;
        }
        return source == VtdUnit.IO_APIC_SOURCE
                || isFrom(source, (int) high & 0xffff, verification, (int) (high >>> 16) & 3) ? null
                : FaultReason.WRONG_SOURCE;
    }

    private static boolean isFrom(int source, int expected, int verification, int qualifier) {
        return switch (verification) {
            case NO_VERIFICATION -> true;
            case VERIFY_SOURCE -> ((source ^ expected) & ~DmaRemapping.ignored(qualifier)) == 0;
            default -> source >>> 8 >= expected >>> 8 && source >>> 8 <= (expected & 0xff);
        };
    }

    private long decode(long low) {
        int wide = (int) (low >>> 32);
        int narrow = wide >>> 8 & 0xff;
        int destination = extended() ? wide : narrow == 0xff ? -1 : narrow;
        int command = (int) low >>> VECTOR_SHIFT & 0xff | ((int) low >>> MODE_SHIFT & 7) << COMMAND_MODE_SHIFT
                | ((low & LOGICAL) != 0 ? COMMAND_LOGICAL : 0) | COMMAND_ASSERT
                | ((low & LEVEL) != 0 ? COMMAND_LEVEL : 0);
        return (long) destination << 32 | VALID | ((low & REDIRECTION_HINT) != 0 ? ONE : 0) | command;
    }

    private long refuse(int source, int index, FaultReason reason, boolean silent, boolean tell) {
        if (tell && (!silent || !reason.qualified)) {
            blocked.interrupt(source, index, reason);
        }
        return 0;
    }
}
