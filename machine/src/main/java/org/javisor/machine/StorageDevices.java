// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import java.util.Arrays;
import java.util.List;
import org.javisor.devices.ahci.AhciController;
import org.javisor.devices.ata.AtaDevice;
import org.javisor.devices.ata.AtaDisk;
import org.javisor.devices.ata.Identity;
import org.javisor.devices.ata.PacketDevice;
import org.javisor.devices.ide.IdeController;
import org.javisor.devices.pci.PciBus;
import org.javisor.devices.pci.Piix3Isa;
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
        List<Disks.Attached> parallel = disks.on(DiskBus.IDE);
        if (!parallel.isEmpty()) {
            IdeController controller = ide(parallel, vm, bus);
            if (board == BoardModel.PC) {
                bus.add(Piix3Isa.DEVICE, IdeController.FUNCTION, controller.function());
            } else {
                bus.add(bus.freeDevice(FIRST_SLOT), 0, controller.function());
            }
        }
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

    private IdeController ide(List<Disks.Attached> attached, Vm vm, PciBus bus) {
        requireRoom(DiskBus.IDE, attached.size(), IdeController.DRIVES);
        return new IdeController(ideDrives(attached), vm.memory(), bus, vm.ports(), vm::gsi,
                channel -> threads.start("ide " + channel));
    }

    private AhciController ahci(List<Disks.Attached> attached, Vm vm) {
        requireRoom(DiskBus.AHCI, attached.size(), AhciController.PORTS);
        return new AhciController(attached.stream().map(disk -> drive(disk, true)).toList(), vm.memory(),
                port -> threads.start("ahci " + port));
    }

    /// Disks from the first place on; CDs from the second half on, as people are used to find them.
    private static List<AtaDevice> ideDrives(List<Disks.Attached> attached) {
        AtaDevice[] places = new AtaDevice[IdeController.DRIVES];
        for (Disks.Attached disk : attached) {
            int at = disk.config().optical() ? IdeController.DRIVES_PER_CHANNEL : 0;
            while (places[at] != null) {
                at = (at + 1) % IdeController.DRIVES;
            }
            places[at] = drive(disk, false);
        }
        return Arrays.asList(places);
    }

    private static void requireRoom(DiskBus bus, int wanted, int most) {
        if (wanted > most) {
            throw new ConfigurationException(wanted + " disks on " + bus + ": at most " + most + " fit");
        }
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
