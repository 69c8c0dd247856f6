// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.IoBus;
import org.javisor.memory.Ram;
import org.javisor.testkit.ProbeLine;

/// What a controller on PCI needs around it: a bus, memory, interrupt inputs.
public final class PciHost implements AutoCloseable {
    public static final int SLOT = 2;
    public static final long RAM_BYTES = 4L << 20;

    public final GuestMemory memory = new GuestMemory();
    public final ProbeLine[] gsis = IntStream.range(0, 24).mapToObj(_ -> new ProbeLine()).toArray(ProbeLine[]::new);
    public final List<Integer> messages = new ArrayList<>();
    public final IoBus ports = new IoBus("port", 0xffff);
    private final Ram ram = Ram.allocate(RAM_BYTES);
    private final PciBus bus = new PciBus(ports, new IoBus("MMIO address", (1L << 46) - 1), (1L << 46) - 1,
            new PirqRouter(n -> gsis[n]), (_, data) -> messages.add(data));

    public PciHost() {
        memory.addSlot(0, 0, ram);
    }

    /// Puts the function into the slot; it decodes nothing and reaches no memory yet.
    public void plug(PciFunction function) {
        bus.add(SLOT, 0, function);
    }

    public PciBus bus() {
        return bus;
    }

    /// The input that INTA# of the slot leads to.
    public ProbeLine intx() {
        return gsis[16 + PirqWiring.ICH9.line(SLOT, 1)];
    }

    @Override
    public void close() {
        ram.close();
    }
}
