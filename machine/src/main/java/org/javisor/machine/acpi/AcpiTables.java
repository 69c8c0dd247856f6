// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine.acpi;

import static org.javisor.machine.acpi.Aml.bytes;
import static org.javisor.machine.acpi.Aml.concat;
import static org.javisor.machine.acpi.Aml.little;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.javisor.devices.AcpiPm;
import org.javisor.devices.Hpet;
import org.javisor.machine.layout.MemoryMap;

/// The static ACPI tables, laid out one behind the other from a given address: RSDP first, RSDT and XSDT last.
/// They list the same: systems take the XSDT, but GRUB, to power off, looks at the RSDT alone.
///
/// @acpi 6.5 §5.2 "ACPI System Description Tables"
public final class AcpiTables {
    private static final byte[] OEM = "JAVISR".getBytes(StandardCharsets.US_ASCII);
    private static final int HEADER_BYTES = 36, TABLE_CHECKSUM = 9;
    public static final int RSDP_BYTES = 36;

    /// A place in the tables where the address of another is.
    ///
    /// @param offset of the place; what is there is that other one's offset
    public record Pointer(int offset, int bytes) { }

    /// A table with a checksum, which is `checksum` bytes from the first of all tables.
    public record Checked(int start, int bytes, int checksum) { }

    /// The tables for firmware that decides where they go: addresses in them count from their beginning.
    ///
    /// @param tables all but the RSDP, checksums zero
    /// @param rsdp   with the RSDT's offset at [#RSDP_RSDT] and the XSDT's at [#RSDP_XSDT], checksums zero
    public record Relocatable(byte[] tables, List<Pointer> pointers, List<Checked> checked, byte[] rsdp) { }

    /// Offsets in the RSDP.
    public static final int RSDP_CHECKSUM = 8, RSDP_RSDT = 16, RSDP_FIRST_BYTES = 20, RSDP_XSDT = 24,
            RSDP_EXTENDED_CHECKSUM = 32;

    /// Where the two lists of all tables are.
    private record Roots(long rsdt, long xsdt) { }

    private final AcpiConfig config;
    private final long base;
    private final ByteArrayOutputStream image = new ByteArrayOutputStream();
    private final List<Pointer> pointers = new ArrayList<>();
    private final List<Checked> checked = new ArrayList<>();

    private AcpiTables(AcpiConfig config, long base) {
        this.config = config;
        this.base = base;
    }

    /// The tables as they are to lie in guest memory from `base` on; the RSDP is at `base` itself.
    ///
    /// @param base a multiple of 16 in the area that operating systems search, 0xe0000 to 0xfffff
    public static byte[] build(AcpiConfig config, long base) {
        return new AcpiTables(config, base).build();
    }

    /// The tables for firmware to place.
    public static Relocatable relocatable(AcpiConfig config) {
        AcpiTables all = new AcpiTables(config, 0);
        byte[] rsdp = rsdp(all.placeAll());
        byte[] tables = all.image.toByteArray();
        all.checked.forEach(table -> tables[table.checksum] = 0);
        rsdp[RSDP_CHECKSUM] = 0;
        rsdp[RSDP_EXTENDED_CHECKSUM] = 0;
        return new Relocatable(tables, all.pointers, all.checked, rsdp);
    }

    /// Where the FACS has the address at which a guest wants to go on after sleep, in tables built at `gpa`.
    public static long wakingVectorAt(long gpa) {
        return (gpa + RSDP_BYTES + 63 & -64) + FACS_WAKING_VECTOR;
    }

    private byte[] build() {
        image.writeBytes(new byte[RSDP_BYTES]);
        byte[] rsdp = rsdp(placeAll());
        byte[] result = image.toByteArray();
        System.arraycopy(rsdp, 0, result, 0, rsdp.length);
        return result;
    }

    private Roots placeAll() {
        long facs = place(facs());
        long dsdt = place(table("DSDT", 2, Dsdt.body(config)));
        List<Long> listed = new ArrayList<>();
        long fadt = place(fadt(facs, dsdt));
        listed.add(fadt);
        listed.add(place(madt()));
        if (config.ecam() != 0) {
            listed.add(place(mcfg()));
        }
        if (config.board().hpet()) {
            listed.add(place(hpet()));
        }
        if (config.iommu() != null) {
            listed.add(place(table("DMAR", 1, DmarTable.body(config.iommu(), config.board().hpet()))));
        }
        if (config.peripherals().tpm()) {
            listed.add(place(table("TPM2", 4, TpmDescription.table())));
        }
        point(fadt, FADT_FACS, 4);
        point(fadt, FADT_DSDT, 4);
        point(fadt, FADT_X_DSDT, 8);
        return new Roots(placeRoot("RSDT", 4, listed), placeRoot("XSDT", 8, listed));
    }

    /// Appends the table that lists others, with addresses of `width` bytes.
    private long placeRoot(String signature, int width, List<Long> listed) {
        byte[] entries = {};
        for (long address : listed) {
            entries = concat(entries, little(address, width));
        }
        long root = place(table(signature, 1, entries));
        for (int n = 0; n < listed.size(); n++) {
            point(root, HEADER_BYTES + width * n, width);
        }
        return root;
    }

    private static final int FACS_WAKING_VECTOR = 12;
    private static final int FADT_FACS = 36, FADT_DSDT = 40, FADT_X_DSDT = 140;

    private void point(long table, int offset, int bytes) {
        pointers.add(new Pointer((int) (table - base) + offset, bytes));
    }

    /// Appends a table at the next multiple of 64 (the FACS demands it) and returns its address.
    private long place(byte[] table) {
        image.writeBytes(new byte[-image.size() & 63]);
        long address = base + image.size();
        if (table[0] != 'F' || table[3] != 'S') {
            int start = image.size();
            checked.add(new Checked(start, table.length, start + TABLE_CHECKSUM));
        }
        image.writeBytes(table);
        return address;
    }

    private static void checksum(byte[] table, int at, int length) {
        int sum = 0;
        for (int i = 0; i < length; i++) {
            sum += table[i];
        }
        table[at] = (byte) (table[at] - sum);
    }

    private static byte[] rsdp(Roots roots) {
        byte[] rsdp = concat("RSD PTR ".getBytes(StandardCharsets.US_ASCII), bytes(0), OEM, bytes(2),
                little(roots.rsdt, 4), little(RSDP_BYTES, 4), little(roots.xsdt, 8), bytes(0, 0, 0, 0));
        checksum(rsdp, RSDP_CHECKSUM, RSDP_FIRST_BYTES);
        checksum(rsdp, RSDP_EXTENDED_CHECKSUM, RSDP_BYTES);
        return rsdp;
    }

    private static byte[] table(String signature, int revision, byte[] body) {
        byte[] table = concat(signature.getBytes(StandardCharsets.US_ASCII), little(HEADER_BYTES + body.length, 4),
                bytes(revision, 0), OEM, "JAVISOR ".getBytes(StandardCharsets.US_ASCII), little(1, 4),
                "JVSR".getBytes(StandardCharsets.US_ASCII), little(1, 4), body);
        checksum(table, TABLE_CHECKSUM, table.length);
        return table;
    }

    /// The firmware control structure has a header of its own and no checksum.
    private static byte[] facs() {
        byte[] facs = new byte[64];
        System.arraycopy("FACS".getBytes(StandardCharsets.US_ASCII), 0, facs, 0, 4);
        facs[4] = 64;
        facs[32] = 2;
        return facs;
    }

    /// A generic address structure in I/O space.
    private static byte[] port(int bits, int accessSize, long address) {
        return concat(bytes(1, bits, 0, accessSize), little(address, 8));
    }

    private byte[] fadt(long facs, long dsdt) {
        // WBINVD works; no C2 or C3; no sleep button; reset register.
        int flags = 1 | 1 << 2 | 1 << 5 | 1 << 10;
        if (config.board().pmTimerBits() == 32) {
            flags |= 1 << 8;
        }
        int pm = config.pmBase();
        int pmTimer = pm + AcpiPm.PM_TMR;
        int gpe0 = config.board().gpe0(pm);
        int gpe0Bytes = config.board().gpe0Bytes();
        int legacyDevices = 1, keyboardController = 1 << 1, noVga = 1 << 2;
        byte[] none = new byte[12];
        return table("FACP", 6, concat(
                little(facs, 4), little(dsdt, 4), bytes(0, 0),
                little(AcpiConfig.SCI, 2), little(AcpiConfig.SMI_COMMAND, 4),
                bytes(AcpiConfig.ACPI_ENABLE, AcpiConfig.ACPI_DISABLE, 0, 0),
                little(pm, 4), little(0, 4), little(pm + AcpiPm.PM1_CNT, 4), little(0, 4),
                little(0, 4), little(pmTimer, 4), little(gpe0, 4), little(0, 4),
                bytes(4, 2, 0, 4, gpe0Bytes, 0, 0, 0),
                little(0xfff, 2), little(0xfff, 2), little(0, 2), little(0, 2), bytes(0, 0, 0, 0, 0x32),
                little(legacyDevices | keyboardController | noVga, 2), bytes(0), little(flags, 4),
                port(8, 1, 0xcf9), bytes(0x06), little(0, 2), bytes(5),
                little(0, 8), little(dsdt, 8),
                port(32, 2, pm), none, port(16, 2, pm + AcpiPm.PM1_CNT), none, none,
                port(32, 3, pmTimer), port(gpe0Bytes * 8, 1, gpe0), none,
                none, none, "JAVISOR\0".getBytes(StandardCharsets.US_ASCII)));
    }

    private static final int LEVEL_HIGH = 0xd;

    private byte[] madt() {
        byte[] entries = {};
        for (int n = 0; n < config.cpus(); n++) {
            entries = concat(entries, bytes(0, 8, n, n), little(1, 4));
        }
        int ioApicId = 0;
        entries = concat(entries, bytes(1, 12, ioApicId, 0), little(MemoryMap.IOAPIC, 4), little(0, 4));
        // The PIT's interrupt 0 is pin 2; the SCI is level-triggered, as are PIRQs that share ISA's inputs; all else as
        // on the ISA bus.
        entries = concat(entries, isaOverride(0, 2, 0), isaOverride(AcpiConfig.SCI, AcpiConfig.SCI, LEVEL_HIGH));
        if (!config.board().wiring().hasGsis()) {
            for (int irq : IntStream.of(config.board().pirqIrqs()).distinct().toArray()) {
                entries = concat(entries, isaOverride(irq, irq, LEVEL_HIGH));
            }
        }
        // LINT1 of every processor is the NMI.
        entries = concat(entries, bytes(4, 6, 0xff, 0, 0, 1));
        int hasLegacyPics = 1;
        return table("APIC", 5, concat(little(MemoryMap.LOCAL_APIC, 4), little(hasLegacyPics, 4), entries));
    }

    private static byte[] isaOverride(int irq, int gsi, int flags) {
        return concat(bytes(2, 10, 0, irq), little(gsi, 4), little(flags, 2));
    }

    private byte[] mcfg() {
        return table("MCFG", 1, concat(little(0, 8), little(config.ecam(), 8), little(0, 2), bytes(0, 255),
                little(0, 4)));
    }

    private static byte[] hpet() {
        return table("HPET", 1, concat(little(Hpet.EVENT_TIMER_BLOCK_ID, 4), bytes(0, 64, 0, 0),
                little(MemoryMap.HPET, 8),
                bytes(0), little(0x80, 2), bytes(0)));
    }
}
