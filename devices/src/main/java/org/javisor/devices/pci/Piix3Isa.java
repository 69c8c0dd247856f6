// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

/// Function 0 of a PIIX3: the bridge to the ISA devices. It routes PIRQs to ISA's interrupts.
///
/// @datasheet Intel 82371SB (PIIX3) "PCI Configuration Registers—PCI to ISA Bridge (Function 0)"
public final class Piix3Isa {
    /// Where boards of this kind have it.
    public static final int DEVICE = 1;

    static final int PIRQRC = 0x60;
    private static final int ISA_RECOVERY = 0x4c, XBUS_SELECT = 0x4e, TOP_OF_MEMORY = 0x69, MISCELLANEOUS = 0x6a,
            MOTHERBOARD_IRQS = 0x70, APIC_BASE = 0x80, DETERMINISTIC_LATENCY = 0x82;

    private final PciFunction function;

    /// Makes the bridge and puts it on `bus`.
    public Piix3Isa(PciBus bus, PirqRouter router) {
        function = new PciFunction(new PciFunction.Identity(0x8086, 0x7000, 0, 0x060100, 0x1af4, 0x1100));
        ConfigSpace config = function.config();
        config.set(ConfigSpace.COMMAND, 2, 7);
        config.allow(ConfigSpace.COMMAND, 2, 0x148);    // I/O, memory and mastering are always on
        config.set(ConfigSpace.STATUS, 2, 0x200);
        config.set(ISA_RECOVERY, 1, 0x4d);
        config.allow(ISA_RECOVERY, 1, 0xff);
        config.set(XBUS_SELECT, 2, 3);
        config.allow(XBUS_SELECT, 2, 0x1ff);
        config.set(TOP_OF_MEMORY, 1, 2);
        config.allow(TOP_OF_MEMORY, 1, 0xfe);
        config.allow(MISCELLANEOUS, 2, 0x8003);
        config.set(MOTHERBOARD_IRQS, 2, 0x8080);
        config.allow(MOTHERBOARD_IRQS, 2, 0xefef);
        config.allow(APIC_BASE, 1, 0x7f);
        config.allow(DETERMINISTIC_LATENCY, 1, 0x0f);
        for (int line = 0; line < router.wiring().lines(); line++) {
            router.defineRoute(function, PIRQRC + line, line);
        }
        bus.add(DEVICE, 0, function);
    }

    public PciFunction function() {
        return function;
    }

    /// Routes PIRQ `line` (0 for A) to ISA's interrupt `irq`, as firmware does.
    public void routePirq(int line, int irq) {
        function.writeConfig(PIRQRC + line, 1, irq);
    }
}
