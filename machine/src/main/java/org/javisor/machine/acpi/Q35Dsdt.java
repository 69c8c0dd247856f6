// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine.acpi;

import static org.javisor.machine.acpi.Aml.and;
import static org.javisor.machine.acpi.Aml.argument;
import static org.javisor.machine.acpi.Aml.concat;
import static org.javisor.machine.acpi.Aml.define;
import static org.javisor.machine.acpi.Aml.device;
import static org.javisor.machine.acpi.Aml.doubleWordField;
import static org.javisor.machine.acpi.Aml.eisaId;
import static org.javisor.machine.acpi.Aml.equal;
import static org.javisor.machine.acpi.Aml.ifTrue;
import static org.javisor.machine.acpi.Aml.integer;
import static org.javisor.machine.acpi.Aml.method;
import static org.javisor.machine.acpi.Aml.name;
import static org.javisor.machine.acpi.Aml.not;
import static org.javisor.machine.acpi.Aml.or;
import static org.javisor.machine.acpi.Aml.otherwise;
import static org.javisor.machine.acpi.Aml.packageOf;
import static org.javisor.machine.acpi.Aml.returning;
import static org.javisor.machine.acpi.Aml.store;

import org.javisor.machine.layout.BoardModel;
import org.javisor.machine.layout.MemoryMap;

/// A Q35's own part: a PCI Express root whose pins have GSIs of their own, and control of which is the operating
/// system's if it asks.
final class Q35Dsdt implements BoardDsdt {
    // PCI Firmware Specification 3.3 §4.5.1: the arguments of _OSC of a PCI host bridge.
    private static final String PCI_OSC = "33db4d5b-1ff7-401c-9657-7441c03dd766";
    private static final int OSC_UNKNOWN_UUID = 4, OSC_UNKNOWN_REVISION = 8, OSC_MASKED = 0x10;
    /// Native hot-plug, power management events, advanced error reporting and the capability structure; no SHPC.
    private static final int OSC_GRANTED = 0x1d;

    @Override
    public byte[] identity() {
        return concat(define("_HID", eisaId("PNP0A08")), define("_CID", eisaId("PNP0A03")));
    }

    @Override
    public int isaBridge() {
        return 31 << 16;
    }

    @Override
    public byte[] withinIsaBridge() {
        return new byte[0];
    }

    @Override
    public byte[] withinRoot(AcpiConfig config) {
        BoardModel board = config.board();
        int[] irqs = board.pirqIrqs();
        return concat(
                hostBridgeControl(),
                define("PRTP", routing((slot, pin) -> irqs[board.wiring().line(slot, pin)])),
                define("PRTA", routing((slot, pin) -> board.wiring().gsi(board.wiring().line(slot, pin)))),
                method("_PRT", 0,
                        ifTrue(name("PICF"), returning(name("PRTA"))),
                        returning(name("PRTP"))));
    }

    /// Grants the operating system native control of what the root complex has.
    private static byte[] hostBridgeControl() {
        return method("_OSC", 4,
                doubleWordField(argument(3), 0, "CDW1"),
                ifTrue(equal(argument(0), Aml.uuid(PCI_OSC)),
                        doubleWordField(argument(3), 8, "CDW3"),
                        and(name("CDW3"), integer(OSC_GRANTED), Aml.local(0)),
                        ifTrue(not(equal(argument(1), integer(1))),
                                or(name("CDW1"), integer(OSC_UNKNOWN_REVISION), name("CDW1"))),
                        ifTrue(not(equal(name("CDW3"), Aml.local(0))),
                                or(name("CDW1"), integer(OSC_MASKED), name("CDW1"))),
                        store(Aml.local(0), name("CDW3")),
                        returning(argument(3))),
                otherwise(
                        or(name("CDW1"), integer(OSC_UNKNOWN_UUID), name("CDW1")),
                        returning(argument(3))));
    }

    @FunctionalInterface
    private interface PinRoute {
        /// @param pin 1 for INTA#
        int interrupt(int slot, int pin);
    }

    /// Four pins of each of 32 slots, hard-wired: source 0 means that the index is the interrupt itself.
    private static byte[] routing(PinRoute route) {
        byte[][] entries = new byte[32 * 4][];
        for (int slot = 0; slot < 32; slot++) {
            for (int pin = 0; pin < 4; pin++) {
                entries[slot * 4 + pin] = packageOf(integer((long) slot << 16 | 0xffff), integer(pin), integer(0),
                        integer(route.interrupt(slot, pin + 1)));
            }
        }
        return packageOf(entries);
    }

    @Override
    public byte[] beside(AcpiConfig config) {
        return device("HPET",
                define("_HID", eisaId("PNP0103")),
                define("_UID", integer(0)),
                define("_CRS", Resources.template(Resources.fixedMemory(MemoryMap.HPET, 0x400))));
    }

    @Override
    public byte[] reserved(AcpiConfig config) {
        return config.ecam() == 0 ? new byte[0] : Resources.fixedMemory(config.ecam(), MemoryMap.ECAM_BYTES);
    }

    @Override
    public byte[] events(AcpiConfig config) {
        return new byte[0];
    }
}
