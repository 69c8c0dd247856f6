// SPDX-License-Identifier: Apache-2.0
package org.javisor.testkit;

import java.util.SplittableRandom;

/// Randomness for tests that can be repeated: `-Djavisor.seed=N` runs one again.
public final class Seeds {
    private Seeds() { }

    /// A generator whose seed is printed under `name`.
    public static SplittableRandom random(String name) {
        Long given = Long.getLong("javisor.seed");
        long seed = given != null ? given : System.nanoTime();
        System.out.println(name + ": seed " + seed + " (repeat with -Djavisor.seed=" + seed + ")");
        return new SplittableRandom(seed);
    }
}
