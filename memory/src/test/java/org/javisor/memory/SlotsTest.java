// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SlotsTest {
    private static final int PAGE = GuestMemory.PAGE_BYTES;

    private final Ram ram = Ram.allocate(256L * PAGE);
    private final GuestMemory memory = new GuestMemory();

    @AfterEach
    void free() {
        ram.close();
    }

    private String wrong(int id, long gpa, long ramOffset, long bytes) {
        long before = memory.generation();
        InvalidSlotException refused = assertThrows(InvalidSlotException.class,
                () -> memory.addSlot(id, gpa, ram, ramOffset, bytes, false));
        assertEquals(id, refused.slot());
        assertEquals(before, memory.generation(), "nothing changed");
        return refused.argument();
    }

    @Test
    void aSlotThatCannotBeIsRefusedByTheNameOfTheArgument() {
        memory.addSlot(0, 16L * PAGE, ram, 0, 4L * PAGE, false);

        assertEquals("id", wrong(0, 0, 0, PAGE));
        assertEquals("id", wrong(-1, 0, 0, PAGE));
        assertEquals("id", wrong(GuestMemory.MOST_SLOTS, 0, 0, PAGE));
        assertEquals("gpa", wrong(1, 1, 0, PAGE));
        assertEquals("gpa", wrong(1, 19L * PAGE, 0, PAGE));
        assertEquals("gpa", wrong(1, 15L * PAGE, 0, 2L * PAGE));
        assertEquals("gpa", wrong(1, 15L * PAGE, 0, 16L * PAGE));
        assertEquals("gpa", wrong(1, -PAGE, 0, PAGE));
        assertEquals("gpa", wrong(1, (1L << 52) - PAGE, 0, 2L * PAGE));
        assertEquals("bytes", wrong(1, 0, 0, PAGE - 1));
        assertEquals("bytes", wrong(1, 0, 0, 0));
        assertEquals("bytes", wrong(1, 0, 250L * PAGE, 7L * PAGE));
        assertEquals("ramOffset", wrong(1, 0, 12, PAGE));
        assertEquals("ramOffset", wrong(1, 0, -PAGE, PAGE));
        assertThrows(InvalidSlotException.class, () -> memory.removeSlot(3));
        assertThrows(InvalidSlotException.class, () -> memory.moveSlot(3, 0));
    }

    /// An engine's kernel does not take what it is told.
    @Test
    void aChangeThatAListenerRefusesIsTakenBack() {
        memory.addSlot(0, 0, ram, 0, 4L * PAGE, false);
        memory.startDirtyLog(0);
        MemorySlot[] before = memory.slots();
        memory.addListener(new MemoryListener() {
            @Override
            public void slotsChanged() {
                if (memory.find(0) != before[0] || memory.slots().length != 1) {
                    throw new IllegalStateException("refused");
                }
            }
        });

        assertThrows(IllegalStateException.class, () -> memory.moveSlot(0, 16L * PAGE));
        assertArrayEquals(before, memory.slots());
        assertThrows(IllegalStateException.class, () -> memory.replaceSlot(0, 0, ram, 0, 8L * PAGE, false));
        assertArrayEquals(before, memory.slots());
        assertThrows(IllegalStateException.class, () -> memory.addSlot(1, 16L * PAGE, ram, 0, PAGE, false));
        assertArrayEquals(before, memory.slots());
        memory.storeByte(2 * PAGE, (byte) 1);
        assertArrayEquals(new long[] {4}, memory.takeDirtyLog(0), "its log is the one that it had");
    }

    @Test
    void aMovedSlotKeepsItsMemoryAndItsLog() {
        memory.addSlot(0, 0, ram, 0, 4L * PAGE, false);
        memory.addSlot(1, 32L * PAGE, ram, 8L * PAGE, PAGE, false);
        memory.startDirtyLog(0);
        memory.storeInt(PAGE, 42);
        long before = memory.generation();

        assertThrows(InvalidSlotException.class, () -> memory.moveSlot(0, 30L * PAGE));
        assertEquals(before, memory.generation());
        memory.moveSlot(0, 8L * PAGE);

        assertTrue(memory.generation() > before);
        assertNull(memory.find(PAGE));
        assertEquals(42, memory.loadInt(9L * PAGE));
        memory.storeInt(11L * PAGE, 43);
        assertArrayEquals(new long[] {0b1010}, memory.takeDirtyLog(0));
    }

    @Test
    void lookupsFindWhatASearchFromTheStartFinds() {
        Random random = new Random(7);
        TreeMap<Long, Integer> model = new TreeMap<>();
        for (int id = 0; id < 64; id++) {
            long gpa = (long) random.nextInt(200) * 2 * PAGE;
            if (model.putIfAbsent(gpa, id) == null) {
                memory.addSlot(id, gpa, ram, (long) id * PAGE, PAGE, false);
            }
        }
        for (int i = 0; i < 10_000; i++) {
            long gpa = random.nextInt(410 * PAGE);
            MemorySlot found = memory.find(gpa);
            assertEquals(model.get(gpa & -PAGE), found == null ? null : (Integer) found.id());
        }
    }

    @Test
    void aLogThatIsClearedByHandKeepsWhatIsNotCleared() {
        memory.addSlot(0, 0, ram, 0, 130L * PAGE, false);
        memory.startDirtyLog(0, DirtyLogging.FULL_BITMAP);
        assertArrayEquals(new long[] {-1, -1, 3}, memory.dirtyLog(0));

        memory.clearDirtyLog(0, 64, new long[] {-1});
        memory.clearDirtyLog(0, 0, new long[] {0b110});
        assertArrayEquals(new long[] {~0b110, 0, 3}, memory.dirtyLog(0));

        memory.storeByte(2L * PAGE, (byte) 1);
        memory.storeByte(65L * PAGE, (byte) 1);
        assertArrayEquals(new long[] {~0b010, 0b10, 3}, memory.dirtyLog(0));
        assertThrows(InvalidSlotException.class, () -> memory.clearDirtyLog(0, 1, new long[1]));
        assertThrows(InvalidSlotException.class, () -> memory.clearDirtyLog(0, 128, new long[2]));
        memory.stopDirtyLog(0);
        assertThrows(IllegalStateException.class, () -> memory.dirtyLog(0));
    }

    @Test
    void aRingTellsOfItsProcessorsPagesAndABitmapOfTheRest() {
        memory.addSlot(5, 0, ram, 0, 200L * PAGE, false);
        memory.startDirtyLog(5, DirtyLogging.RING);
        DirtyRing ring = new DirtyRing(DirtyRing.LEAST_ENTRIES);
        ring.enter(() -> { });
        memory.storeByte(3L * PAGE, (byte) 1);
        memory.storeByte(3L * PAGE, (byte) 2);
        memory.storeByte(7L * PAGE, (byte) 1);
        ring.leave();
        memory.storeByte(9L * PAGE, (byte) 1);

        assertEquals(List.of(new DirtyRing.Entry(5, 3), new DirtyRing.Entry(5, 7)), ring.harvest());
        assertEquals(List.of(), ring.harvest());
        assertEquals(1 << 9, memory.takeDirtyLog(5)[0]);
        assertEquals(2, memory.resetDirtyRings(List.of(ring)));

        ring.enter(() -> { });
        memory.storeByte(3L * PAGE, (byte) 3);
        ring.leave();
        assertEquals(List.of(new DirtyRing.Entry(5, 3)), ring.harvest());
    }

    @Test
    void nothingIsLostWhenARingIsFull() {
        memory.addSlot(0, 0, ram, 0, 200L * PAGE, false);
        memory.startDirtyLog(0, DirtyLogging.RING);
        DirtyRing ring = new DirtyRing(DirtyRing.LEAST_ENTRIES);
        ring.enter(() -> { });
        for (int page = 0; page < 200; page++) {
            memory.storeByte((long) page * PAGE, (byte) 1);
            assertEquals(page >= DirtyRing.LEAST_ENTRIES - 65, ring.full());
        }
        ring.leave();

        assertEquals(DirtyRing.LEAST_ENTRIES, ring.harvest().size());
        assertArrayEquals(new long[] {0, 0, -1, (1L << 8) - 1}, memory.takeDirtyLog(0));
        assertThrows(IllegalArgumentException.class, () -> new DirtyRing(1000));
    }
}
