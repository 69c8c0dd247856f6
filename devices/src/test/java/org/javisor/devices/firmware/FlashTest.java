// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.firmware;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.Ram;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FlashTest {
    private static final int GPA = 0x10_0000, BYTES = 4 * Flash.BLOCK_BYTES;

    private final GuestMemory memory = new GuestMemory();
    private final Ram array = Ram.allocate(BYTES);
    private final byte[] kept = erased();
    private boolean diskFull;
    private final Flash flash = new Flash(memory, 1, GPA, erased(), array, this::keep);

    private static byte[] erased() {
        byte[] content = new byte[BYTES];
        Arrays.fill(content, (byte) 0xff);
        return content;
    }

    private void keep(byte[] content, int from, int count) {
        if (diskFull) {
            throw new UncheckedIOException(new IOException("no space"));
        }
        System.arraycopy(content, 0, kept, from, count);
    }

    @AfterEach
    void close() {
        array.close();
    }

    private void write(int offset, int... values) {
        for (int value : values) {
            flash.write(offset, 1, value);
        }
    }

    private int array(int offset) {
        return memory.loadByte(GPA + offset) & 0xff;
    }

    @Test
    void commandsOfOthersThanThoseItTrustsAreIgnored() {
        boolean[] trusted = {true};
        memory.removeSlot(1);
        Flash secure = new Flash(memory, 1, GPA, erased(), array, this::keep, () -> trusted[0]);
        trusted[0] = false;
        secure.write(8, 1, 0x40);
        secure.write(8, 1, 0x12);
        assertEquals(0xff, array(8));
        trusted[0] = true;
        secure.write(8, 1, 0x40);
        secure.write(8, 1, 0x12);
        assertEquals(0x80, secure.read(8, 1));
        trusted[0] = false;
        assertEquals(0x12, secure.read(8, 1), "others see the array whatever it shows");
        secure.write(0, 1, 0xff);
        trusted[0] = true;
        assertEquals(0x80, secure.read(8, 1));
    }

    @Test
    void theArrayIsMemoryUntilACommandComes() {
        assertEquals(0xff, array(5));
        write(0, 0x70);
        assertFalse(memory.backs(GPA, 1));
        assertEquals(0x80, flash.read(0, 1));
        write(0, 0xff);
        assertTrue(memory.backs(GPA, BYTES));
    }

    @Test
    void programmingClearsBitsAndErasingSetsThem() {
        write(5, 0x10, 0x5a, 0x10, 0xf0, 0xff);
        assertEquals(0x50, array(5));
        assertEquals(0x50, kept[5]);
        write(5, 0x20, 0xd0, 0xff);
        assertEquals(0xff, array(5));
        assertEquals(-1, kept[5]);
    }

    @Test
    void aBufferIsProgrammedAtOnce() {
        write(0x100, 0xe8, 3 - 1);
        write(0x100, 1);
        write(0x101, 2);
        write(0x102, 3);
        write(0x100, 0xd0, 0xff);
        assertEquals(1, array(0x100));
        assertEquals(3, array(0x102));
        assertEquals(0xff, array(0x103));
    }

    @Test
    void firmwareTellsFlashFromRamAndRom() {
        write(0, 0x50);
        assertEquals(0xff, array(0));
        write(0, 0x70);
        assertEquals(0, flash.read(0, 1));
        write(0, 0xff);
    }

    @Test
    void anEraseThatIsNotConfirmedFails() {
        write(0, 0x20, 0x00, 0x70);
        assertEquals(0x80 | 0x30, flash.read(0, 1));
    }

    @Test
    void whatCannotBeKeptFailsAndIsNotShown() {
        diskFull = true;
        write(0, 0x10, 0);
        assertEquals(0x80 | 0x10, flash.read(0, 1));
        write(0, 0x20, 0xd0);
        assertEquals(0x80 | 0x30, flash.read(0, 1));
        write(0, 0xff);
        assertEquals(0xff, array(0));
    }
}
