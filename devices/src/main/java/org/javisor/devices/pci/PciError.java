// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

/// What can go wrong on a link, with its bit in the registers of [AdvancedErrors].
///
/// @pci PCI Express 5.0 §6.2.7 "Error Listing and Rules"
public enum PciError {
    RECEIVER(false, 0),
    BAD_TLP(false, 6),
    BAD_DLLP(false, 7),
    REPLAY_NUMBER_ROLLOVER(false, 8),
    REPLAY_TIMER_TIMEOUT(false, 12),

    DATA_LINK_PROTOCOL(true, 4),
    SURPRISE_DOWN(true, 5),
    POISONED_TLP(true, 12),
    FLOW_CONTROL_PROTOCOL(true, 13),
    COMPLETION_TIMEOUT(true, 14),
    COMPLETER_ABORT(true, 15),
    UNEXPECTED_COMPLETION(true, 16),
    RECEIVER_OVERFLOW(true, 17),
    MALFORMED_TLP(true, 18),
    ECRC(true, 19),
    UNSUPPORTED_REQUEST(true, 20);

    final boolean uncorrectable;
    final int number;

    PciError(boolean uncorrectable, int number) {
        this.uncorrectable = uncorrectable;
        this.number = number;
    }

    int bit() {
        return 1 << number;
    }

    /// Those of a kind, as a register has them.
    static int bits(boolean uncorrectable) {
        int bits = 0;
        for (PciError error : values()) {
            if (error.uncorrectable == uncorrectable) {
                bits |= error.bit();
            }
        }
        return bits;
    }
}
