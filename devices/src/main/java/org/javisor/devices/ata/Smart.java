// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.ata;

/// SMART and the logs of a disk that never ails.
///
/// @ata ACS-3 §7.48 "SMART"; §9 "Log page definitions"
final class Smart {
    static final int READ_DATA = 0xd0, READ_THRESHOLDS = 0xd1, AUTOSAVE = 0xd2, EXECUTE_OFFLINE = 0xd4,
            READ_LOG = 0xd5, ENABLE = 0xd8, DISABLE = 0xd9, RETURN_STATUS = 0xda;
    /// What the mid and high address registers must hold, high above mid, and what they tell: all is well.
    static final int KEY = 0xc24f;

    static final int LOG_DIRECTORY = 0, LOG_SUMMARY_ERROR = 1, LOG_SELF_TEST = 6, LOG_NCQ_ERROR = 0x10;
    private static final int PAGE_BYTES = IdentifyWords.BYTES;
    private static final int REVISION = 0x10;

    /// Number, flags, value, worst, raw: what drivers and tools look at first.
    private static final int[][] ATTRIBUTES = {
        {1, 0x03, 100, 100, 0},      // raw read error rate
        {5, 0x03, 100, 100, 0},      // reallocated sectors
        {9, 0x02, 100, 100, 1},      // hours of power
        {12, 0x02, 100, 100, 1},     // power cycles
        {194, 0x02, 69, 69, 31},     // temperature
    };
    private static final int ATTRIBUTE_BYTES = 12, THRESHOLD = 6;

    private Smart() { }

    static byte[] data() {
        byte[] page = new byte[PAGE_BYTES];
        page[0] = REVISION;
        for (int i = 0; i < ATTRIBUTES.length; i++) {
            int at = 2 + ATTRIBUTE_BYTES * i;
            int[] attribute = ATTRIBUTES[i];
            page[at] = (byte) attribute[0];
            page[at + 1] = (byte) attribute[1];
            page[at + 3] = (byte) attribute[2];
            page[at + 4] = (byte) attribute[3];
            page[at + 5] = (byte) attribute[4];
        }
        page[362] = 2;          // off-line collection has been completed
        page[364] = 1;          // in a second
        page[367] = 0x11;       // immediate off-line tests and self-tests
        page[368] = 3;          // saves before sleep, and by itself
        page[370] = 1;          // logs errors
        page[372] = 1;          // minutes of a short self-test
        page[373] = 1;
        return IdentifyWords.checksum(page);
    }

    static byte[] thresholds() {
        byte[] page = new byte[PAGE_BYTES];
        page[0] = REVISION;
        for (int i = 0; i < ATTRIBUTES.length; i++) {
            page[2 + ATTRIBUTE_BYTES * i] = (byte) ATTRIBUTES[i][0];
            page[3 + ATTRIBUTE_BYTES * i] = THRESHOLD;
        }
        return IdentifyWords.checksum(page);
    }

    /// A log of SMART's own; null if there is none of that number.
    static byte[] log(int number) {
        byte[] page = new byte[PAGE_BYTES];
        switch (number) {
            case LOG_DIRECTORY -> {
                page[0] = 1;
                page[2 * LOG_SUMMARY_ERROR] = 1;
                page[2 * LOG_SELF_TEST] = 1;
                return page;
            }
            case LOG_SUMMARY_ERROR, LOG_SELF_TEST -> {
                page[0] = 1;
                return IdentifyWords.checksum(page);
            }
            default -> {
                return null;
            }
        }
    }

    /// A general purpose log but that of queued commands; null if there is none of that number.
    static byte[] generalLog(int number) {
        byte[] page = new byte[PAGE_BYTES];
        page[0] = 1;
        page[2 * LOG_NCQ_ERROR] = 1;
        return number == LOG_DIRECTORY ? page : null;
    }

    /// Which queued command failed, and how: clears the error.
    ///
    /// @param tag of the command; -1 for none
    static byte[] ncqError(int tag, TaskFile.State failed) {
        byte[] page = new byte[PAGE_BYTES];
        if (tag < 0) {
            page[0] = (byte) 0x80;
            return IdentifyWords.checksum(page);
        }
        page[0] = (byte) tag;
        page[2] = (byte) failed.status();
        page[3] = (byte) failed.error();
        for (int i = 0; i < 3; i++) {
            page[4 + i] = (byte) (failed.lba() >>> 8 * i);
            page[8 + i] = (byte) (failed.lba() >>> 24 + 8 * i);
        }
        page[7] = (byte) failed.device();
        page[12] = (byte) failed.count();
        page[13] = (byte) (failed.count() >>> 8);
        return IdentifyWords.checksum(page);
    }
}
