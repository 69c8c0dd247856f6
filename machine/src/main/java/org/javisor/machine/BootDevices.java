// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import java.util.ArrayList;
import java.util.List;
import org.javisor.devices.pci.Bdf;
import org.javisor.devices.pci.PciBus;
import org.javisor.devices.pci.PciFunction;
import org.javisor.machine.BootOrder.Candidate;
import org.javisor.machine.BootOrder.Kind;
import org.javisor.machine.MachineConfig.Disk;

/// The devices on a board that firmware may start from, under the names by which it knows them: Open Firmware's, as
/// QEMU forms them and SeaBIOS and OVMF read them.
///
/// @qemu docs/bootindex.txt
final class BootDevices {
    private static final String ROOT = "/pci@i0cf8";

    private final List<Candidate> candidates = new ArrayList<>();

    /// Adds a disk.
    ///
    /// @param controller a function that is on its bus
    /// @param node       the controller's name, as in `scsi`
    /// @param unit       what follows its place, as in `disk@0,0`
    void add(Disk disk, PciFunction controller, String node, String unit) {
        add(disk.optical() ? Kind.CDROM : Kind.DISK, disk.bootIndex(), controller, node, unit);
    }

    /// Adds a device that is behind a function, or is one.
    ///
    /// @param index as in [Candidate]
    void add(Kind kind, int index, PciFunction controller, String node, String unit) {
        candidates.add(new Candidate(kind, index, path(controller, node) + "/" + unit));
    }

    private static String path(PciFunction function, String node) {
        PciBus bus = function.bus();
        String before = bus.bridge() == null ? ROOT : path(bus.bridge().function(), "pci-bridge");
        Bdf place = function.bdf();
        return before + "/" + node + "@" + Integer.toHexString(place.device())
                + (place.function() == 0 ? "" : "," + place.function());
    }

    /// The paths of those that firmware is to try, in order.
    List<String> paths(BootOrder order) {
        return order.paths(candidates);
    }
}
