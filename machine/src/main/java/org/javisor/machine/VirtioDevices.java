// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import java.security.SecureRandom;
import java.util.concurrent.ExecutorService;
import org.javisor.devices.pci.PciFunction;
import org.javisor.devices.virtio.VirtioBlock;
import org.javisor.devices.virtio.VirtioConsole;
import org.javisor.devices.virtio.VirtioDevice;
import org.javisor.devices.virtio.VirtioEntropy;
import org.javisor.devices.virtio.VirtioPci;
import org.javisor.machine.MachineConfig.Disk;
import org.javisor.memory.GuestMemory;
import org.javisor.vmm.Vm;

/// The virtio functions in the PCI slots, each with a thread of its own that serves its requests, so that no vCPU waits
/// for a disk.
final class VirtioDevices implements AutoCloseable {
    private static final int DEFAULT_COLUMNS = 80, DEFAULT_ROWS = 25;

    private final GuestMemory memory;
    private final ExpansionSlots slots;
    private final DeviceThreads workers = new DeviceThreads();
    private final VirtioConsole console;

    VirtioDevices(MachineConfig config, Disks disks, Vm vm, ExpansionSlots slots, BootDevices boot) {
        this.memory = vm.memory();
        this.slots = slots;
        this.console = new VirtioConsole(new SerialSink(config.virtioConsole()), DEFAULT_COLUMNS, DEFAULT_ROWS);
        for (Disks.Attached disk : disks.on(DiskBus.VIRTIO)) {
            PciFunction function = diskFunction(disk, workers.start("virtio disk " + disk.number()));
            slots.install(function, disk.config().place());
            boot.add(disk.config(), function, "scsi", "disk@0,0");
        }
        add(console, "console");
        SecureRandom random = new SecureRandom();
        add(new VirtioEntropy(random::nextBytes), "entropy");
    }

    private PciFunction diskFunction(Disks.Attached disk, ExecutorService worker) {
        return new VirtioPci<>(new VirtioBlock(memory, disk.backend(), disk.serial(), 1), memory, worker).function();
    }

    private void add(VirtioDevice<?> device, String name) {
        slots.install(new VirtioPci<>(device, memory, workers.start("virtio " + name)).function(), PciPlace.ROOT);
    }

    /// Puts a disk into the running machine.
    Plugged plug(Disks disks, Disk config, Hotplug hotplug) {
        Disks.Attached disk = disks.add(config);
        ExecutorService worker = workers.start("virtio disk " + disk.number());
        return hotplug.plug(diskFunction(disk, worker), () -> {
            workers.end(worker);
            disks.remove(disk);
        });
    }

    VirtioConsole console() {
        return console;
    }

    /// As of [DeviceThreads#settle].
    void settle() {
        workers.settle();
    }

    /// Ends the workers. No vCPU may be running.
    @Override
    public void close() {
        workers.close();
    }
}
