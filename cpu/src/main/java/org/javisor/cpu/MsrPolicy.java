// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// What is decided outside the processor about RDMSR and WRMSR. On the processor's thread, by any number of them.
public interface MsrPolicy {
    // Why an access does not simply happen.
    /// The processor has no such register, or it cannot be read.
    int UNKNOWN = 0;
    /// The register refuses the value.
    int INVALID = 1;
    /// [#denies].
    int DENIED = 2;

    /// The processor decides everything by itself.
    MsrPolicy NONE = new MsrPolicy() {
        @Override
        public boolean denies(int index, boolean write) {
            return false;
        }

        @Override
        public boolean exits(int reason) {
            return false;
        }
    };

    /// Whether guests do not reach the register `index`, if there is one.
    boolean denies(int index, boolean write);

    /// Whether accesses that fail for `reason` leave [Cpu#run] with [CpuExit#MSR_READ] or [CpuExit#MSR_WRITE]; if not
    /// they are #GP(0).
    boolean exits(int reason);
}
