// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.usb;

import java.lang.foreign.MemorySegment;
import org.javisor.host.IoVector;

/// A human interface device with one interface and one endpoint. Reports are sent when something changes, and not
/// again: what a host may ask for with SET_IDLE is remembered, and nothing more.
///
/// @hid 1.11 §7 "Requests"
public class HidDevice implements UsbDevice {
    private static final int ENDPOINT = 0x81;
    private static final int HID = 0x21, REPORT = 0x22;
    // Type and request.
    private static final int GET_INTERFACE_DESCRIPTOR = 0x8106, GET_REPORT = 0xa101, GET_IDLE = 0xa102,
            GET_PROTOCOL = 0xa103, SET_REPORT = 0x2109, SET_IDLE = 0x210a, SET_PROTOCOL = 0x210b;
    /// A report every 2^(n-1) microframes at most: 4 ms.
    private static final int INTERVAL = 6;

    /// @param protocol 0 for the boot protocol, 1 for the report protocol
    record State(StandardRequests.State standard, int idle, int protocol, Record source) {
        State {
            if ((idle & ~0xff) != 0 || (protocol & ~1) != 0) {
                throw new IllegalArgumentException("HID protocol " + protocol);
            }
        }
    }

    private final ReportSource source;
    private final byte[] hid;
    private final StandardRequests standard;
    private int idle;
    private int protocol = 1;
    private volatile Listener listener;

    HidDevice(ReportSource source, int product) {
        this.source = source;
        int length = source.descriptor().length;
        hid = Descriptors.bytes(9, HID, 0x11, 0x01, 0, 1, REPORT, length, length >>> 8);
        standard = new StandardRequests(new Descriptors(
                Descriptors.bytes(18, Descriptors.DEVICE, 0, 2, 0, 0, 0, 64, 0x27, 0x06, product, product >>> 8, 0, 0,
                        1, 2, 3, 1),
                Descriptors.configuration(1, 0xa0, 50,
                        Descriptors.bytes(9, 4, 0, 0, 1, 3, source.subclass(), source.protocol(), 0), hid,
                        Descriptors.bytes(7, 5, ENDPOINT, 3, 8, 0, INTERVAL)),
                new byte[0], "Javisor", source.name(), "1"));
    }

    @Override
    public Speed speed() {
        return Speed.HIGH;
    }

    @Override
    public synchronized int control(SetupPacket setup, byte[] data) {
        return switch (setup.code()) {
            case GET_INTERFACE_DESCRIPTOR -> switch (setup.value() >>> 8) {
                case HID -> StandardRequests.give(hid, data);
                case REPORT -> StandardRequests.give(source.descriptor(), data);
                default -> STALL;
            };
            case GET_REPORT -> StandardRequests.give(source.next(), data);
            case SET_REPORT -> {
                source.output(data);
                yield 0;
            }
            case GET_IDLE -> StandardRequests.give(Descriptors.bytes(idle), data);
            case SET_IDLE -> {
                idle = setup.value() >>> 8;
                yield 0;
            }
            case GET_PROTOCOL -> StandardRequests.give(Descriptors.bytes(protocol), data);
            case SET_PROTOCOL -> {
                protocol = setup.value() & 1;
                yield 0;
            }
            default -> standard.control(setup, data);
        };
    }

    @Override
    public synchronized int transfer(int address, IoVector data) {
        if (address != ENDPOINT || !standard.configured() || standard.halted(ENDPOINT)) {
            return STALL;
        }
        if (!source.pending()) {
            return NOT_NOW;
        }
        byte[] report = source.next();
        int given = (int) Math.min(report.length, data.bytes());
        data.window(0, given).copyFrom(MemorySegment.ofArray(report));
        return given;
    }

    @Override
    public void listener(Listener told) {
        listener = told;
    }

    /// Whether a driver has taken the device into use.
    public synchronized boolean inUse() {
        return standard.configured();
    }

    /// Says that there is something to report. Call without a lock.
    void announce() {
        Listener told = listener;
        if (told != null) {
            told.ready(ENDPOINT);
        }
    }

    @Override
    public synchronized void reset() {
        standard.reset();
        source.reset();
        idle = 0;
        protocol = 1;
    }

    @Override
    public synchronized Record save() {
        return new State(standard.save(), idle, protocol, source.save());
    }

    @Override
    public synchronized void check(Record state) {
        if (!(state instanceof State own)) {
            throw new IllegalArgumentException("no state of a HID device");
        }
        source.check(own.source);
    }

    @Override
    public synchronized void restore(Record state) {
        check(state);
        State own = (State) state;
        standard.load(own.standard);
        idle = own.idle;
        protocol = own.protocol;
        source.restore(own.source);
    }
}
