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
import static org.javisor.machine.acpi.Aml.scope;
import static org.javisor.machine.acpi.Aml.store;

import org.javisor.machine.layout.LegacyMap;
import org.javisor.machine.layout.MemoryMap;

/// The differentiated system description: the PCI Express root with its windows and interrupt routing, the devices
/// behind the ISA bridge, and the sleep states.
final class Dsdt {
    /// The value for SLP_TYP that powers the machine off.
    static final int SLEEP_TYPE_S5 = 0;

    // PCI Firmware Specification 3.3 §4.5.1: the arguments of _OSC of a PCI host bridge.
    private static final String PCI_OSC = "33db4d5b-1ff7-401c-9657-7441c03dd766";
    private static final int OSC_UNKNOWN_UUID = 4, OSC_UNKNOWN_REVISION = 8, OSC_MASKED = 0x10;
    /// Native hot-plug, power management events, advanced error reporting and the capability structure; no SHPC.
    private static final int OSC_GRANTED = 0x1d;

    private Dsdt() { }

    static byte[] body(AcpiConfig config) {
        return concat(
                // The operating system calls _PIC(1) when it uses IOAPICs.
                define("PICF", integer(0)),
                method("_PIC", 1, store(argument(0), name("PICF"))),
                define("\\_S0_", packageOf(integer(0), integer(0), integer(0), integer(0))),
                define("\\_S5_", packageOf(integer(SLEEP_TYPE_S5), integer(SLEEP_TYPE_S5), integer(0), integer(0))),
                scope("\\_SB", pciRoot(config), motherboard(), processors(config)));
    }

    private static byte[] pciRoot(AcpiConfig config) {
        long pci64 = MemoryMap.pci64(config.ramBytes());
        return device("PCI0",
                define("_HID", eisaId("PNP0A08")),
                define("_CID", eisaId("PNP0A03")),
                define("_SEG", integer(0)),
                define("_BBN", integer(0)),
                define("_UID", integer(0)),
                define("_CRS", Resources.template(
                        Resources.busRange(0, 255),
                        Resources.portWindow(0, 0xcf7),
                        Resources.ports(0xcf8, 8),
                        Resources.portWindow(0xd00, 0xffff),
                        Resources.memoryWindow32(0xa_0000, 0xb_ffff),
                        Resources.memoryWindow32(MemoryMap.PCI32, MemoryMap.PCI32_END - 1),
                        Resources.memoryWindow64(pci64, pci64 + MemoryMap.PCI64_BYTES - 1))),
                hostBridgeControl(),
                define("PRTP", routing(AcpiConfig::pirqIrq)),
                define("PRTA", routing(AcpiConfig::pirqGsi)),
                method("_PRT", 0,
                        ifTrue(name("PICF"), returning(name("PRTA"))),
                        returning(name("PRTP"))),
                isaBridge(config));
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
        int interrupt(int slot, int pin);
    }

    /// Four pins of each of 32 slots, hard-wired: source 0 means that the index is the interrupt itself.
    private static byte[] routing(PinRoute route) {
        byte[][] entries = new byte[32 * 4][];
        for (int slot = 0; slot < 32; slot++) {
            for (int pin = 0; pin < 4; pin++) {
                entries[slot * 4 + pin] = packageOf(integer((long) slot << 16 | 0xffff), integer(pin), integer(0),
                        integer(route.interrupt(slot, pin)));
            }
        }
        return packageOf(entries);
    }

    private static byte[] isaBridge(AcpiConfig config) {
        byte[] serial = {};
        for (int n = 0; n < config.serialPorts(); n++) {
            serial = concat(serial, isaDevice("COM" + (n + 1), "PNP0501", n + 1,
                    Resources.ports(LegacyMap.SERIAL_PORTS[n], 8), Resources.irq(LegacyMap.SERIAL_IRQS[n])));
        }
        return device("ISA_",
                define("_ADR", integer(31L << 16)),
                serial,
                isaDevice("KBD_", "PNP0303", 0, Resources.ports(0x60, 1), Resources.ports(0x64, 1), Resources.irq(1)),
                isaDevice("MOU_", "PNP0F13", 0, Resources.irq(12)),
                isaDevice("RTC_", "PNP0B00", 0, Resources.ports(0x70, 8), Resources.irq(8)),
                isaDevice("PIC_", "PNP0000", 0, Resources.ports(0x20, 2), Resources.ports(0xa0, 2), Resources.irq(2)),
                isaDevice("TMR_", "PNP0100", 0, Resources.ports(0x40, 4), Resources.irq(0)));
    }

    private static byte[] isaDevice(String path, String id, int uid, byte[]... resources) {
        return device(path,
                define("_HID", eisaId(id)),
                define("_UID", integer(uid)),
                define("_STA", integer(0xf)),
                define("_CRS", Resources.template(resources)));
    }

    /// Address ranges that belong to no device but must not be given to one.
    private static byte[] motherboard() {
        return concat(
                device("HPET",
                        define("_HID", eisaId("PNP0103")),
                        define("_UID", integer(0)),
                        define("_CRS", Resources.template(Resources.fixedMemory(MemoryMap.HPET, 0x400)))),
                device("MBRD",
                        define("_HID", eisaId("PNP0C02")),
                        define("_UID", integer(0)),
                        define("_CRS", Resources.template(
                                Resources.fixedMemory(MemoryMap.ECAM, MemoryMap.ECAM_BYTES),
                                Resources.ports(0x92, 1),
                                Resources.ports(AcpiConfig.SMI_COMMAND, 2),
                                Resources.ports(AcpiConfig.PM_BASE, 0x80)))));
    }

    private static byte[] processors(AcpiConfig config) {
        byte[][] devices = new byte[config.cpus()][];
        for (int n = 0; n < devices.length; n++) {
            devices[n] = device(String.format("C%03X", n),
                    define("_HID", Aml.string("ACPI0007")),
                    define("_UID", integer(n)));
        }
        return concat(devices);
    }
}
