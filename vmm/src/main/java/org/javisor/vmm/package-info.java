// SPDX-License-Identifier: Apache-2.0

/// The hypervisor proper: machines, their processors, and why these stop.
///
/// [Hypervisor] makes a [Vm]; a [Vm] has memory, buses, interrupt wires and a clock, and makes [Vcpu]s. Whoever calls
/// [Vcpu#run] on a thread of its own gets a [VmExit] for everything that no device on the machine's buses and no
/// interrupt chip could answer. [VmRunner] is that loop for a whole PC: one thread for each vCPU, with resets between.
///
/// Here is what programs use, and nothing of how it is done. Guest code is executed by an engine, `software` or the
/// host's processor through [org.javisor.vmm.kvm] ([EngineKind]), which is found as a service
/// ([Hypervisor.Provider]).
///
/// Threads: a vCPU's state belongs to the thread that runs it. Others reach it through requests (an interrupt, a kick)
/// that the processor looks at between blocks of instructions, or through [Vm#pause].
package org.javisor.vmm;
