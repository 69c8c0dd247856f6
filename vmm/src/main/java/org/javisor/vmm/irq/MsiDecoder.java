// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

import org.javisor.memory.MsiSink;
import org.javisor.vmm.events.InterruptInjectedEvent;

/// Turns message-signalled interrupts into messages on the [ApicBus].
///
/// ```
/// Address:  31      20 19        12 11     5 4  3  2  1 0
///          ┌──────────┬────────────┬────────┬──┬──┬──┬───┐
///          │  0xfee   │ destination│  more  │  │RH│DM│   │
///          └──────────┴────────────┴────────┴──┴──┴──┴───┘
///   RH redirection hint, DM destination mode (1 logical); "more" holds bits 14 to 8 of the destination, where the
///   machine has that many processors.   Data: as the interrupt command register, without destination mode.
/// ```
///
/// Messages to other addresses go nowhere.
///
/// @sdm vol. 3A §11.11 "Message Signalled Interrupts"
public final class MsiDecoder implements MsiSink {
    static final long FIRST_ADDRESS = 0xfee0_0000L;
    private static final int REDIRECTION_HINT = 1 << 3, LOGICAL_DESTINATION = 1 << 2;
    private static final int DATA = ApicLayout.VECTOR | ApicLayout.MODE | ApicLayout.LEVEL_ASSERT
            | ApicLayout.TRIGGER_LEVEL;

    private final ApicBus bus;
    private final boolean wideDestinations;

    /// @param wideDestinations whether addresses have room for APIC ids above 255
    public MsiDecoder(ApicBus bus, boolean wideDestinations) {
        this.bus = bus;
        this.wideDestinations = wideDestinations;
    }

    /// The address and data that make a message, of which [#send] makes the message again.
    ///
    /// @param destination up to 255, or [ApicLayout#BROADCAST]
    /// @param command     laid out as the interrupt command register
    /// @param one         whether just one of several destinations shall get it
    public static GsiRoute.Msi encode(int destination, int command, boolean one) {
        long address = FIRST_ADDRESS | (destination & 0xffL) << 12 | (one ? REDIRECTION_HINT : 0)
                | ((command & ApicLayout.LOGICAL) != 0 ? LOGICAL_DESTINATION : 0);
        return new GsiRoute.Msi(address, command & DATA);
    }

    @Override
    public void send(long address, int data) {
        accept(address, data);
    }

    /// As [#send].
    ///
    /// @return whether anybody accepted it
    boolean accept(long address, int data) {
        return address >>> 20 == 0xfee && deliver(destination(address), message(address, data), forOne(address, data));
    }

    /// Delivers a message that is decoded already; as [ForeignApics#deliver].
    boolean deliver(int destination, int message, boolean one) {
        if (InterruptInjectedEvent.on()) {
            InterruptInjectedEvent.record("MSI", -1, destination, message);
        }
        return one ? bus.deliverToOne(destination, message) : bus.deliver(destination, message);
    }

    /// What a message means; null if it goes nowhere.
    MessageRemapping.Remapped decode(long address, int data) {
        return address >>> 20 != 0xfee ? null : new MessageRemapping.Remapped(destination(address),
                message(address, data), forOne(address, data));
    }

    private int destination(long address) {
        int low = (int) address >>> 12 & 0xff;
        int high = wideDestinations ? (int) address >>> 5 & 0x7f : 0;
        return high == 0 ? ApicBus.widen(low) : high << 8 | low;
    }

    private static int message(long address, int data) {
        return data & DATA | ((address & LOGICAL_DESTINATION) != 0 ? ApicLayout.LOGICAL : 0);
    }

    private static boolean forOne(long address, int data) {
        return (address & REDIRECTION_HINT) != 0 && ApicLayout.mode(data & DATA) == ApicLayout.FIXED;
    }
}
