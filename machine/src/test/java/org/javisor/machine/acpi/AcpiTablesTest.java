// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine.acpi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.javisor.machine.layout.BoardModel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class AcpiTablesTest {
    private static final long BASE = 0xe0000;

    private ByteBuffer image = image(BoardModel.Q35);

    private static ByteBuffer image(BoardModel board) {
        AcpiConfig config = AcpiConfig.of(board, 3, 6L << 30, 4).withHotplugSlots(0xffff_fff0);
        return ByteBuffer.wrap(AcpiTables.build(config, BASE)).order(ByteOrder.LITTLE_ENDIAN);
    }

    private byte[] at(long address, int bytes) {
        byte[] part = new byte[bytes];
        image.get((int) (address - BASE), part);
        return part;
    }

    private byte[] table(long address) {
        return at(address, image.getInt((int) (address - BASE) + 4));
    }

    private static int sum(byte[] bytes) {
        int sum = 0;
        for (byte b : bytes) {
            sum += b;
        }
        return sum & 0xff;
    }

    private static String signature(byte[] table) {
        return new String(table, 0, 4, StandardCharsets.US_ASCII);
    }

    /// Everything that can be reached from the RSDP, by signature.
    private Map<String, byte[]> tables() {
        Map<String, byte[]> tables = new TreeMap<>();
        byte[] xsdt = table(image.getLong(24));
        tables.put("XSDT", xsdt);
        ByteBuffer entries = ByteBuffer.wrap(xsdt).order(ByteOrder.LITTLE_ENDIAN).position(36);
        while (entries.hasRemaining()) {
            byte[] listed = table(entries.getLong());
            tables.put(signature(listed), listed);
        }
        byte[] fadt = tables.get("FACP");
        tables.put("DSDT", table(ByteBuffer.wrap(fadt).order(ByteOrder.LITTLE_ENDIAN).getLong(140)));
        return tables;
    }

    @Test
    void rsdpCarriesBothChecksums() {
        assertEquals("RSD PTR ", new String(at(BASE, 8), StandardCharsets.US_ASCII));
        assertEquals(0, sum(at(BASE, 20)));
        assertEquals(0, sum(at(BASE, 36)));
    }

    @Test
    void everyTableIsListedAndSumsToZero() {
        Map<String, byte[]> tables = tables();

        assertEquals(List.of("APIC", "DSDT", "FACP", "HPET", "MCFG", "XSDT"), new ArrayList<>(tables.keySet()));
        tables.forEach((name, table) -> assertEquals(0, sum(table), name));
    }

    /// Of an entry in the RSDT there are 4 bytes, of one in the XSDT 8.
    @Test
    void bothRootTablesListTheSame() {
        byte[] rsdt = table(image.getInt(16));
        byte[] xsdt = table(image.getLong(24));

        assertEquals("RSDT", signature(rsdt));
        assertEquals(0, sum(rsdt));
        assertEquals((xsdt.length - 36) / 2, rsdt.length - 36);
        ByteBuffer narrow = ByteBuffer.wrap(rsdt).order(ByteOrder.LITTLE_ENDIAN).position(36);
        ByteBuffer wide = ByteBuffer.wrap(xsdt).order(ByteOrder.LITTLE_ENDIAN).position(36);
        while (wide.hasRemaining()) {
            assertEquals(wide.getLong(), Integer.toUnsignedLong(narrow.getInt()));
        }
    }

    @Test
    void aBoardOfConventionalPciHasNeitherEcamNorHpet() {
        image = image(BoardModel.PC);
        Map<String, byte[]> tables = tables();

        assertEquals(List.of("APIC", "DSDT", "FACP", "XSDT"), new ArrayList<>(tables.keySet()));
        ByteBuffer fadt = ByteBuffer.wrap(tables.get("FACP")).order(ByteOrder.LITTLE_ENDIAN);
        assertEquals(0x600, fadt.getInt(56));
        assertEquals(0xafe0, fadt.getInt(80));
        assertEquals(4, fadt.get(92));
        assertEquals(0, fadt.getInt(112) & 1 << 8, "a timer of 24 bits");
    }

    @Test
    void anIommuIsInFrontOfAllFunctionsAndOfTheBoardsOwnInterrupts() {
        AcpiConfig config = AcpiConfig.of(BoardModel.Q35, 1, 1L << 30, 4)
                .with(new AcpiConfig.Iommu(true, false, 40, 0xff00, 0xff08));
        image = ByteBuffer.wrap(AcpiTables.build(config, BASE)).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer dmar = ByteBuffer.wrap(tables().get("DMAR")).order(ByteOrder.LITTLE_ENDIAN);

        assertEquals(0, sum(dmar.array()));
        assertEquals(80, dmar.capacity());
        assertEquals(39, dmar.get(36));
        assertEquals(3, dmar.get(37), "remaps interrupts, not to x2APICs");
        assertEquals(0x20_0000, dmar.getInt(48), "a unit of 32 bytes");
        assertEquals(1, dmar.get(52), "for all functions");
        assertEquals(0xfed9_0000L, dmar.getLong(56));
        assertEquals(0x0000_0803, dmar.getInt(64));
        assertEquals(0x0000_ff00, dmar.getInt(68));
        assertEquals(0x0000_0804, dmar.getInt(72));
        assertEquals(0x0001_ff00, dmar.getInt(76));
    }

    @Test
    void tablesSayWhereFirmwareHasPutThePowerManagementBlock() {
        image = ByteBuffer.wrap(AcpiTables.build(AcpiConfig.of(BoardModel.PC, 1, 1L << 30, 4).placed(0xb000, 0), BASE))
                .order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer fadt = ByteBuffer.wrap(tables().get("FACP")).order(ByteOrder.LITTLE_ENDIAN);

        assertEquals(0xb000, fadt.getInt(56));
        assertEquals(0xb008, fadt.getInt(76));
    }

    @Test
    void fadtHasTheLengthOfItsRevisionAndAnAlignedFacs() {
        byte[] fadt = tables().get("FACP");
        long facs = ByteBuffer.wrap(fadt).order(ByteOrder.LITTLE_ENDIAN).getInt(36);

        assertEquals(276, fadt.length);
        assertEquals(0, facs % 64);
        assertEquals("FACS", signature(at(facs, 4)));
    }

    @Test
    void madtNamesEveryProcessor() {
        ByteBuffer madt = ByteBuffer.wrap(tables().get("APIC")).order(ByteOrder.LITTLE_ENDIAN).position(44);
        List<Integer> apicIds = new ArrayList<>();
        while (madt.hasRemaining()) {
            int at = madt.position();
            if (madt.get(at) == 0) {
                apicIds.add((int) madt.get(at + 3));
            }
            madt.position(at + madt.get(at + 1));
        }

        assertEquals(List.of(0, 1, 2), apicIds);
    }

    @ParameterizedTest
    @EnumSource(BoardModel.class)
    void theReferenceCompilerReadsTheDsdtWithoutAWarning(BoardModel board, @TempDir Path directory)
            throws Exception {
        image = image(board);
        Path iasl = Path.of("/usr/bin/iasl");
        assumeTrue(Files.isExecutable(iasl), "acpica-tools is not installed");
        Files.write(directory.resolve("dsdt.dat"), tables().get("DSDT"));

        assertEquals(0, run(directory, iasl.toString(), "-d", "dsdt.dat"));
        assertEquals(0, run(directory, iasl.toString(), "-we", "dsdt.dsl"));

        assertTrue(Files.exists(directory.resolve("dsdt.aml")));
    }

    private static int run(Path directory, String... command) throws Exception {
        Process process = new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true)
                .redirectOutput(directory.resolve("log").toFile()).start();
        return process.waitFor();
    }
}
