// SPDX-License-Identifier: Apache-2.0
package org.javisor.passthrough.vtd;

import org.javisor.memory.DmaTranslation;
import org.javisor.memory.GuestMemory;
import org.javisor.passthrough.paging.EpochCache;
import org.javisor.passthrough.paging.Iotlb;
import org.javisor.passthrough.paging.SecondLevelTable;

/// Translates what devices ask for: by what is kept of late, else by the guest's tables. Any thread, no lock.
///
/// What is kept of contexts goes whenever the guest says that they changed, and with it every translation of the same
/// requesters: more than the guest asks for, so that nothing depends on the order in which it asks.
///
/// @datasheet Intel VT-d 4.1 §3 "DMA Remapping", §6.2 "Translation Caching"
final class DmaRemapping {
    private static final int CONTEXTS = 64;
    /// Requests to addresses from here on, for 1 MiB, are interrupts.
    private static final int INTERRUPTS = 0xfee, INTERRUPTS_SHIFT = 20;
    private static final long TABLE_TYPE = 3 << 10;

    /// Takes note of a request that is blocked.
    @FunctionalInterface
    interface Blocked {
        void dma(int requester, long address, FaultReason reason, boolean read);
    }

    private final GuestMemory memory;
    private final VtdConfig config;
    private final Blocked blocked;
    private final long reserved;
    private final EpochCache<Context> contexts = new EpochCache<>(CONTEXTS);
    private final Iotlb iotlb = new Iotlb();
    private volatile boolean enabled;
    private volatile long rootTable;

    DmaRemapping(GuestMemory memory, VtdConfig config, Blocked blocked) {
        this.memory = memory;
        this.config = config;
        this.blocked = blocked;
        this.reserved = Context.beyond(config) & VtdLayout.PAGE_ADDRESS;
    }

    // ---- requests ----

    /// As [DmaTranslation#translate], for `requester`.
    long translate(int requester, long address, boolean write) {
        if (!enabled) {
            return address;
        }
        if (address >>> INTERRUPTS_SHIFT == INTERRUPTS) {
            return DmaTranslation.BLOCKED;
        }
        long known = iotlb.find(requester, address, write);
        return known != DmaTranslation.BLOCKED ? known : lookUp(requester, address, write);
    }

    private long lookUp(int requester, long address, boolean write) {
        long asOf = iotlb.epoch();
        return switch (context(requester)) {
            case ContextLookup.Fault(FaultReason reason, boolean silent) ->
                    refuse(requester, address, write, reason, silent);
            case Context context when !context.translated() -> address;
            case Context context -> walk(context, address, write, asOf);
        };
    }

    private ContextLookup context(int requester) {
        Context kept = contexts.at(requester);
        if (kept != null && kept.requester() == requester) {
            return kept;
        }
        long asOf = contexts.epoch();
        if ((rootTable & TABLE_TYPE) != 0) {
            return new ContextLookup.Fault(FaultReason.NO_ROOT_TABLE, false);
        }
        ContextLookup found = Context.find(memory, config, rootTable, requester);
        if (found instanceof Context context) {
            contexts.enter(requester, context, asOf);
        }
        return found;
    }

    private long walk(Context context, long address, boolean write, long asOf) {
        int bits = Math.min(config.addressWidth(), SecondLevelTable.addressBits(context.levels()));
        if (address >>> bits != 0) {
            return refuse(context.requester(), address, write, FaultReason.ADDRESS_BEYOND_WIDTH, context.silent());
        }
        return switch (SecondLevelTable.walk(memory, context.table(), context.levels(), address, write, reserved)) {
            case SecondLevelTable.Page page ->
                    iotlb.enter(context.requester(), context.domain(), address, page, asOf);
            case SecondLevelTable.Refusal refusal ->
                    refuse(context.requester(), address, write, reason(refusal, write), context.silent());
        };
    }

    private static FaultReason reason(SecondLevelTable.Refusal refusal, boolean write) {
        return switch (refusal) {
            case NOT_PERMITTED -> write ? FaultReason.WRITE_NOT_PERMITTED : FaultReason.READ_NOT_PERMITTED;
            case RESERVED_BITS -> FaultReason.PAGING_RESERVED;
            case NO_TABLE -> FaultReason.NO_PAGE_TABLE;
        };
    }

    private long refuse(int requester, long address, boolean write, FaultReason reason, boolean silent) {
        if (!silent || !reason.qualified) {
            blocked.dma(requester, address, reason, !write);
        }
        return DmaTranslation.BLOCKED;
    }

    // ---- commands ----

    void rootTable(long address) {
        rootTable = address;
        invalidateContexts();
    }

    long rootTable() {
        return rootTable;
    }

    void enable(boolean on) {
        invalidateContexts();
        enabled = on;
    }

    void invalidateContexts() {
        contexts.invalidate(_ -> true);
        iotlb.invalidateAll();
    }

    void invalidateContextsOf(int domain) {
        contexts.invalidate(context -> context.domain() == domain);
        iotlb.invalidateDomain(domain);
    }

    /// @param function of the requester's lowest three bits how many are ignored, from bit 2 down
    void invalidateContext(int requester, int function) {
        int ignored = ignored(function);
        contexts.invalidate(context -> ((context.requester() ^ requester) & ~ignored) == 0);
        iotlb.invalidateRequester(requester, ignored);
    }

    /// The bits of a function number that a mask of them leaves out: none, bit 2, bits 2:1, all.
    static int ignored(int function) {
        return 7 & -8 >> function;
    }

    void invalidateTranslations() {
        iotlb.invalidateAll();
    }

    void invalidateTranslations(int domain) {
        iotlb.invalidateDomain(domain);
    }

    /// @param mask how many low bits of the page number are ignored
    void invalidatePages(int domain, long address, int mask) {
        iotlb.invalidatePages(domain, address, GuestMemory.PAGE_SHIFT + mask);
    }
}
