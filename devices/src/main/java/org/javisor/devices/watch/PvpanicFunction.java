// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.watch;

import org.javisor.devices.pci.PciFunction;

/// The panic device as a PCI function.
///
/// @qemu docs/specs/pvpanic.rst "PCI Interface"
public final class PvpanicFunction {
    private static final int BAR = 0, BAR_BYTES = 16;

    private PvpanicFunction() { }

    /// A function with `device` behind BAR 0; the function's state is all there is.
    public static PciFunction of(Pvpanic device) {
        PciFunction function = new PciFunction(new PciFunction.Identity(0x1b36, 0x0011, 1, 0x088000, 0x1af4, 0x1100));
        function.addMemoryBar(BAR, BAR_BYTES, device, "pvpanic");
        return function;
    }
}
