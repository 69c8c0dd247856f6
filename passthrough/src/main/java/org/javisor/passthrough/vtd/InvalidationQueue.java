// SPDX-License-Identifier: Apache-2.0
package org.javisor.passthrough.vtd;

import org.javisor.devices.RegisterMap;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.GuestMemory.OutOfRangeException;

/// The queue in guest memory by which the guest says what is to be forgotten, and asks to be told when that has
/// happened. Descriptors are carried out in order, on the thread that has moved the tail, all of them: the queue has an
/// end. Guarded by the unit's lock.
///
/// @datasheet Intel VT-d 4.1 §6.5.2 "Queued Invalidation Interface", §11.4.8
final class InvalidationQueue {
    private static final int DESCRIPTOR_BYTES = 16, SMALLEST = 8;
    static final long POINTER = 0x7_fff0;
    private static final long SIZE = 7;
    static final long ADDRESS = VtdLayout.PAGE_ADDRESS | SIZE;

    private static final int CONTEXTS = 1, TRANSLATIONS = 2, INTERRUPT_ENTRIES = 4, WAIT = 5;
    private static final int TYPE = 0xf;

    private static final int GRANULARITY_SHIFT = 4;
    private static final int GLOBAL = 1, DOMAIN = 2, SELECTIVE = 3;

    private static final long CONTEXTS_RESERVED = 0xfffc_0000_0000_ffc0L;
    private static final long TRANSLATIONS_RESERVED = 0xffff_ffff_0000_ff00L, PAGES_RESERVED = 0xf80;
    private static final long INTERRUPTS_RESERVED = 0xffff_0000_07ff_ffe0L;
    private static final long WAIT_RESERVED = 0xffff_ff80L;
    private static final int WAIT_INTERRUPT = 1 << 4, WAIT_STATUS = 1 << 5;

    /// What descriptors ask for.
    interface Orders {
        /// Something of the interrupt table has changed.
        void interruptEntriesChanged();

        /// Everything before is done, and the guest wants to be interrupted.
        void completed();

        /// Something is wrong with the descriptor at the head.
        void failed();

        /// Whether the queue stands still until the guest has taken note of that.
        boolean stopped();

        /// Has devices be done with what was translated before.
        ///
        /// @return whether they are; else the queue is to [#run] when they are
        boolean drained();
    }

    private final GuestMemory memory;
    private final DmaRemapping dma;
    private final Orders orders;
    private boolean enabled;
    private long head;
    private long tail;
    private long address;
    /// Whether anything was invalidated that devices may still use.
    private boolean stale;
    /// Whether the wait at the head is for devices to be done with it.
    private boolean waiting;

    InvalidationQueue(GuestMemory memory, DmaRemapping dma, Orders orders) {
        this.memory = memory;
        this.dma = dma;
        this.orders = orders;
    }

    void define(RegisterMap registers) {
        registers.define(VtdLayout.QUEUE_HEAD, 8, () -> head);
        registers.define(VtdLayout.QUEUE_TAIL, 8, () -> tail, (value, mask) -> {
            tail = (tail & ~mask | value) & POINTER;
            run();
        });
        registers.define(VtdLayout.QUEUE_ADDRESS, 8, () -> address,
                (value, mask) -> address = (address & ~mask | value) & ADDRESS);
    }

    void enable(boolean on) {
        if (on != enabled) {
            enabled = on;
            head = 0;
            waiting = false;
            run();
        }
    }

    /// Devices are done with what was translated before the wait at the head.
    void drained() {
        if (waiting) {
            waiting = false;
            run();
        }
    }

    /// Carries out what is in the queue, up to the first descriptor that is wrong.
    void run() {
        if (!enabled || orders.stopped()) {
            return;
        }
        long end = (long) DESCRIPTOR_BYTES << SMALLEST + (address & SIZE);
        if (tail >= end) {
            orders.failed();
            return;
        }
        while (head != tail && !waiting) {
            if (!carryOut((address & VtdLayout.PAGE_ADDRESS) + head)) {
                orders.failed();
                return;
            }
            if (waiting) {
                return;
            }
            head = head + DESCRIPTOR_BYTES < end ? head + DESCRIPTOR_BYTES : 0;
        }
    }

    private boolean carryOut(long at) {
        long low;
        long high;
        try {
            low = memory.loadLong(at);
            high = memory.loadLong(at + 8);
        } catch (OutOfRangeException _) {
            return false;
        }
        return switch ((int) low & TYPE) {
            case CONTEXTS -> contexts(low, high);
            case TRANSLATIONS -> translations(low, high);
            case INTERRUPT_ENTRIES -> interruptEntries(low, high);
            case WAIT -> await(low, high);
            default -> false;
        };
    }

    private boolean contexts(long low, long high) {
        if ((low & CONTEXTS_RESERVED) != 0 || high != 0) {
            return false;
        }
        stale = true;
        int domain = (int) (low >>> 16) & 0xffff;
        switch ((int) low >>> GRANULARITY_SHIFT & 3) {
            case GLOBAL -> dma.invalidateContexts();
            case DOMAIN -> dma.invalidateContextsOf(domain);
            case SELECTIVE -> dma.invalidateContext((int) (low >>> 32) & 0xffff, (int) (low >>> 48) & 3);
            default -> {
                return false;
            }
        }
        return true;
    }

    private boolean translations(long low, long high) {
        if ((low & TRANSLATIONS_RESERVED) != 0) {
            return false;
        }
        stale = true;
        int domain = (int) (low >>> 16) & 0xffff;
        int mask = (int) high & 0x3f;
        switch ((int) low >>> GRANULARITY_SHIFT & 3) {
            case GLOBAL -> dma.invalidateTranslations();
            case DOMAIN -> dma.invalidateTranslations(domain);
            case SELECTIVE -> {
                if ((high & PAGES_RESERVED) != 0 || mask > VtdLayout.MOST_PAGES) {
                    return false;
                }
                dma.invalidatePages(domain, high, mask);
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    private boolean interruptEntries(long low, long high) {
        if ((low & INTERRUPTS_RESERVED) != 0 || high != 0) {
            return false;
        }
        orders.interruptEntriesChanged();
        return true;
    }

    private boolean await(long low, long high) {
        if ((low & WAIT_RESERVED) != 0 || (high & 3) != 0) {
            return false;
        }
        if (stale) {
            stale = false;
            waiting = !orders.drained();
            if (waiting) {
                return true;
            }
        }
        if ((low & WAIT_STATUS) != 0) {
            try {
                memory.storeInt(high, (int) (low >>> 32));
            } catch (OutOfRangeException _) {
                return false;
            }
        }
        if ((low & WAIT_INTERRUPT) != 0) {
            orders.completed();
        }
        return true;
    }

    void reset() {
        load(new QueueState(false, 0, 0, 0));
    }

    QueueState save() {
        return new QueueState(enabled, head, tail, address);
    }

    void load(QueueState state) {
        waiting = false;
        enabled = state.enabled();
        head = state.head();
        tail = state.tail();
        address = state.address();
    }
}
