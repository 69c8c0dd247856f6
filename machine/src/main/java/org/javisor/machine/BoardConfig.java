// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import org.javisor.machine.layout.BoardModel;

/// What the main board of a machine is.
public record BoardConfig(BoardModel model) {
    public static final BoardConfig DEFAULT = new BoardConfig(BoardModel.Q35);

    public BoardConfig withModel(BoardModel newModel) {
        return new BoardConfig(newModel);
    }
}
