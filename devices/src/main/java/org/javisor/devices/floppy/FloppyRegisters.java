// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.floppy;

/// What commands leave behind in the controller: how it is configured, where it takes the heads to be, and which drives
/// have something to tell. Guarded by the controller's lock.
///
/// @datasheet Intel 82077AA "Command Set/Descriptions"
public final class FloppyRegisters {
    private static final int DRIVES = 4;
    private static final int ST0_ABNORMAL = 0x40, ST0_INVALID = 0x80, ST0_READY_CHANGED = 0xc0, ST0_SEEK_END = 0x20,
            ST0_NO_TRACK_0 = 0x10;
    private static final int ST3_PROTECTED = 0x40, ST3_ALWAYS = 0x28, ST3_TRACK_0 = 0x10;
    private static final int NON_DMA = 1, IMPLIED_SEEK = 0x40, NO_POLLING = 0x10, NO_FIFO = 0x20;
    private static final int VERSION = 0x90, LOCK_RESULT = 0x10, OVERWRITE = 0x80, PERPENDICULAR_DRIVES = 0x3c;
    /// A recalibration gives up after so many steps.
    private static final int RECALIBRATION_STEPS = 79;

    /// Everything that is left behind.
    ///
    /// @param cylinders    where the controller takes each drive's heads to be
    /// @param seekStatus   what SENSE INTERRUPT is to tell of each drive
    /// @param sought       the drives of which it has to
    /// @param readyChanged how many drives it is still to tell of after a reset
    public record State(int specify1, int specify2, int configure, int precompensation, boolean locked,
            int perpendicular,
            int lastSector, int[] cylinders, int[] seekStatus, int sought, int readyChanged) {
        public State {
            int all = specify1 | specify2 | configure | precompensation | perpendicular | lastSector;
            for (int n = 0; n < DRIVES && cylinders.length == DRIVES && seekStatus.length == DRIVES; n++) {
                all |= cylinders[n] | seekStatus[n];
            }
            if (cylinders.length != DRIVES || seekStatus.length != DRIVES || (all & ~0xff) != 0
                    || (sought & ~0xf) != 0 || readyChanged < 0 || readyChanged > DRIVES) {
                throw new IllegalArgumentException("floppy controller's registers");
            }
            cylinders = cylinders.clone();
            seekStatus = seekStatus.clone();
        }
    }

    private int specify1;
    private int specify2;
    private int configure = NO_FIFO;
    private int precompensation;
    private boolean locked;
    private int perpendicular;
    private int lastSector;
    private final int[] cylinders = new int[DRIVES];
    private final int[] seekStatus = new int[DRIVES];
    private int sought;
    private int readyChanged;

    boolean nonDma() {
        return (specify2 & NON_DMA) != 0;
    }

    boolean impliedSeek() {
        return (configure & IMPLIED_SEEK) != 0;
    }

    /// The drives whose seek nobody has asked about yet.
    int seeking() {
        return sought;
    }

    /// DUMPREG tells the last sector of the last transfer.
    void note(FloppyTransfer transfer) {
        lastSector = transfer.kind == FloppyCommand.FORMAT_TRACK ? transfer.sectorsToFormat() : transfer.end();
    }

    // ---- commands that move heads ----

    /// Ends with an interrupt.
    void seek(FloppyCommand kind, int[] bytes, FloppyDrive drive) {
        int unit = kind == FloppyCommand.RECALIBRATE ? bytes[1] & 3 : bytes[1] & 7;
        int number = unit & 3;
        int status = ST0_SEEK_END | unit;
        if (kind == FloppyCommand.RECALIBRATE) {
            boolean found = drive != null && drive.track() <= RECALIBRATION_STEPS;
            move(drive, drive == null ? 0 : drive.track() - RECALIBRATION_STEPS);
            cylinders[number] = 0;
            status |= found ? 0 : ST0_ABNORMAL | ST0_NO_TRACK_0;
        } else if (kind == FloppyCommand.SEEK) {
            move(drive, bytes[2]);
            cylinders[number] = bytes[2];
        } else {
            int steps = (bytes[0] & FloppyCommand.INWARD) != 0 ? bytes[2] : -bytes[2];
            move(drive, drive == null ? 0 : drive.track() + steps);
            cylinders[number] = cylinders[number] + steps & 0xff;
        }
        seekStatus[number] = status;
        sought |= 1 << number;
    }

    private static void move(FloppyDrive drive, int track) {
        if (drive != null) {
            drive.seek(track);
        }
    }

    int[] senseInterrupt() {
        if (readyChanged > 0) {
            int number = DRIVES - readyChanged--;
            return new int[] {ST0_READY_CHANGED | number, cylinders[number]};
        }
        if (sought == 0) {
            return new int[] {ST0_INVALID};
        }
        int number = Integer.numberOfTrailingZeros(sought);
        sought &= sought - 1;
        return new int[] {seekStatus[number], cylinders[number]};
    }

    /// @param drive null if there is none
    static int driveStatus(int unit, FloppyDrive drive) {
        int status = ST3_ALWAYS | unit;
        if (drive != null) {
            status |= (drive.writeProtected() ? ST3_PROTECTED : 0) | (drive.track() == 0 ? ST3_TRACK_0 : 0);
        }
        return status;
    }

    // ---- commands that configure ----

    /// @return the result; empty if the command has none
    int[] execute(FloppyCommand kind, int[] bytes) {
        switch (kind) {
            case SPECIFY -> {
                specify1 = bytes[1];
                specify2 = bytes[2];
            }
            case CONFIGURE -> {
                configure = bytes[2] & 0x7f;
                precompensation = bytes[3];
            }
            case PERPENDICULAR_MODE -> {
                int drives = (bytes[1] & OVERWRITE) != 0 ? bytes[1] : perpendicular;
                perpendicular = drives & PERPENDICULAR_DRIVES | bytes[1] & ~PERPENDICULAR_DRIVES & ~OVERWRITE & 3;
            }
            case LOCK -> {
                locked = (bytes[0] & FloppyCommand.SET_LOCK) != 0;
                return new int[] {locked ? LOCK_RESULT : 0};
            }
            case VERSION -> {
                return new int[] {VERSION};
            }
            default -> {
                return new int[] {ST0_INVALID};
            }
        }
        return new int[0];
    }

    int[] dump() {
        return new int[] {cylinders[0], cylinders[1], cylinders[2], cylinders[3], specify1, specify2, lastSector,
            (locked ? 0x80 : 0) | perpendicular, configure, precompensation};
    }

    // ---- life ----

    /// What a reset by DOR or DSR takes away: nothing that LOCK keeps.
    void softwareReset() {
        configure &= locked ? ~NO_POLLING : IMPLIED_SEEK;
        if (!locked) {
            configure |= NO_FIFO;
            precompensation = 0;
        }
        perpendicular &= PERPENDICULAR_DRIVES;
        sought = 0;
        readyChanged = 0;
    }

    /// The end of a reset turns polling on, which finds all drives ready: there is an interrupt to ask about.
    void leaveReset() {
        readyChanged = DRIVES;
    }

    void reset() {
        load(new State(0, 0, NO_FIFO, 0, false, 0, 0, new int[DRIVES], new int[DRIVES], 0, 0));
    }

    State save() {
        return new State(specify1, specify2, configure, precompensation, locked, perpendicular, lastSector, cylinders,
                seekStatus, sought, readyChanged);
    }

    void load(State state) {
        specify1 = state.specify1;
        specify2 = state.specify2;
        configure = state.configure;
        precompensation = state.precompensation;
        locked = state.locked;
        perpendicular = state.perpendicular;
        lastSector = state.lastSector;
        System.arraycopy(state.cylinders, 0, cylinders, 0, DRIVES);
        System.arraycopy(state.seekStatus, 0, seekStatus, 0, DRIVES);
        sought = state.sought;
        readyChanged = state.readyChanged;
    }
}
