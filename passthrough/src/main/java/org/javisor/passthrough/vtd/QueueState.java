// SPDX-License-Identifier: Apache-2.0
package org.javisor.passthrough.vtd;

/// What a unit remembers of its invalidation queue.
public record QueueState(boolean enabled, long head, long tail, long address) {
    public QueueState {
        if ((head & ~InvalidationQueue.POINTER) != 0 || (tail & ~InvalidationQueue.POINTER) != 0
                || (address & ~InvalidationQueue.ADDRESS) != 0) {
            throw new IllegalArgumentException("invalidation queue registers with bits that they do not have");
        }
    }
}
