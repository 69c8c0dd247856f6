// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// What CPUID answers in the leaves from 0x40000000 on, which are the hypervisor's.
@FunctionalInterface
public interface HypervisorLeaves {
    /// Answers a leaf into `answer`, which is all zeros, and stays so for other leaves: EAX, EBX, ECX, EDX.
    void answer(int leaf, int subleaf, int[] answer);

    /// Four letters as a register shows them.
    static int text(String four) {
        return four.charAt(0) | four.charAt(1) << 8 | four.charAt(2) << 16 | four.charAt(3) << 24;
    }
}
