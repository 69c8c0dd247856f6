// SPDX-License-Identifier: Apache-2.0

/// What engines have in common, and the seam that they are behind. Not for programs: these see the interfaces of
/// [org.javisor.vmm].
///
/// - [org.javisor.vmm.engine.Engine] is what an engine has to do; [org.javisor.vmm.engine.EngineHypervisor] and
///   [org.javisor.vmm.engine.EngineVm] are the face's interfaces on top of one.
/// - [org.javisor.vmm.engine.EngineVcpu] is the loop of a run: kicks, pauses, and what an engine does between them.
/// - [org.javisor.vmm.engine.RunCounters] counts exits, interrupts and waits.
package org.javisor.vmm.engine;
