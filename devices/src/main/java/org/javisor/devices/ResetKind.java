// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

/// How much of a machine a reset reaches.
public enum ResetKind {
    /// INIT to the processors; memory, caches and chips keep their state.
    INIT,
    /// The reset line of processors and chips.
    HARD,
    /// Power goes off and on again.
    POWER_CYCLE
}
