// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import java.security.SecureRandom;
import org.javisor.devices.pci.PciFunction;
import org.javisor.devices.virtio.VirtioBlock;
import org.javisor.devices.virtio.VirtioConsole;
import org.javisor.devices.virtio.VirtioDevice;
import org.javisor.devices.virtio.VirtioEntropy;
import org.javisor.devices.virtio.VirtioPci;
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
            PciFunction function = add(new VirtioBlock(memory, disk.backend(), disk.serial(), 1),
                    "disk " + disk.number(), disk.config().place());
            boot.add(disk.config(), function, "scsi", "disk@0,0");
        }
        add(console, "console", PciPlace.ROOT);
        SecureRandom random = new SecureRandom();
        add(new VirtioEntropy(random::nextBytes), "entropy", PciPlace.ROOT);
    }

    private PciFunction add(VirtioDevice<?> device, String name, PciPlace place) {
        PciFunction function = new VirtioPci<>(device, memory, workers.start("virtio " + name)).function();
        slots.install(function, place);
        return function;
    }

    VirtioConsole console() {
        return console;
    }

    /// Ends the workers. No vCPU may be running.
    @Override
    public void close() {
        workers.close();
    }
}
