// SPDX-License-Identifier: Apache-2.0

/// The engine whose processors are software: between the processor ([org.javisor.cpu.Cpu]) and the machine.
///
/// - [org.javisor.vmm.software.SoftwareVcpu] runs one, and sleeps while it is halted.
/// - [org.javisor.vmm.software.InterruptWiring] is between its pins and its local APIC.
/// - [org.javisor.vmm.software.Paravirt] and [org.javisor.vmm.software.ParavirtVcpu] are the machine and the processor
///   as the guest's interfaces ([org.javisor.vmm.pv]) see them.
package org.javisor.vmm.software;
