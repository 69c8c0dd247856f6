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

    private final PciBridge bridge;
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
        ExpressCapability.defineLink(config, at);
        int capabilities = config.get(at + ExpressCapability.LINK_CAPABILITIES, 4);
        config.set(at + ExpressCapability.LINK_CAPABILITIES, 4, capabilities | LINK_ACTIVE_REPORTING | number << 24);
        config.allow(at + ROOT_CONTROL, 2, ROOT_CONTROL_BITS);
        config.allow(at + ExpressCapability.LINK_CONTROL, 2,
                ExpressCapability.LINK_CONTROL_BITS | PcieSlot.LINK_DISABLE);
        slot = new PcieSlot(bridge, msi, at, number);
        function.belongsTo(this);
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
    }

    @Override
    public PciFunction.State save() {
        return bridge.save();
    }

    @Override
    public void load(PciFunction.State state) {
        bridge.load(state);
        slot.loaded();
    }
}
