// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import org.javisor.machine.layout.BoardModel;
import org.javisor.memory.ConfigurationException;

/// What the main board of a machine is.
///
/// @param rootPorts PCI Express ports, each with a slot that may be filled and emptied while the machine runs: 0 to
///     [#MAX_PORTS]; none on a board without PCI Express
/// @param bridges   bridges to buses of conventional PCI: 0 to [#MAX_BRIDGES]
/// @param boot      what firmware is to start
/// @param smm       whether it has memory and interrupts for system management mode, as some firmware wants
/// @param pit       whether it has a PIT; systems that know of better timers do without
public record BoardConfig(BoardModel model, int rootPorts, int bridges, BootOrder boot, boolean smm,
        boolean pit) {
    public static final int MAX_PORTS = 12, MAX_BRIDGES = 2;
    public static final BoardConfig DEFAULT = new BoardConfig(BoardModel.Q35, 0, 0, BootOrder.DEFAULT, false, true);

    public BoardConfig {
        require(rootPorts >= 0 && rootPorts <= MAX_PORTS, rootPorts + " root ports: at most " + MAX_PORTS + " fit");
        require(rootPorts == 0 || model.express(), "root ports are PCI Express, which the board pc does not have");
        require(bridges >= 0 && bridges <= MAX_BRIDGES, bridges + " PCI bridges: at most " + MAX_BRIDGES + " fit");
    }

    public BoardConfig withModel(BoardModel newModel) {
        return new BoardConfig(newModel, rootPorts, bridges, boot, smm, pit);
    }

    public BoardConfig withRootPorts(int count) {
        return new BoardConfig(model, count, bridges, boot, smm, pit);
    }

    public BoardConfig withBridges(int count) {
        return new BoardConfig(model, rootPorts, count, boot, smm, pit);
    }

    public BoardConfig withBoot(BootOrder order) {
        return new BoardConfig(model, rootPorts, bridges, order, smm, pit);
    }

    public BoardConfig withSmm(boolean whether) {
        return new BoardConfig(model, rootPorts, bridges, boot, whether, pit);
    }

    public BoardConfig withPit(boolean whether) {
        return new BoardConfig(model, rootPorts, bridges, boot, smm, whether);
    }

    private static void require(boolean holds, String message) {
        if (!holds) {
            throw new ConfigurationException(message);
        }
    }
}
