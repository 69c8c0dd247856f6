// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

/// The interfaces that a guest can be offered, beside that every guest may try KVM's calls.
public enum GuestInterface {
    KVM
}
