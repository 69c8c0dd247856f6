// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.floppy;

/// A command that moves data, on its way: which sector it is at, and how much of that is done.
///
/// It is changed under the controller's lock; its buffer also by whoever is moving bytes.
public final class FloppyTransfer {
    /// What is to be done next for the present sector.
    public enum Stage {
        /// Find it, and read it if its contents are wanted.
        LOCATE,
        /// Move bytes between buffer and host.
        MOVE,
        /// Write the buffer to it.
        STORE
    }

    // Status registers 0 to 2, as results have them.
    static final int ST0_ABNORMAL = 0x40, ST1_MISSING_ADDRESS = 1, ST1_NOT_WRITABLE = 2, ST1_NO_DATA = 4,
            ST1_DATA_ERROR = 0x20, ST1_END_OF_CYLINDER = 0x80;
    static final int ST2_SCAN_FAILED = 4, ST2_SCAN_EQUAL = 8, ST2_WRONG_CYLINDER = 0x10, ST2_DATA_ERROR = 0x20,
            ST2_CONTROL_MARK = 0x40;

    private static final int BYTES = FloppyFormat.SECTOR_BYTES, ID_BYTES = 4;
    // Where a command's parameters are.
    private static final int UNIT = 1, CYLINDER = 2, HEAD = 3, SECTOR = 4, SIZE = 5, END = 6, STEP = 8;
    private static final int ENABLE_COUNT = 0x80, FORMAT_SIZE = 2, FORMAT_SECTORS = 3, FORMAT_FILL = 5;

    /// Everything about it.
    ///
    /// @param command the bytes it was given
    /// @param at      how many bytes of the sector have been moved
    /// @param done    how many sectors are finished
    /// @param last    whether terminal count has come
    public record State(int[] command, int cylinder, int head, int sector, Stage stage, int at, int done, boolean last,
            int st1, int st2, byte[] buffer) {
        public State {
            FloppyCommand kind = command.length == 0 ? FloppyCommand.INVALID : FloppyCommand.of(command[0] & 0xff);
            if (!kind.movesData() || command.length != 1 + kind.parameters || ((cylinder | head | sector) & ~0xff) != 0
                    || at < 0 || at > BYTES || done < 0 || buffer.length != BYTES
                    || kind == FloppyCommand.FORMAT_TRACK && at > ID_BYTES) {
                throw new IllegalArgumentException("floppy transfer at byte " + at);
            }
            for (int b : command) {
                if ((b & ~0xff) != 0) {
                    throw new IllegalArgumentException("floppy command with a byte of " + b);
                }
            }
            command = command.clone();
            buffer = buffer.clone();
        }

        boolean isFull() {
            return at == (FloppyCommand.of(command[0]) == FloppyCommand.FORMAT_TRACK ? ID_BYTES : BYTES);
        }
    }

    private final int[] command;
    final FloppyCommand kind;
    final byte[] buffer = new byte[BYTES];
    private int cylinder;
    private int head;
    private int sector;
    Stage stage = Stage.LOCATE;
    int at;
    private int done;
    boolean last;
    int st1;
    int st2;

    /// @param bytes the whole command
    FloppyTransfer(int[] bytes) {
        command = bytes.clone();
        kind = FloppyCommand.of(command[0]);
        if (kind == FloppyCommand.FORMAT_TRACK) {
            head = command[UNIT] >> 2 & 1;
        } else {
            cylinder = command[CYLINDER];
            head = command[HEAD];
            sector = kind == FloppyCommand.READ_TRACK ? 1 : command[SECTOR];
        }
    }

    FloppyTransfer(State state) {
        this(state.command);
        cylinder = state.cylinder;
        head = state.head;
        sector = state.sector;
        stage = state.stage;
        at = state.at;
        done = state.done;
        last = state.last;
        st1 = state.st1;
        st2 = state.st2;
        System.arraycopy(state.buffer, 0, buffer, 0, BYTES);
    }

    State save() {
        return new State(command, cylinder, head, sector, stage, at, done, last, st1, st2, buffer);
    }

    // ---- what it is about ----

    int drive() {
        return command[UNIT] & 3;
    }

    /// The head that is selected. What sectors' IDs are to name is [#head]; both change sides together.
    int selectedHead() {
        int selected = command[UNIT] >> 2 & 1;
        return kind == FloppyCommand.FORMAT_TRACK ? selected : selected ^ (head ^ command[HEAD]) & 1;
    }

    int cylinder() {
        return cylinder;
    }

    int head() {
        return head;
    }

    int sector() {
        return sector;
    }

    boolean doubleDensity() {
        return (command[0] & FloppyCommand.MFM) != 0;
    }

    private boolean multiTrack() {
        return (command[0] & FloppyCommand.MULTI_TRACK) != 0;
    }

    boolean skipsDeleted() {
        return (command[0] & FloppyCommand.SKIP) != 0;
    }

    int sizeCode() {
        return command[kind == FloppyCommand.FORMAT_TRACK ? FORMAT_SIZE : SIZE];
    }

    /// The last sector of a track.
    int end() {
        return command[END];
    }

    int fill() {
        return command[FORMAT_FILL];
    }

    int sectorsToFormat() {
        return command[FORMAT_SECTORS];
    }

    /// How many bytes are moved for each sector.
    int unitBytes() {
        return kind == FloppyCommand.FORMAT_TRACK ? ID_BYTES : BYTES;
    }

    // ---- going on ----

    /// Takes a sector's ID from the buffer, as FORMAT TRACK gets it.
    void takeId() {
        cylinder = buffer[0] & 0xff;
        head = buffer[1] & 0xff;
        sector = buffer[2] & 0xff;
    }

    /// Finishes a sector.
    ///
    /// @return whether another one is wanted
    boolean advance() {
        stage = Stage.LOCATE;
        at = 0;
        done++;
        return switch (kind) {
            case FORMAT_TRACK -> done < command[FORMAT_SECTORS];
            case READ_TRACK -> {
                sector = sector + 1 & 0xff;
                yield done < command[END];
            }
            default -> nextSector();
        };
    }

    /// Goes on to the next ID as the data sheet's table of result phases says, at terminal count too.
    private boolean nextSector() {
        if (sector != command[END]) {
            int step = kind.scans() && command[STEP] == 2 ? 2 : 1;
            sector = sector + step & 0xff;
            return step == 1 || sector <= command[END];
        }
        sector = 1;
        if (!multiTrack()) {
            cylinder = cylinder + 1 & 0xff;
            return false;
        }
        head ^= 1;
        if ((head & 1) == 0) {
            cylinder = cylinder + 1 & 0xff;
            return false;
        }
        return true;
    }

    /// Whether a VERIFY that counts sectors has counted enough.
    boolean counted() {
        return kind == FloppyCommand.VERIFY && (command[UNIT] & ENABLE_COUNT) != 0 && done >= command[STEP];
    }

    /// Compares what came from the host with the sector, byte by byte; 0xff from either matches.
    ///
    /// @return whether the condition of the command is met
    boolean scan(byte[] onDisk) {
        int order = 0;
        for (int n = 0; n < BYTES && order == 0; n++) {
            int disk = onDisk[n] & 0xff;
            int host = buffer[n] & 0xff;
            order = disk == 0xff || host == 0xff ? 0 : Integer.compare(disk, host);
        }
        boolean met = order == 0 || kind == FloppyCommand.SCAN_LOW_OR_EQUAL && order < 0
                || kind == FloppyCommand.SCAN_HIGH_OR_EQUAL && order > 0;
        st2 = st2 & ~(ST2_SCAN_EQUAL | ST2_SCAN_FAILED) | (order == 0 ? ST2_SCAN_EQUAL : 0)
                | (met ? 0 : ST2_SCAN_FAILED);
        return met;
    }
}
