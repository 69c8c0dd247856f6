// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

/// The PCI Express capability of an endpoint, with function-level reset.
///
/// What it says depends on where the function is put: on the root bus it is an endpoint integrated into the root
/// complex, which has no link; below a port it ends a link, and reports errors ([AdvancedErrors]); on conventional PCI
/// there is no such capability.
///
/// @pci PCI Express 5.0 §7.5.3 "PCI Express Capability Structure"
public final class ExpressCapability {
    static final int ID = 0x10, BYTES = 0x3c;
    static final int VERSION_2 = 2, ENDPOINT = 0, ROOT_PORT = 4 << 4, ROOT_COMPLEX_INTEGRATED = 9 << 4;
    static final int FLAGS = 2, DEVICE_CAPABILITIES = 4, DEVICE_CONTROL = 8, DEVICE_STATUS = 0xa,
            LINK_CAPABILITIES = 0xc, LINK_CONTROL = 0x10, LINK_STATUS = 0x12, LINK_CAPABILITIES_2 = 0x2c,
            LINK_CONTROL_2 = 0x30;
    static final int ROLE_BASED_ERRORS = 1 << 15, FUNCTION_RESET_CAPABLE = 1 << 28;
    static final int CONTROL_BITS = 0x78ff, CONTROL_DEFAULT = 0x2810;
    static final int UNSUPPORTED_REQUEST_DETECTED = 8;
    static final int ERRORS_DETECTED = 0xf;
    /// All links here: 16 lanes of 8 GT/s.
    static final int SPEED = 3, WIDTH = 16 << 4, SPEEDS = 0xe;
    static final int LINK_CONTROL_BITS = 0x0fcb;
    private static final int LINK_CONTROL_2_BITS = 0x1fbf;
    private static final int INITIATE_FUNCTION_RESET = 1 << 15;

    private ExpressCapability() { }

    /// Adds the capability to `function` when it joins a bus.
    ///
    /// @param onReset resets the function and the device behind it
    public static void add(PciFunction function, Runnable onReset) {
        function.onJoin(kind -> {
            if (kind != PciBus.Kind.CONVENTIONAL) {
                define(function, kind == PciBus.Kind.LINK, onReset);
            }
        });
    }

    private static void define(PciFunction function, boolean link, Runnable onReset) {
        ConfigSpace config = function.config();
        int at = config.addCapability(ID, BYTES);
        config.set(at + FLAGS, 2, VERSION_2 | (link ? ENDPOINT : ROOT_COMPLEX_INTEGRATED));
        config.set(at + DEVICE_CAPABILITIES, 4, ROLE_BASED_ERRORS | FUNCTION_RESET_CAPABLE);
        config.set(at + DEVICE_CONTROL, 2, CONTROL_DEFAULT);
        config.allow(at + DEVICE_CONTROL, 2, CONTROL_BITS | INITIATE_FUNCTION_RESET);
        config.allowClear(at + DEVICE_STATUS, 2, ERRORS_DETECTED);
        if (link) {
            defineLink(config, at);
            AdvancedErrors.add(function, at);
        }
        function.onWrite(at + DEVICE_CONTROL, 2, () -> {
            if ((function.readConfig(at + DEVICE_CONTROL, 2) & INITIATE_FUNCTION_RESET) != 0) {
                function.updateConfig(at + DEVICE_CONTROL, 2, control -> control & ~INITIATE_FUNCTION_RESET);
                onReset.run();
            }
        });
    }

    /// The registers that both ends of a link have. No power saving: no state but L0 is supported.
    static void defineLink(ConfigSpace config, int at) {
        config.set(at + LINK_CAPABILITIES, 4, SPEED | WIDTH);
        config.allow(at + LINK_CONTROL, 2, LINK_CONTROL_BITS);
        config.set(at + LINK_STATUS, 2, SPEED | WIDTH);
        config.set(at + LINK_CAPABILITIES_2, 4, SPEEDS);
        config.set(at + LINK_CONTROL_2, 2, SPEED);
        config.allow(at + LINK_CONTROL_2, 2, LINK_CONTROL_2_BITS);
    }
}
