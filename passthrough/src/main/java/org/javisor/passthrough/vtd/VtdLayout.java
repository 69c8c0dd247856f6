// SPDX-License-Identifier: Apache-2.0
package org.javisor.passthrough.vtd;

/// Registers and their bits.
///
/// @datasheet Intel VT-d 4.1 §11.4 "Register Descriptions"
final class VtdLayout {
    static final int VERSION = 0x00, CAPABILITY = 0x08, EXTENDED_CAPABILITY = 0x10, GLOBAL_COMMAND = 0x18,
            GLOBAL_STATUS = 0x1c, ROOT_TABLE = 0x20, CONTEXT_COMMAND = 0x28, FAULT_STATUS = 0x34, FAULT_EVENT = 0x38,
            QUEUE_HEAD = 0x80, QUEUE_TAIL = 0x88, QUEUE_ADDRESS = 0x90, COMPLETION_STATUS = 0x9c,
            COMPLETION_EVENT = 0xa0, INTERRUPT_TABLE = 0xb8, INVALIDATE_ADDRESS = 0xf0, IOTLB_INVALIDATE = 0xf8,
            FAULT_RECORDS = 0x220;
    static final int BYTES = FAULT_RECORDS + 16 * FaultRecords.RECORDS;

    static final int VERSION_1_0 = 0x10;

    // Global command and global status.
    static final int TRANSLATION = 1 << 31, SET_ROOT_TABLE = 1 << 30, QUEUED_INVALIDATION = 1 << 26,
            INTERRUPT_REMAPPING = 1 << 25, SET_INTERRUPT_TABLE = 1 << 24, COMPATIBILITY_FORMAT = 1 << 23;
    /// What stays as it is written.
    static final int SWITCHES = TRANSLATION | QUEUED_INVALIDATION | INTERRUPT_REMAPPING | COMPATIBILITY_FORMAT;

    static final long PAGE_ADDRESS = (1L << 52) - 0x1000;

    /// The largest address mask of an invalidation: 2^18 pages.
    static final int MOST_PAGES = 18;

    private VtdLayout() { }

    static long capability(VtdConfig config) {
        long domainsOf16Bits = 6;
        long levels = config.addressWidth() == VtdConfig.WIDE ? 0b110 : 0b010;
        long pagesOf2MAnd1G = 0b11;
        long pageSelective = 1L << 39;
        long zeroLengthReads = 1L << 22;
        long drainsReadsAndWrites = 1L << 55 | 1L << 54;
        return domainsOf16Bits | (config.cachingMode() ? 1L << 7 : 0) | levels << 8
                | config.addressWidth() - 1L << 16 | zeroLengthReads | (long) FAULT_RECORDS / 16 << 24
                | pagesOf2MAnd1G << 34 | pageSelective | FaultRecords.RECORDS - 1L << 40 | (long) MOST_PAGES << 48
                | drainsReadsAndWrites;
    }

    static long extendedCapability(VtdConfig config) {
        long coherent = 1;
        long queuedInvalidation = 1 << 1;
        long passThrough = 1 << 6;
        long snoopControl = 1 << 7;
        long largestHandleMask = 15;
        return coherent | queuedInvalidation | passThrough | snoopControl | INVALIDATE_ADDRESS / 16 << 8
                | largestHandleMask << 20 | (config.interruptRemapping() ? 1 << 3 : 0)
                | (config.interruptRemapping() && config.extendedInterrupts() ? 1 << 4 : 0);
    }
}
