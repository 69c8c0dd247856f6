// SPDX-License-Identifier: Apache-2.0
package org.javisor.passthrough.vtd;

/// Why a request is blocked.
///
/// @datasheet Intel VT-d 4.1 §7.1.3 "Fault Conditions and Remapping hardware behavior for various request", §5.1.4.1
enum FaultReason {
    ROOT_NOT_PRESENT(0x1, false),
    CONTEXT_NOT_PRESENT(0x2, true),
    CONTEXT_INVALID(0x3, true),
    ADDRESS_BEYOND_WIDTH(0x4, true),
    WRITE_NOT_PERMITTED(0x5, true),
    READ_NOT_PERMITTED(0x6, true),
    NO_PAGE_TABLE(0x7, true),
    NO_ROOT_TABLE(0x8, false),
    NO_CONTEXT_TABLE(0x9, false),
    ROOT_RESERVED(0xa, false),
    CONTEXT_RESERVED(0xb, true),
    PAGING_RESERVED(0xc, true),

    REQUEST_RESERVED(0x20, false),
    INDEX_BEYOND_TABLE(0x21, false),
    ENTRY_NOT_PRESENT(0x22, true),
    NO_INTERRUPT_TABLE(0x23, false),
    ENTRY_RESERVED(0x24, true),
    COMPATIBILITY_BLOCKED(0x25, false),
    WRONG_SOURCE(0x26, true);

    final int code;
    /// Whether an entry's bit that disables the processing of faults is heeded.
    final boolean qualified;

    FaultReason(int code, boolean qualified) {
        this.code = code;
        this.qualified = qualified;
    }
}
