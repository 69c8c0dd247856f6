// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ManagementViewTest {
    private static final int PAGE = GuestMemory.PAGE_BYTES;

    private final Ram ram = Ram.allocate(4L * PAGE);
    private final Ram smram = Ram.allocate(2L * PAGE);
    private final GuestMemory memory = new GuestMemory();
    private final GuestMemory view = memory.management();
    private final List<String> events = new ArrayList<>();

    private MemoryListener listener(String name) {
        return new MemoryListener() {
            @Override
            public void slotsChanged() {
                events.add(name + " slots");
            }

            @Override
            public void trackedWrite(long gpa, int bytes) {
                events.add(name + " " + gpa / PAGE);
            }
        };
    }

    @BeforeEach
    void addSlots() {
        memory.addSlot(0, 0, ram);
        view.addSlot(0, PAGE, smram, 0, PAGE, false);
    }

    @AfterEach
    void close() {
        ram.close();
        smram.close();
    }

    @Test
    void itsSlotsHideWhatIsBeneathFromWhoUsesItAlone() {
        view.storeInt(PAGE + 4, 1);
        view.storeInt(2 * PAGE, 2);
        memory.storeInt(PAGE + 4, 3);

        assertEquals(1, view.loadInt(PAGE + 4));
        assertEquals(3, memory.loadInt(PAGE + 4));
        assertEquals(2, memory.loadInt(2 * PAGE));
        assertSame(view, view.owner(PAGE));
        assertSame(memory, view.owner(2 * PAGE));
        assertThrows(IllegalStateException.class, view::management);
    }

    @Test
    void itMayHaveMemoryWhereThereIsNoneBeneath() {
        view.addSlot(1, 0x10_0000, smram, PAGE, PAGE, false);
        view.storeByte(0x10_0000, (byte) 5);

        assertFalse(memory.backs(0x10_0000, 1));
        view.removeSlot(1);
        assertFalse(view.backs(0x10_0000, 1));
    }

    @Test
    void whoListensHearsOfTheSlotsThatItListensTo() {
        memory.addListener(listener("memory"));
        view.addListener(listener("view"));
        view.markTracked(PAGE);
        view.markTracked(2 * PAGE);
        view.store(PAGE, 4, 1);
        memory.store(PAGE, 4, 1);
        view.store(2 * PAGE, 4, 1);
        memory.store(2 * PAGE, 4, 1);
        view.addSlot(1, 0x10_0000, smram, PAGE, PAGE, false);

        assertEquals(List.of("view 1", "memory 2", "memory 2", "view slots"), events);
    }

    @Test
    void itsSlotsHaveDirtyLogsOfTheirOwn() {
        memory.startDirtyLog(0);
        view.startDirtyLog(0);
        view.storeInt(PAGE, 1);
        view.storeInt(3 * PAGE, 1);

        assertArrayEquals(new long[] {1}, view.takeDirtyLog(0));
        assertArrayEquals(new long[] {8}, memory.takeDirtyLog(0));
    }
}
