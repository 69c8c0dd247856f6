// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine.acpi;

import static org.javisor.machine.acpi.Aml.acquire;
import static org.javisor.machine.acpi.Aml.and;
import static org.javisor.machine.acpi.Aml.argument;
import static org.javisor.machine.acpi.Aml.call;
import static org.javisor.machine.acpi.Aml.concat;
import static org.javisor.machine.acpi.Aml.define;
import static org.javisor.machine.acpi.Aml.device;
import static org.javisor.machine.acpi.Aml.fields;
import static org.javisor.machine.acpi.Aml.ifTrue;
import static org.javisor.machine.acpi.Aml.integer;
import static org.javisor.machine.acpi.Aml.method;
import static org.javisor.machine.acpi.Aml.mutex;
import static org.javisor.machine.acpi.Aml.name;
import static org.javisor.machine.acpi.Aml.notification;
import static org.javisor.machine.acpi.Aml.portRegion;
import static org.javisor.machine.acpi.Aml.release;
import static org.javisor.machine.acpi.Aml.shiftLeft;
import static org.javisor.machine.acpi.Aml.store;

import org.javisor.devices.pci.AcpiPciHotplug;

/// Slots of the root bus that are filled and emptied while the machine runs, over the registers of [AcpiPciHotplug].
///
/// They have no `_STA`: whether there is a function is what its configuration space says.
///
/// @acpi 6.5 §6.3 "Device Insertion, Removal, and Status Objects"
final class HotplugDsdt {
    private static final int DEVICE_CHECK = 1, EJECT_REQUEST = 3, SLOTS = 32;

    private HotplugDsdt() { }

    /// Terms within the root bridge.
    ///
    /// @param slots a bit for each device number
    static byte[] withinRoot(int slots) {
        byte[] devices = {};
        byte[] notifications = {};
        for (int slot = 0; slot < SLOTS; slot++) {
            if ((slots >>> slot & 1) != 0) {
                devices = concat(devices, slotDevice(slot));
                notifications = concat(notifications, ifTrue(and(argument(0), integer(1L << slot), new byte[1]),
                        notification(slotName(slot), argument(1))));
            }
        }
        int port = AcpiPciHotplug.PORT;
        return concat(
                portRegion("PCST", port, 8), fields("PCST", 32, "PCIU", "PCID"),
                portRegion("SEJ", port + AcpiPciHotplug.EJECT, 4), fields("SEJ", 32, "B0EJ"),
                portRegion("BNMR", port + AcpiPciHotplug.BUS, 4), fields("BNMR", 32, "BNUM"),
                mutex("BLCK"),
                method("PCEJ", 1 | Aml.SERIALIZED,
                        acquire("BLCK"),
                        store(integer(0), name("BNUM")),
                        shiftLeft(integer(1), argument(0), name("B0EJ")),
                        release("BLCK")),
                devices,
                method("DVNT", 2, notifications),
                method("PCNT", Aml.SERIALIZED,
                        acquire("BLCK"),
                        store(integer(0), name("BNUM")),
                        call("DVNT", name("PCIU"), integer(DEVICE_CHECK)),
                        call("DVNT", name("PCID"), integer(EJECT_REQUEST)),
                        release("BLCK")));
    }

    private static byte[] slotDevice(int slot) {
        return device(slotName(slot),
                define("_SUN", integer(slot)),
                define("_ADR", integer((long) slot << 16)),
                method("_EJ0", 1, call("PCEJ", name("_SUN"))));
    }

    private static String slotName(int slot) {
        return String.format("S%02X", slot << 3);
    }

    /// The handler of the general-purpose event.
    static byte[] event() {
        return method("_E" + String.format("%02X", AcpiPciHotplug.EVENT), 0, call("\\_SB.PCI0.PCNT"));
    }
}
