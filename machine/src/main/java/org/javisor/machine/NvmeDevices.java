// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import java.util.concurrent.ExecutorService;
import org.javisor.devices.nvme.NvmeFunction;
import org.javisor.devices.pci.PciFunction;
import org.javisor.machine.MachineConfig.Disk;
import org.javisor.vmm.Vm;

/// An NVM Express controller for each disk that is to have one, with a pair of queues for each processor at least.
final class NvmeDevices implements AutoCloseable {
    /// UEFI's driver wants two pairs even with one processor.
    private static final int FEWEST_QUEUES = 4;

    private final DeviceThreads workers = new DeviceThreads();

    private final Vm vm;
    private final int queues;
    /// More threads than processors of the host's would only wait for each other.
    private final int threads;

    NvmeDevices(MachineConfig config, Disks disks, Vm vm, ExpansionSlots slots, BootDevices boot) {
        this.vm = vm;
        this.queues = Math.max(FEWEST_QUEUES, config.cpus());
        this.threads = Math.min(config.cpus(), Runtime.getRuntime().availableProcessors());
        for (Disks.Attached disk : disks.on(DiskBus.NVME)) {
            PciFunction controller = controller(disk, workers(disk));
            slots.install(controller, disk.config().place());
            // Firmware knows these by the name of the first that there was.
            boot.add(disk.config(), controller, "pci8086,5845", "namespace@1,0");
        }
    }

    private ExecutorService workers(Disks.Attached disk) {
        return workers.start("nvme " + disk.number(), threads);
    }

    private PciFunction controller(Disks.Attached disk, ExecutorService executor) {
        return new NvmeFunction(vm.memory(), disk.backend(), disk.serial(), queues, vm.clock(), executor).function();
    }

    /// Puts a disk into the running machine.
    Plugged plug(Disks disks, Disk config, Hotplug hotplug) {
        Disks.Attached disk = disks.add(config);
        ExecutorService executor = workers(disk);
        return hotplug.plug(controller(disk, executor), () -> {
            workers.end(executor);
            disks.remove(disk);
        });
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
