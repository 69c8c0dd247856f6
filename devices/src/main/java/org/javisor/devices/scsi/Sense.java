// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.scsi;

/// Why a command failed.
///
/// @param key  the kind of failure
/// @param asc  additional sense code
/// @param ascq its qualifier
/// @spc SPC-4 §4.5 "Sense data"
public record Sense(int key, int asc, int ascq) {
    public static final int NO_SENSE = 0, NOT_READY = 2, MEDIUM_ERROR = 3, HARDWARE_ERROR = 4, ILLEGAL_REQUEST = 5,
            UNIT_ATTENTION = 6, DATA_PROTECT = 7;

    public static final Sense NONE = new Sense(NO_SENSE, 0, 0);
    static final Sense MEDIUM_NOT_PRESENT_TRAY_CLOSED = new Sense(NOT_READY, 0x3a, 1);
    static final Sense MEDIUM_NOT_PRESENT_TRAY_OPEN = new Sense(NOT_READY, 0x3a, 2);
    static final Sense UNRECOVERED_READ = new Sense(MEDIUM_ERROR, 0x11, 0);
    static final Sense WRITE_ERROR = new Sense(MEDIUM_ERROR, 0x0c, 0);
    static final Sense WRITE_PROTECTED = new Sense(DATA_PROTECT, 0x27, 0);
    static final Sense INVALID_OPCODE = new Sense(ILLEGAL_REQUEST, 0x20, 0);
    static final Sense OUT_OF_RANGE = new Sense(ILLEGAL_REQUEST, 0x21, 0);
    static final Sense INVALID_FIELD = new Sense(ILLEGAL_REQUEST, 0x24, 0);
    static final Sense UNIT_NOT_SUPPORTED = new Sense(ILLEGAL_REQUEST, 0x25, 0);
    static final Sense SAVING_NOT_SUPPORTED = new Sense(ILLEGAL_REQUEST, 0x39, 0);
    static final Sense ILLEGAL_MODE = new Sense(ILLEGAL_REQUEST, 0x64, 0);
    static final Sense REMOVAL_PREVENTED = new Sense(ILLEGAL_REQUEST, 0x53, 2);
    static final Sense MEDIUM_MAY_HAVE_CHANGED = new Sense(UNIT_ATTENTION, 0x28, 0);
    static final Sense POWER_ON = new Sense(UNIT_ATTENTION, 0x29, 0);

    private static final int FIXED_BYTES = 18, CURRENT_FIXED = 0x70;

    public Sense {
        if ((key & ~0xf) != 0 || (asc & ~0xff) != 0 || (ascq & ~0xff) != 0) {
            throw new IllegalArgumentException("sense " + key + " " + asc + " " + ascq);
        }
    }

    /// In the fixed format.
    public byte[] toByteArray() {
        byte[] data = new byte[FIXED_BYTES];
        data[0] = CURRENT_FIXED;
        data[2] = (byte) key;
        data[7] = FIXED_BYTES - 8;
        data[12] = (byte) asc;
        data[13] = (byte) ascq;
        return data;
    }
}
