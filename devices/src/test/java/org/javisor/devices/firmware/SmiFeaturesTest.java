// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.firmware;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.Ram;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// The three files, as firmware uses them.
class SmiFeaturesTest {
    private static final int SUPPORTED = 0x20, REQUESTED = 0x21, OK = 0x22;
    private static final int READ = 2, SELECT = 8, WRITE = 16, ERROR = 1;

    private final GuestMemory memory = new GuestMemory();
    private final Ram ram = Ram.allocate(1 << 16);
    private final FwCfg device = new FwCfg(memory, 1);
    private final SmiFeatures features = new SmiFeatures();

    SmiFeaturesTest() {
        memory.addSlot(0, 0, ram);
        features.addTo(device);
    }

    @AfterEach
    void close() {
        ram.close();
    }

    /// @return the control word afterwards
    private int dma(int item, int control, int length, long address) {
        memory.store(0x100, ByteBuffer.allocate(16).putInt(item << 16 | SELECT | control).putInt(length)
                .putLong(address).array());
        device.write(4, 4, 0);
        device.write(8, 4, Integer.reverseBytes(0x100));
        return Integer.reverseBytes(memory.loadInt(0x100));
    }

    private int request(long wanted) {
        memory.storeLong(0x200, wanted);
        return dma(REQUESTED, WRITE, 8, 0x200);
    }

    private boolean agreed() {
        device.write(0, 2, OK);
        return device.read(1, 1) == 1;
    }

    private long file(int item) {
        assertEquals(0, dma(item, READ, 8, 0x300));
        return memory.loadLong(0x300);
    }

    @Test
    void broadcastIsAgreedOnAndThenSettled() {
        assertEquals(1, file(SUPPORTED));
        assertEquals(0, request(1));
        assertFalse(features.broadcast());
        assertTrue(agreed());
        assertTrue(features.broadcast());
        assertEquals(1, file(REQUESTED));

        request(0);
        assertTrue(agreed());
        assertTrue(features.broadcast());
    }

    @Test
    void whatThereIsNotIsRefusedUntilLessIsAskedFor() {
        request(3);
        assertFalse(agreed());
        assertFalse(features.broadcast());
        request(0);
        assertTrue(agreed());
        assertFalse(features.broadcast());
    }

    @Test
    void theDirectoryIsReadWithoutAgreeing() {
        request(1);
        device.write(0, 2, 0x19);
        device.read(1, 1);
        assertFalse(features.broadcast());
    }

    @Test
    void otherFilesAndWhatIsTooLongCannotBeWritten() {
        assertEquals(ERROR, dma(SUPPORTED, WRITE, 8, 0x200));
        assertEquals(ERROR, dma(OK, WRITE, 1, 0x200));
        assertEquals(ERROR, dma(REQUESTED, WRITE, 9, 0x200));
        assertEquals(ERROR, dma(REQUESTED, WRITE, 8, 0xffff_0000L));
        assertEquals(1, file(SUPPORTED));
    }

    @Test
    void aResetForgetsAndASavedStateComesBack() {
        request(1);
        agreed();
        SmiFeatures.State saved = features.save();
        features.reset();
        device.reset();
        assertFalse(features.broadcast());
        assertEquals(0, file(REQUESTED));

        features.load(saved);
        assertTrue(features.broadcast());
        assertEquals(saved, features.save());
        assertThrows(IllegalArgumentException.class, () -> new SmiFeatures.State(2, 2, true));
        assertThrows(IllegalArgumentException.class, () -> new SmiFeatures.State(1, 1, false));
    }
}
