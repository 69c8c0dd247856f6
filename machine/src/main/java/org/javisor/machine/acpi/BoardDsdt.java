// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine.acpi;

import org.javisor.machine.layout.BoardModel;

/// What one kind of board has of its own in the [Dsdt].
interface BoardDsdt {
    static BoardDsdt of(BoardModel board) {
        return switch (board) {
            case Q35 -> new Q35Dsdt();
            case PC -> new PcDsdt();
        };
    }

    /// The root bridge's `_HID` and `_CID`.
    byte[] identity();

    /// `_ADR` of the ISA bridge.
    int isaBridge();

    /// Terms within the ISA bridge.
    byte[] withinIsaBridge();

    /// Terms within the root bridge: its `_PRT` above all.
    byte[] withinRoot(AcpiConfig config);

    /// Terms beside the root bridge.
    byte[] beside(AcpiConfig config);

    /// Resources that belong to the board and to no device on it.
    byte[] reserved(AcpiConfig config);

    /// Terms of the scope of general-purpose events; empty for none.
    byte[] events(AcpiConfig config);
}
