// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import java.util.function.Consumer;

/// The slot below a root port: the registers by which a guest learns that a card has come or is to go, and switches the
/// slot's power; and the card.
///
/// A card has power and a link while the guest has the slot's power on. Whoever puts it in or wants it back presses the
/// attention button; when the guest then has turned power and its indicator off, the card is taken.
///
/// @pci PCI Express 5.0 §6.7 "PCI Express Native Hot-Plug"; §7.5.3.9 "Slot Capabilities Register"
final class PcieSlot implements HotplugSlot {
    private static final int CAPABILITIES = 0x14, CONTROL = 0x18, STATUS = 0x1a;

    // Capabilities: attention button, power controller, both indicators, surprise removal, hot-plug.
    private static final int PRESENT_CAPABILITIES = 1 | 2 | 8 | 0x10 | 0x20 | 0x40, NUMBER_SHIFT = 19;
    static final int CONTROL_BITS = 0x1ffb, POWER_INDICATOR = 0x300, INDICATOR_ON = 0x100, INDICATOR_OFF = 0x300,
            ATTENTION_OFF = 0xc0, POWER_OFF = 0x400, INTERRUPT_ENABLE = 0x20, LINK_CHANGED_ENABLE = 0x1000;
    static final int ATTENTION_PRESSED = 1, PRESENCE_CHANGED = 8, COMMAND_COMPLETED = 0x10, PRESENT = 0x40,
            LINK_CHANGED = 0x100;
    private static final int EVENTS = ATTENTION_PRESSED | PRESENCE_CHANGED | COMMAND_COMPLETED | LINK_CHANGED;
    /// Events that are enabled by the bit of control at their own place.
    private static final int ENABLED_IN_PLACE = ATTENTION_PRESSED | PRESENCE_CHANGED | COMMAND_COMPLETED;
    static final int LINK_DISABLE = 0x10;
    private static final int LINK_ACTIVE = 0x2000;

    private final PciBridge bridge;
    private final PciFunction port;
    private final PortInterrupt.Part interrupt;
    private final int control;
    private final int status;
    private final int linkControl;
    private final int linkStatus;
    private final int number;
    private Consumer<PciFunction> listener = _ -> { };
    private boolean removalWanted;

    PcieSlot(PciBridge bridge, PortInterrupt interrupts, int at, int number) {
        this.bridge = bridge;
        this.port = bridge.function();
        this.interrupt = interrupts.part(this::interruptWanted);
        this.number = number;
        control = at + CONTROL;
        status = at + STATUS;
        linkControl = at + ExpressCapability.LINK_CONTROL;
        linkStatus = at + ExpressCapability.LINK_STATUS;
        ConfigSpace config = port.config();
        config.set(at + CAPABILITIES, 4, PRESENT_CAPABILITIES | number << NUMBER_SHIFT);
        config.set(control, 2, ATTENTION_OFF | INDICATOR_OFF | POWER_OFF);
        config.allow(control, 2, CONTROL_BITS);
        config.allowClear(status, 2, EVENTS);
        config.carry(status, 2, PRESENT);
        config.carry(linkStatus, 2, LINK_ACTIVE);
        port.onGuestWrite(control, 2, this::controlWritten);
        port.onGuestWrite(control, 4, interrupt::settle);
        port.onGuestWrite(linkControl, 2, () -> {
            followPower();
            interrupt.settle();
        });
    }

    @Override
    public String name() {
        return "slot " + number;
    }

    boolean linkIsActive() {
        return (port.readConfig(linkStatus, 2) & LINK_ACTIVE) != 0;
    }

    @Override
    public PciFunction occupant() {
        return bridge.bus().function(bridge.bus().number(), 0);
    }

    // ---- the host's side ----

    @Override
    public boolean isFree() {
        return occupant() == null;
    }

    @Override
    public void insert(PciFunction function) {
        synchronized (this) {
            if (!isFree()) {
                throw new IllegalStateException(name() + " is occupied");
            }
            removalWanted = false;
            bridge.bus().add(0, 0, function);
            // Systems do not look at presence where there is a button: who puts a card in presses it, too.
            boolean dark = (port.readConfig(control, 2) & POWER_OFF) != 0;
            raise(PRESENCE_CHANGED | (dark ? ATTENTION_PRESSED : 0), PRESENT, PRESENT);
            followPower();
        }
        interrupt.settle();
    }

    @Override
    public void askForRemoval() {
        boolean idle;
        synchronized (this) {
            if (occupant() == null) {
                return;
            }
            removalWanted = true;
            idle = isOff();
            if (!idle) {
                raise(ATTENTION_PRESSED, 0, 0);
            }
        }
        if (idle) {
            pull();
        }
        interrupt.settle();
    }

    @Override
    public void pull() {
        PciFunction leaving;
        synchronized (this) {
            leaving = occupant();
            removalWanted = false;
            if (leaving == null) {
                return;
            }
            bridge.bus().remove(leaving);
            raise(PRESENCE_CHANGED, PRESENT, 0);
            followPower();
        }
        interrupt.settle();
        listener.accept(leaving);
    }

    @Override
    public void onEmptied(Consumer<PciFunction> told) {
        listener = told;
    }

    // ---- the guest's side ----

    private boolean isOff() {
        int bits = port.readConfig(control, 2);
        return (bits & POWER_OFF) != 0 && (bits & POWER_INDICATOR) == INDICATOR_OFF;
    }

    private void controlWritten() {
        boolean given;
        synchronized (this) {
            followPower();
            raise(COMMAND_COMPLETED, 0, 0);
            given = removalWanted && isOff();
        }
        if (given) {
            pull();
        }
        interrupt.settle();
    }

    /// The link is up while there is a card, with power, and the guest wants a link. A card that loses power forgets
    /// everything.
    private synchronized void followPower() {
        PciFunction card = occupant();
        boolean up = card != null && (port.readConfig(control, 2) & POWER_OFF) == 0
                && (port.readConfig(linkControl, 2) & LINK_DISABLE) == 0;
        if (up == linkIsActive()) {
            return;
        }
        port.updateConfig(linkStatus, 2, bits -> up ? bits | LINK_ACTIVE : bits & ~LINK_ACTIVE);
        raise(LINK_CHANGED, 0, 0);
        if (!up && card != null) {
            card.owner().reset();
        }
        port.decodeAgain();
    }

    /// Sets an event, and of the bits in `which` those in `now`.
    private void raise(int event, int which, int now) {
        port.updateConfig(status, 2, bits -> bits & ~which | now | event);
    }

    /// Whether there are events that the guest has not seen and wants to be told of.
    private boolean interruptWanted() {
        int enabled = port.readConfig(control, 2);
        int events = port.readConfig(status, 2) & EVENTS;
        return (enabled & INTERRUPT_ENABLE) != 0 && ((events & enabled & ENABLED_IN_PLACE) != 0
                || (events & LINK_CHANGED) != 0 && (enabled & LINK_CHANGED_ENABLE) != 0);
    }

    // ---- life ----

    /// After the port's registers have been reset: a card that is there has power, as firmware finds it. One that is
    /// to go is gone.
    void reset() {
        boolean leaving;
        synchronized (this) {
            leaving = removalWanted;
            boolean powered = occupant() != null && !leaving;
            port.updateConfig(control, 2, _ -> ATTENTION_OFF | (powered ? INDICATOR_ON : INDICATOR_OFF | POWER_OFF));
            port.updateConfig(status, 2, _ -> powered ? PRESENT : 0);
            port.updateConfig(linkStatus, 2, bits -> powered ? bits | LINK_ACTIVE : bits & ~LINK_ACTIVE);
        }
        if (leaving) {
            pull();
        }
        port.decodeAgain();
    }
}
