// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

/// The interfaces that a guest can be offered.
public enum GuestInterface {
    KVM,
    HYPERV
}
