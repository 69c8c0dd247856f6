// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.conformance;

import java.util.stream.Stream;
import org.javisor.vmm.Hypervisor;

/// The engines that the conformance suite runs on: for `@MethodSource`.
public final class Engines {
    private Engines() { }

    /// Every engine that this host has.
    public static Stream<String> all() {
        return Stream.of("software");
    }

    static Hypervisor open(String engine) {
        return Hypervisor.open();
    }
}
