// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DmaSpaceTest {
    private static final int PAGE = GuestMemory.PAGE_BYTES;

    private final GuestMemory memory = new GuestMemory();
    private final Ram ram = Ram.allocate(16 * PAGE);
    private final DmaSpace space = new DmaSpace(memory);
    /// Where pages of the device's are, by number; writable ones have bit 0 set.
    private final Map<Long, Long> pages = new TreeMap<>();

    private int underWay;
    /// Whether the test itself asks.
    private boolean asks;

    DmaSpaceTest() {
        memory.addSlot(0, 0, ram);
    }

    @AfterEach
    void free() {
        ram.close();
    }

    private void translate() {
        space.translateBy(new DmaTranslation() {
            @Override
            public long translate(long address, boolean write) {
                assertTrue(underWay > 0 || asks);
                Long page = pages.get(address >>> 12);
                return page == null || write && (page & 1) == 0 ? DmaTranslation.BLOCKED
                        : (page & -PAGE) + (address & PAGE - 1);
            }

            @Override
            public int begin() {
                return ++underWay;
            }

            @Override
            public void end(int request) {
                assertEquals(underWay--, request);
            }
        });
    }

    @Test
    void withoutAnIommuAddressesArePhysicalOnesAndRunsHaveNoEnd() {
        space.storeLong(0x1234, 0x0102_0304_0506_0708L);

        assertEquals(0x0102_0304_0506_0708L, memory.loadLong(0x1234));
        assertEquals(0x5678, space.gpa(0x5678, true));
        assertEquals(1 << 30, space.run(0x123, 1 << 30));
        assertFalse(space.translated());
    }

    @Test
    void anAccessThatCrossesPagesFindsBothParts() {
        pages.put(0x100L, 0x3001L);
        pages.put(0x101L, 0x1001L);
        translate();

        space.storeLong(0x10_0ffc, 0x0102_0304_0506_0708L);

        assertTrue(space.translated());
        assertEquals(0x0506_0708, memory.loadInt(0x3ffc));
        assertEquals(0x0102_0304, memory.loadInt(0x1000));
        assertEquals(0x0102_0304_0506_0708L, space.loadLong(0x10_0ffc));
        assertEquals(4, space.run(0x10_0ffc, 8));
        assertEquals(0x0304, space.loadShort(0x10_1000));
    }

    @Test
    void bytesAreCutAtPages() {
        pages.put(0L, 0x5001L);
        pages.put(1L, 0x2001L);
        pages.put(2L, 0x8001L);
        translate();
        byte[] sent = new byte[2 * PAGE];
        for (int i = 0; i < sent.length; i++) {
            sent[i] = (byte) (i * 7 + i / PAGE);
        }
        byte[] received = new byte[sent.length];

        space.store(0x800, sent);
        space.load(0x800, received, 0, received.length);

        assertArrayEquals(sent, received);
        assertEquals(sent[0], memory.loadByte(0x5800));
        assertEquals(sent[0x800], memory.loadByte(0x2000));
        assertEquals(sent[0x1800], memory.loadByte(0x8000));
    }

    @Test
    void whatIsBlockedIsAsMemoryThatIsNotThere() {
        pages.put(0L, 0x5000L);
        translate();

        assertEquals(0, space.loadInt(0x10));
        assertThrows(GuestMemory.OutOfRangeException.class, () -> space.storeInt(0x10, 1));
        assertThrows(GuestMemory.OutOfRangeException.class, () -> space.loadByte(0x1000));
        assertThrows(GuestMemory.OutOfRangeException.class, () -> space.load(0xff0, new byte[64], 0, 64));
        assertEquals(0, underWay);
        asks = true;
        assertEquals(DmaTranslation.BLOCKED, space.gpa(0x1000, false));
    }
}
