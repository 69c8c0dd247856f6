// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.javisor.memory.IoBus;
import org.javisor.testkit.Seeds;
import org.junit.jupiter.api.Test;

class BarTest {
    private static final int SLOT = 3 << 3, OTHER = 4 << 3;
    private static final int BAR0 = ConfigSpace.BAR0, BAR1 = BAR0 + 4, BAR2 = BAR0 + 8, BAR3 = BAR0 + 12;
    private static final int IO = 1, MEMORY = 2;

    private final PciFixture pci = new PciFixture();

    BarTest() {
        pci.addFunction(3, 0);
        pci.addFunction(4, 0);
    }

    private void command(int devfn, int bits) {
        pci.writeEcam(devfn, ConfigSpace.COMMAND, 2, bits);
    }

    private void bar(int devfn, int register, int value) {
        pci.writeEcam(devfn, register, 4, value);
    }

    @Test
    void writingOnesTellsKindAndSize() {
        for (int register = BAR0; register <= BAR3; register += 4) {
            bar(SLOT, register, -1);
        }

        assertEquals(0xffff_e000, pci.readEcam(SLOT, BAR0, 4));
        assertEquals(0xffff_ffe1, pci.readEcam(SLOT, BAR1, 4));
        assertEquals(0xffff_c00c, pci.readEcam(SLOT, BAR2, 4));
        assertEquals(-1, pci.readEcam(SLOT, BAR3, 4));
        bar(SLOT, BAR0 + 16, -1);
        assertEquals(0, pci.readEcam(SLOT, BAR0 + 16, 4));
    }

    @Test
    void aRangeAnswersOnlyWhileItsSpaceIsDecoded() {
        bar(SLOT, BAR0, 0xc000_0000);
        bar(SLOT, BAR1, 0xc000);
        assertTrue(pci.mmio.unclaimed(0xc000_0000L, 4));

        command(SLOT, MEMORY);
        assertEquals(PciFixture.MEMORY_BAR, pci.mmio.read(0xc000_1ffcL, 4));
        assertTrue(pci.ports.unclaimed(0xc000, 1));
        command(SLOT, IO);

        assertTrue(pci.mmio.unclaimed(0xc000_0000L, 4));
        assertEquals(PciFixture.IO_BAR, pci.ports.read(0xc01f, 1));
    }

    @Test
    void aRangeMovesWithItsRegister() {
        command(SLOT, MEMORY);
        bar(SLOT, BAR2, 0x4000_0000);
        bar(SLOT, BAR3, 0x12);
        assertEquals(PciFixture.MEMORY64_BAR, pci.mmio.read(0x12_4000_0000L, 4));

        bar(SLOT, BAR3, 0x13);

        assertTrue(pci.mmio.unclaimed(0x12_4000_0000L, 4));
        assertEquals(PciFixture.MEMORY64_BAR, pci.mmio.read(0x13_4000_0000L, 4));
    }

    @Test
    void ofTwoRangesThatOverlapThatOfTheFirstFunctionAnswersAndTheOtherFollowsWhenItLeaves() {
        command(SLOT, MEMORY);
        command(OTHER, MEMORY);
        bar(SLOT, BAR0, 0xc000_0000);
        bar(OTHER, BAR2, 0xc000_0000);
        assertEquals(PciFixture.MEMORY_BAR, pci.mmio.read(0xc000_0000L, 4));
        assertTrue(pci.mmio.unclaimed(0xc000_2000L, 4));

        bar(SLOT, BAR0, 0xd000_0000);

        assertEquals(PciFixture.MEMORY64_BAR, pci.mmio.read(0xc000_2000L, 4));
        assertEquals(PciFixture.MEMORY_BAR, pci.mmio.read(0xd000_0000L, 4));
    }

    @Test
    void whichOfTwoOverlappingRangesAnswersDoesNotDependOnWhoWasFirst() {
        command(SLOT, MEMORY);
        command(OTHER, MEMORY);
        bar(OTHER, BAR2, 0xc000_0000);
        assertEquals(PciFixture.MEMORY64_BAR, pci.mmio.read(0xc000_0000L, 4));

        bar(SLOT, BAR0, 0xc000_0000);

        assertEquals(PciFixture.MEMORY_BAR, pci.mmio.read(0xc000_0000L, 4));
        assertTrue(pci.mmio.unclaimed(0xc000_2000L, 4));
    }

    @Test
    void measuringWithDecodingOnDisturbsNobody() {
        command(SLOT, IO | MEMORY);
        bar(SLOT, BAR0, 0xc000_0000);

        bar(SLOT, BAR0, -1);
        bar(SLOT, BAR2, -1);
        bar(SLOT, BAR3, -1);
        bar(SLOT, BAR1, -1);
        bar(SLOT, BAR0, 0xc000_0000);

        assertEquals(PciFixture.MEMORY_BAR, pci.mmio.read(0xc000_0000L, 4));
    }

    @Test
    void aResetTakesRangesOffTheBus() {
        command(SLOT, MEMORY);
        bar(SLOT, BAR0, 0xc000_0000);

        pci.bus.reset();

        assertTrue(pci.mmio.unclaimed(0xc000_0000L, 4));
        assertEquals(0, pci.readPorts(SLOT, BAR0, 4));
    }

    @Test
    void aLoadedStatePutsRangesWhereTheyWere() {
        command(SLOT, MEMORY);
        bar(SLOT, BAR0, 0xc000_0000);
        PciFunction function = pci.bus.function(0, SLOT);
        PciFunction.State saved = function.save();
        function.reset();

        function.load(saved);

        assertEquals(PciFixture.MEMORY_BAR, pci.mmio.read(0xc000_0000L, 4));
    }

    @Test
    void randomConfigurationWritesNeverThrowOrLeaveRangesBehind() {
        SplittableRandom random = Seeds.random("BarTest");
        for (int i = 0; i < 100_000; i++) {
            int devfn = random.nextBoolean() ? SLOT : OTHER;
            int offset = random.nextInt(3) == 0 ? random.nextInt(0x100) : BAR0 + random.nextInt(24);
            int size = 1 << random.nextInt(3);
            // Few different addresses, so that ranges meet.
            int value = random.nextInt(4) == 0 ? random.nextInt() : random.nextInt(8) << 13;
            pci.bus.writeConfig(0, devfn, offset & ~(size - 1), size, value);
        }

        command(SLOT, 0);
        command(OTHER, 0);

        for (IoBus.Range range : pci.mmio.ranges()) {
            assertEquals("PCI configuration space (ECAM)", range.name());
        }
        assertEquals(1, pci.ports.ranges().length);
    }
}
