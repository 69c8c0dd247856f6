// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.usb;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;

/// Keys that have gone down or up and have not been reported yet, one to a report, and those that are held.
final class Keystrokes implements ReportSource {
    private static final int CAPACITY = 64, REPORT_BYTES = 8, FIRST = 2, KEYS = 256, ROLL_OVER = 1;
    private static final int FIRST_MODIFIER = 0xe0, LAST_MODIFIER = 0xe7;

    /// Eight modifiers, a reserved byte, five lights, six keys.
    private static final byte[] DESCRIPTOR = Descriptors.bytes(
            0x05, 0x01, 0x09, 0x06, 0xa1, 0x01,
            0x75, 0x01, 0x95, 0x08, 0x05, 0x07, 0x19, 0xe0, 0x29, 0xe7, 0x15, 0x00, 0x25, 0x01, 0x81, 0x02,
            0x95, 0x01, 0x75, 0x08, 0x81, 0x01,
            0x95, 0x05, 0x75, 0x01, 0x05, 0x08, 0x19, 0x01, 0x29, 0x05, 0x91, 0x02,
            0x95, 0x01, 0x75, 0x03, 0x91, 0x01,
            0x95, 0x06, 0x75, 0x08, 0x15, 0x00, 0x26, 0xff, 0x00, 0x05, 0x07, 0x19, 0x00, 0x2a, 0xff, 0x00,
            0x81, 0x00, 0xc0);

    /// A key by its usage, and which way it goes.
    record Stroke(int usage, boolean down) {
        Stroke {
            if (usage <= 0 || usage >= KEYS) {
                throw new IllegalArgumentException("key " + usage);
            }
        }
    }

    /// @param held which keys are, as the guest has been told
    record State(List<Stroke> waiting, boolean[] held, int leds) {
        State {
            if (waiting.size() > CAPACITY || held.length != KEYS || (leds & ~0x1f) != 0) {
                throw new IllegalArgumentException(waiting.size() + " keystrokes");
            }
            waiting = List.copyOf(waiting);
            held = held.clone();
        }
    }

    private final ArrayDeque<Stroke> waiting = new ArrayDeque<>();
    private final boolean[] held = new boolean[KEYS];
    private int leds;

    /// @param usage 0 for a key that does not exist
    boolean add(int usage, boolean down) {
        if (usage == 0 || waiting.size() == CAPACITY) {
            return false;
        }
        waiting.addLast(new Stroke(usage, down));
        return true;
    }

    int leds() {
        return leds;
    }

    @Override
    public byte[] descriptor() {
        return DESCRIPTOR;
    }

    @Override
    public int subclass() {
        return 1;
    }

    @Override
    public int protocol() {
        return 1;
    }

    @Override
    public String name() {
        return "USB Keyboard";
    }

    @Override
    public boolean pending() {
        return !waiting.isEmpty();
    }

    @Override
    public byte[] next() {
        Stroke stroke = waiting.pollFirst();
        if (stroke != null) {
            held[stroke.usage] = stroke.down;
        }
        byte[] report = new byte[REPORT_BYTES];
        int at = FIRST;
        for (int usage = 0; usage < KEYS; usage++) {
            if (!held[usage]) {
                continue;
            }
            if (usage >= FIRST_MODIFIER && usage <= LAST_MODIFIER) {
                report[0] |= (byte) (1 << usage - FIRST_MODIFIER);
            } else if (at < REPORT_BYTES) {
                report[at++] = (byte) usage;
            } else {
                // More keys than a report has room for.
                Arrays.fill(report, FIRST, REPORT_BYTES, (byte) ROLL_OVER);
            }
        }
        return report;
    }

    @Override
    public void output(byte[] report) {
        if (report.length > 0) {
            leds = report[0] & 0x1f;
        }
    }

    @Override
    public void reset() {
        waiting.clear();
        Arrays.fill(held, false);
        leds = 0;
    }

    @Override
    public Record save() {
        return new State(List.copyOf(waiting), held, leds);
    }

    @Override
    public void check(Record state) {
        if (!(state instanceof State)) {
            throw new IllegalArgumentException("no state of a keyboard");
        }
    }

    @Override
    public void restore(Record state) {
        State own = (State) state;
        waiting.clear();
        waiting.addAll(own.waiting);
        System.arraycopy(own.held, 0, held, 0, KEYS);
        leds = own.leds;
    }
}
