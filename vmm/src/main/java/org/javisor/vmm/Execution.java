// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

/// How guest code is executed: by software processors in one of several ways, or by the host's.
public enum Execution {
    /// As [#TRANSLATOR] where the host allows that, else as [#INTERPRETER], and a report says why.
    AUTO,
    /// Instruction by instruction, on any host.
    INTERPRETER,
    /// What is executed often is translated to host code; the rest is interpreted.
    TRANSLATOR,
    /// As [#TRANSLATOR], slowly: each execution of translated code is compared with the interpreter's, and the first
    /// difference is an [VmExit.InternalError]. For machines of one processor.
    CHECK,
    /// By the host's processor: machines of [EngineKind#KVM] know no other way, and those of software not this one.
    KVM
}
