// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.javisor.devices.block.BlockBackend;
import org.javisor.devices.block.PatientDisk;
import org.javisor.devices.block.image.DiskImage;
import org.javisor.devices.floppy.FloppyFormat;
import org.javisor.machine.MachineConfig.Disk;
import org.javisor.machine.MachineConfig.FullPolicy;
import org.javisor.memory.ConfigurationException;
import org.javisor.vmm.Vm;

/// The images of a machine's disks, opened once, for the controllers that the disks are attached to.
///
/// Controllers end before their disks are closed.
final class Disks implements AutoCloseable {
    /// One disk.
    ///
    /// @param number in the order of the configuration
    record Attached(int number, Disk config, BlockBackend backend) {
        /// What the guest reads as its serial number.
        String serial() {
            return "javisor-disk-" + number;
        }
    }

    private final Standstill standstill;
    private final List<PatientDisk> patient = new CopyOnWriteArrayList<>();
    private final List<Attached> disks = new CopyOnWriteArrayList<>();
    private final List<BlockBackend> floppies = new ArrayList<>();
    private int numbered;

    /// @throws org.javisor.memory.ConfigurationException if a disk cannot be opened; nothing stays open then
    Disks(MachineConfig config, Vm vm) {
        standstill = new Standstill(vm, config.reports());
        try {
            for (Disk disk : config.disks()) {
                add(disk);
            }
            config.peripherals().floppies().forEach(disk -> floppies.add(openFloppy(disk)));
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /// Opens one more.
    ///
    /// @throws org.javisor.memory.ConfigurationException if it cannot be opened
    synchronized Attached add(Disk disk) {
        Attached attached = new Attached(numbered, disk, open(disk));
        numbered++;
        disks.add(attached);
        return attached;
    }

    /// Closes one whose controller is gone.
    void remove(Attached disk) {
        if (disks.remove(disk)) {
            if (disk.backend instanceof PatientDisk waiting) {
                patient.remove(waiting);
            }
            disk.backend.close();
        }
    }

    private BlockBackend open(Disk disk) {
        BlockBackend opened = disk.throwaway() ? DiskImage.openThrowaway(disk.file(), disk.format())
                : DiskImage.open(disk.file(), disk.format(), disk.readOnly());
        if (disk.whenFull() == FullPolicy.REPORT) {
            return opened;
        }
        PatientDisk waiting = new PatientDisk(opened, standstill);
        patient.add(waiting);
        return waiting;
    }

    private BlockBackend openFloppy(Disk disk) {
        BlockBackend opened = open(disk);
        if (FloppyFormat.of(opened.bytes()) != null) {
            return opened;
        }
        opened.close();
        throw new ConfigurationException("floppy " + disk.file() + ": " + opened.bytes() + " bytes; diskettes have "
                + Arrays.stream(FloppyFormat.values()).map(format -> (format.bytes() >> 10) + "K")
                        .collect(Collectors.joining(", ")));
    }

    /// Closes the image in a floppy drive, which is empty now, and opens another for it.
    ///
    /// @param disk null for none
    /// @return null for none
    BlockBackend replaceFloppy(int drive, Disk disk) {
        BlockBackend old = floppies.set(drive, null);
        if (old != null) {
            old.close();
        }
        if (disk != null) {
            floppies.set(drive, openFloppy(disk));
        }
        return floppies.get(drive);
    }

    /// The diskettes, in order of their drives.
    List<BlockBackend> floppies() {
        return floppies;
    }

    /// Those that are attached to `bus`, in order.
    List<Attached> on(DiskBus bus) {
        return disks.stream().filter(disk -> disk.config.bus() == bus).toList();
    }

    /// Has disks that wait for room fail instead: the machine is to end. Any thread.
    void stopWaiting() {
        patient.forEach(PatientDisk::giveUp);
    }

    /// Closes them, with everything acknowledged written. No controller may be working.
    @Override
    public void close() {
        stopWaiting();
        disks.forEach(this::remove);
        floppies.stream().filter(Objects::nonNull).forEach(BlockBackend::close);
        standstill.close();
    }
}
