// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

/// The PCI Express capability of an endpoint that sits in the root complex, with function-level reset.
///
/// It has no link, so it has none of the registers of one.
///
/// @pci PCI Express 5.0 §7.5.3 "PCI Express Capability Structure"
public final class ExpressCapability {
    private static final int ID = 0x10, BYTES = 0x3c;
    private static final int VERSION_2 = 2, ROOT_COMPLEX_INTEGRATED = 9 << 4;
    private static final int FLAGS = 2, DEVICE_CAPABILITIES = 4, DEVICE_CONTROL = 8;
    private static final int ROLE_BASED_ERRORS = 1 << 15, FUNCTION_RESET_CAPABLE = 1 << 28;
    private static final int INITIATE_FUNCTION_RESET = 1 << 15, CONTROL_BITS = 0x78ff,
            CONTROL_DEFAULT = 0x2810;

    private ExpressCapability() { }

    /// Adds the capability to `function`.
    ///
    /// @param onReset resets the function and the device behind it
    public static void add(PciFunction function, Runnable onReset) {
        ConfigSpace config = function.config();
        int at = config.addCapability(ID, BYTES);
        config.set(at + FLAGS, 2, VERSION_2 | ROOT_COMPLEX_INTEGRATED);
        config.set(at + DEVICE_CAPABILITIES, 4, ROLE_BASED_ERRORS | FUNCTION_RESET_CAPABLE);
        config.set(at + DEVICE_CONTROL, 2, CONTROL_DEFAULT);
        config.allow(at + DEVICE_CONTROL, 2, CONTROL_BITS | INITIATE_FUNCTION_RESET);
        function.onWrite(at + DEVICE_CONTROL, 2, () -> {
            if ((function.readConfig(at + DEVICE_CONTROL, 2) & INITIATE_FUNCTION_RESET) != 0) {
                function.updateConfig(at + DEVICE_CONTROL, 2, control -> control & ~INITIATE_FUNCTION_RESET);
                onReset.run();
            }
        });
    }
}
