// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine.firmware;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.javisor.devices.firmware.FwCfg;
import org.javisor.machine.acpi.AcpiConfig;
import org.javisor.machine.acpi.AcpiTables;
import org.javisor.machine.layout.MemoryMap;
import org.javisor.machine.smbios.Smbios;

/// What firmware is told of the machine, as files of its configuration device.
public final class FirmwareFiles {
    private static final String TABLES = "etc/acpi/tables", RSDP = "etc/acpi/rsdp", LOADER = "etc/table-loader";
    private static final int TABLE_ALIGNMENT = 64, RSDP_ALIGNMENT = 16;
    /// With room: which tables there are depends on how firmware has set up the board. It ignores commands of zeros.
    private static final int TABLE_BYTES = 64 << 10, LOADER_BYTES = 8 << 10;
    private static final int SMBIOS_ENTRY_BYTES = 24, SMBIOS_TABLE_OFFSET = 32;
    private static final int RAM = 1;
    private static final int COM1 = 0x3f8;

    private FirmwareFiles() { }

    /// Adds them.
    ///
    /// @param acpi         what ACPI tables are to say, when they are asked for
    /// @param serialScreen whether text for the screen goes to the first serial port too, on a machine without a screen
    public static void addTo(FwCfg configuration, int cpus, long ramBytes, Supplier<AcpiConfig> acpi,
                             boolean serialScreen) {
        configuration.file("etc/e820", memoryMap(ramBytes));
        Supplier<AcpiTables.Relocatable> tables = () -> AcpiTables.relocatable(acpi.get());
        configuration.file(TABLES, TABLE_BYTES, () -> tables.get().tables());
        configuration.file(RSDP, () -> tables.get().rsdp());
        configuration.file(LOADER, LOADER_BYTES, () -> loader(tables.get()));
        byte[] smbios = Smbios.build(cpus, ramBytes, 0);
        configuration.file("etc/smbios/smbios-anchor", Arrays.copyOf(smbios, SMBIOS_ENTRY_BYTES));
        configuration.file("etc/smbios/smbios-tables",
                Arrays.copyOfRange(smbios, SMBIOS_TABLE_OFFSET, smbios.length));
        if (serialScreen) {
            configuration.file("etc/sercon-port", number(COM1));
        }
    }

    /// Adds what firmware is to start.
    ///
    /// @param paths       of devices, the first to be tried first; empty to leave it to the firmware
    /// @param menuSeconds how long it is to offer a choice; 0 for not at all
    public static void addBootOrder(FwCfg configuration, List<String> paths, int menuSeconds) {
        if (!paths.isEmpty()) {
            configuration.file("bootorder", (String.join("\n", paths) + "\0").getBytes(StandardCharsets.US_ASCII));
        }
        configuration.bootMenu(menuSeconds > 0);
        configuration.file("etc/show-boot-menu", number(menuSeconds > 0 ? 1 : 0));
        if (menuSeconds > 0) {
            configuration.file("etc/boot-menu-wait", number(menuSeconds * 1000));
        }
    }

    private static byte[] number(int value) {
        return ByteBuffer.allocate(2).order(ByteOrder.LITTLE_ENDIAN).putShort((short) value).array();
    }

    /// RAM alone: firmware knows what it takes for itself.
    private static byte[] memoryMap(long ramBytes) {
        long high = MemoryMap.highRam(ramBytes);
        ByteBuffer map = ByteBuffer.allocate(high > 0 ? 40 : 20).order(ByteOrder.LITTLE_ENDIAN)
                .putLong(0).putLong(MemoryMap.lowRam(ramBytes)).putInt(RAM);
        if (high > 0) {
            map.putLong(MemoryMap.FOUR_GIB).putLong(high).putInt(RAM);
        }
        return map.array();
    }

    private static byte[] loader(AcpiTables.Relocatable acpi) {
        TableLoader loader = new TableLoader().allocate(TABLES, TABLE_ALIGNMENT, TableLoader.ZONE_HIGH)
                .allocate(RSDP, RSDP_ALIGNMENT, TableLoader.ZONE_BIOS);
        acpi.pointers().forEach(pointer -> loader.point(TABLES, pointer.offset(), pointer.bytes(), TABLES));
        acpi.checked().forEach(table -> loader.checksum(TABLES, table.start(), table.bytes(), table.checksum()));
        loader.point(RSDP, AcpiTables.RSDP_RSDT, 4, TABLES).point(RSDP, AcpiTables.RSDP_XSDT, 8, TABLES)
                .checksum(RSDP, 0, AcpiTables.RSDP_FIRST_BYTES, AcpiTables.RSDP_CHECKSUM)
                .checksum(RSDP, 0, AcpiTables.RSDP_BYTES, AcpiTables.RSDP_EXTENDED_CHECKSUM);
        return loader.toByteArray();
    }
}
