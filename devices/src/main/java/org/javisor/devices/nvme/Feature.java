// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.nvme;

/// The features that there are: what they are until the driver sets them, and which bits it may set.
///
/// @nvme 1.4 §5.21.1 "Feature Specific Information"
enum Feature {
    ARBITRATION(1, 7, 0xffff_ff07),
    /// There is one power state.
    POWER_MANAGEMENT(2, 0, 0xe0),
    /// The over temperature threshold; the other one is [Features]' own.
    TEMPERATURE_THRESHOLD(4, Health.WARNING_KELVIN, 0xffff),
    ERROR_RECOVERY(5, 0, 0xffff),
    VOLATILE_WRITE_CACHE(6, 1, 1),
    /// Answered from the number of queues.
    NUMBER_OF_QUEUES(7, 0, 0),
    /// Remembered. Completions are gathered while there are more commands, and no longer.
    INTERRUPT_COALESCING(8, 0, 0xffff),
    /// One for each vector.
    INTERRUPT_VECTOR(9, 0, 0x1_0000),
    WRITE_ATOMICITY(0xa, 0, 1),
    ASYNCHRONOUS_EVENTS(0xb, 0, 0x1f);

    final int id;
    final int initial;
    final int bits;

    Feature(int id, int initial, int bits) {
        this.id = id;
        this.initial = initial;
        this.bits = bits;
    }

    /// The feature of that number, or null.
    static Feature of(int id) {
        for (Feature feature : values()) {
            if (feature.id == id) {
                return feature;
            }
        }
        return null;
    }
}
