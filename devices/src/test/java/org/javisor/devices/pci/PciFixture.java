// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.javisor.devices.AcpiPm;
import org.javisor.devices.ResetControl;
import org.javisor.devices.ResetKind;
import org.javisor.memory.BusDevice;
import org.javisor.memory.InterruptLine;
import org.javisor.memory.IoBus;
import org.javisor.testkit.ManualClock;
import org.javisor.testkit.ProbeLine;

/// A root bus with both bridges and nothing else, and the ways into it.
final class PciFixture {
    static final long ECAM = 0xb000_0000L;

    /// BARs of the functions that [#addFunction] makes.
    static final int MEMORY_BAR = 0, IO_BAR = 1, MEMORY64_BAR = 2;

    final IoBus ports = new IoBus("port", 0xffff);
    final IoBus mmio = new IoBus("MMIO address", (1L << 46) - 1);
    final ProbeLine[] gsis = IntStream.range(0, 24).mapToObj(_ -> new ProbeLine()).toArray(ProbeLine[]::new);
    final List<String> messages = new ArrayList<>();
    final List<ResetKind> resets = new ArrayList<>();
    final PirqRouter router = new PirqRouter(n -> gsis[n]);
    final PciBus bus = new PciBus(ports, mmio, (1L << 46) - 1, router,
            (address, data) -> messages.add(Long.toHexString(address) + ":" + Integer.toHexString(data)));
    final Ich9Lpc lpc = new Ich9Lpc(bus, ports, router,
            new AcpiPm(new ManualClock(), InterruptLine.UNCONNECTED, 24, _ -> { }), null);

    PciFixture() {
        new Q35HostBridge(bus, mmio, (_, _, _) -> { }, Smram.NONE).placeEcam(ECAM, 256);
        ports.attach(PciConfigPorts.PORT, PciConfigPorts.PORTS,
                new PciConfigPorts(bus, new ResetControl(resets::add)), "PCI");
    }

    /// A function with a BAR of each kind, whose registers read as the BAR's number.
    PciFunction addFunction(int device, int number) {
        PciFunction function = function();
        bus.add(device, number, function);
        return function;
    }

    /// As [#addFunction], on no bus yet.
    static PciFunction function() {
        PciFunction function = new PciFunction(new PciFunction.Identity(0x1234, 0x5678, 0, 0xff0000, 1, 2));
        function.addMemoryBar(MEMORY_BAR, 0x2000, reading(MEMORY_BAR), "memory");
        function.addIoBar(IO_BAR, 0x20, reading(IO_BAR), "ports");
        function.addMemory64Bar(MEMORY64_BAR, 0x4000, reading(MEMORY64_BAR), "memory64");
        function.useIntx(1);
        return function;
    }

    private static BusDevice reading(int value) {
        return new BusDevice() {
            @Override
            public long read(long offset, int size) {
                return value;
            }

            @Override
            public void write(long offset, int size, long written) { }
        };
    }

    int readPorts(int devfn, int offset, int size) {
        ports.write(0xcf8, 4, 0x8000_0000L | devfn << 8 | offset & 0xfc);
        return (int) ports.read(0xcfc + (offset & 3), size);
    }

    void writePorts(int devfn, int offset, int size, int value) {
        ports.write(0xcf8, 4, 0x8000_0000L | devfn << 8 | offset & 0xfc);
        ports.write(0xcfc + (offset & 3), size, value);
    }

    int readEcam(int devfn, int offset, int size) {
        return (int) mmio.read(ECAM + ((long) devfn << 12) + offset, size);
    }

    void writeEcam(int devfn, int offset, int size, int value) {
        mmio.write(ECAM + ((long) devfn << 12) + offset, size, value);
    }
}
