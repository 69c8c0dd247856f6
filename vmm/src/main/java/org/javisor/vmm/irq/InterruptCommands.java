// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

import static org.javisor.vmm.irq.ApicLayout.ESR_SEND_ILLEGAL_VECTOR;
import static org.javisor.vmm.irq.ApicLayout.EXTINT;
import static org.javisor.vmm.irq.ApicLayout.FIRST_LEGAL_VECTOR;
import static org.javisor.vmm.irq.ApicLayout.FIXED;
import static org.javisor.vmm.irq.ApicLayout.INIT;
import static org.javisor.vmm.irq.ApicLayout.LOWEST_PRIORITY;
import static org.javisor.vmm.irq.ApicLayout.SHORTHAND_SHIFT;
import static org.javisor.vmm.irq.ApicLayout.TRIGGER_LEVEL;
import static org.javisor.vmm.irq.ApicLayout.VECTOR;

import org.javisor.vmm.events.InterruptInjectedEvent;

/// The interrupt command register of a local APIC, and what it sends. The processor's own thread.
///
/// @sdm vol. 3A §11.6.1 "Interrupt Command Register (ICR)"
final class InterruptCommands {
    private final LocalApic apic;
    private final ApicBus bus;
    private long register;

    InterruptCommands(LocalApic apic, ApicBus bus) {
        this.apic = apic;
        this.bus = bus;
    }

    long register() {
        return register;
    }

    /// Sets the register without sending: its upper half is written first.
    void register(long value) {
        register = value;
    }

    /// Sends the interrupt that `value` of the register describes.
    void send(long value) {
        register = value;
        int low = (int) value;
        int mode = ApicLayout.mode(low);
        boolean fixed = mode == FIXED || mode == LOWEST_PRIORITY;
        if (fixed && (low & VECTOR) < FIRST_LEGAL_VECTOR) {
            apic.errors.note(ESR_SEND_ILLEGAL_VECTOR);
            return;
        }
        if (mode == EXTINT) {
            return;
        }
        // Between processors the trigger mode only tells INIT from INIT level de-assert.
        int message = mode == INIT ? low : low & ~TRIGGER_LEVEL;
        if (InterruptInjectedEvent.on()) {
            InterruptInjectedEvent.record("IPI", apic.id(), shorthand(value), message);
        }
        switch (low >>> SHORTHAND_SHIFT & 3) {
            case ApicLayout.SELF -> apic.accept(message);
            case ApicLayout.ALL -> bus.deliver(ApicLayout.BROADCAST, message & ~ApicLayout.LOGICAL);
            case ApicLayout.OTHERS -> bus.deliverToOthers(apic, message);
            default -> bus.deliver(apic.address.destination(value), message);
        }
    }

    /// The destination of `value`, be it given by a shorthand.
    private int shorthand(long value) {
        return switch ((int) value >>> SHORTHAND_SHIFT & 3) {
            case ApicLayout.SELF -> apic.id();
            case ApicLayout.ALL, ApicLayout.OTHERS -> ApicLayout.BROADCAST;
            default -> apic.address.destination(value);
        };
    }
}
