// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

/// What a disk is attached to.
public enum DiskBus {
    /// A virtio function of its own for each disk.
    VIRTIO
}
