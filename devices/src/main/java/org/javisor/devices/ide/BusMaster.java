// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.ide;

import org.javisor.devices.block.ScatterList;
import org.javisor.memory.DmaSpace;

/// The bus master registers of one channel, and the table of physical regions that they lead to.
///
/// Guarded by the channel's lock, but for the table's contents.
///
/// @datasheet Intel 82371SB (PIIX3) "PCI IDE Configuration: Bus Master IDE I/O Registers"
final class BusMaster {
    static final int BYTES = 8;

    private static final int COMMAND = 0, STATUS = 2, TABLE = 4;
    private static final int START = 1, TO_MEMORY = 8;
    private static final int ACTIVE = 1, ERROR = 2, INTERRUPT = 4, CAPABLE = 0x60;
    /// A table lies within 64 KiB; so does a region, whose length of 0 means all of them.
    private static final int MOST_REGIONS = 8192, REGION_BYTES = 8, WHOLE = 0x1_0000;
    private static final long LAST = 1L << 63;

    record State(int command, int status, int table) {
        State {
            if ((command & ~(START | TO_MEMORY)) != 0 || (status & ~(ACTIVE | ERROR | INTERRUPT | CAPABLE)) != 0
                    || (table & 3) != 0) {
                throw new IllegalArgumentException("bus master registers with bits that they do not have");
            }
        }
    }

    private final DmaSpace memory;
    private final ScatterList data;
    private int command;
    private int status;
    private int table;
    private boolean exhausted;

    BusMaster(DmaSpace memory) {
        this.memory = memory;
        this.data = new ScatterList(memory);
    }

    int read(int offset) {
        return switch (offset) {
            case COMMAND -> command;
            case STATUS -> status;
            default -> offset >= TABLE ? table >>> 8 * (offset - TABLE) & 0xff : 0;
        };
    }

    /// @return whether the transfer was started or stopped
    boolean write(int offset, int value) {
        switch (offset) {
            case COMMAND -> {
                boolean changed = ((command ^ value) & START) != 0;
                command = value & (START | TO_MEMORY);
                if (changed) {
                    status = started() ? status | ACTIVE : status & ~ACTIVE;
                }
                return changed;
            }
            case STATUS -> status = status & (ACTIVE | (ERROR | INTERRUPT) & ~value) | value & CAPABLE;
            case TABLE, TABLE + 1, TABLE + 2, TABLE + 3 -> {
                int shift = 8 * (offset - TABLE);
                table = (table & ~(0xff << shift) | value << shift) & ~3;
            }
            default -> { }
        }
        return false;
    }

    boolean started() {
        return (command & START) != 0;
    }

    /// The drive has asked for an interrupt.
    void interrupt() {
        status |= INTERRUPT;
    }

    /// The transfer is over: active stays while there are regions that were not needed.
    void done() {
        if (exhausted) {
            status &= ~ACTIVE;
        }
    }

    /// A region, or the table, is not in memory.
    void fail() {
        status = status & ~ACTIVE | ERROR;
    }

    int table() {
        return table;
    }

    /// Reads as much of the table as `wanted` bytes need. Without the channel's lock.
    ///
    /// @return false if a region is no memory
    boolean describe(int from, long wanted, boolean toBeWritten) {
        data.clear();
        exhausted = false;
        for (int i = 0; i < MOST_REGIONS && data.bytes() < wanted; i++) {
            long region = memory.loadLong((from & 0xffff_ffffL) + (long) REGION_BYTES * i);
            int bytes = (int) (region >>> 32) & 0xfffe;
            long whole = bytes == 0 ? WHOLE : bytes;
            long used = Math.min(whole, wanted - data.bytes());
            if (!data.add(region & 0xffff_fffeL, used, toBeWritten)) {
                return false;
            }
            if ((region & LAST) != 0) {
                exhausted = used == whole;
                break;
            }
        }
        return true;
    }

    DmaSpace memory() {
        return memory;
    }

    /// What [#describe] found.
    ScatterList data() {
        return data;
    }

    void reset() {
        command = 0;
        status = 0;
        table = 0;
    }

    State save() {
        return new State(command, status, table);
    }

    void load(State state) {
        command = state.command;
        status = state.status;
        table = state.table;
    }
}
