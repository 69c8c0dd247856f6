// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.xhci;

import org.javisor.memory.DmaSpace;

/// The commands that a driver gives, one after another.
///
/// Guarded by the controller's engine.
///
/// @xhci 1.1 §4.6 "Command Interface", §4.9.3 "Command Ring Management"
final class CommandRing {
    /// What a command ended with.
    ///
    /// @param slot which it was for, or made
    record Completion(int code, int slot) { }

    private final RingReader ring;
    private final Slots slots;
    private final Trb command = new Trb();

    CommandRing(DmaSpace memory, Slots slots) {
        ring = new RingReader(memory);
        this.slots = slots;
    }

    RingReader ring() {
        return ring;
    }

    /// Where the command is that [#work] has executed.
    long address() {
        return command.address;
    }

    /// Executes the command that is first in the ring.
    ///
    /// @param slotLimit how many slots the driver has allowed
    /// @param contexts  DCBAAP
    /// @return null if there is none
    Completion work(int slotLimit, long contexts) {
        RingReader.Found found = ring.next(command);
        if (found == RingReader.Found.NOTHING) {
            return null;
        }
        if (found == RingReader.Found.CIRCLE) {
            return new Completion(XhciLayout.TRB_ERROR, 0);
        }
        int type = command.type();
        if (type == XhciLayout.NO_OP_COMMAND) {
            return new Completion(XhciLayout.SUCCESS, 0);
        }
        if (type == XhciLayout.ENABLE_SLOT) {
            int id = slots.enable(slotLimit);
            return new Completion(id == 0 ? XhciLayout.NO_SLOTS : XhciLayout.SUCCESS, id);
        }
        if (type < XhciLayout.ENABLE_SLOT || type > XhciLayout.RESET_DEVICE) {
            return new Completion(XhciLayout.TRB_ERROR, 0);
        }
        Slot slot = slots.get(command.slot());
        return new Completion(slot == null ? XhciLayout.SLOT_NOT_ENABLED : onSlot(type, slot, contexts),
                command.slot());
    }

    private int onSlot(int type, Slot slot, long contexts) {
        return switch (type) {
            case XhciLayout.DISABLE_SLOT -> slots.disable(slot);
            case XhciLayout.ADDRESS_DEVICE -> slots.address(slot, command, contexts);
            case XhciLayout.CONFIGURE_ENDPOINT -> slots.configure(slot, command);
            case XhciLayout.EVALUATE_CONTEXT -> slots.evaluate(slot, command);
            case XhciLayout.RESET_DEVICE -> slots.resetDevice(slot);
            default -> onEndpoint(type, slot);
        };
    }

    private int onEndpoint(int type, Slot slot) {
        Endpoint endpoint = slot.endpoint(command.endpoint());
        if (endpoint == null) {
            return XhciLayout.ENDPOINT_NOT_ENABLED;
        }
        return switch (type) {
            case XhciLayout.RESET_ENDPOINT -> slots.resetEndpoint(slot, endpoint);
            case XhciLayout.STOP_ENDPOINT -> slots.stopEndpoint(slot, endpoint);
            default -> slots.setDequeue(slot, endpoint, command);
        };
    }
}
