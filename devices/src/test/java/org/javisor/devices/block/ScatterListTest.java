// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.javisor.memory.DmaSpace;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.Ram;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ScatterListTest {
    private static final int PAGE = GuestMemory.PAGE_BYTES;

    private final GuestMemory memory = new GuestMemory();
    private final Ram ram = Ram.allocate(4 * PAGE);
    private final ScatterList list = new ScatterList(new DmaSpace(memory));

    /// Two slots that adjoin, a hole, and one that is only read.
    @BeforeEach
    void addSlots() {
        memory.addSlot(0, 0, ram, 2 * PAGE, PAGE, false);
        memory.addSlot(1, PAGE, ram, 0, PAGE, false);
        memory.addSlot(2, 4 * PAGE, ram, 3 * PAGE, PAGE, true);
    }

    @AfterEach
    void free() {
        ram.close();
    }

    @Test
    void bytesGoWhereThePiecesAreAcrossSlotsToo() {
        assertTrue(list.add(PAGE - 2, 4, true));
        assertTrue(list.add(16, 2, true));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment source = arena.allocate(6);
            source.copyFrom(MemorySegment.ofArray(new byte[] {1, 2, 3, 4, 5, 6}));

            list.vector(5).copyFrom(source);
        }

        assertEquals(6, list.bytes());
        byte[] found = new byte[4];
        memory.load(PAGE - 2, found, 0, 4);
        assertArrayEquals(new byte[] {1, 2, 3, 4}, found);
        assertEquals(5, memory.loadShort(16));
    }

    @Test
    void whatIsNoMemoryOrMayNotBeWrittenIsRefusedWhole() {
        assertFalse(list.add(2 * PAGE - 1, 2, true));
        assertFalse(list.add(-1, 1, false));
        assertFalse(list.add(4 * PAGE, 1, true));
        assertEquals(0, list.bytes());
        assertTrue(list.add(4 * PAGE, 1, false));
        assertTrue(list.add(PAGE, 0, true));
    }

    @Test
    void pagesThatWereWrittenAreInTheDirtyLog() {
        memory.startDirtyLog(0);
        memory.startDirtyLog(1);
        list.add(0, 1, true);
        list.add(PAGE, 8, true);

        list.written(1);

        assertArrayEquals(new long[] {1}, memory.takeDirtyLog(0));
        assertArrayEquals(new long[] {0}, memory.takeDirtyLog(1));
    }

    @Test
    void aListThatWasClearedBeginsAnew() {
        list.add(0, PAGE, true);
        list.clear();
        list.add(8, 4, true);
        memory.storeInt(8, 77);

        assertEquals(4, list.bytes());
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment target = arena.allocate(4);
            list.vector(4).copyTo(target);
            assertEquals(77, target.get(ValueLayout.JAVA_INT, 0));
        }
    }
}
