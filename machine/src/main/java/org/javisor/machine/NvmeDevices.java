// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import org.javisor.devices.nvme.NvmeFunction;
import org.javisor.vmm.Vm;

/// An NVM Express controller for each disk that is to have one, with a pair of queues for each processor at least.
final class NvmeDevices implements AutoCloseable {
    /// UEFI's driver wants two pairs even with one processor.
    private static final int FEWEST_QUEUES = 4;

    private final DeviceThreads workers = new DeviceThreads();

    NvmeDevices(MachineConfig config, Disks disks, Vm vm, ExpansionSlots slots, BootDevices boot) {
        // More threads than processors of the host's would only wait for each other.
        int threads = Math.min(config.cpus(), Runtime.getRuntime().availableProcessors());
        for (Disks.Attached disk : disks.on(DiskBus.NVME)) {
            NvmeFunction controller = new NvmeFunction(vm.memory(), disk.backend(), disk.serial(),
                    Math.max(FEWEST_QUEUES, config.cpus()), vm.clock(), workers.start("nvme " + disk.number(), threads));
            slots.install(controller.function(), disk.config().place());
            // Firmware knows these by the name of the first that there was.
            boot.add(disk.config(), controller.function(), "pci8086,5845", "namespace@1,0");
        }
    }

    /// Ends the workers. No vCPU may be running.
    @Override
    public void close() {
        workers.close();
    }
}
