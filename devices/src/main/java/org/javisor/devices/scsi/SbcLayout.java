// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.scsi;

/// Operation codes of a disk.
///
/// @sbc SBC-3 §5 "Commands for direct-access block devices"; SPC-4 §6
final class SbcLayout {
    static final int TEST_UNIT_READY = 0x00, REQUEST_SENSE = 0x03, READ_6 = 0x08, WRITE_6 = 0x0a, INQUIRY = 0x12,
            MODE_SENSE_6 = 0x1a, START_STOP_UNIT = 0x1b, PREVENT_ALLOW_MEDIUM_REMOVAL = 0x1e,
            READ_CAPACITY_10 = 0x25, READ_10 = 0x28, WRITE_10 = 0x2a, VERIFY_10 = 0x2f, SYNCHRONIZE_CACHE_10 = 0x35,
            MODE_SENSE_10 = 0x5a, READ_16 = 0x88, WRITE_16 = 0x8a, VERIFY_16 = 0x8f, SYNCHRONIZE_CACHE_16 = 0x91,
            SERVICE_ACTION_IN_16 = 0x9e, REPORT_LUNS = 0xa0, READ_12 = 0xa8, WRITE_12 = 0xaa, VERIFY_12 = 0xaf;
    /// A service action.
    static final int READ_CAPACITY_16 = 0x10;

    static final int BLOCK_SHIFT = 9, BLOCK_BYTES = 1 << BLOCK_SHIFT;
    /// In byte 1 of writes: the data is to be safe when the command ends.
    static final int FORCE_UNIT_ACCESS = 8;

    private SbcLayout() { }
}
