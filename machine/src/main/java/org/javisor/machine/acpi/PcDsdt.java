// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine.acpi;

import static org.javisor.machine.acpi.Aml.and;
import static org.javisor.machine.acpi.Aml.argument;
import static org.javisor.machine.acpi.Aml.call;
import static org.javisor.machine.acpi.Aml.concat;
import static org.javisor.machine.acpi.Aml.configRegion;
import static org.javisor.machine.acpi.Aml.define;
import static org.javisor.machine.acpi.Aml.device;
import static org.javisor.machine.acpi.Aml.doubleWordField;
import static org.javisor.machine.acpi.Aml.eisaId;
import static org.javisor.machine.acpi.Aml.fields;
import static org.javisor.machine.acpi.Aml.ifTrue;
import static org.javisor.machine.acpi.Aml.integer;
import static org.javisor.machine.acpi.Aml.less;
import static org.javisor.machine.acpi.Aml.local;
import static org.javisor.machine.acpi.Aml.method;
import static org.javisor.machine.acpi.Aml.name;
import static org.javisor.machine.acpi.Aml.or;
import static org.javisor.machine.acpi.Aml.packageOf;
import static org.javisor.machine.acpi.Aml.returning;
import static org.javisor.machine.acpi.Aml.store;

import java.util.Arrays;
import org.javisor.devices.pci.AcpiPciHotplug;
import org.javisor.devices.pci.Piix3Isa;
import org.javisor.machine.layout.BoardModel;

/// An i440FX's own part: a conventional PCI root, whose pins share ISA's interrupts by way of four links that the
/// operating system may route.
final class PcDsdt implements BoardDsdt {
    private static final String ISA = "\\_SB.PCI0.ISA";
    private static final int PRESENT_DECODING = 0xb, PRESENT_DISABLED = 9, ROUTE_OFF = 0x80;

    @Override
    public byte[] identity() {
        return define("_HID", eisaId("PNP0A03"));
    }

    @Override
    public int isaBridge() {
        return Piix3Isa.DEVICE << 16;
    }

    /// The route registers.
    @Override
    public byte[] withinIsaBridge() {
        return concat(configRegion("PIRQ", 0x60, 4), fields("PIRQ", 8, "PRQ0", "PRQ1", "PRQ2", "PRQ3"));
    }

    @Override
    public byte[] withinRoot(AcpiConfig config) {
        byte[] slots = config.hotplugSlots() == 0 ? new byte[0] : HotplugDsdt.withinRoot(config.hotplugSlots());
        return concat(define("_PRT", routing(config.board())), slots);
    }

    /// Pins lead to links, but for that of power management, which is the system control interrupt.
    private static byte[] routing(BoardModel board) {
        byte[][] entries = new byte[32 * 4][];
        for (int slot = 0; slot < 32; slot++) {
            for (int pin = 0; pin < 4; pin++) {
                boolean sci = slot == Piix3Isa.DEVICE && pin == 0;
                entries[slot * 4 + pin] = packageOf(integer((long) slot << 16 | 0xffff), integer(pin),
                        sci ? integer(0) : name("\\_SB." + link(board.wiring().line(slot, pin + 1))),
                        integer(sci ? AcpiConfig.SCI : 0));
            }
        }
        return packageOf(entries);
    }

    private static String link(int line) {
        return "LNK" + (char) ('A' + line);
    }

    @Override
    public byte[] beside(AcpiConfig config) {
        byte[] links = concat(
                method("IQST", 1,
                        ifTrue(and(argument(0), integer(ROUTE_OFF), new byte[1]), returning(integer(PRESENT_DISABLED))),
                        returning(integer(PRESENT_DECODING))),
                method("IQCR", 1 | Aml.SERIALIZED,
                        store(Resources.template(Resources.sharedInterrupts(0)), local(0)),
                        doubleWordField(local(0), Resources.INTERRUPT_NUMBER, "PRRI"),
                        ifTrue(less(argument(0), integer(ROUTE_OFF)), store(argument(0), name("PRRI"))),
                        returning(local(0))));
        int[] choices = Arrays.stream(config.board().pirqIrqs()).distinct().toArray();
        for (int line = 0; line < config.board().wiring().lines(); line++) {
            links = concat(links, linkDevice(line, choices));
        }
        return links;
    }

    private static byte[] linkDevice(int line, int[] choices) {
        byte[] register = name(ISA + ".PRQ" + line);
        return device(link(line),
                define("_HID", eisaId("PNP0C0F")),
                define("_UID", integer(line)),
                define("_PRS", Resources.template(Resources.sharedInterrupts(choices))),
                method("_STA", 0, returning(call("IQST", register))),
                method("_DIS", 0, or(register, integer(ROUTE_OFF), register)),
                method("_CRS", 0, returning(call("IQCR", register))),
                method("_SRS", 1 | Aml.SERIALIZED,
                        doubleWordField(argument(0), Resources.INTERRUPT_NUMBER, "PRRI"),
                        store(name("PRRI"), register)));
    }

    @Override
    public byte[] reserved(AcpiConfig config) {
        return concat(Resources.ports(BoardModel.PC_GPE0, config.board().gpe0Bytes()),
                Resources.ports(AcpiPciHotplug.PORT, AcpiPciHotplug.PORTS));
    }

    @Override
    public byte[] events(AcpiConfig config) {
        return config.hotplugSlots() == 0 ? new byte[0] : HotplugDsdt.event();
    }
}
