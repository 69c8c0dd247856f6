// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.javisor.devices.pci.Smram.Window;
import org.javisor.memory.GuestMemory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Who sees the memory of system management mode.
class BoardMemoryTest {
    private static final long RAM = 64 << 20, SMRAM = 0xa_0000, HIGH_SMRAM = 0xfeda_0000L, SEGMENT = RAM - (8 << 20);

    private final GuestMemory memory = new GuestMemory();
    private final GuestMemory managed = memory.management();
    private final BoardMemory board = new BoardMemory(RAM, null, memory, null);

    @AfterEach
    void close() {
        board.close();
    }

    @Test
    void closedSmramIsForTheModeAlone() {
        assertFalse(managed.backs(SMRAM, 1));
        board.place(true, Window.NOWHERE);
        memory.storeInt(SMRAM + 0x8000, 0x1234);
        board.place(true, Window.LOW);
        assertEquals(0x1234, managed.loadInt(SMRAM + 0x8000));
        board.place(false, Window.LOW);

        assertFalse(memory.backs(SMRAM + 0x8000, 1));
        assertEquals(0x1234, managed.loadInt(SMRAM + 0x8000));
        board.place(false, Window.HIGH);
        assertFalse(managed.backs(SMRAM, 1));
        assertEquals(0x1234, managed.loadInt(HIGH_SMRAM + 0x8000));
        board.place(true, Window.HIGH);
        assertEquals(0x1234, managed.loadInt(SMRAM + 0x8000));
        board.place(false, Window.NOWHERE);
        assertFalse(managed.backs(HIGH_SMRAM, 1) || managed.backs(SMRAM, 1));
    }

    @Test
    void theSegmentIsTakenFromTheEndOfRamAndGivenBack() {
        memory.storeInt(SEGMENT, 7);
        memory.storeInt(SEGMENT - 4, 8);
        board.segment(8 << 20);
        assertFalse(memory.backs(SEGMENT, 1));
        assertEquals(8, memory.loadInt(SEGMENT - 4));
        assertEquals(7, managed.loadInt(SEGMENT));
        assertTrue(managed.backs(RAM - 1, 1));
        board.segment(1 << 20);
        assertEquals(7, memory.loadInt(SEGMENT));
        assertFalse(memory.backs(RAM - 1, 1));
        board.segment(0);
        assertTrue(memory.backs(RAM - 1, 1));
        board.segment(64L << 20);
        assertTrue(memory.backs(RAM - 1, 1), "there is no room for it");
    }
}
