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
import org.javisor.devices.pci.Piix3Isa;
import org.javisor.machine.layout.BoardModel;
import org.javisor.memory.ConfigurationException;
import org.javisor.vmm.Vm;

/// The disk controllers of real PCs, as far as disks hang on them, each drive with a thread of its own.
final class StorageDevices implements AutoCloseable {
    private static final String DISK_MODEL = "JAVISOR HARDDISK", CD_MODEL = "JAVISOR CD-ROM";

    private final DeviceThreads threads = new DeviceThreads();
    private final CdDrives cds;

    /// @throws ConfigurationException if more disks are on a controller than it takes
    StorageDevices(MachineConfig config, Disks disks, Vm vm, PciDevices pci, BootDevices boot) {
        cds = new CdDrives(disks);
        BoardModel board = config.board().model();
        List<Disks.Attached> parallel = disks.on(DiskBus.IDE);
        if (!parallel.isEmpty()) {
            addIde(board, parallel, vm, pci, boot);
        }
        List<Disks.Attached> sata = disks.on(DiskBus.AHCI);
        if (!sata.isEmpty()) {
            AhciController controller = ahci(sata, vm);
            if (board == BoardModel.Q35) {
                pci.bus().add(AhciController.DEVICE, AhciController.FUNCTION, controller.function());
            } else {
                pci.slots().install(controller.function());
            }
            for (int port = 0; port < sata.size(); port++) {
                boot.add(sata.get(port).config(), controller.function(), "pci8086,2922", "drive@" + port + "/disk@0");
            }
        }
    }

    private void addIde(BoardModel board, List<Disks.Attached> attached, Vm vm, PciDevices pci, BootDevices boot) {
        requireRoom(DiskBus.IDE, attached.size(), IdeController.DRIVES);
        Disks.Attached[] places = idePlaces(attached);
        List<AtaDevice> drives = Arrays.stream(places).map(disk -> disk == null ? null : drive(disk, false)).toList();
        IdeController controller = new IdeController(drives, vm.memory(), pci.bus(), vm.ports(), vm::gsi,
                channel -> threads.start("ide " + channel));
        if (board == BoardModel.PC) {
            pci.bus().add(Piix3Isa.DEVICE, IdeController.FUNCTION, controller.function());
        } else {
            pci.slots().install(controller.function());
        }
        for (int at = 0; at < places.length; at++) {
            if (places[at] != null) {
                boot.add(places[at].config(), controller.function(), "ide", "drive@"
                        + at / IdeController.DRIVES_PER_CHANNEL + "/disk@" + at % IdeController.DRIVES_PER_CHANNEL);
            }
        }
    }

    private AhciController ahci(List<Disks.Attached> attached, Vm vm) {
        requireRoom(DiskBus.AHCI, attached.size(), AhciController.PORTS);
        return new AhciController(attached.stream().map(disk -> drive(disk, true)).toList(), vm.memory(), vm.clock(),
                port -> threads.start("ahci " + port));
    }

    /// Disks from the first place on; CDs from the second half on, as people are used to find them.
    private static Disks.Attached[] idePlaces(List<Disks.Attached> attached) {
        Disks.Attached[] places = new Disks.Attached[IdeController.DRIVES];
        for (Disks.Attached disk : attached) {
            int at = disk.config().optical() ? IdeController.DRIVES_PER_CHANNEL : 0;
            while (places[at] != null) {
                at = (at + 1) % IdeController.DRIVES;
            }
            places[at] = disk;
        }
        return places;
    }

    static void requireRoom(DiskBus bus, int wanted, int most) {
        if (wanted > most) {
            throw new ConfigurationException(wanted + " disks on " + bus + ": at most " + most + " fit");
        }
    }

    private AtaDevice drive(Disks.Attached disk, boolean sata) {
        if (disk.config().optical()) {
            return new PacketDevice(cds.drive(disk), new Identity(CD_MODEL, disk.serial(), sata));
        }
        return new AtaDisk(disk.backend(), new Identity(DISK_MODEL, disk.serial(), sata));
    }

    CdDrives cds() {
        return cds;
    }

    /// As of [DeviceThreads#settle].
    void settle() {
        threads.settle();
    }

    /// Ends the threads. No vCPU may be running.
    @Override
    public void close() {
        threads.close();
        cds.close();
    }
}
