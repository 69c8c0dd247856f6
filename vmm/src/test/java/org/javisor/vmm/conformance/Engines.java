// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.conformance;

import java.util.stream.Stream;
import org.javisor.vmm.Capability;
import org.javisor.vmm.EngineKind;
import org.javisor.vmm.Hypervisor;
import org.javisor.vmm.kvm.KvmProbe;
import org.javisor.vmm.kvm.KvmProbe.Verdict;
import org.junit.jupiter.api.Assumptions;

/// The engines that the conformance suite runs on: for `@MethodSource`.
public final class Engines {
    private Engines() { }

    /// Every engine; what this host does not have is skipped when it is opened.
    public static Stream<String> all() {
        return Stream.of("software", "kvm");
    }

    /// Whether an engine has what not every engine has.
    static boolean has(String engine, Capability capability) {
        try (Hypervisor hypervisor = open(engine)) {
            return hypervisor.capabilities().contains(capability);
        }
    }

    /// Skips the test where an engine has not what not every engine has.
    static void assume(String engine, Capability capability) {
        Assumptions.assumeTrue(has(engine, capability), () -> "this host's " + engine + " has no " + capability);
    }

    /// Skips the test, with the reason, where the host's KVM runs no guests. One that runs them slowly will do.
    public static Hypervisor open(String engine) {
        if (engine.equals("software")) {
            return Hypervisor.open(EngineKind.SOFTWARE);
        }
        KvmProbe kvm = KvmProbe.result();
        Assumptions.assumeTrue(kvm.verdict() == Verdict.FAST || kvm.verdict() == Verdict.SLOW, kvm::reason);
        return Hypervisor.open(EngineKind.KVM);
    }

    /// Skips a test of what a KVM that merely emulates does less exactly than processors do: it executes many
    /// instructions between two looks at what waits, knows few vector instructions, checks no
    /// limits in real mode, makes no calls, moves no time stamp counters, and steps over accesses that leave.
    public static void assumeProcessor(String engine) {
        Assumptions.assumeTrue(isProcessor(engine), () -> KvmProbe.result().reason());
    }

    /// As of [#assumeProcessor], for a part of a test.
    static boolean isProcessor(String engine) {
        return !engine.equals("kvm") || KvmProbe.result().verdict() == Verdict.FAST;
    }
}
