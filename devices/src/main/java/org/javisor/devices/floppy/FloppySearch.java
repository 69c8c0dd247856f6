// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.floppy;

/// Whether the sector that a transfer wants comes by under the heads.
///
/// @datasheet Intel 82077AA "Status Register Encoding"
final class FloppySearch {
    private FloppySearch() { }

    /// Looks for it, with the heads moved first if `seeks`. What status register 2 has to say is added to the transfer.
    ///
    /// @param drive null if there is none
    /// @return status register 1: 0 if it is there
    static int find(FloppyTransfer transfer, FloppyDrive drive, int rate, boolean seeks) {
        if (drive == null || !transfer.doubleDensity()) {
            return FloppyTransfer.ST1_MISSING_ADDRESS;
        }
        boolean formats = transfer.kind == FloppyCommand.FORMAT_TRACK;
        if (seeks && !formats) {
            drive.seek(transfer.cylinder());
        }
        if (!drive.readable(rate, transfer.selectedHead())) {
            return FloppyTransfer.ST1_MISSING_ADDRESS;
        }
        if (transfer.kind.writes() && drive.writeProtected()) {
            return FloppyTransfer.ST1_NOT_WRITABLE;
        }
        return formats ? format(transfer, drive) : match(transfer, drive);
    }

    private static int match(FloppyTransfer transfer, FloppyDrive drive) {
        if (transfer.cylinder() != drive.track()) {
            transfer.st2 |= FloppyTransfer.ST2_WRONG_CYLINDER;
            return FloppyTransfer.ST1_NO_DATA;
        }
        if (transfer.kind == FloppyCommand.READ_DELETED_DATA) {
            transfer.st2 |= FloppyTransfer.ST2_CONTROL_MARK;
            if (transfer.skipsDeleted()) {
                return FloppyTransfer.ST1_END_OF_CYLINDER;
            }
        }
        boolean there = transfer.head() == transfer.selectedHead() && exists(transfer, drive);
        return there ? 0 : FloppyTransfer.ST1_NO_DATA;
    }

    private static boolean exists(FloppyTransfer transfer, FloppyDrive drive) {
        return transfer.sector() >= 1 && transfer.sector() <= drive.sectors()
                && transfer.sizeCode() == FloppyFormat.SIZE_CODE;
    }

    /// A track can be given no other sectors than an image has. Before the first ID has come, its number is 0.
    private static int format(FloppyTransfer transfer, FloppyDrive drive) {
        boolean fits = transfer.sizeCode() == FloppyFormat.SIZE_CODE
                && transfer.sectorsToFormat() == drive.sectors();
        boolean known = transfer.stage != FloppyTransfer.Stage.STORE
                || transfer.cylinder() == drive.track() && exists(transfer, drive);
        return fits && known ? 0 : FloppyTransfer.ST1_NO_DATA;
    }
}
