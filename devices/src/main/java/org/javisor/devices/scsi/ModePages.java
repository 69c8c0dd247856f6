// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.scsi;

import java.io.ByteArrayOutputStream;

/// The mode parameters of a CD drive, none of which can be changed.
///
/// @mmc MMC-6 §7 "Mode Parameters for MM drives"
final class ModePages {
    /// Bytes of the header in the answers to MODE SENSE (6) and (10).
    static final int SHORT_HEADER = 4, LONG_HEADER = 8;
    /// Values of the page control field.
    static final int CHANGEABLE = 1, SAVED = 3;

    private static final int ALL = 0x3f;
    private static final int CD_SPEED_KB = 706;

    /// Reads twice, at most, before it gives up.
    private static final byte[] ERROR_RECOVERY = {0x01, 0x0a, 0x00, 0x01, 0, 0, 0, 0, 0, 0, 0, 0};
    private static final byte[] POWER_CONDITION = {0x1a, 0x0a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};

    private ModePages() { }

    /// The header and the pages asked for; null if there is no such page.
    ///
    /// @param page    its code, or 0x3f for all
    /// @param control values to tell: current, changeable or default
    static byte[] build(int page, int control, int headerBytes, boolean locked) {
        ByteArrayOutputStream pages = new ByteArrayOutputStream();
        pages.writeBytes(new byte[headerBytes]);
        for (byte[] one : new byte[][] {ERROR_RECOVERY, POWER_CONDITION, capabilities(locked)}) {
            if (page == ALL || page == one[0]) {
                pages.writeBytes(control == CHANGEABLE ? unchangeable(one) : one);
            }
        }
        byte[] answer = pages.toByteArray();
        if (answer.length == headerBytes) {
            return null;
        }
        if (headerBytes == SHORT_HEADER) {
            answer[0] = (byte) (answer.length - 1);
        } else {
            CommandBlock.putShort(answer, 0, answer.length - 2);
        }
        return answer;
    }

    private static byte[] unchangeable(byte[] page) {
        byte[] mask = new byte[page.length];
        mask[0] = page[0];
        mask[1] = page[1];
        return mask;
    }

    /// Page 0x2a, "MM Capabilities and Mechanical Status".
    private static byte[] capabilities(boolean locked) {
        byte[] page = new byte[22];
        page[0] = 0x2a;
        page[1] = 20;
        page[2] = 0x0b;          // reads CD-R, CD-RW, DVD-ROM
        page[4] = 0x70;          // multi-session, both kinds of XA sectors
        page[6] = (byte) (0x29 | (locked ? 2 : 0));   // a tray that opens by command and can be locked
        CommandBlock.putShort(page, 8, CD_SPEED_KB);
        CommandBlock.putShort(page, 10, 2);           // levels of volume
        CommandBlock.putShort(page, 12, 512);         // KiB of buffer
        CommandBlock.putShort(page, 14, CD_SPEED_KB);
        return page;
    }
}
