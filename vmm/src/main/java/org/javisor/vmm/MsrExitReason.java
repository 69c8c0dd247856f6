// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

/// Why an access to a model-specific register leaves to the machine's owner, if he wants it (`KVM_MSR_EXIT_REASON_*`).
/// In the order of [org.javisor.cpu.MsrPolicy]'s numbers.
public enum MsrExitReason {
    /// There is no such register.
    UNKNOWN,
    /// The register refuses the value.
    INVALID,
    /// [MsrFilter] denies the access.
    FILTER
}
