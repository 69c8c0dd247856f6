// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// As [VectorOperation], for an instruction with an immediate byte.
@FunctionalInterface
interface VectorImmediate {
    void apply(long to, long a, long b, int immediate);
}
