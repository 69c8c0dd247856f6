// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.nvme;

import org.javisor.devices.block.ScatterList;
import org.javisor.memory.DmaSpace;
import org.javisor.memory.GuestMemory.OutOfRangeException;

/// Finds a command's data: Physical Region Pages, and lists of them. For one queue's commands, one after the other.
///
/// @nvme 1.4 §4.3 "Physical Region Page Entry and List"
final class PrpReader {
    private static final int ENTRY_BYTES = 8;

    private final DmaSpace memory;
    private final ScatterList data;
    private final long pageBytes;

    PrpReader(DmaSpace memory, int pageShift) {
        this.memory = memory;
        this.data = new ScatterList(memory);
        this.pageBytes = 1L << pageShift;
    }

    /// What the last [#find] that succeeded has found.
    ScatterList data() {
        return data;
    }

    /// Finds `bytes` bytes of `command`, at most [NvmeLayout#MAX_TRANSFER].
    ///
    /// @param written whether the controller is to write them
    int find(Command command, long bytes, boolean written) {
        data.clear();
        long prp1 = command.prp1();
        if ((prp1 & 3) != 0) {
            return Status.INVALID_PRP_OFFSET;
        }
        long first = Math.min(bytes, pageBytes - (prp1 & pageBytes - 1));
        if (!data.add(prp1, first, written)) {
            return Status.DATA_TRANSFER_ERROR;
        }
        long left = bytes - first;
        if (left > pageBytes) {
            return readList(command.prp2(), left, written);
        }
        return left == 0 ? Status.SUCCESS : addPage(command.prp2(), left, written);
    }

    private int addPage(long prp, long bytes, boolean written) {
        if ((prp & pageBytes - 1) != 0) {
            return Status.INVALID_PRP_OFFSET;
        }
        return data.add(prp, bytes, written) ? Status.SUCCESS : Status.DATA_TRANSFER_ERROR;
    }

    /// Only the first list may begin within a page, so every further one has a page of entries: lists that lead in a
    /// circle come to an end with the data.
    private int readList(long list, long bytes, boolean written) {
        if ((list & ENTRY_BYTES - 1) != 0) {
            return Status.INVALID_PRP_OFFSET;
        }
        long at = list;
        long left = bytes;
        try {
            while (left > 0) {
                long prp = memory.loadLong(at);
                boolean lastOfPage = (at & pageBytes - 1) == pageBytes - ENTRY_BYTES;
                if (lastOfPage && left > pageBytes) {
                    if ((prp & pageBytes - 1) != 0) {
                        return Status.INVALID_PRP_OFFSET;
                    }
                    at = prp;
                    continue;
                }
                long piece = Math.min(left, pageBytes);
                int status = addPage(prp, piece, written);
                if (status != Status.SUCCESS) {
                    return status;
                }
                left -= piece;
                at += ENTRY_BYTES;
            }
            return Status.SUCCESS;
        } catch (OutOfRangeException _) {
            return Status.DATA_TRANSFER_ERROR;
        }
    }
}
