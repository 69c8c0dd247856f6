// SPDX-License-Identifier: Apache-2.0
/// What a hypervisor offers guests that know that they have one: KVM's interface (`Kvm...`).
///
/// Each processor has its own part, whose registers are defined in its table of MSRs; calls go to the machine's part.
/// All of it runs on the processor's thread. What a guest says of addresses is checked with every use: an area that
/// lies outside memory is as good as none.
package org.javisor.vmm.pv;
