// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

/// What executes guest code.
public enum EngineKind {
    /// The host's processor where KVM runs guests properly and fast, as [KvmProbe] finds out; else software.
    AUTO,
    /// Processors in software, on any host.
    SOFTWARE,
    /// The host's processor, through KVM.
    KVM
}
