// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine.acpi;

import static org.javisor.machine.acpi.Aml.argument;
import static org.javisor.machine.acpi.Aml.concat;
import static org.javisor.machine.acpi.Aml.define;
import static org.javisor.machine.acpi.Aml.device;
import static org.javisor.machine.acpi.Aml.eisaId;
import static org.javisor.machine.acpi.Aml.integer;
import static org.javisor.machine.acpi.Aml.method;
import static org.javisor.machine.acpi.Aml.name;
import static org.javisor.machine.acpi.Aml.packageOf;
import static org.javisor.machine.acpi.Aml.scope;
import static org.javisor.machine.acpi.Aml.store;

import org.javisor.machine.layout.LegacyMap;
import org.javisor.machine.layout.MemoryMap;

/// The differentiated system description: the PCI root with its windows, the devices behind the ISA bridge, and the
/// sleep states; a [BoardDsdt] adds how interrupts are routed.
final class Dsdt {
    /// The value for SLP_TYP that powers the machine off.
    static final int SLEEP_TYPE_S5 = 0;
    /// The value that suspends it to memory.
    static final int SLEEP_TYPE_S3 = 1;

    private Dsdt() { }

    static byte[] body(AcpiConfig config) {
        BoardDsdt board = BoardDsdt.of(config.board());
        byte[] events = board.events(config);
        return concat(
                // The operating system calls _PIC(1) when it uses IOAPICs.
                define("PICF", integer(0)),
                method("_PIC", 1, store(argument(0), name("PICF"))),
                define("\\_S0_", packageOf(integer(0), integer(0), integer(0), integer(0))),
                define("\\_S3_", packageOf(integer(SLEEP_TYPE_S3), integer(SLEEP_TYPE_S3), integer(0), integer(0))),
                define("\\_S5_", packageOf(integer(SLEEP_TYPE_S5), integer(SLEEP_TYPE_S5), integer(0), integer(0))),
                scope("\\_SB", pciRoot(config, board), board.beside(config), motherboard(config, board),
                        config.peripherals().tpm() ? TpmDescription.device() : new byte[0], processors(config)),
                events.length == 0 ? events : scope("\\_GPE", events));
    }

    private static byte[] pciRoot(AcpiConfig config, BoardDsdt board) {
        long pci64 = MemoryMap.pci64(config.ramBytes());
        return device("PCI0",
                board.identity(),
                define("_SEG", integer(0)),
                define("_BBN", integer(0)),
                define("_UID", integer(0)),
                define("_CRS", Resources.template(
                        Resources.busRange(0, 255),
                        Resources.portWindow(0, 0xcf7),
                        Resources.ports(0xcf8, 8),
                        Resources.portWindow(0xd00, 0xffff),
                        Resources.memoryWindow32(0xa_0000, 0xb_ffff),
                        Resources.memoryWindow32(config.pci32(), MemoryMap.PCI32_END - 1),
                        Resources.memoryWindow64(pci64, pci64 + MemoryMap.PCI64_BYTES - 1))),
                board.withinRoot(config),
                isaBridge(config, board));
    }

    private static byte[] isaBridge(AcpiConfig config, BoardDsdt board) {
        byte[] serial = {};
        for (int n = 0; n < config.serialPorts(); n++) {
            serial = concat(serial, isaDevice("COM" + (n + 1), "PNP0501", n + 1,
                    Resources.ports(LegacyMap.SERIAL_PORTS[n], 8), Resources.irq(LegacyMap.SERIAL_IRQS[n])));
        }
        return device("ISA_",
                define("_ADR", integer(board.isaBridge())),
                board.withinIsaBridge(),
                serial,
                IsaPeripherals.body(config.peripherals()),
                isaDevice("KBD_", "PNP0303", 0, Resources.ports(0x60, 1), Resources.ports(0x64, 1), Resources.irq(1)),
                isaDevice("MOU_", "PNP0F13", 0, Resources.irq(12)),
                isaDevice("RTC_", "PNP0B00", 0, Resources.ports(0x70, 8), Resources.irq(8)),
                isaDevice("PIC_", "PNP0000", 0, Resources.ports(0x20, 2), Resources.ports(0xa0, 2), Resources.irq(2)),
                isaDevice("DMA_", "PNP0200", 0, Resources.ports(0, 0x10), Resources.ports(0x81, 3),
                        Resources.ports(0x87, 1), Resources.ports(0x89, 3), Resources.ports(0x8f, 1),
                        Resources.ports(0xc0, 0x20), Resources.dma(4)),
                isaDevice("TMR_", "PNP0100", 0, Resources.ports(0x40, 4), Resources.irq(0)));
    }

    static byte[] isaDevice(String path, String id, int uid, byte[]... resources) {
        return device(path,
                define("_HID", eisaId(id)),
                define("_UID", integer(uid)),
                define("_STA", integer(0xf)),
                define("_CRS", Resources.template(resources)));
    }

    /// Address ranges that belong to no device but must not be given to one.
    private static byte[] motherboard(AcpiConfig config, BoardDsdt board) {
        return device("MBRD",
                define("_HID", eisaId("PNP0C02")),
                define("_UID", integer(0)),
                define("_CRS", Resources.template(
                        board.reserved(config),
                        Resources.ports(0x92, 1),
                        Resources.ports(AcpiConfig.SMI_COMMAND, 2),
                        Resources.ports(config.pmBase(), config.board().pmPorts()))));
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
