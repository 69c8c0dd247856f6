// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.MemorySlot;
import org.javisor.memory.Ram;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SlotPieceTest {
    private final Ram ram = Ram.allocate(0x1_0000);
    private final GuestMemory memory = new GuestMemory();

    @AfterEach
    void free() {
        ram.close();
    }

    private MemorySlot slot(int id, long gpa, long bytes) {
        memory.management().addSlot(id, gpa, ram, 0, bytes, false);
        return memory.management().find(gpa);
    }

    private MemorySlot whole() {
        memory.addSlot(0, 0x1_0000, ram);
        return memory.find(0x1_0000);
    }

    @Test
    void whatHidesTheMiddleLeavesBothEnds() {
        MemorySlot beneath = whole();

        assertEquals(List.of(new SlotPiece(beneath, 0x1_0000, 0x4000), new SlotPiece(beneath, 0x1_6000, 0xa000)),
                SlotPiece.whole(beneath).without(slot(0, 0x1_4000, 0x2000)));
    }

    @Test
    void whatHidesAnEndLeavesTheOther() {
        MemorySlot beneath = whole();
        SlotPiece piece = SlotPiece.whole(beneath);

        assertEquals(List.of(new SlotPiece(beneath, 0x1_2000, 0xe000)), piece.without(slot(0, 0xf000, 0x3000)));
        assertEquals(List.of(new SlotPiece(beneath, 0x1_0000, 0xf000)), piece.without(slot(1, 0x1_f000, 0x2000)));
    }

    @Test
    void whatHidesAllLeavesNothingAndWhatIsBesideAll() {
        MemorySlot beneath = whole();
        SlotPiece piece = SlotPiece.whole(beneath);

        assertEquals(List.of(piece), piece.without(slot(1, 0xf000, 0x1000)));
        assertEquals(List.of(piece), piece.without(slot(2, 0x2_0000, 0x1000)));
        assertEquals(List.of(), piece.without(slot(0, 0x1_0000, 0x1_0000)));
    }

    @Test
    void aPageOfAPieceIsDirtyInItsSlot() {
        MemorySlot beneath = whole();
        memory.startDirtyLog(0);

        SlotPiece.whole(beneath).without(slot(0, 0x1_0000, 0x3000)).getFirst().markDirty(2);

        assertEquals(1L << 5, memory.takeDirtyLog(0)[0]);
    }
}
