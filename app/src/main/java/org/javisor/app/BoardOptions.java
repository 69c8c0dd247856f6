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

    BoardConfig config() {
        return BoardConfig.DEFAULT.withModel(model);
    }
}
