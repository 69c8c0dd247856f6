// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/// What firmware does for PCI before a system starts: it numbers the buses, gives every BAR an address, every bridge
/// windows, and every interrupt pin the number of the PIC's input that it reaches, and turns decoding on.
public final class PciFirmware {
    private static final int NOT_CONNECTED = 0xff;
    /// What is kept free behind a port for what may be plugged in.
    private static final long SPARE_LOW = 2L << 20, SPARE_HIGH = 64L << 20;

    /// Addresses to hand out, from `start` on and below `end`.
    public record Window(long start, long end) { }

    /// Kinds of addresses, with what a bridge's window for them is a multiple of.
    private enum Pool {
        PORTS(PciBridge.IO_GRANULE), LOW(PciBridge.MEMORY_GRANULE), HIGH(PciBridge.MEMORY_GRANULE);

        final long granule;

        Pool(long granule) {
            this.granule = granule;
        }
    }

    private final Window ports;
    private final Window low;
    private final Window high;
    private int lastBus;

    /// @param ports I/O ports
    /// @param low   addresses below 4 GiB
    /// @param high  addresses above 4 GiB for 64-bit BARs; an empty window puts those below as well
    public PciFirmware(Window ports, Window low, Window high) {
        this.ports = ports;
        this.low = low;
        this.high = high;
    }

    /// Numbers buses and hands out addresses.
    ///
    /// @throws IllegalStateException if a window is too small
    public void assign(PciBus root) {
        lastBus = 0;
        number(root, 0);
        Map<Pool, AddressDemand> demands = demands(root);
        place(demands.get(Pool.PORTS), ports);
        place(demands.get(Pool.LOW), low);
        place(demands.get(Pool.HIGH), high);
        for (PciFunction function : root.everyFunction()) {
            int on = PciFunction.COMMAND_IO | PciFunction.COMMAND_MEMORY
                    | (function.bridge() == null ? 0 : PciFunction.COMMAND_MASTER);
            function.writeConfig(ConfigSpace.COMMAND, 2, function.readConfig(ConfigSpace.COMMAND, 2) | on);
        }
    }

    /// Depth first, so that the numbers behind each bridge are one range.
    private void number(PciBus bus, int number) {
        for (PciFunction function : bus.functions()) {
            PciBridge bridge = function.bridge();
            if (bridge != null) {
                int secondary = ++lastBus;
                bridge.number(number, secondary, 0xff);
                number(bridge.bus(), secondary);
                bridge.number(number, secondary, lastBus);
            }
        }
    }

    private Map<Pool, AddressDemand> demands(PciBus bus) {
        Map<Pool, AddressDemand> demands = new EnumMap<>(Pool.class);
        for (Pool pool : Pool.values()) {
            demands.put(pool, new AddressDemand());
        }
        for (PciFunction function : bus.functions()) {
            for (Bar bar : function.bars()) {
                demands.get(poolOf(bar)).add(bar.bytes, bar.bytes, address -> function.assign(bar, address));
            }
            if (function.bridge() != null) {
                addWindows(function.bridge(), demands);
            }
        }
        return demands;
    }

    private Pool poolOf(Bar bar) {
        return switch (bar.kind) {
            case IO -> Pool.PORTS;
            case MEMORY64 -> high.end > high.start ? Pool.HIGH : Pool.LOW;
            case MEMORY32, PREFETCHABLE32, ROM -> Pool.LOW;
        };
    }

    private void addWindows(PciBridge bridge, Map<Pool, AddressDemand> demands) {
        Map<Pool, AddressDemand> behind = demands(bridge.bus());
        boolean port = bridge.bus().kind() == PciBus.Kind.LINK;
        for (Pool pool : Pool.values()) {
            AddressDemand wanted = behind.get(pool);
            long spare = !port ? 0 : switch (pool) {
                case PORTS -> 0;
                case LOW -> SPARE_LOW;
                case HIGH -> high.end > high.start ? SPARE_HIGH : 0;
            };
            long bytes = AddressDemand.align(Math.max(wanted.bytes(), spare), pool.granule);
            if (bytes == 0) {
                setWindow(bridge, pool, 0, 0);
                continue;
            }
            demands.get(pool).add(bytes, wanted.alignment(pool.granule), start -> {
                setWindow(bridge, pool, start, bytes);
                wanted.place(start);
            });
        }
    }

    private static void setWindow(PciBridge bridge, Pool pool, long start, long bytes) {
        switch (pool) {
            case PORTS -> bridge.placeIo(start, bytes);
            case LOW -> bridge.placeMemory(start, bytes);
            case HIGH -> bridge.placePrefetchable(start, bytes);
        }
    }

    private static void place(AddressDemand demand, Window window) {
        long end = demand.place(window.start);
        if (end != window.start && Long.compareUnsigned(end, window.end) > 0) {
            throw new IllegalStateException("no room for " + demand.bytes() + " bytes of PCI addresses");
        }
    }

    /// Tells every function in its interrupt line register which of ISA's interrupts its pin reaches.
    ///
    /// @param irqs for each PIRQ, A first, what it is routed to
    public void route(PciBus root, PirqWiring wiring, int[] irqs) {
        List<PciFunction> all = root.everyFunction();
        for (PciFunction function : all) {
            int pin = function.readConfig(ConfigSpace.INTERRUPT_PIN, 1);
            int irq = pin == 0 ? NOT_CONNECTED : irqs[function.bus().pirq(wiring, function.device(), pin)];
            function.writeConfig(ConfigSpace.INTERRUPT_LINE, 1, irq);
        }
    }
}
