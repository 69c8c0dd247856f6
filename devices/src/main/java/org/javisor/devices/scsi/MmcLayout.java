// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.scsi;

/// Operation codes of a CD or DVD drive.
///
/// @mmc MMC-6 §6 "Commands for MM drives"
final class MmcLayout {
    static final int TEST_UNIT_READY = 0x00, REQUEST_SENSE = 0x03, INQUIRY = 0x12, MODE_SELECT_6 = 0x15,
            MODE_SENSE_6 = 0x1a, START_STOP_UNIT = 0x1b, PREVENT_ALLOW_MEDIUM_REMOVAL = 0x1e, READ_CAPACITY = 0x25,
            READ_10 = 0x28, SEEK_10 = 0x2b, VERIFY_10 = 0x2f, SYNCHRONIZE_CACHE = 0x35, READ_SUB_CHANNEL = 0x42,
            READ_TOC = 0x43, READ_HEADER = 0x44, GET_CONFIGURATION = 0x46, GET_EVENT_STATUS = 0x4a,
            READ_DISC_INFORMATION = 0x51, READ_TRACK_INFORMATION = 0x52, MODE_SELECT_10 = 0x55, MODE_SENSE_10 = 0x5a,
            REPORT_LUNS = 0xa0, READ_12 = 0xa8, READ_DISC_STRUCTURE = 0xad, READ_CD_MSF = 0xb9, SET_CD_SPEED = 0xbb,
            MECHANISM_STATUS = 0xbd, READ_CD = 0xbe;

    /// What a sector holds of data.
    static final int SECTOR_BYTES = 2048;
    /// Frames of 75 to the second; sector 0 is at two seconds.
    static final int FRAMES_PER_SECOND = 75, FIRST_FRAME = 150;
    /// Larger media are DVDs.
    static final long CD_SECTORS = 80 * 60 * FRAMES_PER_SECOND;
    static final int PROFILE_CD_ROM = 0x0008, PROFILE_DVD_ROM = 0x0010;
    static final int LEAD_OUT = 0xaa;
    static final int DATA_TRACK = 0x14;

    private MmcLayout() { }
}
