// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

/// The MSI capability: 64-bit address, up to 32 vectors, each maskable.
///
/// Its registers are all in configuration space, so it has no state of its own.
///
/// @pci PCI Express 5.0 §7.7.1 "MSI Capability Structures"
public final class Msi {
    private static final int ID = 5, CAPABILITY_BYTES = 24;
    private static final int CONTROL = 2, ADDRESS = 4, ADDRESS_HIGH = 8, DATA = 12, MASK = 16, PENDING = 20;
    private static final int ENABLE = 1, MULTIPLE_ENABLE = 0x70, IS_64_BIT = 0x80, MASKABLE = 0x100;

    private final PciFunction function;
    private final int at;
    private final int vectors;

    /// Adds the capability to `function`.
    ///
    /// @param vectors a power of two, 1 to 32
    public Msi(PciFunction function, int vectors) {
        if (Integer.bitCount(vectors) != 1 || vectors > 32) {
            throw new IllegalArgumentException(vectors + " MSI vectors");
        }
        this.function = function;
        this.vectors = vectors;
        ConfigSpace config = function.config();
        at = config.addCapability(ID, CAPABILITY_BYTES);
        int log = Integer.numberOfTrailingZeros(vectors);
        config.set(at + CONTROL, 2, log << 1 | IS_64_BIT | MASKABLE);
        config.allow(at + CONTROL, 2, ENABLE | MULTIPLE_ENABLE);
        config.allow(at + ADDRESS, 4, ~3);
        config.allow(at + ADDRESS_HIGH, 4, ~0);
        config.allow(at + DATA, 2, 0xffff);
        config.allow(at + MASK, 4, (int) ((1L << vectors) - 1));
        config.carry(at + PENDING, 4, (int) ((1L << vectors) - 1));
        function.onWrite(at + CONTROL, CAPABILITY_BYTES - CONTROL, this::sendPending);
    }

    /// Whether the guest has switched from INTx to MSI.
    public boolean enabled() {
        return (function.readConfig(at + CONTROL, 2) & ENABLE) != 0;
    }

    /// Has `action` run whenever the guest may have switched, so that a pin that it no longer heeds is released.
    public void onSwitch(Runnable action) {
        function.onWrite(at + CONTROL, 2, action);
    }

    /// Sends the vector's message, or remembers it while it is masked. A guest that enabled fewer vectors
    /// than there are gets the higher ones folded onto those it enabled.
    public void trigger(int vector) {
        if (!enabled()) {
            return;
        }
        int enabledVectors = Math.min(vectors,
                1 << Math.min(5, function.readConfig(at + CONTROL, 2) >>> 4 & 7));
        int sent = vector & enabledVectors - 1;
        if ((function.readConfig(at + MASK, 4) >>> sent & 1) != 0) {
            function.updateConfig(at + PENDING, 4, pending -> pending | 1 << sent);
            return;
        }
        long address = (long) function.readConfig(at + ADDRESS_HIGH, 4) << 32
                | function.readConfig(at + ADDRESS, 4) & 0xffff_ffffL;
        if (function.busMaster() && isMessageAddress(address)) {
            function.msi().send(address, function.readConfig(at + DATA, 2) & -enabledVectors | sent);
        }
    }

    private void sendPending() {
        int due = enabled() ? function.readConfig(at + PENDING, 4) & ~function.readConfig(at + MASK, 4) : 0;
        if (due == 0) {
            return;
        }
        function.updateConfig(at + PENDING, 4, pending -> pending & ~due);
        for (int vector = 0; vector < vectors; vector++) {
            if ((due >>> vector & 1) != 0) {
                trigger(vector);
            }
        }
    }

    /// Whether a write to `address` is an interrupt: anything else would be a write to memory, which no guest
    /// wants.
    static boolean isMessageAddress(long address) {
        return (address & 0xfff0_0000L) == 0xfee0_0000L;
    }
}
