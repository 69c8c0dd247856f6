// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.floppy;

/// The controller's commands: the code, which bits of the first byte are it, and how many bytes follow.
///
/// @datasheet Intel 82077AA "Command Set/Descriptions"
enum FloppyCommand {
    READ_TRACK(0x02, 0x9f, 8), SPECIFY(0x03, 0xff, 2), SENSE_DRIVE_STATUS(0x04, 0xff, 1),
    WRITE_DATA(0x05, 0x3f, 8), READ_DATA(0x06, 0x1f, 8), RECALIBRATE(0x07, 0xff, 1),
    SENSE_INTERRUPT(0x08, 0xff, 0), WRITE_DELETED_DATA(0x09, 0x3f, 8), READ_ID(0x0a, 0xbf, 1),
    READ_DELETED_DATA(0x0c, 0x1f, 8), FORMAT_TRACK(0x0d, 0xbf, 5), DUMPREG(0x0e, 0xff, 0), SEEK(0x0f, 0xff, 2),
    VERSION(0x10, 0xff, 0), SCAN_EQUAL(0x11, 0x1f, 8), PERPENDICULAR_MODE(0x12, 0xff, 1), CONFIGURE(0x13, 0xff, 3),
    LOCK(0x14, 0x7f, 0), VERIFY(0x16, 0x1f, 8), SCAN_LOW_OR_EQUAL(0x19, 0x1f, 8), SCAN_HIGH_OR_EQUAL(0x1d, 0x1f, 8),
    RELATIVE_SEEK(0x8f, 0xbf, 2), INVALID(0, 0, 0);

    /// In the first byte: both sides as one, double density, deleted sectors left out; toward the centre; set the lock.
    static final int MULTI_TRACK = 0x80, MFM = 0x40, SKIP = 0x20, INWARD = 0x40, SET_LOCK = 0x80;

    private static final FloppyCommand[] BY_CODE = new FloppyCommand[256];

    private final int code;
    private final int mask;
    final int parameters;

    FloppyCommand(int code, int mask, int parameters) {
        this.code = code;
        this.mask = mask;
        this.parameters = parameters;
    }

    static {
        for (int b = 0; b < BY_CODE.length; b++) {
            for (FloppyCommand command : values()) {
                if (BY_CODE[b] == null && (b & command.mask) == command.code) {
                    BY_CODE[b] = command;
                }
            }
        }
    }

    /// The command that begins with byte `first`.
    static FloppyCommand of(int first) {
        return BY_CODE[first];
    }

    /// Whether it transfers sectors or their IDs.
    boolean movesData() {
        return switch (this) {
            case READ_TRACK, WRITE_DATA, READ_DATA, WRITE_DELETED_DATA, READ_DELETED_DATA, FORMAT_TRACK, SCAN_EQUAL,
                    VERIFY, SCAN_LOW_OR_EQUAL, SCAN_HIGH_OR_EQUAL -> true;
            default -> false;
        };
    }

    /// Whether data go to the disk, to be written or to be compared.
    boolean takesData() {
        return switch (this) {
            case WRITE_DATA, WRITE_DELETED_DATA, FORMAT_TRACK, SCAN_EQUAL, SCAN_LOW_OR_EQUAL,
                    SCAN_HIGH_OR_EQUAL -> true;
            default -> false;
        };
    }

    boolean writes() {
        return this == WRITE_DATA || this == WRITE_DELETED_DATA || this == FORMAT_TRACK;
    }

    boolean scans() {
        return this == SCAN_EQUAL || this == SCAN_LOW_OR_EQUAL || this == SCAN_HIGH_OR_EQUAL;
    }
}
