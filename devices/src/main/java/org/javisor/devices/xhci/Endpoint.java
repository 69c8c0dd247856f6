// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.xhci;

import java.lang.foreign.MemorySegment;
import org.javisor.devices.block.ScatterList;
import org.javisor.devices.usb.SetupPacket;
import org.javisor.devices.usb.UsbDevice;
import org.javisor.memory.DmaSpace;

/// An endpoint of a device that a driver has set up, and the transfers on its ring.
///
/// Guarded by the controller's engine.
///
/// @xhci 1.1 §4.8 "Endpoint", §4.10 "Transfer Request Block (TRB) Operation", §6.2.3 "Endpoint Context"
public final class Endpoint {
    /// States, as a context has them.
    static final int DISABLED = 0, RUNNING = 1, HALTED = 2, STOPPED = 3, ERROR = 4;
    static final int CONTROL = 4;
    private static final int ISOCH_OUT = 1, ISOCH_IN = 5, SETUP_BYTES = 8;

    /// @param type    as an endpoint context has it
    /// @param waiting whether the device had nothing for the transfer that is first in the ring
    public record State(int number, int state, int type, int packetBytes, RingReader.State ring, boolean waiting) {
        public State {
            if (number < 1 || number >= XhciLayout.ENDPOINTS || state < RUNNING || state > ERROR || type < 1
                    || type > 7 || type == ISOCH_OUT || type == ISOCH_IN || number == 1 != (type == CONTROL)) {
                throw new IllegalArgumentException("xHCI endpoint " + number + " in state " + state);
            }
        }
    }

    /// What an endpoint needs of the controller.
    interface Host {
        void transferEvent(Trb trb, long parameter, int code, int length, int slot, int endpoint, boolean eventData);
    }

    private final DmaSpace memory;
    private final Host host;
    private final int slot;
    private final int number;
    private final int type;
    private final RingReader ring;
    private final RingReader ahead;
    private final TransferDescriptor transfer;
    private final ScatterList data;
    private int state = RUNNING;
    private int packetBytes;
    private boolean waiting;

    /// @param number   the device context index: twice the endpoint's number, and one more towards the host
    /// @param transfer shared by all endpoints of the controller, as `data` is: one transfer happens at a time
    Endpoint(DmaSpace memory, Host host, TransferDescriptor transfer, ScatterList data, int slot, int number,
             int type) {
        this.memory = memory;
        this.host = host;
        this.transfer = transfer;
        this.data = data;
        this.slot = slot;
        this.number = number;
        this.type = type;
        ring = new RingReader(memory);
        ahead = new RingReader(memory);
    }

    /// Whether there are endpoints of that type here; isochronous ones there are not.
    static boolean supported(int number, int type) {
        return type != 0 && type != ISOCH_OUT && type != ISOCH_IN && type != CONTROL
                && (type > CONTROL) == ((number & 1) == 1);
    }

    int number() {
        return number;
    }

    int state() {
        return state;
    }

    void state(int next) {
        state = next;
    }

    int type() {
        return type;
    }

    int packetBytes() {
        return packetBytes;
    }

    void packetBytes(int bytes) {
        packetBytes = bytes;
    }

    RingReader ring() {
        return ring;
    }

    /// As devices number it.
    private int address() {
        return number >>> 1 | ((number & 1) != 0 ? 0x80 : 0);
    }

    /// Does the transfer that is first in the ring.
    ///
    /// @return whether there might be another
    boolean work(UsbDevice device) {
        if (state != RUNNING) {
            return false;
        }
        ahead.copy(ring);
        switch (transfer.read(ahead, type == CONTROL)) {
            case NOT_WHOLE -> {
                return false;
            }
            case NONSENSE -> {
                fail(transfer.get(0), XhciLayout.TRB_ERROR, ERROR);
                return false;
            }
            case WHOLE -> { }
        }
        if (device == null) {
            fail(transfer.get(0), XhciLayout.TRANSACTION_ERROR, HALTED);
            return false;
        }
        if (transfer.get(0).type() == XhciLayout.NO_OP) {
            report(0, false);
        } else if (!(type == CONTROL ? control(device) : move(device))) {
            return false;
        }
        waiting = false;
        ring.copy(ahead);
        return true;
    }

    private void fail(Trb at, int code, int next) {
        state = next;
        waiting = false;
        host.transferEvent(at, at.address, code, at.length(), slot, number, false);
    }

    // ---- data ----

    /// Finds the data that the TRBs from `first` on name.
    private boolean find(int first, boolean in) {
        data.clear();
        for (int i = first; i < transfer.count(); i++) {
            Trb trb = transfer.get(i);
            boolean moves = trb.type() == XhciLayout.NORMAL || trb.type() == XhciLayout.DATA_STAGE;
            if (!moves || trb.length() == 0) {
                continue;
            }
            boolean immediate = trb.has(XhciLayout.IMMEDIATE) && !in && trb.length() <= SETUP_BYTES;
            if (!data.add(immediate ? trb.address : trb.parameter, trb.length(), in)) {
                fail(trb, XhciLayout.DATA_BUFFER_ERROR, HALTED);
                return false;
            }
        }
        return true;
    }

    private boolean move(UsbDevice device) {
        boolean in = (number & 1) != 0;
        if (!find(0, in)) {
            return false;
        }
        int moved = device.transfer(address(), data.vector(data.bytes()));
        if (moved == UsbDevice.NOT_NOW) {
            waiting = true;
            return false;
        }
        if (moved < 0) {
            fail(transfer.get(0), XhciLayout.STALL_ERROR, HALTED);
            return false;
        }
        if (in) {
            data.written(moved);
        }
        report(moved, in);
        return true;
    }

    private boolean control(UsbDevice device) {
        SetupPacket setup = SetupPacket.of(transfer.get(0).parameter);
        if (!find(1, setup.in())) {
            return false;
        }
        byte[] content = new byte[setup.length()];
        int there = (int) Math.min(content.length, data.bytes());
        if (!setup.in()) {
            data.vector(there).copyTo(MemorySegment.ofArray(content));
        }
        int moved = device.control(setup, content);
        if (moved < 0) {
            Trb stage = transfer.first(XhciLayout.DATA_STAGE);
            fail(stage != null ? stage : transfer.first(XhciLayout.STATUS_STAGE), XhciLayout.STALL_ERROR, HALTED);
            return false;
        }
        if (setup.in()) {
            int given = Math.min(moved, there);
            data.vector(given).copyFrom(MemorySegment.ofArray(content));
            data.written(given);
            report(given, true);
        } else {
            report(there, false);
        }
        return true;
    }

    // ---- what is told ----

    /// Tells of a transfer in which `moved` bytes went, as far as its TRBs ask for it.
    ///
    /// @xhci 1.1 §4.10.1.1 "Short Transfers", §4.11.5.2 "Event Data TRB"
    private void report(int moved, boolean in) {
        int left = moved;
        int sinceEventData = 0;
        boolean isShort = false;
        boolean toldShort = false;
        for (int i = 0; i < transfer.count(); i++) {
            Trb trb = transfer.get(i);
            boolean ends = trb.type() == XhciLayout.STATUS_STAGE;
            isShort &= !ends;
            toldShort &= !ends;
            int residue = 0;
            if (trb.type() == XhciLayout.NORMAL || trb.type() == XhciLayout.DATA_STAGE) {
                int went = Math.min(trb.length(), left);
                residue = trb.length() - went;
                isShort |= residue > 0 && in;
                left -= went;
                sinceEventData += went;
            }
            boolean wanted = trb.has(XhciLayout.INTERRUPTS) || isShort && trb.has(XhciLayout.SHORT_INTERRUPTS);
            boolean isEventData = trb.type() == XhciLayout.EVENT_DATA;
            if (!wanted || toldShort && !isEventData) {
                continue;
            }
            toldShort |= isShort;
            host.transferEvent(trb, isEventData ? trb.parameter : trb.address,
                    isShort ? XhciLayout.SHORT_PACKET : XhciLayout.SUCCESS, isEventData ? sinceEventData : residue,
                    slot, number, isEventData);
            if (isEventData) {
                sinceEventData = 0;
            }
        }
    }

    // ---- commands ----

    /// Stops, and tells of a transfer that had begun.
    void stop() {
        state = STOPPED;
        if (waiting) {
            waiting = false;
            Trb first = new Trb();
            ahead.copy(ring);
            if (ahead.next(first) == RingReader.Found.TRB) {
                host.transferEvent(first, first.address, XhciLayout.STOPPED, first.length(), slot, number, false);
            }
        }
    }

    State save() {
        return new State(number, state, type, packetBytes, ring.save(), waiting);
    }

    void load(State saved) {
        state = saved.state;
        packetBytes = saved.packetBytes;
        ring.load(saved.ring);
        waiting = saved.waiting;
    }
}
