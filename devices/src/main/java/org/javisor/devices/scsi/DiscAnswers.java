// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.scsi;

import static org.javisor.devices.scsi.CommandBlock.byteAt;
import static org.javisor.devices.scsi.CommandBlock.putInt;
import static org.javisor.devices.scsi.CommandBlock.putShort;
import static org.javisor.devices.scsi.CommandBlock.putText;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// What a CD drive tells of itself and of its medium, in the form of each command.
///
/// @mmc MMC-6 §6 "Commands for MM drives"
final class DiscAnswers {
    static final int MEDIA_CLASS_BIT = 0x10;

    private static final String VENDOR = "JAVISOR", PRODUCT = "CD-ROM", REVISION = "1.0";
    private static final int CD_DEVICE = 5, REMOVABLE = 0x80, SPC_3 = 5;
    private static final int MEDIA_CLASS = 4, NO_EVENT_AVAILABLE = 0x80;
    private static final int SERIAL_PAGE = 0x80, IDENTIFICATION_PAGE = 0x83;

    private DiscAnswers() { }

    static byte[] inquiry() {
        byte[] answer = new byte[36];
        answer[0] = CD_DEVICE;
        answer[1] = (byte) REMOVABLE;
        answer[2] = SPC_3;
        answer[3] = 2;
        answer[4] = (byte) (answer.length - 5);
        putText(answer, 8, 8, VENDOR);
        putText(answer, 16, 16, PRODUCT);
        putText(answer, 32, 4, REVISION);
        return answer;
    }

    /// A page of vital product data; null if there is none of that number.
    static byte[] vitalProductData(int page, String serial) {
        byte[] content = switch (page) {
            case 0 -> new byte[] {0, (byte) SERIAL_PAGE, (byte) IDENTIFICATION_PAGE};
            case SERIAL_PAGE -> serial.getBytes(StandardCharsets.US_ASCII);
            case IDENTIFICATION_PAGE -> identification(serial);
            default -> null;
        };
        if (content == null) {
            return null;
        }
        byte[] answer = new byte[4 + content.length];
        answer[0] = CD_DEVICE;
        answer[1] = (byte) page;
        putShort(answer, 2, content.length);
        System.arraycopy(content, 0, answer, 4, content.length);
        return answer;
    }

    /// One descriptor, of the kind that vendors make of vendor and serial number.
    private static byte[] identification(String serial) {
        byte[] text = (VENDOR + " " + serial).getBytes(StandardCharsets.US_ASCII);
        byte[] descriptor = new byte[4 + text.length];
        descriptor[0] = 2;      // ASCII
        descriptor[1] = 1;      // T10 vendor ID based
        descriptor[3] = (byte) text.length;
        System.arraycopy(text, 0, descriptor, 4, text.length);
        return descriptor;
    }

    static byte[] reportLuns() {
        byte[] answer = new byte[16];
        putInt(answer, 0, 8);
        return answer;
    }

    static byte[] capacity(long sectors) {
        byte[] answer = new byte[8];
        putInt(answer, 0, Math.max(0, sectors - 1));
        putInt(answer, 4, MmcLayout.SECTOR_BYTES);
        return answer;
    }

    // ---- tables of contents ----

    /// An address: in minutes, seconds and frames, or as a number.
    private static void putAddress(byte[] answer, int at, long sector, boolean msf) {
        if (!msf) {
            putInt(answer, at, sector);
            return;
        }
        long frames = sector + MmcLayout.FIRST_FRAME;
        answer[at + 1] = (byte) (frames / MmcLayout.FRAMES_PER_SECOND / 60);
        answer[at + 2] = (byte) (frames / MmcLayout.FRAMES_PER_SECOND % 60);
        answer[at + 3] = (byte) (frames % MmcLayout.FRAMES_PER_SECOND);
    }

    /// The sector that three bytes of minutes, seconds and frames name.
    static long sector(byte[] command, int at) {
        return (byteAt(command, at) * 60L + byteAt(command, at + 1)) * MmcLayout.FRAMES_PER_SECOND
                + byteAt(command, at + 2) - MmcLayout.FIRST_FRAME;
    }

    /// Format 0: the tracks from `first` on, and the lead-out; null if there is no track `first`.
    static byte[] toc(long sectors, int first, boolean msf) {
        if (first > 1 && first != MmcLayout.LEAD_OUT) {
            return null;
        }
        byte[] answer = new byte[20];
        answer[2] = answer[3] = 1;
        int at = 4;
        if (first <= 1) {
            at = putTrack(answer, at, 1, 0, msf);
        }
        at = putTrack(answer, at, MmcLayout.LEAD_OUT, sectors, msf);
        putShort(answer, 0, at - 2);
        return Arrays.copyOf(answer, at);
    }

    private static int putTrack(byte[] answer, int at, int number, long sector, boolean msf) {
        answer[at + 1] = MmcLayout.DATA_TRACK;
        answer[at + 2] = (byte) number;
        putAddress(answer, at + 4, sector, msf);
        return at + 8;
    }

    /// Format 1: the one session.
    static byte[] sessions(boolean msf) {
        byte[] answer = new byte[12];
        putShort(answer, 0, answer.length - 2);
        answer[2] = answer[3] = 1;
        putTrack(answer, 4, 1, 0, msf);
        return answer;
    }

    /// Format 2: the entries of the lead-in's Q sub-channel.
    static byte[] rawToc(long sectors) {
        byte[] answer = new byte[4 + 4 * 11];
        putShort(answer, 0, answer.length - 2);
        answer[2] = answer[3] = 1;
        putEntry(answer, 4, 0xa0);
        answer[4 + 8] = 1;                  // first track
        putEntry(answer, 15, 0xa1);
        answer[15 + 8] = 1;                 // last track
        putEntry(answer, 26, 0xa2);
        putAddress(answer, 26 + 7, sectors, true);
        putEntry(answer, 37, 1);
        putAddress(answer, 37 + 7, 0, true);
        return answer;
    }

    private static void putEntry(byte[] answer, int at, int point) {
        answer[at] = 1;
        answer[at + 1] = MmcLayout.DATA_TRACK;
        answer[at + 3] = (byte) point;
    }

    /// The header of a sector of mode 1.
    static byte[] header(long sector, boolean msf) {
        byte[] answer = new byte[8];
        answer[0] = 1;
        putAddress(answer, 4, sector, msf);
        return answer;
    }

    // ---- the state of drive and medium ----

    static byte[] noSubChannel() {
        return new byte[] {0, 0x15, 0, 0};      // no audio is being played
    }

    static byte[] position(boolean msf) {
        byte[] answer = new byte[16];
        answer[1] = 0x15;
        putShort(answer, 2, answer.length - 4);
        answer[4] = 1;
        answer[5] = MmcLayout.DATA_TRACK;
        answer[6] = 1;
        answer[7] = 1;
        putAddress(answer, 8, 0, msf);
        return answer;
    }

    /// A finished disc of one session.
    static byte[] discInformation() {
        byte[] answer = new byte[34];
        putShort(answer, 0, answer.length - 2);
        answer[2] = 0x0e;
        answer[3] = answer[4] = answer[5] = answer[6] = 1;
        answer[7] = 0x20;
        Arrays.fill(answer, 16, 24, (byte) 0xff);
        return answer;
    }

    static byte[] trackInformation(long sectors) {
        byte[] answer = new byte[36];
        putShort(answer, 0, answer.length - 2);
        answer[2] = answer[3] = 1;
        answer[5] = 4;
        answer[6] = 1;
        putInt(answer, 24, sectors);
        return answer;
    }

    static byte[] mechanismStatus(boolean trayOpen) {
        byte[] answer = new byte[8];
        answer[1] = (byte) (trayOpen ? 0x10 : 0);
        return answer;
    }

    /// @param media whether events of the media class are asked for, the only class there is
    static byte[] eventStatus(boolean media, int event, boolean trayOpen, boolean present) {
        if (!media) {
            return new byte[] {0, 2, (byte) NO_EVENT_AVAILABLE, MEDIA_CLASS_BIT};
        }
        return new byte[] {0, 6, MEDIA_CLASS, MEDIA_CLASS_BIT, (byte) event,
            (byte) ((trayOpen ? 1 : 0) | (present ? 2 : 0)), 0, 0};
    }

    // ---- features ----

    /// @param profile   what the medium is; 0 for none
    /// @param requested 0 for all features, 1 for the current ones, 2 for one
    /// @param first     the first feature to tell
    static byte[] configuration(int profile, int requested, int first, boolean ready) {
        ByteArrayOutputStream answer = new ByteArrayOutputStream();
        answer.writeBytes(new byte[8]);
        boolean dvd = profile == MmcLayout.PROFILE_DVD_ROM;
        boolean cd = profile == MmcLayout.PROFILE_CD_ROM;
        byte[][] features = {
            feature(0x0000, 0, true, 0, MmcLayout.PROFILE_DVD_ROM, dvd ? 1 : 0, 0,
                    0, MmcLayout.PROFILE_CD_ROM, cd ? 1 : 0, 0),
            feature(0x0001, 2, true, 0, 0, 0, 2, 1, 0, 0, 0),      // core: ATAPI
            feature(0x0002, 1, true, 2, 0, 0, 0),                  // morphing: tells of events
            feature(0x0003, 1, true, 0x29, 0, 0, 0),               // removable: tray, eject, lock
            feature(0x0010, 0, ready, 0, 0, 8, 0, 0, 1, 0, 0),     // random readable: 2048 bytes
            feature(0x001d, 0, cd),                                // multi-read
            feature(0x001e, 2, cd, 0, 0, 0, 0),                    // CD read
            feature(0x001f, 0, dvd),                               // DVD read
        };
        for (byte[] one : features) {
            int code = CommandBlock.shortAt(one, 0);
            boolean current = (one[2] & 1) != 0;
            if (requested == 2 ? code == first : code >= first && (requested == 0 || current)) {
                answer.writeBytes(one);
            }
        }
        byte[] all = answer.toByteArray();
        putInt(all, 0, all.length - 4);
        putShort(all, 6, profile);
        return all;
    }

    private static byte[] feature(int code, int version, boolean current, int... content) {
        byte[] feature = new byte[4 + content.length];
        putShort(feature, 0, code);
        boolean persistent = code <= 3;
        feature[2] = (byte) (version << 2 | (persistent ? 2 : 0) | (current ? 1 : 0));
        feature[3] = (byte) content.length;
        for (int i = 0; i < content.length; i++) {
            feature[4 + i] = (byte) content[i];
        }
        return feature;
    }
}
