// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import java.util.ArrayList;
import java.util.List;
import org.javisor.devices.ahci.AhciController;
import org.javisor.devices.ata.AtaDevice;
import org.javisor.devices.ata.AtaDisk;
import org.javisor.devices.ata.Identity;
import org.javisor.devices.ata.PacketDevice;
import org.javisor.devices.pci.PciBus;
import org.javisor.devices.scsi.CdDrive;
import org.javisor.machine.layout.BoardModel;
import org.javisor.memory.ConfigurationException;
import org.javisor.vmm.Vm;

/// The disk controllers of real PCs, as far as disks hang on them, each drive with a thread of its own.
final class StorageDevices implements AutoCloseable {
    private static final int FIRST_SLOT = 1;
    private static final String DISK_MODEL = "JAVISOR HARDDISK", CD_MODEL = "JAVISOR CD-ROM";

    private final DeviceThreads threads = new DeviceThreads();

    /// @throws ConfigurationException if more disks are on a controller than it takes
    StorageDevices(MachineConfig config, Disks disks, Vm vm, PciBus bus) {
        BoardModel board = config.board().model();
        List<Disks.Attached> sata = disks.on(DiskBus.AHCI);
        if (!sata.isEmpty()) {
            AhciController controller = ahci(sata, vm);
            if (board == BoardModel.Q35) {
                bus.add(AhciController.DEVICE, AhciController.FUNCTION, controller.function());
            } else {
                bus.add(bus.freeDevice(FIRST_SLOT), 0, controller.function());
            }
        }
    }

    private AhciController ahci(List<Disks.Attached> attached, Vm vm) {
        if (attached.size() > AhciController.PORTS) {
            throw new ConfigurationException(attached.size() + " disks on AHCI: at most " + AhciController.PORTS
                    + " fit");
        }
        List<AtaDevice> drives = new ArrayList<>();
        attached.forEach(disk -> drives.add(drive(disk, true)));
        return new AhciController(drives, vm.memory(), port -> threads.start("ahci " + port));
    }

    private static AtaDevice drive(Disks.Attached disk, boolean sata) {
        if (disk.config().optical()) {
            return new PacketDevice(new CdDrive(disk.backend(), disk.serial()),
                    new Identity(CD_MODEL, disk.serial(), sata));
        }
        return new AtaDisk(disk.backend(), new Identity(DISK_MODEL, disk.serial(), sata));
    }

    /// Ends the threads. No vCPU may be running.
    @Override
    public void close() {
        threads.close();
    }
}
