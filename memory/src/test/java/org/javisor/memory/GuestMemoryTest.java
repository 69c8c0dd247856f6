// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.javisor.memory.GuestMemory.OutOfRangeException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class GuestMemoryTest {
    private static final int PAGE = GuestMemory.PAGE_BYTES;

    private final Ram ram = Ram.allocate(8L * PAGE);
    private final GuestMemory memory = new GuestMemory();
    private final List<String> events = new ArrayList<>();

    GuestMemoryTest() {
        memory.addSlot(0, 0, ram, 0, 4L * PAGE, false);
        memory.addListener(new MemoryListener() {
            @Override
            public void slotsChanged() {
                events.add("slots");
            }

            @Override
            public void writeProtected(long gpa, long pages) {
                events.add("protect " + gpa / PAGE + "+" + pages);
            }

            @Override
            public void trackedWrite(long gpa, int bytes) {
                events.add("write " + gpa + "+" + bytes);
            }
        });
    }

    @AfterEach
    void free() {
        ram.close();
    }

    @Test
    void valuesAreLittleEndianAndMayStraddleAlignment() {
        memory.storeLong(5, 0x1122_3344_5566_7788L);

        assertEquals((byte) 0x88, memory.loadByte(5));
        assertEquals(0x5566_7788, memory.loadInt(5));
        assertEquals(0x1122, memory.loadShort(11));
        assertEquals(0x33_4455L & 0xffff, memory.load(8, 2));
    }

    @Test
    void anAccessThatLeavesTheSlotsIsRefused() {
        assertThrows(OutOfRangeException.class, () -> memory.loadLong(4L * PAGE - 7));
        assertThrows(OutOfRangeException.class, () -> memory.loadByte(4L * PAGE));
        assertThrows(OutOfRangeException.class, () -> memory.storeByte(-1, (byte) 0));
        assertThrows(OutOfRangeException.class, () -> memory.loadInt(Long.MAX_VALUE));
        assertEquals(0, memory.hva(4L * PAGE - 1, 2));
    }

    @Test
    void blocksCopyAcrossAdjoiningSlotsAndOtherwiseWriteNothing() {
        memory.addSlot(1, 4L * PAGE, ram, 6L * PAGE, PAGE, false);
        byte[] bytes = {1, 2, 3, 4};
        memory.store(4L * PAGE - 2, bytes);
        byte[] read = new byte[4];
        memory.load(4L * PAGE - 2, read, 0, 4);
        assertArrayEquals(bytes, read);

        assertThrows(OutOfRangeException.class, () -> memory.store(5L * PAGE - 2, bytes));

        assertEquals(0, memory.loadShort(5L * PAGE - 2));
    }

    @Test
    void readOnlySlotsRefuseStores() {
        memory.addSlot(1, 0x10_0000, ram, 4L * PAGE, PAGE, true);

        assertEquals(0, memory.loadByte(0x10_0000));
        assertThrows(OutOfRangeException.class, () -> memory.storeByte(0x10_0000, (byte) 1));
        assertFalse(memory.find(0x10_0000).directlyWritable(0x10_0000));
    }

    @Test
    void unusableSlotsAreRefusedByName() {
        assertThrows(IllegalArgumentException.class, () -> memory.addSlot(1, 100, ram, 0, PAGE, false));
        assertThrows(IllegalArgumentException.class, () -> memory.addSlot(1, 0x10_0000, ram, 0, 9L * PAGE, false));
        assertThrows(IllegalArgumentException.class, () -> memory.addSlot(1, 3L * PAGE, ram, 0, PAGE, false));
        assertThrows(IllegalArgumentException.class, () -> memory.addSlot(0, 0x10_0000, ram, 0, PAGE, false));
        assertThrows(IllegalArgumentException.class, () -> memory.removeSlot(7));
        assertEquals(1, memory.slots().length);
    }

    @Test
    void listenersHearOfSlotsThatComeAndGo() {
        memory.addSlot(1, 0x10_0000, ram, 4L * PAGE, PAGE, false);
        memory.removeSlot(1);

        assertEquals(List.of("slots", "slots"), events);
        assertFalse(memory.backs(0x10_0000, 1));
    }

    @Test
    void theDirtyLogHoldsEachPageOnceAndIsClearedByTakingIt() {
        memory.startDirtyLog(0);
        memory.storeInt(PAGE - 2, 1);
        memory.written(3L * PAGE, 1);

        assertArrayEquals(new long[] {0b1011}, memory.takeDirtyLog(0));
        assertArrayEquals(new long[] {0}, memory.takeDirtyLog(0));
        assertEquals(List.of("protect 0+4", "protect 0+4", "protect 0+4"), events);
    }

    @Test
    void aPageIsDirectlyWritableOnlyOnceItsDirtyBitIsSet() {
        MemorySlot slot = memory.find(0);
        assertTrue(slot.directlyWritable(0));
        memory.startDirtyLog(0);
        assertFalse(slot.directlyWritable(0));

        memory.storeByte(1, (byte) 1);

        assertTrue(slot.directlyWritable(0));
        memory.takeDirtyLog(0);
        assertFalse(slot.directlyWritable(0));
        memory.stopDirtyLog(0);
        assertTrue(slot.directlyWritable(0));
    }

    @Test
    void writesToTrackedPagesAreTold() {
        memory.track(PAGE);
        memory.track(PAGE + 8);
        memory.storeLong(PAGE + 16, 1);
        memory.storeLong(8, 1);
        memory.storeInt(PAGE - 2, 1);
        memory.untrack(PAGE);
        memory.storeLong(PAGE + 16, 1);

        assertEquals(List.of("protect 1+1", "write 4112+8", "write 4096+2"), events);
    }

    @Test
    void twoSlotsMayShareTheirBacking() {
        memory.addSlot(1, 0x10_0000, ram, 0, PAGE, false);

        memory.storeLong(0x10_0008, 42);

        assertEquals(42, memory.loadLong(8));
    }

    @Test
    void hundredsOfGibibytesCostNothingUntilTouched() {
        try (Ram huge = Ram.allocate(300L << 30)) {
            GuestMemory large = new GuestMemory();
            large.addSlot(0, 0, huge);

            large.storeLong((300L << 30) - 8, 7);

            assertEquals(7, large.loadLong((300L << 30) - 8));
            assertNotEquals(0, large.hva(299L << 30, 4096));
        }
    }
}
