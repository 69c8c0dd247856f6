// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.firmware;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.Ram;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FwCfgTest {
    private static final int DIRECTORY = 0x19, FIRST_FILE = 0x20;
    private static final int READ = 2, SKIP = 4, SELECT = 8, WRITE = 16;

    private final GuestMemory memory = new GuestMemory();
    private final Ram ram = Ram.allocate(1 << 16);
    private final FwCfg device = new FwCfg(memory, 3);

    FwCfgTest() {
        memory.addSlot(0, 0, ram);
    }

    @AfterEach
    void close() {
        ram.close();
    }

    private byte[] read(int item, int count) {
        device.write(0, 2, item);
        byte[] bytes = new byte[count];
        for (int n = 0; n < count; n++) {
            bytes[n] = (byte) device.read(1, 1);
        }
        return bytes;
    }

    /// @return the control word afterwards
    private int dma(int control, int length, long address) {
        memory.store(0x100, ByteBuffer.allocate(16).putInt(control).putInt(length).putLong(address).array());
        device.write(4, 4, 0);
        device.write(8, 4, Integer.reverseBytes(0x100));
        return Integer.reverseBytes(memory.loadInt(0x100));
    }

    @Test
    void theSignatureAndTheFeaturesAreFoundByByte() {
        assertEquals("QEMU", new String(read(0, 4), StandardCharsets.US_ASCII));
        assertArrayEquals(new byte[] {3, 0, 0, 0}, read(1, 4));
        assertArrayEquals(new byte[] {3, 0, 0, 0}, read(5, 4));
        assertEquals(0x554d_4551L, device.read(4, 4) & 0xffff_ffffL);
        assertEquals(0x4746_4320L, device.read(8, 4) & 0xffff_ffffL);
    }

    @Test
    void theDirectoryNamesTheFiles() {
        device.file("etc/one", new byte[] {1, 2, 3});
        device.file("etc/two", new byte[5]);

        ByteBuffer directory = ByteBuffer.wrap(read(DIRECTORY, 4 + 2 * 64));

        assertEquals(2, directory.getInt());
        assertEquals(3, directory.getInt());
        assertEquals(FIRST_FILE, directory.getShort());
        assertEquals(5, directory.getInt(4 + 64));
        assertEquals(FIRST_FILE + 1, directory.getShort(4 + 64 + 4));
        assertArrayEquals(new byte[] {1, 2, 3, 0}, read(FIRST_FILE, 4));
    }

    /// ACPI tables say where firmware has placed things: they must not be made when it looks for their length.
    @Test
    void aFileIsMadeWhenItIsReadAndNotWhenItsLengthIsAskedFor() {
        byte[][] content = {{1, 2}};
        device.file("etc/tables", 6, () -> content[0]);
        assertEquals(6, ByteBuffer.wrap(read(DIRECTORY, 4 + 64)).getInt(4));

        content[0] = new byte[] {3, 4, 5};

        assertArrayEquals(new byte[] {3, 4, 5, 0, 0, 0}, read(FIRST_FILE, 6));
    }

    @Test
    void dmaReadsSkipsAndSelects() {
        device.file("etc/file", "0123456789".getBytes(StandardCharsets.US_ASCII));

        assertEquals(0, dma(FIRST_FILE << 16 | SELECT | SKIP, 3, 0));
        assertEquals(0, dma(READ, 4, 0x200));

        byte[] four = new byte[4];
        memory.load(0x200, four, 0, 4);
        assertEquals("3456", new String(four, StandardCharsets.US_ASCII));
    }

    @Test
    void behindTheEndOfAnItemAreZeroes() {
        device.file("etc/file", new byte[] {7});
        memory.storeLong(0x200, -1);

        assertEquals(0, dma(FIRST_FILE << 16 | SELECT | READ, 8, 0x200));

        assertEquals(7, memory.loadLong(0x200));
    }

    @Test
    void whatCannotBeDoneIsAnError() {
        device.file("etc/file", new byte[] {7});

        assertEquals(1, dma(FIRST_FILE << 16 | SELECT | WRITE, 1, 0x200));
        assertEquals(1, dma(FIRST_FILE << 16 | SELECT | READ, 1, 0x5000_0000L));
        assertEquals(1, dma(FIRST_FILE << 16 | SELECT | READ, -1, 0x200));
    }

    /// Nothing is said, and nothing breaks.
    @Test
    void aRequestOutsideMemoryIsIgnored() {
        device.write(4, 4, 0x1234);
        device.write(8, 4, 0x10);
        assertEquals("QEMU", new String(read(0, 4), StandardCharsets.US_ASCII));
    }

    @Test
    void filesAreMadeOnceBetweenResets() {
        AtomicInteger made = new AtomicInteger();
        device.file("etc/file", () -> new byte[] {(byte) made.incrementAndGet()});

        assertArrayEquals(new byte[] {1}, read(FIRST_FILE, 1));
        assertArrayEquals(new byte[] {1}, read(FIRST_FILE, 1));
        device.reset();
        assertArrayEquals(new byte[] {2}, read(FIRST_FILE, 1));
    }
}
