// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.usb;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.javisor.devices.block.DataPhase;
import org.javisor.devices.block.DataPhase.Direction;
import org.javisor.devices.scsi.ScsiDevice;
import org.javisor.host.IoVector;

/// Mass storage by bulk-only transport: a command, data, a status, over two bulk endpoints. Data moves between guest
/// memory and the medium without a stop.
///
/// @usb Mass Storage Class, Bulk-Only Transport 1.0
public final class UsbStorage implements UsbDevice {
    private static final int IN = 0x81, OUT = 0x02;
    private static final int GET_MAX_LUN = 0xa1fe, RESET = 0x21ff;
    private static final int COMMAND_SIGNATURE = 0x43425355, STATUS_SIGNATURE = 0x53425355;
    private static final int COMMAND_BYTES = 31, STATUS_BYTES = 13, BLOCK_AT = 15, BLOCK_BYTES = 16;
    private static final int PASSED = 0, FAILED = 1, PHASE_ERROR = 2;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /// What the device expects next.
    private enum Phase {
        COMMAND, DATA_IN, DATA_OUT, STATUS,
        /// After a command that was none: everything stalls until the class's reset.
        BROKEN
    }

    /// @param tag   of the command, to be repeated in its status
    /// @param asked how many bytes the host wants to move
    /// @param moved how many it has moved
    record State(StandardRequests.State standard, int phase, int tag, long asked, long moved, int status,
                 Record unit) {
        State {
            if (phase < 0 || phase >= Phase.values().length || asked < 0 || asked > 0xffff_ffffL || moved < 0
                    || moved > asked || status < PASSED || status > PHASE_ERROR) {
                throw new IllegalArgumentException("a USB disk in phase " + phase);
            }
        }
    }

    private final ScsiDevice unit;
    private final StandardRequests standard;
    private Phase phase = Phase.COMMAND;
    private int tag;
    private long asked;
    private long moved;
    private int status;
    private volatile Listener listener;

    /// @param serial twelve or more characters of 0 to 9 and A to F
    public UsbStorage(ScsiDevice unit, String serial) {
        this.unit = unit;
        standard = new StandardRequests(new Descriptors(
                Descriptors.bytes(18, Descriptors.DEVICE, 0, 3, 0, 0, 0, 9, 0x27, 0x06, 3, 0, 0, 0, 1, 2, 3, 1),
                Descriptors.configuration(1, 0xc0, 0,
                        Descriptors.bytes(9, 4, 0, 0, 2, 8, 6, 0x50, 0),
                        Descriptors.bytes(7, 5, IN, 2, 0, 4, 0), Descriptors.bytes(6, 0x30, 15, 0, 0, 0),
                        Descriptors.bytes(7, 5, OUT, 2, 0, 4, 0), Descriptors.bytes(6, 0x30, 15, 0, 0, 0)),
                // USB 2.0 extension; SuperSpeed: all speeds but low, works from full speed on.
                Descriptors.bytes(5, Descriptors.OBJECT_STORE, 22, 0, 2, 7, 0x10, 2, 2, 0, 0, 0,
                        10, 0x10, 3, 0, 0x0e, 0, 1, 0, 0, 0),
                "Javisor", "USB Disk", serial));
    }

    @Override
    public Speed speed() {
        return Speed.SUPER;
    }

    @Override
    public synchronized int control(SetupPacket setup, byte[] data) {
        return switch (setup.code()) {
            case GET_MAX_LUN -> StandardRequests.give(new byte[1], data);
            case RESET -> {
                phase = Phase.COMMAND;
                yield 0;
            }
            default -> standard.control(setup, data);
        };
    }

    @Override
    public synchronized int transfer(int address, IoVector data) {
        if (!standard.configured() || standard.halted(address) || address != IN && address != OUT) {
            return STALL;
        }
        return switch (phase) {
            case COMMAND -> address == OUT ? command(data) : NOT_NOW;
            case DATA_OUT -> address == OUT ? dataOut(data) : NOT_NOW;
            case DATA_IN -> address == IN ? dataIn(data) : NOT_NOW;
            case STATUS -> address == IN ? status(data) : NOT_NOW;
            case BROKEN -> halt(address);
        };
    }

    private int halt(int address) {
        standard.halt(address);
        return STALL;
    }

    // ---- the command ----

    private int command(IoVector data) {
        byte[] wrapper = new byte[COMMAND_BYTES];
        MemorySegment view = MemorySegment.ofArray(wrapper);
        if (data.bytes() != COMMAND_BYTES) {
            return broken();
        }
        data.copyTo(view);
        int length = wrapper[14] & 0x1f;
        if (view.get(INT, 0) != COMMAND_SIGNATURE || length < 1 || length > BLOCK_BYTES) {
            return broken();
        }
        tag = view.get(INT, 4);
        asked = view.get(INT, 8) & 0xffff_ffffL;
        moved = 0;
        status = PASSED;
        boolean in = wrapper[12] < 0;
        begin(Arrays.copyOfRange(wrapper, BLOCK_AT, BLOCK_AT + BLOCK_BYTES), in, wrapper[13] & 0xf);
        announce();
        return COMMAND_BYTES;
    }

    /// What is no command halts both endpoints, "CBW Not Valid".
    private int broken() {
        phase = Phase.BROKEN;
        standard.halt(IN);
        standard.halt(OUT);
        announce();
        return STALL;
    }

    private void begin(byte[] block, boolean in, int number) {
        if (number != 0 || unit.begin(block) != ScsiDevice.GOOD) {
            status = FAILED;
            phase = asked == 0 ? Phase.STATUS : in ? Phase.DATA_IN : Phase.DATA_OUT;
            if (number != 0) {
                unit.data().none();
            }
            return;
        }
        DataPhase.Direction way = unit.data().direction();
        Direction expected = asked == 0 ? Direction.NONE : in ? Direction.IN : Direction.OUT;
        if (way != Direction.NONE && (way != expected || unit.data().bytes() > asked)) {
            // The host expects less than there is, or the other way: it has to reset us.
            unit.end();
            status = PHASE_ERROR;
        }
        phase = switch (expected) {
            case NONE -> Phase.STATUS;
            case IN -> Phase.DATA_IN;
            case OUT -> Phase.DATA_OUT;
        };
        if (phase == Phase.STATUS) {
            finish();
        }
    }

    private void finish() {
        if (status == PASSED && unit.end() != ScsiDevice.GOOD) {
            status = FAILED;
        }
    }

    // ---- data ----

    /// How many bytes the unit still has, or wants.
    private long left() {
        return status == PASSED ? Math.max(0, unit.data().bytes() - moved) : 0;
    }

    /// What the unit has less than the host expects is not sent, and the endpoint halts: "Hi > Di".
    private int dataIn(IoVector data) {
        long now = Math.min(left(), data.bytes());
        if (now == 0) {
            toStatus();
            return asked == moved ? status(data) : halt(IN);
        }
        if (!unit.transfer(moved, data.window(0, now))) {
            status = FAILED;
            toStatus();
            return halt(IN);
        }
        moved += now;
        if (moved == asked || now < data.bytes()) {
            toStatus();
        }
        return (int) now;
    }

    /// What the host sends beyond what the unit wants is taken and dropped.
    private int dataOut(IoVector data) {
        long now = Math.min(left(), data.bytes());
        if (now > 0 && !unit.transfer(moved, data.window(0, now))) {
            status = FAILED;
        }
        long taken = Math.min(asked - moved, data.bytes());
        moved += taken;
        if (moved == asked) {
            toStatus();
            announce();
        }
        return (int) data.bytes();
    }

    private void toStatus() {
        phase = Phase.STATUS;
        finish();
    }

    private int status(IoVector data) {
        if (data.bytes() < STATUS_BYTES) {
            return halt(IN);
        }
        byte[] wrapper = new byte[STATUS_BYTES];
        MemorySegment view = MemorySegment.ofArray(wrapper);
        view.set(INT, 0, STATUS_SIGNATURE);
        view.set(INT, 4, tag);
        view.set(INT, 8, (int) (asked - moved));
        wrapper[12] = (byte) status;
        data.window(0, STATUS_BYTES).copyFrom(view);
        phase = Phase.COMMAND;
        announce();
        return STATUS_BYTES;
    }

    private void announce() {
        Listener told = listener;
        if (told != null) {
            told.ready(IN);
            told.ready(OUT);
        }
    }

    @Override
    public void listener(Listener told) {
        listener = told;
    }

    // ---- life ----

    @Override
    public synchronized void reset() {
        standard.reset();
        unit.reset();
        phase = Phase.COMMAND;
        tag = 0;
        asked = 0;
        moved = 0;
        status = PASSED;
    }

    @Override
    public synchronized Record save() {
        return new State(standard.save(), phase.ordinal(), tag, asked, moved, status, unit.save());
    }

    @Override
    public synchronized void check(Record state) {
        if (!(state instanceof State own)) {
            throw new IllegalArgumentException("no state of a USB disk");
        }
        unit.check(own.unit);
    }

    @Override
    public synchronized void restore(Record state) {
        check(state);
        State own = (State) state;
        standard.load(own.standard);
        phase = Phase.values()[own.phase];
        tag = own.tag;
        asked = own.asked;
        moved = own.moved;
        status = own.status;
        unit.restore(own.unit);
    }
}
