// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.ahci;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.javisor.devices.ahci.AhciDriver.Command;
import org.javisor.devices.ata.AtaLayout;
import org.javisor.devices.pci.ConfigSpace;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AhciTest {
    private static final int READY = AtaLayout.DRDY | AtaLayout.DSC;
    private static final int MSI_CONTROL = 0x42, MSI_ADDRESS = 0x44;

    private final List<Runnable> work = new ArrayList<>();
    private final AhciDriver driver = new AhciDriver();

    @BeforeEach
    void fillAndStart() {
        for (int i = 0; i < AhciDriver.DISK_BYTES; i++) {
            driver.disk.contents().set(ValueLayout.JAVA_BYTE, i, (byte) (i * 31 + (i >> 9)));
        }
        driver.start(AhciDriver.DISK);
        driver.start(AhciDriver.CD);
    }

    @AfterEach
    void freeMemory() {
        driver.close();
    }

    private byte[] onDisk(long offset, int length) {
        return driver.disk.contents().asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE);
    }

    // ---- commands ----

    @Test
    void aReadFillsScatteredMemoryAndTellsOfItWithAFis() {
        int status = driver.run(AhciDriver.DISK, Command.dma(AtaLayout.READ_DMA_EXT, 3, 4), AhciDriver.DATA,
                512, 1022, 514);

        assertEquals(READY, status);
        assertArrayEquals(onDisk(3 * 512, 2048), driver.data(AhciDriver.DATA, 2048));
        assertEquals(2048, driver.host.memory.loadInt(AhciDriver.list(0) + AhciLayout.H_PRDBC));
        assertEquals(AhciLayout.FIS_DEVICE_REGISTER | AhciLayout.FIS_INTERRUPT << 8 | READY << 16,
                driver.host.memory.loadInt(AhciDriver.fises(0) + AhciLayout.R_REGISTER));
        assertEquals(0, driver.get(AhciDriver.DISK, AhciDriver.CI));
        assertTrue(driver.host.intx().high());
    }

    @Test
    void aWriteReachesTheDiskAndTheCacheIsFlushedOnDemand() {
        driver.host.memory.store(AhciDriver.DATA, new byte[] {1, 2, 3, 4});

        driver.run(AhciDriver.DISK, Command.dma(AtaLayout.WRITE_DMA_EXT, 7, 1), AhciDriver.DATA, 512);
        driver.run(AhciDriver.DISK, Command.dma(AtaLayout.FLUSH_CACHE_EXT, 0, 0), AhciDriver.DATA);
        driver.run(AhciDriver.DISK, Command.dma(AtaLayout.WRITE_DMA_FUA_EXT, 7, 1), AhciDriver.DATA, 512);

        assertArrayEquals(new byte[] {1, 2, 3, 4, 0}, onDisk(7 * 512, 5));
        assertEquals(List.of("write", "flush", "write", "flush"), driver.disk.log);
    }

    @Test
    void identifyComesThroughPioWithItsStatusInTheSetupFis() {
        int status = driver.run(AhciDriver.DISK, new Command(AtaLayout.IDENTIFY_DEVICE, 0, 0, 0, 0), AhciDriver.DATA,
                512);

        assertEquals(READY, status);
        byte[] words = driver.data(AhciDriver.DATA, 512);
        assertEquals(AhciDriver.DISK_BYTES / 512, words[200] & 0xff | (words[201] & 0xff) << 8);
        assertEquals(AhciLayout.FIS_PIO_SETUP, driver.host.memory.loadByte(AhciDriver.fises(0)
                + AhciLayout.R_PIO_SETUP));
        assertEquals(READY, driver.host.memory.loadByte(AhciDriver.fises(0) + AhciLayout.R_PIO_SETUP + 15));
        assertEquals(AhciLayout.IS_PIO_SETUP, driver.get(AhciDriver.DISK, AhciDriver.IS));
    }

    @Test
    void queuedCommandsEndWithTheirTagsAndOneInterruptForAll() {
        try (AhciDriver late = new AhciDriver(work::add)) {
            late.start(AhciDriver.DISK);
            work.forEach(Runnable::run);
            work.clear();
            for (int tag = 0; tag < 32; tag++) {
                late.describe(AhciDriver.DISK, tag, Command.queued(AtaLayout.READ_FPDMA_QUEUED, tag * 2, 2, tag),
                        AhciDriver.DATA + tag * 1024, 1024);
            }
            late.disk.contents().fill((byte) 9);
            late.set(AhciDriver.DISK, AhciDriver.SACT, -1);
            late.set(AhciDriver.DISK, AhciDriver.CI, -1);
            assertEquals(-1, late.get(AhciDriver.DISK, AhciDriver.CI));

            work.forEach(Runnable::run);

            assertEquals(0, late.get(AhciDriver.DISK, AhciDriver.CI));
            assertEquals(0, late.get(AhciDriver.DISK, AhciDriver.SACT));
            assertEquals(AhciLayout.IS_DEVICE_BITS, late.get(AhciDriver.DISK, AhciDriver.IS));
            assertEquals(9, late.host.memory.loadByte(AhciDriver.DATA + 32 * 1024 - 1));
            assertTrue(late.host.intx().takeEdges() <= 2);
        }
    }

    @Test
    void rangesToForgetAreDiscarded() {
        driver.host.memory.storeLong(AhciDriver.DATA, 16 | 3L << 48);
        driver.host.memory.storeLong(AhciDriver.DATA + 8, 100 | 8L << 48);

        int status = driver.run(AhciDriver.DISK, new Command(AtaLayout.DATA_SET_MANAGEMENT, 0, 1, 1, AtaLayout.LBA),
                AhciDriver.DATA, 512);

        assertEquals(READY, status);
        assertEquals(List.of("discard 8192 1536", "discard 51200 4096"), driver.disk.log);
    }

    @Test
    void aPacketReadsTheCdOnceTheDriveHasToldOfItsReset() {
        driver.cd.contents().set(ValueLayout.JAVA_INT, 5 * 2048, 0x4711);
        byte[] read = {0x28, 0, 0, 0, 0, 5, 0, 0, 1, 0, 0, 0};

        assertEquals(READY | AtaLayout.ERR, driver.packet(read, 1, AhciDriver.DATA, 2048));
        assertEquals(AhciLayout.IS_TASK_FILE | AhciLayout.IS_REGISTER, driver.get(AhciDriver.CD, AhciDriver.IS));
        driver.restart(AhciDriver.CD);

        assertEquals(AtaLayout.DRDY, driver.packet(read, 1, AhciDriver.DATA, 2048));
        assertEquals(0x4711, driver.host.memory.loadInt(AhciDriver.DATA));
        assertEquals(2048, driver.host.memory.loadInt(AhciDriver.list(1) + AhciLayout.H_PRDBC));
    }

    // ---- errors ----

    @Test
    void anErrorStopsThePortUntilItIsRestarted() {
        int status = driver.run(AhciDriver.DISK, Command.dma(AtaLayout.READ_DMA_EXT, 1 << 20, 1), AhciDriver.DATA, 512);

        assertEquals(READY | AtaLayout.ERR, status);
        assertEquals(AtaLayout.IDNF, driver.get(AhciDriver.DISK, AhciDriver.TFD) >>> 8);
        assertEquals(1, driver.get(AhciDriver.DISK, AhciDriver.CI));
        driver.set(AhciDriver.DISK, AhciDriver.CI, 2);
        assertEquals(3, driver.get(AhciDriver.DISK, AhciDriver.CI));
        driver.restart(AhciDriver.DISK);
        assertEquals(READY, driver.run(AhciDriver.DISK, Command.dma(AtaLayout.READ_DMA_EXT, 0, 1), AhciDriver.DATA,
                512));
    }

    @Test
    void aQueuedCommandThatFailsIsNamedInItsLog() {
        driver.disk.failing = true;
        driver.describe(AhciDriver.DISK, 4, Command.queued(AtaLayout.READ_FPDMA_QUEUED, 77, 2, 4), AhciDriver.DATA,
                1024);
        driver.set(AhciDriver.DISK, AhciDriver.SACT, 1 << 4);
        driver.set(AhciDriver.DISK, AhciDriver.CI, 1 << 4);

        assertEquals(1 << 4, driver.get(AhciDriver.DISK, AhciDriver.SACT));
        assertEquals(AhciLayout.IS_DEVICE_BITS | AhciLayout.IS_TASK_FILE, driver.get(AhciDriver.DISK, AhciDriver.IS));
        driver.restart(AhciDriver.DISK);
        driver.run(AhciDriver.DISK, new Command(AtaLayout.READ_LOG_EXT, 0x10, 1, 0, 0), AhciDriver.DATA, 512);
        byte[] log = driver.data(AhciDriver.DATA, 512);
        assertEquals(4, log[0]);
        assertEquals(AtaLayout.UNC, log[3]);
        assertEquals(77, log[4]);
    }

    @Test
    void dataOutsideMemoryIsABusErrorAndTooLittleRoomAnOverflow() {
        driver.run(AhciDriver.DISK, Command.dma(AtaLayout.READ_DMA_EXT, 0, 1), 1L << 40, 512);
        assertEquals(AhciLayout.IS_HOST_BUS, driver.get(AhciDriver.DISK, AhciDriver.IS));
        driver.restart(AhciDriver.DISK);

        driver.run(AhciDriver.DISK, Command.dma(AtaLayout.READ_DMA_EXT, 0, 2), AhciDriver.DATA, 512);
        assertEquals(AhciLayout.IS_OVERFLOW | AhciLayout.IS_REGISTER, driver.get(AhciDriver.DISK, AhciDriver.IS));
        assertArrayEquals(onDisk(0, 512), driver.data(AhciDriver.DATA, 512));
        assertEquals(0, driver.host.memory.loadByte(AhciDriver.DATA + 512));
    }

    @Test
    void aListOutsideMemoryIsABusError() {
        driver.set(AhciDriver.DISK, AhciLayout.P_CLBU, 1 << 20);
        driver.set(AhciDriver.DISK, AhciDriver.CI, 1);

        assertEquals(AhciLayout.IS_HOST_BUS, driver.get(AhciDriver.DISK, AhciDriver.IS));
    }

    // ---- resets ----

    @Test
    void aResetOfTheLinkShowsTheSignatureAgain() {
        driver.set(AhciDriver.CD, AhciLayout.P_SCTL, 0x301);
        assertEquals(0, driver.get(AhciDriver.CD, AhciLayout.P_SSTS));
        assertEquals(-1, driver.get(AhciDriver.CD, AhciLayout.P_SIG));

        driver.set(AhciDriver.CD, AhciLayout.P_SCTL, 0x300);

        assertEquals(AhciLayout.LINK_UP, driver.get(AhciDriver.CD, AhciLayout.P_SSTS));
        assertEquals(0xeb14_0101, driver.get(AhciDriver.CD, AhciLayout.P_SIG));
        assertEquals(AhciLayout.IS_CONNECT_CHANGE | AhciLayout.IS_READY_CHANGE,
                driver.get(AhciDriver.CD, AhciDriver.IS) & AhciLayout.IS_READ_ONLY);
        driver.set(AhciDriver.CD, AhciLayout.P_SERR, -1);
        assertEquals(0, driver.get(AhciDriver.CD, AhciDriver.IS) & AhciLayout.IS_READ_ONLY);
    }

    @Test
    void aResetBySoftwareTakesTwoFises() {
        driver.describeControl(AhciDriver.DISK, 0, AtaLayout.SRST);
        driver.set(AhciDriver.DISK, AhciDriver.CI, 1);
        assertEquals(0, driver.get(AhciDriver.DISK, AhciDriver.CI));
        driver.describeControl(AhciDriver.DISK, 1, 0);
        driver.set(AhciDriver.DISK, AhciDriver.CI, 2);

        assertEquals(0, driver.get(AhciDriver.DISK, AhciDriver.CI));
        assertEquals(AtaLayout.DIAGNOSTIC_PASSED << 8 | READY, driver.get(AhciDriver.DISK, AhciDriver.TFD));
        assertEquals(0x0100_0000, driver.host.memory.loadInt(AhciDriver.fises(0) + AhciLayout.R_REGISTER)
                & 0xff00_0000);
    }

    @Test
    void anEmptyPortHasNoLinkAndServesNothing() {
        driver.start(AhciDriver.EMPTY);
        driver.set(AhciDriver.EMPTY, AhciDriver.CI, 1);

        assertEquals(0, driver.get(AhciDriver.EMPTY, AhciLayout.P_SSTS));
        assertEquals(-1, driver.get(AhciDriver.EMPTY, AhciLayout.P_SIG));
        assertEquals(1, driver.get(AhciDriver.EMPTY, AhciDriver.CI));
    }

    // ---- interrupts ----

    @Test
    void aMessageIsSentForWhatCameWhileTheDriverLooked() {
        driver.controller.function().writeConfig(MSI_ADDRESS, 4, 0xfee0_0000);
        driver.controller.function().writeConfig(MSI_CONTROL, 2, 1);
        driver.set(AhciDriver.DISK, AhciLayout.P_SERR, -1);
        driver.set(AhciLayout.IS, -1);
        driver.host.messages.clear();

        driver.run(AhciDriver.DISK, Command.dma(AtaLayout.READ_DMA_EXT, 0, 1), AhciDriver.DATA, 512);
        assertEquals(1, driver.host.messages.size());
        driver.set(AhciDriver.DISK, AhciDriver.IS, -1);
        driver.run(AhciDriver.DISK, Command.dma(AtaLayout.READ_DMA_EXT, 0, 1), AhciDriver.DATA, 512);
        driver.set(AhciLayout.IS, 1);
        assertEquals(2, driver.host.messages.size());

        driver.set(AhciDriver.DISK, AhciDriver.IS, -1);
        driver.set(AhciLayout.IS, 1);
        assertEquals(2, driver.host.messages.size());
        assertEquals(0, driver.get(AhciLayout.IS) & 1);
    }

    @Test
    void withoutBusMasteringNothingIsServedUntilItIsAllowed() {
        driver.controller.function().writeConfig(ConfigSpace.COMMAND, 2, 2);
        driver.describe(AhciDriver.DISK, 0, Command.dma(AtaLayout.READ_DMA_EXT, 0, 1), AhciDriver.DATA, 512);
        driver.set(AhciDriver.DISK, AhciDriver.CI, 1);
        assertEquals(1, driver.get(AhciDriver.DISK, AhciDriver.CI));

        driver.controller.function().writeConfig(ConfigSpace.COMMAND, 2, 6);

        assertEquals(0, driver.get(AhciDriver.DISK, AhciDriver.CI));
    }

    // ---- state ----

    @Test
    void commandsThatWaitAreServedByWhoeverLoadsTheState() {
        try (AhciDriver late = new AhciDriver(work::add); AhciDriver other = new AhciDriver()) {
            late.start(AhciDriver.DISK);
            late.set(AhciDriver.DISK, AhciDriver.CI, 1);
            AhciController.State saved = late.controller.save();
            other.start(AhciDriver.DISK);
            other.describe(AhciDriver.DISK, 0, Command.dma(AtaLayout.READ_DMA_EXT, 0, 1), AhciDriver.DATA, 512);
            other.disk.contents().fill((byte) 3);

            other.controller.load(saved);

            assertEquals(0, other.get(AhciDriver.DISK, AhciDriver.CI));
            assertEquals(3, other.host.memory.loadByte(AhciDriver.DATA));
        }
    }

    @Test
    void aStateOfOtherDrivesIsRefused() {
        AhciController.State saved = driver.controller.save();
        List<Record> swapped = new ArrayList<>(saved.ports());
        swapped.set(0, saved.ports().get(1));
        AhciController.State wrong = new AhciController.State(saved.function(), false, 0, swapped);

        assertThrows(IllegalArgumentException.class, () -> driver.controller.load(wrong));
        assertEquals(AhciLayout.GHC_AHCI | AhciLayout.GHC_INTERRUPTS, driver.get(AhciLayout.GHC));
    }
}
