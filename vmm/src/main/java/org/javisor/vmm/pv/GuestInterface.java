// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

/// The interfaces that a guest can be offered, beside that every guest may try KVM's calls.
///
/// With both, Hyper-V's leaves of CPUID come first and KVM's behind them, at 0x40000100; calls are Hyper-V's once the
/// guest has written its guest OS id, and KVM's before.
public enum GuestInterface {
    KVM, HYPERV,
    /// [VmwareBackdoor], beside others.
    VMWARE
}
