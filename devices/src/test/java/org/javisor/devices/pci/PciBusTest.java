// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.javisor.devices.ResetControl;
import org.javisor.devices.ResetKind;
import org.junit.jupiter.api.Test;

class PciBusTest {
    private final PciFixture pci = new PciFixture();

    /// Finds functions as an operating system does: vendor, then header type for further functions.
    private List<String> enumerate() {
        List<String> found = new ArrayList<>();
        for (int device = 0; device < 32; device++) {
            int functions = 1;
            for (int function = 0; function < functions; function++) {
                int id = pci.readPorts(device << 3 | function, 0, 4);
                if (id == -1) {
                    continue;
                }
                found.add(String.format("%02x.%d %08x", device, function, id));
                if (function == 0 && (pci.readPorts(device << 3, ConfigSpace.HEADER_TYPE, 1) & 0x80) != 0) {
                    functions = 8;
                }
            }
        }
        return found;
    }

    @Test
    void enumerationFindsBridgesAndFunctions() {
        pci.addFunction(3, 0);
        pci.addFunction(3, 5);
        pci.addFunction(4, 1);      // without function 0 nobody looks for it

        assertEquals(List.of("00.0 29c08086", "03.0 56781234", "03.5 56781234", "1f.0 29188086"),
                enumerate());
    }

    @Test
    void bothWaysIntoConfigurationSpaceSeeTheSame() {
        pci.addFunction(3, 0);

        pci.writeEcam(3 << 3, ConfigSpace.COMMAND, 2, 0x6);

        assertEquals(0x6, pci.readPorts(3 << 3, ConfigSpace.COMMAND, 2));
        for (int offset = 0; offset < 256; offset++) {
            assertEquals(pci.readEcam(3 << 3, offset, 1), pci.readPorts(3 << 3, offset, 1), "offset "
                    + offset);
        }
    }

    @Test
    void whatIsNotThereReadsAsOnes() {
        assertEquals(-1, pci.readPorts(5 << 3, 0, 4));
        assertEquals(-1, (int) pci.mmio.read(PciFixture.ECAM + (1L << 20), 4));
        pci.writePorts(5 << 3, 0, 4, 0);
    }

    @Test
    void ecamTakesWideAndStraddlingAccesses() {
        PciFunction function = pci.addFunction(3, 0);
        function.config().set(0xffe, 2, 0x1122);

        assertEquals(0x0006_0000_5678_1234L & 0xffff_ffffL,
                pci.mmio.read(PciFixture.ECAM + (3 << 15), 8) & 0xffff_ffffL);
        assertEquals(0xffff_1122L, pci.mmio.read(PciFixture.ECAM + (3 << 15) + 0xffe, 4));
    }

    @Test
    void dataPortsAnswerOnlyWhileTheEnableBitIsSet() {
        pci.ports.write(0xcf8, 4, 0);

        assertEquals(0xffff_ffffL, pci.ports.read(0xcfc, 4));
        pci.ports.write(0xcf8, 4, 0x8000_0000L);
        assertEquals(0x8086, pci.ports.read(0xcfc, 2));
        assertEquals(0x29c0, pci.ports.read(0xcfe, 2));
    }

    @Test
    void theResetControlRegisterLiesInTheAddressPort() {
        pci.ports.write(0xcf8, 4, 0x8000_0000L);

        pci.ports.write(ResetControl.PORT, 1, 6);

        assertEquals(List.of(ResetKind.HARD), pci.resets);
        assertEquals(6, pci.ports.read(ResetControl.PORT, 1));
        assertEquals(0x8000_0000L, pci.ports.read(0xcf8, 4));
    }

    @Test
    void aPlaceIsTakenOnce() {
        pci.addFunction(3, 0);

        assertThrows(IllegalArgumentException.class, () -> pci.addFunction(3, 0));
    }

    @Test
    void ecamMovesWhenTheGuestMovesIt() {
        pci.writePorts(0, Q35HostBridge.PCIEXBAR, 4, 0xc000_0001);

        assertEquals(0x8086, pci.mmio.read(0xc000_0000L, 2));
        assertTrue(pci.mmio.unclaimed(PciFixture.ECAM, 8));
        pci.writePorts(0, Q35HostBridge.PCIEXBAR, 4, 0);
        assertTrue(pci.mmio.unclaimed(0xc000_0000L, 8));
    }

    @Test
    void theIsaBridgePlacesAcpi() {
        pci.lpc.placePm(0x600);
        assertFalse(pci.ports.unclaimed(0x600, 1));

        pci.writePorts(31 << 3, Ich9Lpc.PMBASE, 4, 0x800);

        assertTrue(pci.ports.unclaimed(0x600, 1));
        assertFalse(pci.ports.unclaimed(0x87f, 1));
        pci.writePorts(31 << 3, Ich9Lpc.ACPI_CNTL, 1, 0);
        assertTrue(pci.ports.unclaimed(0x800, 1));
    }

    @Test
    void firmwareGivesEveryBarAnAddressAndEveryPinALine() {
        PciFunction function = pci.addFunction(3, 0);
        PciFunction other = pci.addFunction(4, 0);

        new PciFirmware(new PciFirmware.Window(0xc000, 0x10000),
                new PciFirmware.Window(0xc000_0000L, 0xe000_0000L),
                new PciFirmware.Window(0x10_0000_0000L, 0x20_0000_0000L)).assign(pci.bus);
        new PciFirmware(new PciFirmware.Window(0, 0), new PciFirmware.Window(0, 0),
                new PciFirmware.Window(0, 0))
                .route(pci.bus, PirqWiring.ICH9, new int[] {10, 10, 11, 11, 10, 10, 11, 11});

        for (PciFunction f : List.of(function, other)) {
            for (Bar bar : f.bars()) {
                assertTrue(bar.attached());
            }
            assertEquals(0x3, f.readConfig(ConfigSpace.COMMAND, 2) & 3);
        }
        assertEquals(11, function.readConfig(ConfigSpace.INTERRUPT_LINE, 1));
        assertEquals(10, other.readConfig(ConfigSpace.INTERRUPT_LINE, 1));
    }

    @Test
    void aWindowThatIsTooSmallIsSaid() {
        pci.addFunction(3, 0);
        PciFirmware firmware = new PciFirmware(new PciFirmware.Window(0xc000, 0xc010),
                new PciFirmware.Window(0xc000_0000L, 0xc000_1000L), new PciFirmware.Window(0, 0));

        assertThrows(IllegalStateException.class, () -> firmware.assign(pci.bus));
    }
}
