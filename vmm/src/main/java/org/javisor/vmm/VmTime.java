// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

/// Where all clocks of a machine stand, so that another one can go on from there.
///
/// @param nanos   the machine's own clock, by which chips and devices wait for what is to happen
/// @param reading what the guest sees at that moment
public record VmTime(long nanos, ClockReading reading) {
    public VmTime {
        if (nanos < 0 || reading.nanos() < 0 || reading.tsc() < 0 || reading.tsc() > nanos) {
            throw new IllegalArgumentException("no machine's clocks stand at " + nanos + " ns and " + reading);
        }
    }
}
