// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import org.javisor.devices.scsi.ScsiDisk;
import org.javisor.devices.usb.UsbKeyboard;
import org.javisor.devices.usb.UsbStorage;
import org.javisor.devices.usb.UsbTablet;
import org.javisor.devices.xhci.XhciFunction;
import org.javisor.vmm.Vm;

/// A USB 3 controller, if there is anything to hang on it, with its devices.
final class UsbDevices implements AutoCloseable {
    private static final String PRODUCT = "USB DISK";

    private final DeviceThreads threads = new DeviceThreads();
    private final UsbTablet tablet;
    private final UsbKeyboard keyboard;

    /// @throws org.javisor.memory.ConfigurationException if there are more disks than ports
    UsbDevices(MachineConfig config, Disks disks, Vm vm, ExpansionSlots slots, BootDevices boot) {
        tablet = config.usb().tablet() ? new UsbTablet() : null;
        keyboard = config.usb().keyboard() ? new UsbKeyboard() : null;
        if (tablet == null && keyboard == null && disks.on(DiskBus.USB).isEmpty()) {
            return;
        }
        XhciFunction controller = new XhciFunction(vm.memory(), vm.clock(), threads.start("usb"));
        slots.install(controller.function());
        if (tablet != null) {
            controller.plug(tablet);
        }
        if (keyboard != null) {
            controller.plug(keyboard);
        }
        for (Disks.Attached disk : disks.on(DiskBus.USB)) {
            StorageDevices.requireRoom(DiskBus.USB, disks.on(DiskBus.USB).size(), XhciFunction.SUPER_SPEED_PORTS);
            int port = controller.plug(new UsbStorage(new ScsiDisk(disk.backend(), PRODUCT, disk.serial()),
                    String.format("%012X", disk.number() + 1)));
            boot.add(disk.config(), controller.function(), "usb", "storage@" + Integer.toHexString(port)
                    + "/channel@0/disk@0,0");
        }
    }

    /// The tablet, if there is one that the guest uses; otherwise null.
    UsbTablet tablet() {
        return tablet != null && tablet.inUse() ? tablet : null;
    }

    /// The keyboard, if there is one that the guest uses; otherwise null.
    UsbKeyboard keyboard() {
        return keyboard != null && keyboard.inUse() ? keyboard : null;
    }

    /// As of [DeviceThreads#settle].
    void settle() {
        threads.settle();
    }

    /// Ends the thread. No vCPU may be running.
    @Override
    public void close() {
        threads.close();
    }
}
