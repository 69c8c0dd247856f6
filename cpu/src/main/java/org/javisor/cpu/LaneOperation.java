// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// What a vector instruction does to 8 bytes of its two sources, where no lane depends on bytes further away:
/// MMX instructions do it once, SSE instructions twice.
@FunctionalInterface
interface LaneOperation {
    long apply(long a, long b);
}
