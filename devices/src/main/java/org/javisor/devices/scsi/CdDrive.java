// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.scsi;

import static org.javisor.devices.scsi.CommandBlock.byteAt;
import static org.javisor.devices.scsi.CommandBlock.intAt;
import static org.javisor.devices.scsi.CommandBlock.shortAt;
import static org.javisor.devices.scsi.CommandBlock.threeAt;

import java.io.IOException;
import org.javisor.devices.block.BlockBackend;
import org.javisor.devices.block.DataPhase;
import org.javisor.host.IoVector;
import org.javisor.memory.Chip;

/// A CD or DVD drive that reads: a medium of one data track, which the guest and the host can eject and change.
///
/// A command that is under way and a change of the medium wait for each other.
///
/// @mmc MMC-6 §6 "Commands for MM drives"
public final class CdDrive implements ScsiDevice, Chip<CdDrive.State> {
    /// What GET EVENT STATUS NOTIFICATION tells of the medium.
    enum MediaEvent { NONE, EJECT_REQUEST, NEW_MEDIA, MEDIA_REMOVAL }

    /// Everything but the medium.
    ///
    /// @param attention what the next command is to fail with
    public record State(boolean trayOpen, boolean locked, Sense sense, Sense attention, int event,
                        DataPhase.State data) {
        public State {
            if (event < 0 || event >= MediaEvent.values().length || sense == null || attention == null) {
                throw new IllegalArgumentException("media event " + event);
            }
        }
    }

    private final String serial;
    private final Outcome outcome = new Outcome();
    private BlockBackend medium;
    private boolean trayOpen;
    private boolean locked;
    private MediaEvent event = MediaEvent.NONE;

    /// @param medium null for an empty drive
    /// @param serial up to 20 characters
    public CdDrive(BlockBackend medium, String serial) {
        this.medium = medium;
        this.serial = serial;
    }

    // ---- the medium, from the host's side ----

    /// Puts another medium in, and closes the tray.
    ///
    /// @param next null to leave the drive empty
    /// @return what was in it: nobody reads it any more
    public synchronized BlockBackend change(BlockBackend next) {
        BlockBackend previous = medium;
        medium = next;
        trayOpen = false;
        event = next == null ? MediaEvent.MEDIA_REMOVAL : MediaEvent.NEW_MEDIA;
        outcome.attend(Sense.MEDIUM_MAY_HAVE_CHANGED);
        outcome.data.none();
        return previous;
    }

    /// Presses the button: a guest that has locked the tray is asked, otherwise it opens.
    public synchronized void pressEject() {
        if (locked) {
            event = MediaEvent.EJECT_REQUEST;
        } else {
            open();
        }
    }

    private void open() {
        if (!trayOpen) {
            trayOpen = true;
            event = MediaEvent.MEDIA_REMOVAL;
        }
    }

    private void close() {
        if (trayOpen) {
            trayOpen = false;
            if (medium != null) {
                event = MediaEvent.NEW_MEDIA;
                outcome.attend(Sense.MEDIUM_MAY_HAVE_CHANGED);
            }
        }
    }

    /// Whether a medium can be read now.
    public synchronized boolean ready() {
        return medium != null && !trayOpen;
    }

    private long sectors() {
        return (medium.bytes() + MmcLayout.SECTOR_BYTES - 1) / MmcLayout.SECTOR_BYTES;
    }

    // ---- commands ----

    @Override
    public synchronized int begin(byte[] command) {
        int code = byteAt(command, 0);
        boolean answers = code == MmcLayout.GET_CONFIGURATION || code == MmcLayout.GET_EVENT_STATUS;
        if (outcome.begin(code, answers) != GOOD) {
            return CHECK_CONDITION;
        }
        if (wantsMedium(code) && !ready()) {
            return outcome.fail(trayOpen ? Sense.MEDIUM_NOT_PRESENT_TRAY_OPEN : Sense.MEDIUM_NOT_PRESENT_TRAY_CLOSED);
        }
        return dispatch(code, command);
    }

    private static boolean wantsMedium(int code) {
        return switch (code) {
            case MmcLayout.TEST_UNIT_READY, MmcLayout.READ_CAPACITY, MmcLayout.READ_10, MmcLayout.READ_12,
                    MmcLayout.READ_CD, MmcLayout.READ_CD_MSF, MmcLayout.SEEK_10, MmcLayout.VERIFY_10,
                    MmcLayout.READ_TOC, MmcLayout.READ_SUB_CHANNEL, MmcLayout.READ_HEADER,
                    MmcLayout.READ_DISC_INFORMATION, MmcLayout.READ_TRACK_INFORMATION -> true;
            default -> false;
        };
    }

    private int dispatch(int code, byte[] command) {
        return switch (code) {
            case MmcLayout.TEST_UNIT_READY, MmcLayout.SYNCHRONIZE_CACHE, MmcLayout.SET_CD_SPEED -> GOOD;
            case MmcLayout.REQUEST_SENSE -> outcome.requestSense(byteAt(command, 4));
            case MmcLayout.INQUIRY -> inquiry(command);
            case MmcLayout.REPORT_LUNS -> outcome.answer(DiscAnswers.reportLuns(), intAt(command, 6));
            case MmcLayout.MODE_SENSE_6 -> modeSense(command, ModePages.SHORT_HEADER, byteAt(command, 4));
            case MmcLayout.MODE_SENSE_10 -> modeSense(command, ModePages.LONG_HEADER, shortAt(command, 7));
            case MmcLayout.MODE_SELECT_6 -> want(byteAt(command, 4));
            case MmcLayout.MODE_SELECT_10 -> want(shortAt(command, 7));
            case MmcLayout.START_STOP_UNIT -> startStop(byteAt(command, 4));
            case MmcLayout.PREVENT_ALLOW_MEDIUM_REMOVAL -> {
                locked = (byteAt(command, 4) & 1) != 0;
                yield GOOD;
            }
            case MmcLayout.GET_CONFIGURATION -> outcome.answer(DiscAnswers.configuration(profile(),
                    byteAt(command, 1) & 3, shortAt(command, 2), ready()), shortAt(command, 7));
            case MmcLayout.GET_EVENT_STATUS -> eventStatus(command);
            case MmcLayout.MECHANISM_STATUS ->
                    outcome.answer(DiscAnswers.mechanismStatus(trayOpen), shortAt(command, 8));
            default -> wantsMedium(code) ? ofMedium(code, command) : outcome.fail(Sense.INVALID_OPCODE);
        };
    }

    private int ofMedium(int code, byte[] command) {
        return switch (code) {
            case MmcLayout.READ_CAPACITY -> outcome.answer(DiscAnswers.capacity(sectors()), 8);
            case MmcLayout.READ_10 -> read(intAt(command, 2), shortAt(command, 7));
            case MmcLayout.READ_12 -> read(intAt(command, 2), intAt(command, 6));
            case MmcLayout.READ_CD -> readCd(command, intAt(command, 2), threeAt(command, 6));
            case MmcLayout.READ_CD_MSF -> {
                long from = DiscAnswers.sector(command, 3);
                yield readCd(command, from, DiscAnswers.sector(command, 6) - from);
            }
            case MmcLayout.SEEK_10, MmcLayout.VERIFY_10 ->
                    intAt(command, 2) < sectors() ? GOOD : outcome.fail(Sense.OUT_OF_RANGE);
            case MmcLayout.READ_TOC -> readToc(command);
            case MmcLayout.READ_SUB_CHANNEL -> readSubChannel(command);
            case MmcLayout.READ_HEADER -> intAt(command, 2) >= sectors() ? outcome.fail(Sense.OUT_OF_RANGE)
                    : outcome.answer(DiscAnswers.header(intAt(command, 2), isMsf(command)), shortAt(command, 7));
            case MmcLayout.READ_DISC_INFORMATION -> outcome.answer(DiscAnswers.discInformation(), shortAt(command, 7));
            case MmcLayout.READ_TRACK_INFORMATION ->
                    outcome.answer(DiscAnswers.trackInformation(sectors()), shortAt(command, 7));
            default -> outcome.fail(Sense.INVALID_OPCODE);
        };
    }

    private static boolean isMsf(byte[] command) {
        return (byteAt(command, 1) & 2) != 0;
    }

    private int want(int length) {
        outcome.data.want(length);
        return GOOD;
    }

    private int inquiry(byte[] command) {
        boolean vital = (byteAt(command, 1) & 1) != 0;
        byte[] content = vital ? DiscAnswers.vitalProductData(byteAt(command, 2), serial)
                : byteAt(command, 2) == 0 ? DiscAnswers.inquiry() : null;
        return content == null ? outcome.fail(Sense.INVALID_FIELD) : outcome.answer(content, shortAt(command, 3));
    }

    private int modeSense(byte[] command, int headerBytes, int allocated) {
        int control = byteAt(command, 2) >>> 6;
        if (control == ModePages.SAVED) {
            return outcome.fail(Sense.SAVING_NOT_SUPPORTED);
        }
        byte[] content = ModePages.build(byteAt(command, 2) & 0x3f, control, headerBytes, locked);
        return content == null ? outcome.fail(Sense.INVALID_FIELD) : outcome.answer(content, allocated);
    }

    private int startStop(int how) {
        boolean start = (how & 1) != 0;
        boolean tray = (how & 2) != 0;
        if (!tray) {
            return GOOD;
        }
        if (start) {
            close();
        } else if (locked) {
            return outcome.fail(Sense.REMOVAL_PREVENTED);
        } else {
            open();
        }
        return GOOD;
    }

    private int profile() {
        return !ready() ? 0 : sectors() > MmcLayout.CD_SECTORS ? MmcLayout.PROFILE_DVD_ROM
                : MmcLayout.PROFILE_CD_ROM;
    }

    private int eventStatus(byte[] command) {
        if ((byteAt(command, 1) & 1) == 0) {
            return outcome.fail(Sense.INVALID_FIELD);     // only polling; a drive that waits would block the bus
        }
        boolean media = (byteAt(command, 4) & DiscAnswers.MEDIA_CLASS_BIT) != 0;
        int allocated = shortAt(command, 7);
        byte[] content = DiscAnswers.eventStatus(media, event.ordinal(), trayOpen, ready());
        if (media && allocated > 4) {
            event = MediaEvent.NONE;
        }
        return outcome.answer(content, allocated);
    }

    private int read(long from, long count) {
        long all = sectors();
        if (from > all || count > all - from) {
            return outcome.fail(Sense.OUT_OF_RANGE);
        }
        outcome.data.medium(count == 0 ? DataPhase.Direction.NONE : DataPhase.Direction.IN,
                from * MmcLayout.SECTOR_BYTES, count * MmcLayout.SECTOR_BYTES);
        return GOOD;
    }

    /// User data alone: there are no sync patterns, headers or error codes on an image of 2048-byte sectors.
    private int readCd(byte[] command, long from, long count) {
        int parts = byteAt(command, 9) & 0xf8;
        int type = byteAt(command, 1) >>> 2 & 7;
        boolean mode1 = type == 0 || type == 2;
        if (count < 0 || from < 0) {
            return outcome.fail(Sense.OUT_OF_RANGE);
        }
        if (parts == 0) {
            return read(from, 0);
        }
        return parts == 0x10 && mode1 && (byteAt(command, 10) & 7) == 0 ? read(from, count)
                : outcome.fail(mode1 ? Sense.INVALID_FIELD : Sense.ILLEGAL_MODE);
    }

    private int readToc(byte[] command) {
        // Before MMC the format was in the control byte.
        int format = byteAt(command, 2) & 0xf;
        int which = format != 0 ? format : byteAt(command, 9) >>> 6;
        byte[] content = switch (which) {
            case 0 -> DiscAnswers.toc(sectors(), byteAt(command, 6), isMsf(command));
            case 1 -> DiscAnswers.sessions(isMsf(command));
            case 2 -> DiscAnswers.rawToc(sectors());
            default -> null;
        };
        return content == null ? outcome.fail(Sense.INVALID_FIELD) : outcome.answer(content, shortAt(command, 7));
    }

    private int readSubChannel(byte[] command) {
        boolean wanted = (byteAt(command, 2) & 0x40) != 0;
        byte[] content = !wanted ? DiscAnswers.noSubChannel() : byteAt(command, 3) == 1
                ? DiscAnswers.position(isMsf(command)) : null;
        return content == null ? outcome.fail(Sense.INVALID_FIELD) : outcome.answer(content, shortAt(command, 7));
    }

    // ---- data ----

    @Override
    public DataPhase data() {
        return outcome.data;
    }

    @Override
    public synchronized boolean transfer(long at, IoVector memory) {
        if (outcome.data.onMedium() && !ready() || at + memory.bytes() > outcome.data.bytes()) {
            outcome.fail(Sense.MEDIUM_MAY_HAVE_CHANGED);
            return false;
        }
        try {
            outcome.data.move(medium, at, memory);
            return true;
        } catch (IOException _) {
            outcome.fail(Sense.UNRECOVERED_READ);
            return false;
        }
    }

    /// Mode parameters that were sent are taken and have no effect: none of them can be changed.
    @Override
    public synchronized int end() {
        return outcome.end();
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

    /// The tray stays as it is: the medium is no part of the electronics.
    @Override
    public synchronized void reset() {
        locked = false;
        event = MediaEvent.NONE;
        outcome.reset();
    }

    @Override
    public synchronized State save() {
        return new State(trayOpen, locked, outcome.sense(), outcome.attention(), event.ordinal(),
                outcome.data.save());
    }

    @Override
    public synchronized void check(Record state) {
        if (!(state instanceof State own)) {
            throw new IllegalArgumentException("no state of a CD drive");
        }
        if (!own.data.within(medium == null ? 0 : sectors() * MmcLayout.SECTOR_BYTES)
                || own.data.direction() == DataPhase.Direction.OUT && own.data.offset() >= 0) {
            throw new IllegalArgumentException("a data phase beyond the medium");
        }
    }

    @Override
    public void restore(Record state) {
        check(state);
        load((State) state);
    }

    @Override
    public synchronized void load(State state) {
        check(state);
        trayOpen = state.trayOpen;
        locked = state.locked;
        event = MediaEvent.values()[state.event];
        outcome.load(state.sense, state.attention, state.data);
    }
}
