// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

/// What a disk is attached to.
public enum DiskBus {
    /// A virtio function of its own for each disk.
    VIRTIO(false),
    /// A controller with two IDE channels: four drives.
    IDE(true),
    /// A SATA controller with AHCI: six drives.
    AHCI(true),
    /// An NVM Express controller of its own for each disk.
    NVME(false),
    /// A USB 3 controller, as USB mass storage.
    USB(false);

    private final boolean optical;

    DiskBus(boolean optical) {
        this.optical = optical;
    }

    /// Whether it can have CD drives.
    public boolean optical() {
        return optical;
    }
}
