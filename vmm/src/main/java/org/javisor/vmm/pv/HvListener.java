// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

/// Who does what a guest asks its partition for. On processors' threads: none may wait for a processor.
public interface HvListener {
    HvListener NONE = new HvListener() { };

    /// The guest wants to be reset.
    default void reset() { }

    /// The guest's kernel has crashed.
    default void crashed(HvCrash crash) { }
}
