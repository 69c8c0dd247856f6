// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.nvme;

/// Registers and opcodes of an NVM Express controller.
///
/// @nvme 1.4 §3.1 "Register Definition", §5 "Admin Command Set", §6 "NVM Command Set"
final class NvmeLayout {
    // Registers.
    static final int CAP = 0, VS = 8, INTMS = 0xc, INTMC = 0x10, CC = 0x14, CSTS = 0x1c, NSSR = 0x20, AQA = 0x24,
            ASQ = 0x28, ACQ = 0x30, DOORBELLS = 0x1000;
    /// What BAR 0 covers.
    static final int BAR_BYTES = 0x2000;
    static final int VERSION = 0x0001_0400;

    // CAP.
    static final long CAP_CONTIGUOUS_QUEUES = 1L << 16, CAP_NVM_COMMAND_SET = 1L << 37;
    static final int CAP_TIMEOUT = 24, CAP_MPSMAX = 52;

    // CC.
    static final int CC_ENABLE = 1, CC_SHUTDOWN_BITS = 3 << 14, CC_BITS = 0x00ff_fff1;
    private static final int CC_COMMAND_SET = 4, CC_PAGE_SIZE = 7, CC_ARBITRATION = 11, CC_SHUTDOWN = 14,
            CC_SUBMISSION_ENTRY = 16, CC_COMPLETION_ENTRY = 20;

    // CSTS.
    static final int CSTS_READY = 1, CSTS_FATAL = 2, CSTS_SHUTDOWN = 0xc, CSTS_SHUTTING_DOWN = 4,
            CSTS_SHUT_DOWN = 8;

    // Queue entries, and the logarithms of their sizes.
    static final int SUBMISSION_BYTES = 64, COMPLETION_BYTES = 16, SUBMISSION_SHIFT = 6, COMPLETION_SHIFT = 4;
    static final int MAX_ENTRIES = 1024, MAX_ADMIN_ENTRIES = 4096;

    /// The smallest memory page, and the largest that a driver may choose: 4 and 64 KiB.
    static final int MIN_PAGE_SHIFT = 12, MAX_PAGE_SHIFT = 16;
    /// The longest transfer, as a power of two of smallest pages: 2 MiB.
    static final int TRANSFER_SHIFT = 9;
    static final long MAX_TRANSFER = 1L << MIN_PAGE_SHIFT + TRANSFER_SHIFT;

    static final int BLOCK_SHIFT = 9;
    static final int NAMESPACE = 1, ALL_NAMESPACES = -1;

    // Admin commands.
    static final int DELETE_SUBMISSION_QUEUE = 0, CREATE_SUBMISSION_QUEUE = 1, GET_LOG_PAGE = 2,
            DELETE_COMPLETION_QUEUE = 4, CREATE_COMPLETION_QUEUE = 5, IDENTIFY = 6, ABORT = 8, SET_FEATURES = 9,
            GET_FEATURES = 0xa, ASYNCHRONOUS_EVENT_REQUEST = 0xc, DOORBELL_BUFFER_CONFIG = 0x7c;

    // NVM commands.
    static final int FLUSH = 0, WRITE = 1, READ = 2, COMPARE = 5, WRITE_ZEROES = 8, DATASET_MANAGEMENT = 9;

    // In dword 12 of reads and writes.
    static final int FORCE_UNIT_ACCESS = 1 << 30, PROTECTION_INFORMATION = 0xf << 26, DEALLOCATE = 1 << 25;

    private NvmeLayout() { }

    static int commandSet(int cc) {
        return cc >>> CC_COMMAND_SET & 7;
    }

    static int pageShift(int cc) {
        return MIN_PAGE_SHIFT + (cc >>> CC_PAGE_SIZE & 0xf);
    }

    static int arbitration(int cc) {
        return cc >>> CC_ARBITRATION & 7;
    }

    static int shutdownNotification(int cc) {
        return cc >>> CC_SHUTDOWN & 3;
    }

    static int submissionEntryShift(int cc) {
        return cc >>> CC_SUBMISSION_ENTRY & 0xf;
    }

    static int completionEntryShift(int cc) {
        return cc >>> CC_COMPLETION_ENTRY & 0xf;
    }
}
