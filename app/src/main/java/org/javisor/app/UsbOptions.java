// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.util.List;
import org.javisor.machine.DiskBus;
import org.javisor.machine.MachineConfig.Disk;
import org.javisor.machine.UsbConfig;
import org.javisor.memory.ConfigurationException;
import picocli.CommandLine.Option;

/// What hangs on a guest's USB.
final class UsbOptions {
    private static final String TABLET = "tablet", KEYBOARD = "keyboard", DISK = "disk=";

    @Option(names = "--usb", paramLabel = "DEVICE", description = "Add a USB device, on a USB 3 controller: tablet (the"
            + " pointer is where that of a VNC client is), keyboard, or disk=FILE[,OPTION...], with the options of"
            + " --disk; repeatable.")
    private List<String> devices = List.of();

    UsbConfig config() {
        devices.stream().filter(device -> !device.equals(TABLET) && !device.equals(KEYBOARD)
                && !device.startsWith(DISK))
                .findFirst().ifPresent(device -> {
                    throw new ConfigurationException("--usb " + device + ": tablet, keyboard or disk=FILE is meant");
                });
        return new UsbConfig(devices.contains(TABLET), devices.contains(KEYBOARD));
    }

    /// @param throwaway whether what is written to any disk is to be forgotten
    List<Disk> disks(boolean throwaway) {
        return devices.stream().filter(device -> device.startsWith(DISK))
                .map(device -> DiskOption.parse(device.substring(DISK.length()), throwaway, DiskBus.USB)).toList();
    }
}
