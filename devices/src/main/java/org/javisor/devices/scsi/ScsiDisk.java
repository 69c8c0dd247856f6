// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.scsi;

import static org.javisor.devices.scsi.CommandBlock.byteAt;
import static org.javisor.devices.scsi.CommandBlock.intAt;
import static org.javisor.devices.scsi.CommandBlock.shortAt;
import static org.javisor.devices.scsi.CommandBlock.threeAt;

import java.io.IOException;
import org.javisor.devices.block.BlockBackend;
import org.javisor.devices.block.DataPhase;
import org.javisor.devices.block.DataPhase.Direction;
import org.javisor.host.IoVector;
import org.javisor.memory.Chip;

/// A disk that takes SCSI commands, with blocks of 512 bytes.
///
/// @sbc SBC-3 §5 "Commands for direct-access block devices"
public final class ScsiDisk implements ScsiDevice, Chip<ScsiDisk.State> {
    /// @param attention what the next command is to fail with
    /// @param forced    whether what the command that is under way writes is to be safe when it ends
    public record State(Sense sense, Sense attention, boolean forced, DataPhase.State data) {
        public State {
            if (sense == null || attention == null || data == null) {
                throw new IllegalArgumentException("a disk without sense");
            }
        }
    }

    private final BlockBackend medium;
    private final String product;
    private final String serial;
    private final long blocks;
    private final Outcome outcome = new Outcome();
    private boolean forced;

    /// @param product up to 16 characters
    /// @param serial  up to 20 characters
    public ScsiDisk(BlockBackend medium, String product, String serial) {
        this.medium = medium;
        this.product = product;
        this.serial = serial;
        blocks = (medium.bytes() + SbcLayout.BLOCK_BYTES - 1) >>> SbcLayout.BLOCK_SHIFT;
    }

    // ---- commands ----

    @Override
    public synchronized int begin(byte[] command) {
        forced = false;
        int code = byteAt(command, 0);
        if (outcome.begin(code, false) != GOOD) {
            return CHECK_CONDITION;
        }
        try {
            return dispatch(code, command);
        } catch (IOException _) {
            return outcome.fail(Sense.WRITE_ERROR);
        }
    }

    private int dispatch(int code, byte[] command) throws IOException {
        return switch (code) {
            case SbcLayout.TEST_UNIT_READY, SbcLayout.START_STOP_UNIT, SbcLayout.PREVENT_ALLOW_MEDIUM_REMOVAL -> GOOD;
            case SbcLayout.REQUEST_SENSE -> outcome.requestSense(byteAt(command, 4));
            case SbcLayout.INQUIRY -> inquiry(command);
            case SbcLayout.REPORT_LUNS -> outcome.answer(DiskAnswers.reportLuns(), intAt(command, 6));
            case SbcLayout.MODE_SENSE_6 -> modeSense(command, false, byteAt(command, 4));
            case SbcLayout.MODE_SENSE_10 -> modeSense(command, true, shortAt(command, 7));
            case SbcLayout.READ_CAPACITY_10 -> outcome.answer(DiskAnswers.capacity10(blocks), Long.MAX_VALUE);
            case SbcLayout.SERVICE_ACTION_IN_16 -> (byteAt(command, 1) & 0x1f) == SbcLayout.READ_CAPACITY_16
                    ? outcome.answer(DiskAnswers.capacity16(blocks), intAt(command, 10))
                    : outcome.fail(Sense.INVALID_FIELD);
            case SbcLayout.SYNCHRONIZE_CACHE_10, SbcLayout.SYNCHRONIZE_CACHE_16 -> flush();
            default -> onBlocks(code, command);
        };
    }

    /// Commands that name blocks, in each of their lengths.
    private int onBlocks(int code, byte[] command) {
        return switch (code) {
            case SbcLayout.READ_6 -> read(threeAt(command, 1) & 0x1f_ffff, shortCount(command));
            case SbcLayout.READ_10 -> read(intAt(command, 2), shortAt(command, 7));
            case SbcLayout.READ_12 -> read(intAt(command, 2), intAt(command, 6));
            case SbcLayout.READ_16 -> read(longAt(command, 2), intAt(command, 10));
            case SbcLayout.WRITE_6 -> write(command, threeAt(command, 1) & 0x1f_ffff, shortCount(command));
            case SbcLayout.WRITE_10 -> write(command, intAt(command, 2), shortAt(command, 7));
            case SbcLayout.WRITE_12 -> write(command, intAt(command, 2), intAt(command, 6));
            case SbcLayout.WRITE_16 -> write(command, longAt(command, 2), intAt(command, 10));
            case SbcLayout.VERIFY_10 -> verify(command, intAt(command, 2), shortAt(command, 7));
            case SbcLayout.VERIFY_12 -> verify(command, intAt(command, 2), intAt(command, 6));
            case SbcLayout.VERIFY_16 -> verify(command, longAt(command, 2), intAt(command, 10));
            default -> outcome.fail(Sense.INVALID_OPCODE);
        };
    }

    private static int shortCount(byte[] command) {
        return byteAt(command, 4) == 0 ? 256 : byteAt(command, 4);
    }

    private static long longAt(byte[] command, int at) {
        return intAt(command, at) << 32 | intAt(command, at + 4);
    }

    private int inquiry(byte[] command) {
        boolean vital = (byteAt(command, 1) & 1) != 0;
        byte[] content = vital ? DiskAnswers.vitalProductData(byteAt(command, 2), serial)
                : byteAt(command, 2) == 0 ? DiskAnswers.inquiry(product) : null;
        return content == null ? outcome.fail(Sense.INVALID_FIELD) : outcome.answer(content, shortAt(command, 3));
    }

    private int modeSense(byte[] command, boolean longForm, int allocated) {
        int control = byteAt(command, 2) >>> 6;
        if (control == ModePages.SAVED) {
            return outcome.fail(Sense.SAVING_NOT_SUPPORTED);
        }
        byte[] content = DiskAnswers.modeSense(byteAt(command, 2) & 0x3f, longForm, control == 1, medium.readOnly());
        return content == null ? outcome.fail(Sense.INVALID_FIELD) : outcome.answer(content, allocated);
    }

    private int flush() throws IOException {
        if (!medium.readOnly()) {
            medium.flush();
        }
        return GOOD;
    }

    private boolean onDisk(long from, long count) {
        return from >= 0 && from <= blocks && count <= blocks - from;
    }

    private int read(long from, long count) {
        return onDisk(from, count) ? move(Direction.IN, from, count) : outcome.fail(Sense.OUT_OF_RANGE);
    }

    private int write(byte[] command, long from, long count) {
        if (medium.readOnly()) {
            return outcome.fail(Sense.WRITE_PROTECTED);
        }
        boolean hasFlags = byteAt(command, 0) != SbcLayout.WRITE_6;
        forced = hasFlags && (byteAt(command, 1) & SbcLayout.FORCE_UNIT_ACCESS) != 0;
        return onDisk(from, count) ? move(Direction.OUT, from, count) : outcome.fail(Sense.OUT_OF_RANGE);
    }

    private int move(Direction way, long from, long count) {
        outcome.data.medium(count == 0 ? Direction.NONE : way, from << SbcLayout.BLOCK_SHIFT,
                count << SbcLayout.BLOCK_SHIFT);
        return GOOD;
    }

    /// What is on the medium can be read, as far as the host says; nothing is compared.
    private int verify(byte[] command, long from, long count) {
        return (byteAt(command, 1) & 6) != 0 ? outcome.fail(Sense.INVALID_FIELD)
                : onDisk(from, count) ? GOOD : outcome.fail(Sense.OUT_OF_RANGE);
    }

    // ---- data ----

    @Override
    public DataPhase data() {
        return outcome.data;
    }

    @Override
    public synchronized boolean transfer(long at, IoVector memory) {
        if (at + memory.bytes() > outcome.data.bytes()) {
            outcome.fail(Sense.INVALID_FIELD);
            return false;
        }
        boolean out = outcome.data.direction() == Direction.OUT;
        try {
            outcome.data.move(medium, at, memory);
            return true;
        } catch (IOException _) {
            outcome.fail(out ? Sense.WRITE_ERROR : Sense.UNRECOVERED_READ);
            return false;
        }
    }

    @Override
    public synchronized int end() {
        boolean flushes = outcome.good() && forced;
        int status = outcome.end();
        if (flushes) {
            forced = false;
            try {
                return flush();
            } catch (IOException _) {
                return outcome.fail(Sense.WRITE_ERROR);
            }
        }
        return status;
    }

    @Override
    public synchronized Sense takeSense() {
        return outcome.takeSense();
    }

    @Override
    public synchronized Sense sense() {
        return outcome.sense();
    }

    // ---- life ----

    @Override
    public synchronized void reset() {
        forced = false;
        outcome.reset();
    }

    @Override
    public synchronized State save() {
        return new State(outcome.sense(), outcome.attention(), forced, outcome.data.save());
    }

    @Override
    public synchronized void check(Record state) {
        if (!(state instanceof State own)) {
            throw new IllegalArgumentException("no state of a disk");
        }
        if (!own.data.within(blocks << SbcLayout.BLOCK_SHIFT)
                || own.data.direction() == Direction.OUT && (own.data.offset() < 0 || medium.readOnly())) {
            throw new IllegalArgumentException("a data phase beyond the medium");
        }
    }

    @Override
    public void restore(Record state) {
        load((State) state);
    }

    @Override
    public synchronized void load(State state) {
        check(state);
        forced = state.forced;
        outcome.load(state.sense, state.attention, state.data);
    }
}
