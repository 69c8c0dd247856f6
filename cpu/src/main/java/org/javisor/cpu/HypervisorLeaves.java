// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// What CPUID answers in the leaves from 0x40000000 on, which are the hypervisor's.
@FunctionalInterface
public interface HypervisorLeaves {
    /// Answers a leaf into `answer`, which is all zeros: EAX, EBX, ECX, EDX.
    ///
    /// @return false if it is none of these leaves
    boolean answer(int leaf, int subleaf, int[] answer);

    /// These leaves, and others where these have no answer.
    default HypervisorLeaves or(HypervisorLeaves others) {
        return (leaf, subleaf, answer) -> answer(leaf, subleaf, answer) || others.answer(leaf, subleaf, answer);
    }

    /// Four letters as a register shows them.
    static int text(String four) {
        return four.charAt(0) | four.charAt(1) << 8 | four.charAt(2) << 16 | four.charAt(3) << 24;
    }
}
