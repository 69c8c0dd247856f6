// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import org.javisor.memory.Chip;

/// A root port of PCI Express: a bridge from the root complex to a link, with a slot at its end that can be filled and
/// emptied while the machine runs.
///
/// @pci PCI Express 5.0 §7.5.3 "PCI Express Capability Structure"
public final class PcieRootPort implements Chip<PciFunction.State> {
    private static final int SLOT_IMPLEMENTED = 0x100;
    private static final int LINK_ACTIVE_REPORTING = 1 << 20;
    private static final int ROOT_CONTROL = 0x1c, ROOT_CONTROL_BITS = 0x1f;
    private static final int ACCESS_CONTROL = 0xd, ACCESS_CONTROL_BYTES = 8, ACCESS_CONTROL_REGISTER = 6;
    /// Source validation, translation blocking, redirection of requests and completions, upstream forwarding.
    private static final int CONTROLS = 0x1f;

    private final PciBridge bridge;
    private final PortInterrupt interrupt;
    private final PcieSlot slot;

    /// @param number of the slot, as the guest is told: 1 to 255, different for each
    public PcieRootPort(int number) {
        bridge = new PciBridge(new PciFunction.Identity(0x1b36, 0xc, 0, 0x060400, 0, 0), PciBus.Kind.LINK,
                this::linkIsActive);
        PciFunction function = bridge.function();
        ConfigSpace config = function.config();
        Msi msi = new Msi(function, 1);
        function.useIntx(1);
        int at = config.addCapability(ExpressCapability.ID, ExpressCapability.BYTES);
        config.set(at + ExpressCapability.FLAGS, 2,
                ExpressCapability.VERSION_2 | ExpressCapability.ROOT_PORT | SLOT_IMPLEMENTED);
        config.set(at + ExpressCapability.DEVICE_CAPABILITIES, 4, ExpressCapability.ROLE_BASED_ERRORS);
        config.set(at + ExpressCapability.DEVICE_CONTROL, 2, ExpressCapability.CONTROL_DEFAULT);
        config.allow(at + ExpressCapability.DEVICE_CONTROL, 2, ExpressCapability.CONTROL_BITS);
        config.allowClear(at + ExpressCapability.DEVICE_STATUS, 2, ExpressCapability.ERRORS_DETECTED);
        ExpressCapability.defineLink(config, at);
        int capabilities = config.get(at + ExpressCapability.LINK_CAPABILITIES, 4);
        config.set(at + ExpressCapability.LINK_CAPABILITIES, 4, capabilities | LINK_ACTIVE_REPORTING | number << 24);
        config.allow(at + ROOT_CONTROL, 2, ROOT_CONTROL_BITS);
        config.allow(at + ExpressCapability.LINK_CONTROL, 2,
                ExpressCapability.LINK_CONTROL_BITS | PcieSlot.LINK_DISABLE);
        interrupt = new PortInterrupt(function, msi);
        slot = new PcieSlot(bridge, interrupt, at, number);
        new RootErrors(function, AdvancedErrors.add(function, at).at(), interrupt);
        addAccessControl(config);
        function.belongsTo(this);
    }

    /// Access control services. Whatever is switched on is so in any case: cards reach memory and interrupts alone, by
    /// their own names, and never each other. So systems may tell those below one port from those below another.
    ///
    /// @pci PCI Express 5.0 §6.12 "Access Control Services"
    private static void addAccessControl(ConfigSpace config) {
        int at = config.addExtendedCapability(ACCESS_CONTROL, 1, ACCESS_CONTROL_BYTES);
        config.set(at + ACCESS_CONTROL_REGISTER - 2, 2, CONTROLS);
        config.allow(at + ACCESS_CONTROL_REGISTER, 2, CONTROLS);
    }

    // The bridge asks only once it is complete, but it is made first.
    private boolean linkIsActive() {
        return slot != null && slot.linkIsActive();
    }

    public PciFunction function() {
        return bridge.function();
    }

    /// The bus of the slot.
    public PciBus bus() {
        return bridge.bus();
    }

    /// Puts into the slot what is there from the beginning.
    public void install(PciFunction function) {
        bridge.bus().add(0, 0, function);
        slot.reset();
    }

    public HotplugSlot slot() {
        return slot;
    }

    @Override
    public void reset() {
        bridge.reset();
        slot.reset();
        interrupt.reset();
    }

    @Override
    public PciFunction.State save() {
        return bridge.save();
    }

    @Override
    public void load(PciFunction.State state) {
        bridge.load(state);
        interrupt.loaded();
    }
}
