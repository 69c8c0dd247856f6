// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.ata;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.javisor.devices.ata.AtaDevice.Protocol;
import org.javisor.devices.block.MemoryDisk;
import org.javisor.host.IoVector;
import org.junit.jupiter.api.Test;

class AtaDiskTest {
    private static final int SECTORS = 4096;

    private final MemoryDisk backend = new MemoryDisk(SECTORS * 512);
    private final AtaDisk disk = new AtaDisk(backend, new Identity("a model", "a serial", true));
    private final TaskFile file = new TaskFile();

    private Protocol begin(int command, int features, int count, long lba) {
        file.command = command;
        file.features = features;
        file.count = count;
        file.lba = lba;
        file.device = AtaLayout.LBA;
        return disk.begin(file);
    }

    /// The page that a command answers.
    private MemorySegment page(int command, int features, int count, long lba) {
        assertEquals(Protocol.PIO, begin(command, features, count, lba));
        MemorySegment memory = Arena.ofAuto().allocate(512);
        assertTrue(disk.transfer(file, 0, IoVector.of(memory)));
        disk.end(file);
        return memory;
    }

    private static int word(MemorySegment page, int number) {
        return page.get(ValueLayout.JAVA_SHORT, 2 * number) & 0xffff;
    }

    private static int sum(MemorySegment page) {
        int sum = 0;
        for (int i = 0; i < 512; i++) {
            sum += page.get(ValueLayout.JAVA_BYTE, i);
        }
        return sum & 0xff;
    }

    private MemorySegment identify() {
        return page(AtaLayout.IDENTIFY_DEVICE, 0, 0, 0);
    }

    @Test
    void aDiskSaysWhoItIsAndHowLarge() {
        MemorySegment page = identify();

        StringBuilder model = new StringBuilder();
        for (int i = 27; i < 47; i++) {
            model.append((char) (word(page, i) >>> 8)).append((char) (word(page, i) & 0xff));
        }
        assertEquals("a model", model.toString().strip());
        assertEquals('a' << 8 | ' ', word(page, 10));
        assertEquals(SECTORS, word(page, 60));
        assertEquals(SECTORS, word(page, 100));
        assertEquals(31, word(page, 75));
        assertEquals(0xa5, word(page, 255) & 0xff);
        assertEquals(0, sum(page));
    }

    @Test
    void whatIsSetIsShown() {
        begin(AtaLayout.SET_FEATURES, 3, 0x44, 0);
        begin(AtaLayout.SET_FEATURES, 0x82, 0, 0);
        begin(AtaLayout.SET_MULTIPLE_MODE, 0, 8, 0);

        MemorySegment page = identify();

        assertEquals(0x107f, word(page, 88));
        assertEquals(0, word(page, 85) & 0x20);
        assertEquals(0x108, word(page, 59));
        assertEquals(List.of("flush"), backend.log);
        assertEquals(Protocol.DONE, begin(AtaLayout.SET_FEATURES, 3, 0x47, 0));
        assertTrue(file.failed());
    }

    @Test
    void withoutAWriteCacheEveryWriteIsFlushed() {
        begin(AtaLayout.SET_FEATURES, 0x82, 0, 0);
        backend.log.clear();

        assertEquals(Protocol.DMA, begin(AtaLayout.WRITE_DMA_EXT, 0, 1, 5));
        assertTrue(disk.transfer(file, 0, IoVector.of(Arena.ofAuto().allocate(512))));
        disk.end(file);

        assertEquals(List.of("write", "flush"), backend.log);
    }

    @Test
    void aCountOfZeroIsTheLargest() {
        begin(AtaLayout.READ_DMA, 0, 0, 0);
        assertEquals(256 * 512, disk.data().bytes());

        assertEquals(Protocol.DONE, begin(AtaLayout.READ_DMA_EXT, 0, 0, 0));
        assertEquals(AtaLayout.IDNF, file.error);
    }

    @Test
    void aRangeMustBeOnTheDisk() {
        assertEquals(Protocol.DMA, begin(AtaLayout.READ_DMA_EXT, 0, 1, SECTORS - 1));
        assertEquals(Protocol.DONE, begin(AtaLayout.READ_DMA_EXT, 0, 2, SECTORS - 1));
        assertEquals(AtaLayout.IDNF, file.error);
        assertEquals(Protocol.DONE, begin(AtaLayout.READ_DMA_EXT, 0, 1, 0xffff_ffff_ffffL));
        assertTrue(file.failed());
    }

    @Test
    void aDiskThatIsOnlyReadRefusesWrites() {
        backend.readOnly = true;

        assertEquals(Protocol.DONE, begin(AtaLayout.WRITE_DMA_EXT, 0, 1, 0));
        assertEquals(AtaLayout.ABRT, file.error);
        assertEquals(Protocol.DONE, begin(AtaLayout.DATA_SET_MANAGEMENT, 1, 1, 0));
        assertEquals(AtaLayout.ABRT, file.error);
    }

    @Test
    void rangesBeyondTheDiskAreNotForgotten() {
        assertEquals(Protocol.DMA, begin(AtaLayout.DATA_SET_MANAGEMENT, 1, 1, 0));
        MemorySegment ranges = Arena.ofAuto().allocate(512);
        ranges.set(ValueLayout.JAVA_LONG_UNALIGNED, 0, 1L << 48);
        ranges.set(ValueLayout.JAVA_LONG_UNALIGNED, 8, SECTORS - 1 | 2L << 48);
        disk.transfer(file, 0, IoVector.of(ranges));
        disk.end(file);

        assertEquals(AtaLayout.IDNF, file.error);
        assertEquals(List.of(), backend.log);
    }

    @Test
    void healthIsTold() {
        assertEquals(0, sum(page(AtaLayout.SMART, 0xd0, 0, 0xc24f00)));
        assertEquals(0, sum(page(AtaLayout.SMART, 0xd1, 0, 0xc24f00)));
        assertEquals(1, page(AtaLayout.SMART, 0xd5, 1, 0xc24f00).get(ValueLayout.JAVA_BYTE, 0));
        assertEquals(Protocol.DONE, begin(AtaLayout.SMART, 0xda, 0, 0xc24f00));
        assertEquals(0xc24f, file.lba >>> 8);
        assertEquals(Protocol.DONE, begin(AtaLayout.SMART, 0xd0, 0, 0));
        assertEquals(AtaLayout.ABRT, file.error);
    }

    @Test
    void powerModesAreRememberedUntilTheDiskIsUsed() {
        begin(AtaLayout.STANDBY_IMMEDIATE, 0, 0, 0);
        begin(AtaLayout.CHECK_POWER_MODE, 0, 0, 0);
        assertEquals(0, file.count);

        begin(AtaLayout.READ_DMA_EXT, 0, 1, 0);
        begin(AtaLayout.CHECK_POWER_MODE, 0, 0, 0);
        assertEquals(0xff, file.count);
    }

    @Test
    void settingsSurviveAResetBySoftwareAndNotOneByTheBus() {
        begin(AtaLayout.SET_MULTIPLE_MODE, 0, 4, 0);
        disk.busReset(file, false);
        assertEquals(0x104, word(identify(), 59));

        disk.busReset(file, true);
        assertEquals(0x110, word(identify(), 59));
        assertEquals(0, disk.data().bytes());
    }

    @Test
    void aStateIsKeptAndOneThatCannotBeIsRefused() {
        begin(AtaLayout.READ_MULTIPLE_EXT, 0, 40, SECTORS - 40);
        AtaDisk other = new AtaDisk(backend, new Identity("a model", "a serial", true));

        other.load(disk.save());

        assertEquals(40 * 512, other.data().bytes());
        assertEquals(16 * 512, other.pioBytes());
        AtaDisk small = new AtaDisk(new MemoryDisk(512), new Identity("a model", "a serial", true));
        assertThrows(IllegalArgumentException.class, () -> small.load(disk.save()));
    }
}
