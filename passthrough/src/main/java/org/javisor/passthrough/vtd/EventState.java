// SPDX-License-Identifier: Apache-2.0
package org.javisor.passthrough.vtd;

/// What a unit remembers of how one of its own events interrupts.
///
/// @param control only the bits that say masked and pending
public record EventState(int control, int data, int address, int upperAddress) {
    public EventState {
        if ((control & ~(EventMessage.MASKED | EventMessage.PENDING)) != 0 || (address & 3) != 0) {
            throw new IllegalArgumentException("event registers with bits that they do not have");
        }
    }
}
