// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import org.javisor.machine.BoardConfig;
import org.javisor.machine.layout.BoardModel;
import picocli.CommandLine.Option;

/// The options of `javisor run` that say what the main board is.
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

    BoardConfig config() {
        return BoardConfig.DEFAULT.withModel(model).withRootPorts(rootPorts).withBridges(bridges);
    }
}
