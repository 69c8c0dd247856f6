// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.nvme;

/// Status fields of completions: code, type of code from bit 8 on, and whether to repeat the command is of no use.
///
/// @nvme 1.4 §4.6.1 "Status Field Definition"
final class Status {
    private static final int COMMAND_SPECIFIC = 1 << 8, MEDIA = 2 << 8, DO_NOT_RETRY = 1 << 14;

    /// No completion yet: the command stays with the controller.
    static final int PENDING = -1;

    static final int SUCCESS = 0;
    static final int INVALID_OPCODE = 1 | DO_NOT_RETRY, INVALID_FIELD = 2 | DO_NOT_RETRY,
            DATA_TRANSFER_ERROR = 4 | DO_NOT_RETRY, INTERNAL_ERROR = 6, ABORT_REQUESTED = 7,
            INVALID_NAMESPACE = 0xb | DO_NOT_RETRY, INVALID_PRP_OFFSET = 0x13 | DO_NOT_RETRY,
            WRITE_PROTECTED = 0x20 | DO_NOT_RETRY, LBA_OUT_OF_RANGE = 0x80 | DO_NOT_RETRY;
    static final int INVALID_COMPLETION_QUEUE = COMMAND_SPECIFIC | DO_NOT_RETRY,
            INVALID_QUEUE_ID = COMMAND_SPECIFIC | 1 | DO_NOT_RETRY,
            INVALID_QUEUE_SIZE = COMMAND_SPECIFIC | 2 | DO_NOT_RETRY,
            TOO_MANY_EVENT_REQUESTS = COMMAND_SPECIFIC | 5 | DO_NOT_RETRY,
            INVALID_VECTOR = COMMAND_SPECIFIC | 8 | DO_NOT_RETRY,
            INVALID_LOG_PAGE = COMMAND_SPECIFIC | 9 | DO_NOT_RETRY,
            INVALID_QUEUE_DELETION = COMMAND_SPECIFIC | 0xc | DO_NOT_RETRY,
            FEATURE_NOT_SAVEABLE = COMMAND_SPECIFIC | 0xd | DO_NOT_RETRY,
            FEATURE_NOT_CHANGEABLE = COMMAND_SPECIFIC | 0xe | DO_NOT_RETRY;
    static final int WRITE_FAULT = MEDIA | 0x80, UNRECOVERED_READ_ERROR = MEDIA | 0x81,
            COMPARE_FAILURE = MEDIA | 0x85 | DO_NOT_RETRY;

    private Status() { }

    /// Whether the medium, or the host behind it, is to blame.
    static boolean isMediaError(int status) {
        return status == WRITE_FAULT || status == UNRECOVERED_READ_ERROR;
    }
}
