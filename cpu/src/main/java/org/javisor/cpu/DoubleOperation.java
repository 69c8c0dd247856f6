// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.cpu.fp.FloatContext;

/// What an SSE instruction does to a pair of double-precision numbers, given and returned as bits.
@FunctionalInterface
interface DoubleOperation {
    long apply(long a, long b, FloatContext context);
}
