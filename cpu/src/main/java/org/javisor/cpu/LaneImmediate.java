// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// What a vector instruction with an immediate byte or a count does to 8 bytes of its source.
@FunctionalInterface
interface LaneImmediate {
    long apply(long a, int immediate);
}
