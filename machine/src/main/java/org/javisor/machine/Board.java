// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import java.util.ArrayList;
import java.util.List;
import org.javisor.devices.I8042;
import org.javisor.devices.Uart16550;
import org.javisor.devices.vga.Screen;
import org.javisor.devices.vga.VgaFunction;
import org.javisor.machine.MachineConfig.Disk;
import org.javisor.machine.acpi.AcpiConfig;
import org.javisor.memory.Chip;
import org.javisor.memory.ConfigurationException;
import org.javisor.memory.Ram;
import org.javisor.vmm.Vm;

/// The PC's main board, put together from its concerns: memory, the devices at fixed places, PCI.
final class Board implements AutoCloseable {
    /// What a board can do to the machine that it is in. Called on whichever thread the guest's access came from.
    interface PowerControl {
        void powerOff();

        void reset();

        /// Suspends the machine to memory.
        void sleep();

        /// Ends the machine's run.
        void end(MachineExit exit);
    }

    private final BoardMemory memory;
    private final LegacyDevices legacy;
    private final PciDevices pci;
    private final Disks disks;
    private final VirtioDevices virtio;
    private final StorageDevices storage;
    private final PeripheralDevices peripherals;
    private final NetworkDevices network;
    private final NvmeDevices nvme;
    private final UsbDevices usb;
    /// Null where a kernel is entered without firmware; the board is configured as firmware leaves it then.
    private final FirmwareDevices firmware;
    private final VgaFunction display;
    private final Hotplug hotplug;

    Board(MachineConfig config, Vm vm, PowerControl power) {
        boolean starts = config.firmware() != null;
        memory = new BoardMemory(config.ramBytes(), starts ? config.firmware().image().code() : null, vm.memory(),
                config.memorySource());
        Disks opened = null;
        NetworkDevices connected = null;
        try {
            disks = opened = new Disks(config, vm);
            legacy = new LegacyDevices(config, vm, power);
            pci = new PciDevices(config, vm, legacy, memory);
            BootDevices boot = new BootDevices();
            virtio = new VirtioDevices(config, disks, vm, pci.slots(), boot);
            storage = new StorageDevices(config, disks, vm, pci, boot);
            peripherals = new PeripheralDevices(config, disks, vm, legacy, pci, boot, power);
            nvme = new NvmeDevices(config, disks, vm, pci.slots(), boot);
            usb = new UsbDevices(config, disks, vm, pci.slots(), boot);
            display = config.display() == null ? null : new VgaFunction(vm.memory(), BoardMemory.VIDEO_SLOT, vm.clock(),
                    config.display().bios());
            if (display != null) {
                display.attach(vm.ports(), vm.mmio());
                pci.slots().install(display.function());
            }
            network = connected = new NetworkDevices(config, vm, pci.slots(), boot);
            ExtraDevices.install(config, vm, pci.slots());
            hotplug = new Hotplug(pci.hotplugSlots());
            firmware = starts ? new FirmwareDevices(config, vm, pci::acpi, boot, legacy.smiFeatures()) : null;
        } catch (RuntimeException | Error e) {
            if (connected != null) {
                connected.close();
            }
            if (opened != null) {
                opened.close();
            }
            memory.close();
            throw e;
        }
        configure();
    }

    private void configure() {
        if (firmware == null) {
            legacy.configure();
            pci.configure();
        }
    }

    /// Takes every device to its state after power-on; without firmware, configured as that leaves it.
    void reset() {
        legacy.reset();
        resetOthers();
    }

    /// As [#reset], when the machine wakes.
    void awaken() {
        legacy.awaken();
        resetOthers();
    }

    /// @param wake called when an event is to wake the machine
    void sleep(Runnable wake) {
        legacy.pm().sleep(wake);
    }

    /// All that the machine is made of beside processors and interrupt chips, in the order in which it is to be loaded.
    List<Chip<?>> chips() {
        List<Chip<?>> chips = new ArrayList<>(legacy.chips());
        chips.addAll(pci.chips());
        chips.addAll(peripherals.chips());
        if (firmware != null) {
            chips.addAll(firmware.chips());
        }
        return chips;
    }

    Ram ram() {
        return memory.ram();
    }

    /// Waits until no device has anything under way. The machine is paused.
    void settle() {
        virtio.settle();
        storage.settle();
        nvme.settle();
        usb.settle();
        peripherals.settle();
    }

    private void resetOthers() {
        pci.reset();
        peripherals.reset();
        if (firmware != null) {
            firmware.reset();
        }
        configure();
    }

    /// What the ACPI tables are to say.
    AcpiConfig acpi() {
        return pci.acpi();
    }

    Hotplug hotplug() {
        return hotplug;
    }

    /// Puts a disk into a slot for hot-plug.
    Plugged plug(Disk disk) {
        return switch (disk.bus()) {
            case VIRTIO -> virtio.plug(disks, disk, hotplug);
            case NVME -> nvme.plug(disks, disk, hotplug);
            default -> throw new ConfigurationException("disk " + disk.file() + ": a disk on the bus " + disk.bus()
                    + " cannot be plugged in: virtio and nvme can");
        };
    }

    /// Puts a network card into a slot for hot-plug.
    Plugged plug(NetworkCard card) {
        return network.plug(card, hotplug);
    }

    I8042 keyboard() {
        return legacy.keyboard();
    }

    UsbDevices usb() {
        return usb;
    }

    /// Null without a display.
    Screen screen() {
        return display == null ? null : display.screen();
    }

    void changeFloppy(int drive, MachineConfig.Disk disk) {
        peripherals.changeFloppy(disks, drive, disk);
    }

    CdDrives cds() {
        return storage.cds();
    }

    void pressPowerButton() {
        legacy.pm().pressPowerButton();
    }

    /// Queues bytes for a serial port, waiting for room.
    void send(int port, byte[] bytes) throws InterruptedException {
        Uart16550 uart = legacy.serial(port);
        for (int sent = 0; sent < bytes.length; ) {
            uart.awaitRoom();
            sent += uart.receive(bytes, sent, bytes.length - sent);
        }
    }

    /// Queues what of `bytes` there is room for.
    void offer(int port, byte[] bytes) {
        legacy.serial(port).receive(bytes, 0, bytes.length);
    }

    /// Tells the virtio console how large its screen is.
    void resize(int columns, int rows) {
        virtio.console().resize(columns, rows);
    }

    /// Has disks that wait for room fail instead: the machine is to end.
    void stopWaiting() {
        disks.stopWaiting();
    }

    /// Closes what devices hold of the host, files above all. No vCPU may be running.
    @Override
    public void close() {
        stopWaiting();
        virtio.close();
        storage.close();
        network.close();
        nvme.close();
        peripherals.close();
        usb.close();
        disks.close();
    }

    /// Gives guest memory back, when processors and devices are gone.
    void freeMemory() {
        if (firmware != null) {
            firmware.close();
        }
        if (display != null) {
            display.close();
        }
        memory.close();
    }
}
