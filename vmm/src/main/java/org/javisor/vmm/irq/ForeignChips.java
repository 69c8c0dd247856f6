// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

/// All interrupt chips of a machine that has none here: a kernel's.
///
/// Called from any thread, without a lock that they could need.
public interface ForeignChips extends ForeignApics {
    /// Drives a global system interrupt, by whatever routes it has.
    void drive(int gsi, boolean level);

    /// Leads global system interrupts elsewhere.
    void routing(GsiRouting routing);

    /// Power-on of the chips that processors share.
    void reset();

    /// What the chips hold that processors share; the machine does not run.
    InterruptChips.State save();

    void restore(InterruptChips.State saved);
}
