// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// What firmware does for PCI before a system starts: it gives every BAR an address and every interrupt pin
/// the number of the PIC's input that it reaches, and turns decoding on.
public final class PciFirmware {
    private static final int NOT_CONNECTED = 0xff;

    /// Addresses to hand out, from `start` on and below `end`.
    public record Window(long start, long end) { }

    private record Wanted(PciFunction function, Bar bar) { }

    private long nextPort;
    private long nextLow;
    private long nextHigh;
    private final Window ports;
    private final Window low;
    private final Window high;

    /// @param ports I/O ports
    /// @param low   addresses below 4 GiB
    /// @param high  addresses above 4 GiB for 64-bit BARs; an empty window puts those below as well
    public PciFirmware(Window ports, Window low, Window high) {
        this.ports = ports;
        this.low = low;
        this.high = high;
        nextPort = ports.start;
        nextLow = low.start;
        nextHigh = high.start;
    }

    /// Hands out addresses, the largest BARs first so that alignment wastes nothing.
    ///
    /// @throws IllegalStateException if a window is too small
    public void assign(PciBus bus) {
        List<Wanted> wanted = new ArrayList<>();
        for (PciFunction function : bus.functions()) {
            function.bars().forEach(bar -> wanted.add(new Wanted(function, bar)));
        }
        wanted.sort(Comparator.comparingLong((Wanted w) -> w.bar.bytes).reversed());
        wanted.forEach(w -> w.function.assign(w.bar, take(w.bar)));
        for (PciFunction function : bus.functions()) {
            function.writeConfig(ConfigSpace.COMMAND, 2, function.readConfig(ConfigSpace.COMMAND, 2)
                    | PciFunction.COMMAND_IO | PciFunction.COMMAND_MEMORY);
        }
    }

    private long take(Bar bar) {
        if (bar.kind == Bar.Kind.IO) {
            long at = align(nextPort, bar.bytes);
            nextPort = check(at + bar.bytes, ports, bar);
            return at;
        }
        if (bar.kind == Bar.Kind.MEMORY64 && high.end > high.start) {
            long at = align(nextHigh, bar.bytes);
            nextHigh = check(at + bar.bytes, high, bar);
            return at;
        }
        long at = align(nextLow, bar.bytes);
        nextLow = check(at + bar.bytes, low, bar);
        return at;
    }

    private static long align(long address, long bytes) {
        return address + bytes - 1 & -bytes;
    }

    private static long check(long end, Window window, Bar bar) {
        if (Long.compareUnsigned(end, window.end) > 0) {
            throw new IllegalStateException("no room for a BAR of " + bar.bytes + " bytes");
        }
        return end;
    }

    /// Tells every function in its interrupt line register which of ISA's interrupts its pin reaches.
    ///
    /// @param irqs for each PIRQ, A first, what it is routed to
    public void route(PciBus bus, PirqWiring wiring, int[] irqs) {
        for (PciFunction function : bus.functions()) {
            int pin = function.readConfig(ConfigSpace.INTERRUPT_PIN, 1);
            int irq = pin == 0 ? NOT_CONNECTED : irqs[wiring.line(function.bdf().device(), pin)];
            function.writeConfig(ConfigSpace.INTERRUPT_LINE, 1, irq);
        }
    }
}
