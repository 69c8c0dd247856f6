// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.ide;

import org.javisor.devices.ata.TaskFile;

/// Which part of a task file each of the eight registers is. A register of 16 bits takes the higher byte first.
///
/// @ata ATA8-APT "I/O registers"
final class CommandBlock {
    static final int DATA = 0, ERROR = 1, COUNT = 2, LBA_LOW = 3, DEVICE = 6, STATUS = 7;
    /// Bits of the device register that were once always set.
    private static final int OBSOLETE = 0xa0;

    private CommandBlock() { }

    /// What a register shows.
    ///
    /// @param previous what was written before, where two writes make one value
    static int show(TaskFile file, int register, boolean previous) {
        return switch (register) {
            case ERROR -> file.error;
            case COUNT -> (previous ? file.count >>> 8 : file.count) & 0xff;
            case DEVICE -> file.device | OBSOLETE;
            case STATUS -> file.status;
            default -> file.lbaByte(register - LBA_LOW + (previous ? 3 : 0));
        };
    }

    /// Takes what is written, but for commands and data.
    static void set(TaskFile file, int register, int value) {
        switch (register) {
            case ERROR -> file.features = (file.features << 8 | value) & 0xffff;
            case COUNT -> file.count = (file.count << 8 | value) & 0xffff;
            case DEVICE -> file.device = value;
            default -> {
                int n = register - LBA_LOW;
                file.setLbaByte(n + 3, file.lbaByte(n));
                file.setLbaByte(n, value);
            }
        }
    }
}
