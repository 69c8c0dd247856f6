// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

import org.javisor.memory.Clock;
import org.javisor.memory.InterruptLine;
import org.javisor.memory.IoBus;

/// The interrupt chips that a PC's processors share: PIC pair, I/O APIC and PIT.
final class PcChips {
    final I8259Pair pic;
    final IoApic ioApic;
    final I8254 pit;

    /// @param intr      the PIC's output
    /// @param pitOutput the PIT's
    PcChips(Clock clock, ApicBus bus, boolean wideDestinations, InterruptLine intr, InterruptLine pitOutput) {
        this.pic = new I8259Pair(intr);
        this.ioApic = new IoApic(bus, wideDestinations);
        this.pit = new I8254(clock, pitOutput);
    }

    void attach(IoBus ports, IoBus mmio, boolean withPit) {
        pic.attach(ports);
        if (withPit) {
            pit.attach(ports);
        }
        mmio.attach(IoApic.DEFAULT_PAGE, IoApic.PAGE_BYTES, ioApic, "I/O APIC");
    }

    void reset() {
        pic.reset();
        ioApic.reset();
        pit.reset();
    }

    InterruptChips.State save() {
        return new InterruptChips.State(pic.save(), pit.save(), ioApic.save());
    }

    void restore(InterruptChips.State saved) {
        pic.restore(saved.pic());
        ioApic.restore(saved.ioApic());
        pit.restore(saved.pit());
    }
}
