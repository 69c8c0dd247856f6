// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.ide;

import org.javisor.devices.ata.AtaDevice;
import org.javisor.devices.ata.AtaDisk;
import org.javisor.devices.ata.Identity;
import org.javisor.devices.ata.PacketDevice;
import org.javisor.devices.block.MemoryDisk;
import org.javisor.devices.scsi.CdDrive;
import org.javisor.memory.DmaSpace;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.InterruptLine;
import org.javisor.testkit.DeviceContract;

class IdeChannelContractTest extends DeviceContract<IdeChannel, IdeChannel.State> {
    IdeChannelContractTest() {
        super(() -> new IdeChannel(new AtaDevice[] {
            new AtaDisk(new MemoryDisk(1 << 20), new Identity("a disk", "serial", false)),
            new PacketDevice(new CdDrive(new MemoryDisk(1 << 20), "x"), new Identity("a CD drive", "serial", false))},
                new DmaSpace(new GuestMemory()), InterruptLine.UNCONNECTED, Runnable::run), IdeChannel.PORTS);
    }
}
