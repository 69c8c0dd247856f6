// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.ide;

import static org.javisor.devices.ide.IdeDriver.BLOCK;
import static org.javisor.devices.ide.IdeDriver.CONTROL;
import static org.javisor.devices.ide.IdeDriver.DATA;
import static org.javisor.devices.ide.IdeDriver.MASTERS;
import static org.javisor.devices.ide.IdeDriver.MASTER_STATUS;
import static org.javisor.devices.ide.IdeDriver.READY;
import static org.javisor.devices.ide.IdeDriver.SLAVE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.javisor.devices.ata.AtaLayout;
import org.javisor.devices.pci.ConfigSpace;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class IdeTest {
    private static final byte[] READ_ONE = {0x28, 0, 0, 0, 0, 5, 0, 0, 1, 0, 0, 0};
    private static final byte[] TEST_UNIT_READY = new byte[12];

    private final IdeDriver driver = new IdeDriver();

    @BeforeEach
    void fill() {
        for (int i = 0; i < IdeDriver.DISK_BYTES; i++) {
            driver.disk.contents().set(ValueLayout.JAVA_BYTE, i, (byte) (i * 31 + (i >> 9)));
        }
    }

    @AfterEach
    void freeMemory() {
        driver.close();
    }

    private byte[] onDisk(long offset, int length) {
        return driver.disk.contents().asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE);
    }

    /// Whether there was an interrupt; the status register takes it back.
    private boolean interrupted() {
        boolean high = driver.host.gsis[14].high();
        driver.in(BLOCK + IdeDriver.STATUS);
        return high;
    }

    // ---- the data register ----

    @Test
    void sectorsAreReadOneByOneWithAnInterruptForEach() {
        driver.command(AtaLayout.READ_SECTORS, 0, 3, 2);

        for (int sector = 3; sector < 5; sector++) {
            assertTrue(interrupted());
            assertEquals(READY | AtaLayout.DRQ, driver.status());
            assertArrayEquals(onDisk(sector * 512L, 512), driver.readData(512));
        }
        assertEquals(READY, driver.status());
        assertFalse(interrupted());
    }

    @Test
    void multipleSectorsAreReadInBlocks() {
        driver.command(AtaLayout.SET_MULTIPLE_MODE, 0, 0, 4);
        assertTrue(interrupted());

        driver.commandExt(AtaLayout.READ_MULTIPLE_EXT, 8, 6);

        assertTrue(interrupted());
        assertArrayEquals(onDisk(8 * 512, 2048), driver.readData(2048));
        assertTrue(interrupted());
        assertArrayEquals(onDisk(12 * 512, 1024), driver.readData(1024));
        assertEquals(READY, driver.status());
    }

    @Test
    void aSectorIsWrittenWithAnInterruptAtTheEnd() {
        byte[] content = new byte[512];
        content[511] = 77;
        driver.command(AtaLayout.WRITE_SECTORS, 0, 9, 1);
        assertFalse(interrupted());
        assertEquals(READY | AtaLayout.DRQ, driver.status());

        driver.writeData(content);

        assertTrue(interrupted());
        assertEquals(READY, driver.status());
        assertArrayEquals(content, onDisk(9 * 512, 512));
    }

    @Test
    void oldDriversAddressByCylinderHeadAndSector() {
        driver.out(BLOCK + IdeDriver.DEVICE, 1);
        driver.out(BLOCK + IdeDriver.COUNT, 1);
        driver.out(BLOCK + IdeDriver.LOW, 2);
        driver.out(BLOCK + IdeDriver.MID, 0);
        driver.out(BLOCK + IdeDriver.HIGH, 0);
        driver.out(BLOCK + IdeDriver.STATUS, AtaLayout.READ_SECTORS);

        assertArrayEquals(onDisk(64 * 512, 512), driver.readData(512));
    }

    @Test
    void thePreviousBytesAreShownOnDemand() {
        driver.commandExt(AtaLayout.READ_NATIVE_MAX_ADDRESS_EXT, 0, 0);

        assertEquals(IdeDriver.DISK_BYTES / 512 - 1 & 0xff, driver.in(BLOCK + IdeDriver.LOW));
        driver.out(BLOCK + IdeDriver.LOW, 0x12);
        driver.out(BLOCK + IdeDriver.LOW, 0x34);
        assertEquals(0x34, driver.in(BLOCK + IdeDriver.LOW));
        driver.out(CONTROL, AtaLayout.HOB);
        assertEquals(0x12, driver.in(BLOCK + IdeDriver.LOW));
    }

    // ---- DMA ----

    @Test
    void dmaFillsItsRegionsAndEndsWithAnInterrupt() {
        driver.region(0, DATA, 512, false);
        driver.region(1, DATA + 4096, 1536, true);
        driver.command(AtaLayout.READ_DMA, 0, 16, 4);
        assertFalse(interrupted());
        assertEquals(AtaLayout.BSY, driver.status());

        driver.startMaster(true);

        assertEquals(0x64, driver.in(MASTERS + MASTER_STATUS));
        assertTrue(interrupted());
        assertEquals(READY, driver.status());
        assertArrayEquals(onDisk(16 * 512, 512), driver.data(DATA, 512));
        assertArrayEquals(onDisk(17 * 512, 1536), driver.data(DATA + 4096, 1536));
        assertEquals(0, driver.host.memory.loadByte(DATA + 512));
    }

    @Test
    void moreRegionsThanDataLeaveTheMasterActive() {
        driver.region(0, DATA, 0, true);
        driver.startMaster(false);
        driver.command(AtaLayout.WRITE_DMA, 0, 0, 1);

        assertEquals(0x65, driver.in(MASTERS + MASTER_STATUS));
        driver.stopMaster();
        assertEquals(0x64, driver.in(MASTERS + MASTER_STATUS));
        assertEquals(List.of("write"), driver.disk.log);
    }

    @Test
    void tooFewRegionsLeaveTheDriveWaitingUntilItIsReset() {
        driver.region(0, DATA, 512, true);
        driver.command(AtaLayout.READ_DMA, 0, 0, 2);
        driver.startMaster(true);
        assertEquals(AtaLayout.BSY, driver.status());
        assertFalse(interrupted());
        driver.stopMaster();

        driver.out(CONTROL, AtaLayout.SRST);
        assertEquals(AtaLayout.BSY, driver.status());
        driver.out(CONTROL, 0);

        assertEquals(READY, driver.status());
        assertEquals(1, driver.in(BLOCK + IdeDriver.ERROR));
    }

    @Test
    void regionsOutsideMemoryFailTheCommand() {
        driver.region(0, 0xf000_0000L, 512, true);
        driver.command(AtaLayout.READ_DMA, 0, 0, 1);
        driver.startMaster(true);

        assertEquals(0x66, driver.in(MASTERS + MASTER_STATUS) & 0x67);
        assertTrue(interrupted());
        assertEquals(READY | AtaLayout.ERR, driver.status());
    }

    // ---- packets ----

    @Test
    void aPacketsDataComesInBlocksOfTheLengthThatTheHostTakes() {
        driver.cd.contents().set(ValueLayout.JAVA_INT, 5 * 2048 + 1024, 0x4711);
        driver.packet(TEST_UNIT_READY, 0, 0);
        assertTrue(interrupted());
        assertEquals(AtaLayout.ERR, driver.status() & AtaLayout.ERR);
        assertEquals(6, driver.in(BLOCK + IdeDriver.ERROR) >>> 4);

        driver.packet(READ_ONE, 0, 1025);

        for (int block = 0; block < 2; block++) {
            assertTrue(interrupted());
            assertEquals(AtaLayout.TO_HOST, driver.in(BLOCK + IdeDriver.COUNT) & 7);
            assertEquals(1024, driver.in(BLOCK + IdeDriver.MID) | driver.in(BLOCK + IdeDriver.HIGH) << 8);
            byte[] found = driver.readData(1024);
            assertEquals(block == 0 ? 0 : 0x11, found[0]);
        }
        assertTrue(interrupted());
        assertEquals(AtaLayout.DRDY, driver.status());
        assertEquals(AtaLayout.TO_HOST | AtaLayout.COMMAND_DATA, driver.in(BLOCK + IdeDriver.COUNT) & 7);
    }

    @Test
    void aPacketsDataGoesByDmaIfTheHostSaysSo() {
        driver.cd.contents().set(ValueLayout.JAVA_INT, 5 * 2048, 0x4711);
        driver.packet(TEST_UNIT_READY, 0, 0);
        driver.region(0, DATA, 2048, true);
        driver.packet(READ_ONE, 1, 0);

        driver.startMaster(true);

        assertTrue(interrupted());
        assertEquals(0x4711, driver.host.memory.loadInt(DATA));
    }

    @Test
    void aPacketDriveIsKnownByItsSignature() {
        driver.command(AtaLayout.IDENTIFY_DEVICE, SLAVE, 0, 0);

        assertEquals(AtaLayout.ERR, driver.status() & AtaLayout.ERR);
        assertEquals(0x14, driver.in(BLOCK + IdeDriver.MID));
        assertEquals(0xeb, driver.in(BLOCK + IdeDriver.HIGH));
    }

    @Test
    void aDeviceResetEndsAPacketThatIsUnderWay() {
        driver.packet(TEST_UNIT_READY, 0, 0);
        driver.packet(READ_ONE, 0, 512);
        assertEquals(AtaLayout.DRQ, driver.status() & AtaLayout.DRQ);

        driver.out(BLOCK + IdeDriver.STATUS, AtaLayout.DEVICE_RESET);

        assertEquals(0, driver.status());
        assertEquals(0x14, driver.in(BLOCK + IdeDriver.MID));
    }

    // ---- drives and channels ----

    @Test
    void aChannelWithoutDrivesIsNotBusy() {
        assertEquals(0x7f, driver.in(IdeDriver.OTHER_BLOCK + IdeDriver.STATUS));
    }

    @Test
    void interruptsCanBeHeldBackAndComeLater() {
        driver.out(CONTROL, AtaLayout.NIEN);
        driver.command(AtaLayout.FLUSH_CACHE, 0, 0, 0);
        assertFalse(driver.host.gsis[14].high());

        driver.out(CONTROL, 0);

        assertTrue(driver.host.gsis[14].high());
        assertEquals(List.of("flush"), driver.disk.log);
    }

    @Test
    void theGuestTurnsPortsOffAndOn() {
        driver.controller.function().writeConfig(0x40, 2, 0);
        assertEquals(0xff, driver.in(BLOCK + IdeDriver.STATUS));
        driver.controller.function().writeConfig(0x40, 2, 0x8000);
        assertEquals(READY, driver.in(BLOCK + IdeDriver.STATUS));
        driver.controller.function().writeConfig(ConfigSpace.COMMAND, 2, 0);
        assertEquals(0xff, driver.in(BLOCK + IdeDriver.STATUS));
    }

    @Test
    void queuedCommandsAreUnknown() {
        driver.commandExt(AtaLayout.READ_FPDMA_QUEUED, 0, 0);

        assertEquals(READY | AtaLayout.ERR, driver.status());
        assertEquals(AtaLayout.ABRT, driver.in(BLOCK + IdeDriver.ERROR));
    }

    // ---- state ----

    @Test
    void aTransferGoesOnFromTheMiddleInWhoeverLoadsTheState() {
        driver.command(AtaLayout.READ_SECTORS, 0, 3, 2);
        byte[] first = driver.readData(100);
        try (IdeDriver other = new IdeDriver()) {
            other.disk.contents().copyFrom(driver.disk.contents());

            other.controller.load(driver.controller.save());

            assertArrayEquals(onDisk(3 * 512, 100), first);
            assertArrayEquals(onDisk(3 * 512 + 100, 412), other.readData(412));
            assertArrayEquals(onDisk(4 * 512, 512), other.readData(512));
            assertEquals(READY, other.status());
        }
    }

    @Test
    void aCommandThatHasNotBegunIsDoneByWhoeverLoadsTheState() {
        List<Runnable> work = new ArrayList<>();
        try (IdeDriver late = new IdeDriver(work::add); IdeDriver other = new IdeDriver()) {
            late.command(AtaLayout.FLUSH_CACHE, 0, 0, 0);
            assertEquals(AtaLayout.BSY, late.status());

            other.controller.load(late.controller.save());

            assertEquals(READY, other.status());
            assertEquals(List.of("flush"), other.disk.log);
            assertEquals(List.of(), late.disk.log);
        }
    }
}
