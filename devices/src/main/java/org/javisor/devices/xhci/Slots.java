// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.xhci;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.javisor.devices.block.ScatterList;
import org.javisor.devices.usb.SetupPacket;
import org.javisor.devices.usb.UsbDevice;
import org.javisor.memory.DmaSpace;
import org.javisor.memory.GuestMemory;

/// The slots, and the commands on them.
///
/// Guarded by the controller's engine. Memory that is not there ends a command, and the controller, by
/// [GuestMemory.OutOfRangeException].
///
/// @xhci 1.1 §4.6 "Command Interface"
final class Slots {
    private static final int SET_ADDRESS = 5;
    private static final int ADD_SLOT = 1, ADD_CONTROL = 2;

    private final DmaSpace memory;
    private final RootPort[] ports;
    private final Endpoint.Host host;
    private final Slot[] slots = new Slot[XhciLayout.MAX_SLOTS + 1];
    private final TransferDescriptor transfer = new TransferDescriptor();
    private final ScatterList data;

    Slots(DmaSpace memory, RootPort[] ports, Endpoint.Host host) {
        this.memory = memory;
        this.ports = ports;
        this.host = host;
        data = new ScatterList(memory);
    }

    /// The slot of that number, or null.
    Slot get(int id) {
        return id > 0 && id < slots.length ? slots[id] : null;
    }

    private UsbDevice device(Slot slot) {
        return slot.port() == 0 ? null : ports[slot.port() - 1].device();
    }

    /// Does the transfer that is first on an endpoint.
    ///
    /// @return whether there might be another
    boolean work(int id, int number) {
        Slot slot = get(id);
        Endpoint endpoint = slot == null ? null : slot.endpoint(number);
        if (endpoint == null) {
            return false;
        }
        int before = endpoint.state();
        boolean more = endpoint.work(device(slot));
        if (endpoint.state() != before) {
            slot.tell(endpoint);
        }
        return more;
    }

    // ---- commands ----

    /// @param limit how many slots the driver has allowed
    /// @return the slot's number, or 0 if there is none left
    int enable(int limit) {
        for (int id = 1; id <= Math.min(limit, XhciLayout.MAX_SLOTS); id++) {
            if (slots[id] == null) {
                slots[id] = new Slot(memory, id);
                return id;
            }
        }
        return 0;
    }

    int disable(Slot slot) {
        if (slot.hasContext()) {
            slot.state(Slot.DISABLED);
            slot.tellState(0);
        }
        slots[slot.id()] = null;
        return XhciLayout.SUCCESS;
    }

    /// @param contexts DCBAAP
    int address(Slot slot, Trb command, long contexts) {
        long input = command.parameter & -16;
        boolean block = command.has(XhciLayout.BLOCK_SET_ADDRESS);
        if (memory.loadInt(input) != 0 || (memory.loadInt(input + 4) & 3) != (ADD_SLOT | ADD_CONTROL)) {
            return XhciLayout.PARAMETER_ERROR;
        }
        if (slot.state() > (block ? Slot.DISABLED : Slot.DEFAULT)) {
            return XhciLayout.CONTEXT_STATE_ERROR;
        }
        int port = memory.loadInt(input + XhciLayout.CONTEXT_BYTES + 4) >>> 16 & 0xff;
        // Hubs, and so routes through them, there are not.
        boolean route = (memory.loadInt(input + XhciLayout.CONTEXT_BYTES) & 0xf_ffff) != 0;
        if (port == 0 || port > ports.length || route) {
            return XhciLayout.PARAMETER_ERROR;
        }
        UsbDevice device = ports[port - 1].device();
        if (device == null) {
            return XhciLayout.TRANSACTION_ERROR;
        }
        slot.place(port, memory.loadLong(contexts + 8L * slot.id()) & -64);
        long control = input + 2 * XhciLayout.CONTEXT_BYTES;
        slot.put(1, endpoint(slot, 1, Endpoint.CONTROL, control));
        slot.copyContext(input + XhciLayout.CONTEXT_BYTES);
        slot.copyContext(control, slot.endpoint(1));
        if (!block) {
            device.control(new SetupPacket(0, SET_ADDRESS, slot.id(), 0, 0), new byte[0]);
        }
        slot.state(block ? Slot.DEFAULT : Slot.ADDRESSED);
        slot.tellState(block ? 0 : slot.id());
        return XhciLayout.SUCCESS;
    }

    private Endpoint endpoint(Slot slot, int number, int type, long context) {
        Endpoint endpoint = new Endpoint(memory, host, transfer, data, slot.id(), number, type);
        endpoint.packetBytes(memory.loadInt(context + 4) >>> 16);
        endpoint.ring().set(memory.loadLong(context + 8));
        return endpoint;
    }

    int configure(Slot slot, Trb command) {
        if (slot.state() < Slot.ADDRESSED) {
            return XhciLayout.CONTEXT_STATE_ERROR;
        }
        if (command.has(XhciLayout.DECONFIGURE)) {
            drop(slot, ~3);
            return configured(slot, Slot.ADDRESSED);
        }
        long input = command.parameter & -16;
        int dropped = memory.loadInt(input) & ~3;
        int added = memory.loadInt(input + 4) & ~3;
        int[] types = new int[XhciLayout.ENDPOINTS];
        for (int number = 2; number < XhciLayout.ENDPOINTS; number++) {
            if ((added >>> number & 1) == 0) {
                continue;
            }
            types[number] = memory.loadInt(inputContext(input, number) + 4) >>> 3 & 7;
            if (slot.endpoint(number) != null && (dropped >>> number & 1) == 0) {
                return XhciLayout.PARAMETER_ERROR;
            }
            if (!Endpoint.supported(number, types[number])) {
                return XhciLayout.BANDWIDTH_ERROR;
            }
        }
        drop(slot, dropped);
        for (int number = 2; number < XhciLayout.ENDPOINTS; number++) {
            if ((added >>> number & 1) != 0) {
                slot.put(number, endpoint(slot, number, types[number], inputContext(input, number)));
                slot.copyContext(inputContext(input, number), slot.endpoint(number));
            }
        }
        return configured(slot, Slot.CONFIGURED);
    }

    private static long inputContext(long input, int number) {
        return input + (long) XhciLayout.CONTEXT_BYTES * (number + 1);
    }

    private static void drop(Slot slot, int which) {
        for (int number = 2; number < XhciLayout.ENDPOINTS; number++) {
            if ((which >>> number & 1) != 0 && slot.endpoint(number) != null) {
                slot.put(number, null);
                slot.tellDisabled(number);
            }
        }
    }

    private static int configured(Slot slot, int state) {
        slot.tellEntries();
        int address = slot.address();
        slot.state(state);
        slot.tellState(address);
        return XhciLayout.SUCCESS;
    }

    /// What may change of a slot and of endpoint 0 without setting them up anew.
    int evaluate(Slot slot, Trb command) {
        if (slot.state() < Slot.DEFAULT) {
            return XhciLayout.CONTEXT_STATE_ERROR;
        }
        long input = command.parameter & -16;
        int added = memory.loadInt(input + 4);
        if ((added & ~(ADD_SLOT | ADD_CONTROL)) != 0 || memory.loadInt(input) != 0) {
            return XhciLayout.PARAMETER_ERROR;
        }
        if ((added & ADD_CONTROL) != 0) {
            Endpoint control = slot.endpoint(1);
            control.packetBytes(memory.loadInt(inputContext(input, 1) + 4) >>> 16);
            slot.tellPacketBytes(control);
        }
        return XhciLayout.SUCCESS;
    }

    int resetEndpoint(Slot slot, Endpoint endpoint) {
        if (endpoint.state() != Endpoint.HALTED) {
            return XhciLayout.CONTEXT_STATE_ERROR;
        }
        endpoint.state(Endpoint.STOPPED);
        slot.tell(endpoint);
        return XhciLayout.SUCCESS;
    }

    int stopEndpoint(Slot slot, Endpoint endpoint) {
        if (endpoint.state() != Endpoint.RUNNING) {
            return XhciLayout.CONTEXT_STATE_ERROR;
        }
        endpoint.stop();
        slot.tell(endpoint);
        return XhciLayout.SUCCESS;
    }

    int setDequeue(Slot slot, Endpoint endpoint, Trb command) {
        if (endpoint.state() != Endpoint.STOPPED && endpoint.state() != Endpoint.ERROR) {
            return XhciLayout.CONTEXT_STATE_ERROR;
        }
        endpoint.ring().set(command.parameter);
        endpoint.state(Endpoint.STOPPED);
        slot.tell(endpoint);
        return XhciLayout.SUCCESS;
    }

    int resetDevice(Slot slot) {
        if (slot.state() < Slot.ADDRESSED) {
            return XhciLayout.CONTEXT_STATE_ERROR;
        }
        drop(slot, ~3);
        slot.tellEntries();
        slot.state(Slot.DEFAULT);
        slot.tellState(0);
        return XhciLayout.SUCCESS;
    }

    // ---- life ----

    void reset() {
        Arrays.fill(slots, null);
    }

    List<Slot.State> save() {
        List<Slot.State> saved = new ArrayList<>();
        for (Slot slot : slots) {
            if (slot != null) {
                saved.add(slot.save());
            }
        }
        return saved;
    }

    void load(List<Slot.State> saved) {
        reset();
        for (Slot.State state : saved) {
            Slot slot = new Slot(memory, state.id());
            slot.load(state);
            for (Endpoint.State one : state.endpoints()) {
                Endpoint endpoint = new Endpoint(memory, host, transfer, data, state.id(), one.number(), one.type());
                endpoint.load(one);
                slot.put(one.number(), endpoint);
            }
            slots[state.id()] = slot;
        }
    }
}
