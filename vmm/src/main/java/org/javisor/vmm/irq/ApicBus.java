// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

import static org.javisor.vmm.irq.ApicLayout.BROADCAST;
import static org.javisor.vmm.irq.ApicLayout.FIXED;
import static org.javisor.vmm.irq.ApicLayout.LOGICAL;
import static org.javisor.vmm.irq.ApicLayout.LOWEST_PRIORITY;
import static org.javisor.vmm.irq.ApicLayout.MODE;
import static org.javisor.vmm.irq.ApicLayout.MODE_SHIFT;

import java.util.Arrays;
import java.util.Comparator;
import java.util.concurrent.atomic.AtomicInteger;

/// The local APICs of a machine, and how interrupt messages find them.
///
/// Senders take no lock: they read an immutable array, and each local APIC accepts by atomic operations.
public final class ApicBus {
    private static final LocalApic[] NONE = {};
    /// What [#deliver] does when a message asks for one of several destinations.
    private static final int FIXED_COMMAND = FIXED << MODE_SHIFT;

    private volatile LocalApic[] apics = NONE;
    /// Null where the local APICs are here.
    private volatile ForeignApics foreign;
    private final AtomicInteger turn = new AtomicInteger();

    synchronized void add(LocalApic apic) {
        LocalApic[] grown = Arrays.copyOf(apics, apics.length + 1);
        grown[grown.length - 1] = apic;
        Arrays.sort(grown, Comparator.comparingInt(LocalApic::id));
        apics = grown;
    }

    synchronized void remove(LocalApic apic) {
        apics = Arrays.stream(apics).filter(a -> a != apic).toArray(LocalApic[]::new);
    }

    /// Has messages go to local APICs that are elsewhere, from the start.
    void lead(ForeignApics elsewhere) {
        foreign = elsewhere;
    }

    /// A destination field of 8 bits, as xAPICs, redirection entries and messages have, as one of 32.
    static int widen(int destination8) {
        return destination8 == 0xff ? BROADCAST : destination8;
    }

    /// Delivers a message to whom it concerns.
    ///
    /// @param destination of 32 bits; [ApicLayout#BROADCAST] is everybody
    /// @param command     laid out as the interrupt command register; the shorthand is ignored
    /// @return whether anybody accepted it
    public boolean deliver(int destination, int command) {
        ForeignApics elsewhere = foreign;
        if (elsewhere != null) {
            return elsewhere.deliver(destination, command, false);
        }
        if (ApicLayout.mode(command) == LOWEST_PRIORITY) {
            return deliverToOne(destination, command);
        }
        boolean logical = (command & LOGICAL) != 0;
        boolean accepted = false;
        for (LocalApic apic : apics) {
            if (apic.matches(destination, logical)) {
                accepted |= apic.accept(command);
            }
        }
        return accepted;
    }

    /// Delivers to that one of the destinations which can accept the message and is doing the least important work;
    /// equal ones take turns.
    boolean deliverToOne(int destination, int command) {
        ForeignApics elsewhere = foreign;
        if (elsewhere != null) {
            return elsewhere.deliver(destination, command, true);
        }
        boolean logical = (command & LOGICAL) != 0;
        LocalApic[] all = apics;
        LocalApic best = null;
        int from = all.length == 0 ? 0 : Integer.remainderUnsigned(turn.getAndIncrement(), all.length);
        for (int i = 0; i < all.length; i++) {
            LocalApic apic = all[(from + i) % all.length];
            if (apic.softwareEnabled() && apic.matches(destination, logical)
                    && (best == null || apic.processorPriority() < best.processorPriority())) {
                best = apic;
            }
        }
        return best != null && best.accept(command & ~MODE | FIXED_COMMAND);
    }

    /// Whether a destination of this message has its vector requested already: another one would be lost there.
    boolean pending(int destination, int command) {
        boolean logical = (command & LOGICAL) != 0;
        for (LocalApic apic : apics) {
            if (apic.matches(destination, logical) && apic.requests(command & ApicLayout.VECTOR)) {
                return true;
            }
        }
        return false;
    }

    /// Delivers to every local APIC but `sender`.
    void deliverToOthers(LocalApic sender, int command) {
        for (LocalApic apic : apics) {
            if (apic != sender) {
                apic.accept(command);
            }
        }
    }
}
