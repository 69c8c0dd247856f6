// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net.e1000;

/// Which of the controllers.
public enum Model {
    /// PCI, one queue a direction, INTx.
    I82540EM("e1000", 0x100e, 2, 1, 0x0141_0c20),
    /// PCI Express, two queues a direction, MSI and MSI-X.
    I82574L("e1000e", 0x10d3, 0, 2, 0x0141_0cb1);

    final String driver;
    final int device;
    final int revision;
    final int queues;
    /// What the transceiver says it is: 24 bits of its maker and model, 4 of its revision.
    final int phyId;

    Model(String driver, int device, int revision, int queues, int phyId) {
        this.driver = driver;
        this.device = device;
        this.revision = revision;
        this.queues = queues;
        this.phyId = phyId;
    }

    /// What drivers, and thus people, call it.
    public String driver() {
        return driver;
    }

    boolean express() {
        return this == I82574L;
    }
}
