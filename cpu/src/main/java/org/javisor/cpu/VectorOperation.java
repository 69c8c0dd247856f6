// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// What a vector instruction does to 16 bytes at host addresses `a` and `b`; the result goes to `to`, which
/// may be either of them: everything is loaded before anything is stored.
@FunctionalInterface
interface VectorOperation {
    void apply(long to, long a, long b);
}
