// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.xhci;

import static org.javisor.devices.xhci.XhciLayout.STS_INTERRUPT;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.javisor.devices.pci.FunctionWires;
import org.javisor.memory.DmaSpace;
import org.javisor.memory.GuestMemory.OutOfRangeException;

/// The interrupters: events for the driver, and how it is told of them.
///
/// @xhci 1.1 §4.9.4 "Event Ring Management", §4.17 "Interrupters"
final class Events {
    private static final int EVENT_DATA_BIT = 4, TYPE_SHIFT = 10, CODE_SHIFT = 24;

    private final Interrupter[] interrupters = new Interrupter[XhciLayout.MAX_INTERRUPTERS];
    private final OperationalRegisters registers;
    private final FunctionWires wires;

    Events(DmaSpace memory, OperationalRegisters registers, FunctionWires wires) {
        this.registers = registers;
        this.wires = wires;
        Arrays.setAll(interrupters, _ -> new Interrupter(memory));
    }

    // ---- registers ----

    int read(int at) {
        int n = at / XhciLayout.INTERRUPTER_BYTES;
        return n < interrupters.length ? interrupters[n].read(at & XhciLayout.INTERRUPTER_BYTES - 1) : 0;
    }

    /// @return whether an event ring that was full has room again
    boolean write(int at, int value) {
        int n = at / XhciLayout.INTERRUPTER_BYTES;
        if (n >= interrupters.length) {
            return false;
        }
        boolean moved = interrupters[n].write(at & XhciLayout.INTERRUPTER_BYTES - 1, value);
        try {
            if (moved && interrupters[n].tellAgain()) {
                registers.raise(STS_INTERRUPT);
            }
        } catch (OutOfRangeException _) {
            registers.fail();
        }
        signal();
        return moved && interrupters[n].full();
    }

    // ---- telling ----

    /// Sends messages that are due, or drives the pin.
    void signal() {
        boolean messages = wires.messages();
        for (int i = 0; i < interrupters.length && messages && registers.interrupts(); i++) {
            if (interrupters[i].pending()) {
                interrupters[i].sent();
                wires.message(i);
            }
        }
        // Looks again after driving: of two threads, the last to drive leaves the right level.
        boolean level;
        do {
            level = wantsPin();
            wires.pin(level);
        } while (level != wantsPin());
    }

    private boolean wantsPin() {
        if (!registers.interrupts() || wires.messages()) {
            return false;
        }
        for (Interrupter interrupter : interrupters) {
            if (interrupter.pending()) {
                return true;
            }
        }
        return false;
    }

    // ---- events ----

    private void post(int interrupter, long parameter, int eventStatus, int control, boolean blocked) {
        if (interrupters[interrupter].post(parameter, eventStatus, control, blocked)) {
            registers.raise(STS_INTERRUPT);
        }
    }

    void transfer(Trb trb, long parameter, int code, int length, int slot, int endpoint,
                               boolean eventData) {
        int interrupter = trb.interrupter() < interrupters.length ? trb.interrupter() : 0;
        post(interrupter, parameter, code << CODE_SHIFT | length & 0xff_ffff,
                slot << 24 | endpoint << 16 | XhciLayout.TRANSFER_EVENT << TYPE_SHIFT
                        | (eventData ? EVENT_DATA_BIT : 0), trb.has(XhciLayout.BLOCK_EVENT_INTERRUPT));
    }

    void command(long pointer, int code, int slot) {
        post(0, pointer, code << CODE_SHIFT, slot << 24 | XhciLayout.COMMAND_COMPLETION << TYPE_SHIFT, false);
    }

    void port(int number) {
        post(0, (long) number << 24, XhciLayout.SUCCESS << CODE_SHIFT, XhciLayout.PORT_STATUS_CHANGE << TYPE_SHIFT,
                false);
    }

    boolean room() {
        boolean room = true;
        for (Interrupter interrupter : interrupters) {
            if (interrupter.full() && interrupter.flush()) {
                registers.raise(STS_INTERRUPT);
            }
            room &= !interrupter.full();
        }
        return room;
    }

    // ---- state ----

    void reset() {
        for (Interrupter interrupter : interrupters) {
            interrupter.reset();
        }
    }

    List<Interrupter.State> save() {
        List<Interrupter.State> states = new ArrayList<>();
        for (Interrupter interrupter : interrupters) {
            states.add(interrupter.save());
        }
        return states;
    }

    void load(List<Interrupter.State> states) {
        for (int i = 0; i < interrupters.length; i++) {
            interrupters[i].load(states.get(i));
        }
    }
}
