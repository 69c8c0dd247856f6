// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.usb;

import java.util.ArrayDeque;
import java.util.List;

/// Where a tablet's pointer has been and has not been reported yet. Of movements with the same buttons the last is
/// enough; no button is forgotten as long as the guest reads at all.
final class Movements implements ReportSource {
    static final int MAX_WHEEL = 127;
    private static final int CAPACITY = 64;

    /// Three buttons, absolute X and Y up to 0x7fff, a relative wheel.
    private static final byte[] DESCRIPTOR = Descriptors.bytes(
            0x05, 0x01, 0x09, 0x02, 0xa1, 0x01, 0x09, 0x01, 0xa1, 0x00,
            0x05, 0x09, 0x19, 0x01, 0x29, 0x03, 0x15, 0x00, 0x25, 0x01, 0x95, 0x03, 0x75, 0x01, 0x81, 0x02,
            0x95, 0x01, 0x75, 0x05, 0x81, 0x01,
            0x05, 0x01, 0x09, 0x30, 0x09, 0x31, 0x15, 0x00, 0x26, 0xff, 0x7f, 0x35, 0x00, 0x46, 0xff, 0x7f,
            0x75, 0x10, 0x95, 0x02, 0x81, 0x02,
            0x05, 0x01, 0x09, 0x38, 0x15, 0x81, 0x25, 0x7f, 0x35, 0x00, 0x45, 0x00, 0x75, 0x08, 0x95, 0x01,
            0x81, 0x06, 0xc0, 0xc0);

    record Position(int x, int y, int wheel, int buttons) {
        Position {
            if ((x & ~UsbTablet.LIMIT) != 0 || (y & ~UsbTablet.LIMIT) != 0 || (buttons & ~7) != 0
                    || Math.abs(wheel) > MAX_WHEEL) {
                throw new IllegalArgumentException("pointer at " + x + ", " + y);
            }
        }
    }

    record State(List<Position> waiting, Position last) {
        State {
            if (waiting.size() > CAPACITY || last == null) {
                throw new IllegalArgumentException(waiting.size() + " movements");
            }
            waiting = List.copyOf(waiting);
        }
    }

    private final ArrayDeque<Position> waiting = new ArrayDeque<>();
    private Position last = new Position(0, 0, 0, 0);

    void add(Position position) {
        Position newest = waiting.peekLast();
        boolean same = newest != null && newest.buttons == position.buttons && newest.wheel == 0
                && position.wheel == 0;
        if (same || waiting.size() == CAPACITY) {
            waiting.removeLast();
        }
        waiting.addLast(position);
    }

    @Override
    public byte[] descriptor() {
        return DESCRIPTOR;
    }

    @Override
    public int subclass() {
        return 0;
    }

    @Override
    public int protocol() {
        return 0;
    }

    @Override
    public String name() {
        return "USB Tablet";
    }

    @Override
    public boolean pending() {
        return !waiting.isEmpty();
    }

    @Override
    public byte[] next() {
        Position told = waiting.isEmpty() ? new Position(last.x, last.y, 0, last.buttons) : waiting.removeFirst();
        last = told;
        return Descriptors.bytes(told.buttons, told.x, told.x >>> 8, told.y, told.y >>> 8, told.wheel);
    }

    @Override
    public void output(byte[] report) { }

    @Override
    public void reset() {
        waiting.clear();
        last = new Position(0, 0, 0, 0);
    }

    @Override
    public Record save() {
        return new State(List.copyOf(waiting), last);
    }

    @Override
    public void check(Record state) {
        if (!(state instanceof State)) {
            throw new IllegalArgumentException("no state of a tablet");
        }
    }

    @Override
    public void restore(Record state) {
        State own = (State) state;
        waiting.clear();
        waiting.addAll(own.waiting);
        last = own.last;
    }
}
