// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.ata;

/// The registers through which a command goes to a drive and its outcome comes back. Those that are two bytes deep have
/// both here, the one written first ("previous") above the other.
///
/// ```
/// lba   47..........24 23...........0     count, features  15.....8 7.....0
///       high, mid, low high, mid, low                      previous current
///       previous       current
/// ```
///
/// @ata ATA8-APT "I/O registers"
public final class TaskFile {
    /// What is in them.
    public record State(int features, int count, long lba, int device, int command, int status, int error) {
        public State {
            if ((features & ~0xffff) != 0 || (count & ~0xffff) != 0 || lba >>> 48 != 0
                    || ((device | command | status | error) & ~0xff) != 0) {
                throw new IllegalArgumentException("a task file with bits that no register has");
            }
        }
    }

    private static final int SIGNATURE_COUNT = 1;

    public int features;
    public int count;
    public long lba;
    public int device;
    public int command;
    public int status;
    public int error;

    /// Says that the command has ended well.
    public void succeed() {
        status = AtaLayout.DRDY | AtaLayout.DSC;
        error = 0;
    }

    /// Says that the command has ended with an error.
    public void fail(int why) {
        status = AtaLayout.DRDY | AtaLayout.DSC | AtaLayout.ERR;
        error = why;
    }

    public boolean failed() {
        return (status & AtaLayout.ERR) != 0;
    }

    /// What a drive shows after a reset.
    ///
    /// @param kind what stands in the middle and high registers, middle one in the low byte
    public void signature(int kind, int afterwards) {
        features = 0;
        count = SIGNATURE_COUNT;
        lba = 1 | kind << 8;
        device = 0;
        error = AtaLayout.DIAGNOSTIC_PASSED;
        status = afterwards;
    }

    /// The address of a command with 28 bits of it.
    long lba28() {
        return lba & 0xff_ffff | (long) (device & 0xf) << 24;
    }

    /// The count of a command with one byte of it: 0 means 256.
    int count8() {
        return (count & 0xff) == 0 ? 256 : count & 0xff;
    }

    /// The count of a command with two bytes of it: 0 means 65536.
    static int sixteen(int register) {
        return register == 0 ? 65536 : register;
    }

    /// The `n`th byte of the address registers: 0 to 2 low, mid and high, 3 to 5 the previous ones.
    public int lbaByte(int n) {
        return (int) (lba >>> 8 * n) & 0xff;
    }

    public void setLbaByte(int n, int value) {
        lba = lba & ~(0xffL << 8 * n) | (long) value << 8 * n;
    }

    public void copyFrom(TaskFile other) {
        features = other.features;
        count = other.count;
        lba = other.lba;
        device = other.device;
        command = other.command;
        status = other.status;
        error = other.error;
    }

    public State save() {
        return new State(features, count, lba, device, command, status, error);
    }

    public void load(State state) {
        features = state.features;
        count = state.count;
        lba = state.lba;
        device = state.device;
        command = state.command;
        status = state.status;
        error = state.error;
    }
}
