// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.conformance;

import java.util.stream.Stream;
import org.javisor.vmm.Capability;
import org.javisor.vmm.Hypervisor;

/// The engines that the conformance suite runs on: for `@MethodSource`.
public final class Engines {
    private Engines() { }

    /// Every engine that this host has.
    public static Stream<String> all() {
        return Stream.of("software");
    }

    /// Whether an engine has what not every engine has.
    static boolean has(String engine, Capability capability) {
        try (Hypervisor hypervisor = open(engine)) {
            return hypervisor.capabilities().contains(capability);
        }
    }

    static Hypervisor open(String engine) {
        return Hypervisor.open();
    }
}
