// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import java.util.function.BooleanSupplier;
import org.javisor.memory.Chip;

/// A bridge from one PCI bus to another: a function with a type 1 header, and the bus behind it.
///
/// What functions behind it claim is there as far as the bridge's windows hold it entirely and forwarding is on; a
/// VGA's fixed ports and addresses are not PCI's and always answer.
///
/// @pci PCI Express 5.0 §7.5.1.3 "Type 1 Configuration Space Header"
public final class PciBridge implements Chip<PciFunction.State> {
    static final int PRIMARY = 0x18, SECONDARY = 0x19, SUBORDINATE = 0x1a, SECONDARY_LATENCY = 0x1b, IO_BASE = 0x1c,
            IO_LIMIT = 0x1d, SECONDARY_STATUS = 0x1e, MEMORY_BASE = 0x20, MEMORY_LIMIT = 0x22, PREFETCHABLE_BASE = 0x24,
            PREFETCHABLE_LIMIT = 0x26, PREFETCHABLE_BASE_HIGH = 0x28, PREFETCHABLE_LIMIT_HIGH = 0x2c,
            BRIDGE_CONTROL = 0x3e;
    static final int FORWARD_ERRORS = 2, SECONDARY_RESET = 0x40;
    /// What a window's base and limit are multiples of.
    static final long IO_GRANULE = 0x1000, MEMORY_GRANULE = 0x10_0000;

    private static final int ERRORS = 0xf900, CONTROL_BITS = 0x007f, ISA_ENABLE = 4, WINDOW_64_BITS = 1;
    private static final int ISA_PORTS = 0x300, RECEIVED_SYSTEM_ERROR = 0x4000;

    private final PciFunction function;
    private final PciBus bus;
    private final BooleanSupplier open;

    /// A bridge to a bus of conventional PCI.
    public static PciBridge conventional() {
        return new PciBridge(new PciFunction.Identity(0x1b36, 1, 0, 0x060400, 0, 0), PciBus.Kind.CONVENTIONAL,
                () -> true);
    }

    /// @param open whether what is behind the bridge can be reached at all
    PciBridge(PciFunction.Identity identity, PciBus.Kind kind, BooleanSupplier open) {
        this.open = open;
        bus = new PciBus(kind, this);
        function = PciFunction.ofBridge(identity, this);
        function.belongsTo(this);
        ConfigSpace config = function.config();
        config.allow(PRIMARY, 1, 0xff);
        config.allow(SECONDARY, 1, 0xff);
        config.allow(SUBORDINATE, 1, 0xff);
        if (kind == PciBus.Kind.CONVENTIONAL) {
            config.allow(SECONDARY_LATENCY, 1, 0xff);
        }
        config.allow(IO_BASE, 2, 0xf0f0);
        config.allowClear(SECONDARY_STATUS, 2, ERRORS);
        config.allow(MEMORY_BASE, 4, 0xfff0_fff0);
        config.set(PREFETCHABLE_BASE, 4, WINDOW_64_BITS << 16 | WINDOW_64_BITS);
        config.allow(PREFETCHABLE_BASE, 4, 0xfff0_fff0);
        config.allow(PREFETCHABLE_BASE_HIGH, 4, ~0);
        config.allow(PREFETCHABLE_LIMIT_HIGH, 4, ~0);
        config.allow(BRIDGE_CONTROL, 2, CONTROL_BITS);
        function.onWrite(BRIDGE_CONTROL, 2, function::decodeAgain);
        function.onGuestWrite(BRIDGE_CONTROL, 2, this::resetSecondary);
    }

    public PciFunction function() {
        return function;
    }

    /// The bus behind it.
    public PciBus bus() {
        return bus;
    }

    /// The bus that it is on; null before it is on one.
    PciBus parent() {
        return function.bus();
    }

    int device() {
        return function.device();
    }

    // ---- configuration accesses ----

    int secondaryNumber() {
        return function.readConfig(SECONDARY, 1);
    }

    /// Whether it claims accesses to bus `number`.
    boolean leadsTo(int number) {
        int secondary = secondaryNumber();
        return secondary != 0 && number >= secondary && number <= function.readConfig(SUBORDINATE, 1);
    }

    /// Whether what is behind the bridge can be reached: not while the guest holds it in reset.
    boolean open() {
        return (function.readConfig(BRIDGE_CONTROL, 2) & SECONDARY_RESET) == 0 && open.getAsBoolean();
    }

    private void resetSecondary() {
        if ((function.readConfig(BRIDGE_CONTROL, 2) & SECONDARY_RESET) != 0) {
            bus.reset();
        }
    }

    // ---- errors ----

    /// A message about an error has come from behind the bridge.
    ///
    /// @param source bus, device and function of who sends it
    void takeError(AdvancedErrors.Severity severity, int source) {
        if (severity != AdvancedErrors.Severity.CORRECTABLE) {
            function.updateConfig(SECONDARY_STATUS, 2, status -> status | RECEIVED_SYSTEM_ERROR);
        }
        RootErrors root = function.rootErrors();
        if (root != null && (function.readConfig(BRIDGE_CONTROL, 2) & FORWARD_ERRORS) != 0) {
            root.take(severity, source);
        }
    }

    // ---- windows ----

    /// Whether it passes accesses to all of a range on to the bus behind it.
    boolean forwards(Bar.Kind kind, long address, long bytes) {
        int command = function.readConfig(ConfigSpace.COMMAND, 2);
        if (!open()) {
            return false;
        }
        if (kind == Bar.Kind.IO) {
            boolean isaOnly = (function.readConfig(BRIDGE_CONTROL, 2) & ISA_ENABLE) != 0 && (address & ISA_PORTS) != 0;
            return (command & PciFunction.COMMAND_IO) != 0 && !isaOnly
                    && within(address, bytes, ioWindow(IO_BASE), ioWindow(IO_LIMIT) | IO_GRANULE - 1);
        }
        return (command & PciFunction.COMMAND_MEMORY) != 0 && (
                within(address, bytes, memoryWindow(MEMORY_BASE), memoryWindow(MEMORY_LIMIT) | MEMORY_GRANULE - 1)
                || within(address, bytes, prefetchableWindow(PREFETCHABLE_BASE, PREFETCHABLE_BASE_HIGH),
                        prefetchableWindow(PREFETCHABLE_LIMIT, PREFETCHABLE_LIMIT_HIGH) | MEMORY_GRANULE - 1));
    }

    private static boolean within(long address, long bytes, long first, long last) {
        return Long.compareUnsigned(address, first) >= 0 && Long.compareUnsigned(address, last) <= 0
                && Long.compareUnsigned(bytes - 1, last - address) <= 0;
    }

    private long ioWindow(int register) {
        return (function.readConfig(register, 1) & 0xf0L) << 8;
    }

    private long memoryWindow(int register) {
        return (function.readConfig(register, 2) & 0xfff0L) << 16;
    }

    private long prefetchableWindow(int register, int high) {
        return memoryWindow(register) | (long) function.readConfig(high, 4) << 32;
    }

    // ---- what firmware does ----

    void number(int primary, int secondary, int subordinate) {
        function.writeConfig(PRIMARY, 1, primary);
        function.writeConfig(SECONDARY, 1, secondary);
        function.writeConfig(SUBORDINATE, 1, subordinate);
    }

    /// Sets a window, or with no bytes closes it.
    void placeIo(long first, long bytes) {
        function.writeConfig(IO_BASE, 1, bytes == 0 ? 0xf0 : (int) (first >>> 8));
        function.writeConfig(IO_LIMIT, 1, bytes == 0 ? 0 : (int) (first + bytes - 1 >>> 8) & 0xf0);
    }

    void placeMemory(long first, long bytes) {
        function.writeConfig(MEMORY_BASE, 2, bytes == 0 ? 0xfff0 : (int) (first >>> 16));
        function.writeConfig(MEMORY_LIMIT, 2, bytes == 0 ? 0 : (int) (first + bytes - 1 >>> 16));
    }

    void placePrefetchable(long first, long bytes) {
        long last = bytes == 0 ? 0 : first + bytes - 1;
        function.writeConfig(PREFETCHABLE_BASE_HIGH, 4, (int) (first >>> 32));
        function.writeConfig(PREFETCHABLE_LIMIT_HIGH, 4, (int) (last >>> 32));
        function.writeConfig(PREFETCHABLE_BASE, 2, bytes == 0 ? 0xfff0 : (int) (first >>> 16));
        function.writeConfig(PREFETCHABLE_LIMIT, 2, (int) (last >>> 16));
    }

    // ---- life ----

    /// Resets the bridge and what is behind it.
    @Override
    public void reset() {
        function.reset();
        bus.reset();
    }

    /// The bridge alone: functions behind it have states of their own.
    @Override
    public PciFunction.State save() {
        return function.save();
    }

    @Override
    public void load(PciFunction.State state) {
        function.load(state);
    }
}
