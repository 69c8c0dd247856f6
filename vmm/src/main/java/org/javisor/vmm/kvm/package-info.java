// SPDX-License-Identifier: Apache-2.0

/// The engine that runs guests on the host's processor, and below it KVM's interface in Java: its file descriptors, the
/// requests that are made of them, and the structures that go along, by the names of linux/kvm.h.
///
/// - [org.javisor.vmm.kvm.SystemFd] is `/dev/kvm`; it makes [org.javisor.vmm.kvm.VmFd]s, and these
///   [org.javisor.vmm.kvm.VcpuFd]s.
/// - [org.javisor.vmm.kvm.KvmCalls] has a row for each request, [org.javisor.vmm.kvm.RunLayout] and
///   [org.javisor.vmm.kvm.StateLayout] say what is where in structures.
/// - A request that the host refuses is a [org.javisor.vmm.kvm.KvmException], which says what that means.
///
/// - These know of no machine. [org.javisor.vmm.kvm.KvmProbe] tells what a host's KVM is worth, and what begins with
///   `Kvm` beside it is the engine behind [org.javisor.vmm.Hypervisor], the face that programs use.
package org.javisor.vmm.kvm;
