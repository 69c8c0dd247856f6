// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.javisor.devices.block.BlockBackend;
import org.javisor.devices.block.PatientDisk;
import org.javisor.devices.block.image.DiskImage;
import org.javisor.devices.pci.PciBus;
import org.javisor.devices.virtio.VirtioBlock;
import org.javisor.devices.virtio.VirtioConsole;
import org.javisor.devices.virtio.VirtioDevice;
import org.javisor.devices.virtio.VirtioEntropy;
import org.javisor.devices.virtio.VirtioPci;
import org.javisor.machine.MachineConfig.Disk;
import org.javisor.machine.MachineConfig.FullPolicy;
import org.javisor.memory.GuestMemory;
import org.javisor.vmm.Vm;

/// The virtio functions in the PCI slots, each with a thread of its own that serves its requests, so that no vCPU waits
/// for a disk.
final class VirtioDevices implements AutoCloseable {
    private static final int FIRST_SLOT = 1;
    private static final int DEFAULT_COLUMNS = 80, DEFAULT_ROWS = 25;
    private static final long PATIENCE_SECONDS = 30;

    private final GuestMemory memory;
    private final PciBus bus;
    private final Standstill standstill;
    private final List<PatientDisk> patientDisks = new CopyOnWriteArrayList<>();
    private final List<BlockBackend> disks = new ArrayList<>();
    private final List<ExecutorService> workers = new ArrayList<>();
    private final VirtioConsole console;

    /// @throws org.javisor.memory.ConfigurationException if a disk cannot be opened; nothing stays open then
    VirtioDevices(MachineConfig config, Vm vm, PciBus bus) {
        this.memory = vm.memory();
        this.bus = bus;
        this.standstill = new Standstill(vm, config.reports());
        this.console = new VirtioConsole(new SerialSink(config.virtioConsole()), DEFAULT_COLUMNS, DEFAULT_ROWS);
        try {
            config.disks().forEach(disk -> disks.add(open(disk)));
        } catch (RuntimeException e) {
            close();
            throw e;
        }
        for (int n = 0; n < disks.size(); n++) {
            add(new VirtioBlock(memory, disks.get(n), "javisor-disk-" + n, 1), "disk " + n);
        }
        add(console, "console");
        SecureRandom random = new SecureRandom();
        add(new VirtioEntropy(random::nextBytes), "entropy");
    }

    private BlockBackend open(Disk disk) {
        BlockBackend opened = disk.throwaway() ? DiskImage.openThrowaway(disk.file(), disk.format())
                : DiskImage.open(disk.file(), disk.format(), disk.readOnly());
        if (disk.whenFull() == FullPolicy.REPORT) {
            return opened;
        }
        PatientDisk patient = new PatientDisk(opened, standstill);
        patientDisks.add(patient);
        return patient;
    }

    /// Has disks that wait for room fail instead. Any thread.
    void stopWaiting() {
        patientDisks.forEach(PatientDisk::giveUp);
    }

    private void add(VirtioDevice<?> device, String name) {
        ExecutorService worker = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().name("javisor-virtio-" + name.replace(' ', '-')).daemon().factory());
        workers.add(worker);
        bus.add(bus.freeDevice(FIRST_SLOT), 0, new VirtioPci<>(device, memory, worker).function());
    }

    VirtioConsole console() {
        return console;
    }

    /// Ends the workers and closes the disks, with everything acknowledged written. No vCPU may be running.
    @Override
    public void close() {
        stopWaiting();
        workers.forEach(ExecutorService::shutdown);
        workers.forEach(VirtioDevices::await);
        disks.forEach(BlockBackend::close);
        standstill.close();
    }

    private static void await(ExecutorService worker) {
        try {
            worker.awaitTermination(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
