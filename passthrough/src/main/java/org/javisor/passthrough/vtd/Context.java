// SPDX-License-Identifier: Apache-2.0
package org.javisor.passthrough.vtd;

import org.javisor.memory.GuestMemory;
import org.javisor.memory.GuestMemory.OutOfRangeException;

/// What the tables of root and context entries say of a requester.
///
/// ```
/// Root entry, by bus:                        Context entry, by device and function:
///  63                12 11       1  0         63          12 11    4 3  2  1  0
/// ┌────────────────────┬─────────┬──┐        ┌──────────────┬───────┬────┬──┬──┐
/// │ context table      │         │P │        │ second level │       │ TT │FD│P │
/// └────────────────────┴─────────┴──┘        └──────────────┴───────┴────┴──┴──┘
///  127                            64         127      88 87    72 71 70    67 66 64
/// ┌─────────────────────────────────┐        ┌──────────┬────────┬──┬───────┬─────┐
/// │                                 │        │          │ domain │  │       │width│
/// └─────────────────────────────────┘        └──────────┴────────┴──┴───────┴─────┘
///   TT type: 0 translated, 2 passed through; FD faults are not recorded; width: levels less 2
/// ```
///
/// @datasheet Intel VT-d 4.1 §9.1 "Root Entry", §9.3 "Context Entry"
///
/// @param translated whether addresses are looked up, or else left as they are
/// @param silent     whether faults are not recorded
record Context(int requester, boolean translated, int domain, long table, int levels, boolean silent)
        implements ContextLookup {
    private static final int ENTRY_BYTES = 16, PRESENT = 1, SILENT = 2, TYPE_SHIFT = 2;
    private static final int TRANSLATED = 0, PASS_THROUGH = 2;
    private static final long ROOT_RESERVED = 0xffe, LOW_RESERVED = 0xff0, HIGH_RESERVED = ~0xff_ff7fL;

    static ContextLookup find(GuestMemory memory, VtdConfig config, long rootTable, int requester) {
        long rootLow;
        long rootHigh;
        try {
            long root = (rootTable & VtdLayout.PAGE_ADDRESS) + ENTRY_BYTES * (requester >>> 8);
            rootLow = memory.loadLong(root);
            rootHigh = memory.loadLong(root + 8);
        } catch (OutOfRangeException _) {
            return new ContextLookup.Fault(FaultReason.NO_ROOT_TABLE, false);
        }
        if ((rootLow & PRESENT) == 0) {
            return new ContextLookup.Fault(FaultReason.ROOT_NOT_PRESENT, false);
        }
        if ((rootLow & (ROOT_RESERVED | beyond(config))) != 0 || rootHigh != 0) {
            return new ContextLookup.Fault(FaultReason.ROOT_RESERVED, false);
        }
        try {
            long entry = (rootLow & VtdLayout.PAGE_ADDRESS) + ENTRY_BYTES * (requester & 0xff);
            return of(config, requester, memory.loadLong(entry), memory.loadLong(entry + 8));
        } catch (OutOfRangeException _) {
            return new ContextLookup.Fault(FaultReason.NO_CONTEXT_TABLE, false);
        }
    }

    private static ContextLookup of(VtdConfig config, int requester, long low, long high) {
        boolean silent = (low & SILENT) != 0;
        if ((low & PRESENT) == 0) {
            return new ContextLookup.Fault(FaultReason.CONTEXT_NOT_PRESENT, silent);
        }
        if ((low & (LOW_RESERVED | beyond(config))) != 0 || (high & HIGH_RESERVED) != 0) {
            return new ContextLookup.Fault(FaultReason.CONTEXT_RESERVED, silent);
        }
        int type = (int) low >>> TYPE_SHIFT & 3;
        int levels = 2 + (int) (high & 7);
        if (type != TRANSLATED && type != PASS_THROUGH || !config.translates(levels)) {
            return new ContextLookup.Fault(FaultReason.CONTEXT_INVALID, silent);
        }
        return new Context(requester, type == TRANSLATED, (int) (high >>> 8) & 0xffff, low & VtdLayout.PAGE_ADDRESS,
                levels, silent);
    }

    /// Bits of addresses that the machine does not have.
    static long beyond(VtdConfig config) {
        return -1L << config.hostAddressBits();
    }
}
