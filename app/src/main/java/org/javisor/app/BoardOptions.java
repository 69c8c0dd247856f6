// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.util.List;
import org.javisor.machine.BoardConfig;
import org.javisor.machine.BootOrder;
import org.javisor.machine.FirmwareImage;
import org.javisor.machine.layout.BoardModel;
import picocli.CommandLine.Option;

/// The options of `javisor run` that say what the main board is, and what its firmware starts.
final class BoardOptions {
    @Option(names = "--board", paramLabel = "MODEL", description = "The main board: q35 (PCI Express, the default) or"
            + " pc (i440FX, conventional PCI).")
    private BoardModel model = BoardModel.Q35;

    @Option(names = "--root-ports", paramLabel = "N", description = "Add PCI Express ports with slots for hot-plug:"
            + " port1 to portN.")
    private int rootPorts;

    @Option(names = "--pci-bridges", paramLabel = "N", description = "Add bridges to conventional PCI: bridge1 to"
            + " bridgeN.")
    private int bridges;

    @Option(names = "--boot-order", paramLabel = "KIND,...", description = "From what firmware starts a system, the"
            + " first that can be started: disk, cdrom, network, floppy. Devices with bootindex=N come before.")
    private String bootOrder;

    @Option(names = "--boot-menu", paramLabel = "SECONDS", arity = "0..1", fallbackValue = "5",
            description = "Have firmware offer a choice of what it starts, for 5 seconds or as many as are named.")
    private int menuSeconds;

    /// Null to leave it to the firmware.
    @Option(names = "--smm", paramLabel = "on|off", description = "Whether the board has system management mode for"
            + " firmware. If not told, it has for firmware that needs it (ovmf-secure).")
    private Switch smm;

    @Option(names = "--pit", paramLabel = "on|off", description = "Whether the board has a PIT (on). Systems that take"
            + " their time from a hypervisor's clock, an HPET or local APICs do without.")
    private Switch pit = Switch.ON;

    private enum Switch { ON, OFF }

    /// As [#config], with what `firmware` needs; null for none.
    BoardConfig config(FirmwareImage firmware) {
        return config().withSmm(smm != null ? smm == Switch.ON : firmware != null && firmware.secure());
    }

    BoardConfig config() {
        BootOrder order = new BootOrder(bootOrder == null ? List.of() : BootOrder.parseKinds(bootOrder), menuSeconds);
        return BoardConfig.DEFAULT.withModel(model).withRootPorts(rootPorts).withBridges(bridges).withBoot(order)
                .withPit(pit == Switch.ON);
    }

    /// Whether anything is asked of firmware.
    boolean needFirmware() {
        return bootOrder != null || menuSeconds != 0 || smm != null;
    }
}
