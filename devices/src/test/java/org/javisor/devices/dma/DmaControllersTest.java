// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.dma;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.IoBus;
import org.javisor.memory.Ram;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DmaControllersTest {
    private static final int SINGLE_TO_MEMORY = 0x44, SINGLE_FROM_MEMORY = 0x48, AUTO = 0x10, DOWN = 0x20,
            VERIFY = 0x40;
    private static final int RAM_BYTES = 1 << 20;

    private final Ram ram = Ram.allocate(RAM_BYTES);
    private final GuestMemory memory = new GuestMemory();
    private final IoBus ports = new IoBus("port", 0xffff);
    private final DmaPages pages = new DmaPages();
    private final DmaControllers dma = new DmaControllers(memory, pages);
    private final DmaChannel channel = dma.channel(2);
    private final byte[] bytes = new byte[256];

    @BeforeEach
    void build() {
        memory.addSlot(0, 0, ram);
        ports.attach(DmaPages.PORT, DmaPages.PORTS, pages, "pages");
        dma.attach(ports);
        dma.cascade();
        for (int n = 0; n < bytes.length; n++) {
            bytes[n] = (byte) (n + 1);
        }
    }

    @AfterEach
    void free() {
        ram.close();
    }

    private void out(int port, int value) {
        ports.write(port, 1, value);
    }

    private int in(int port) {
        return (int) ports.read(port, 1);
    }

    /// Programs channel 2 and opens it.
    private void program(int mode, int gpa, int count) {
        out(0x0c, 0);
        out(0x0b, mode | 2);
        out(0x04, gpa & 0xff);
        out(0x04, gpa >> 8 & 0xff);
        out(0x81, gpa >> 16);
        out(0x05, count - 1 & 0xff);
        out(0x05, count - 1 >> 8);
        out(0x0a, 2);
    }

    private byte[] memoryAt(int gpa, int count) {
        byte[] there = new byte[count];
        memory.load(gpa, there, 0, count);
        return there;
    }

    @Test
    void aDeviceStoresUpToTerminalCountAndIsMaskedThen() {
        program(SINGLE_TO_MEMORY, 0x3_4560, 100);

        assertEquals(60, channel.store(bytes, 0, 60));
        assertFalse(channel.terminalCount());
        assertEquals(40, channel.store(bytes, 60, 100));
        assertTrue(channel.terminalCount());
        assertEquals(0, channel.store(bytes, 0, 1));

        assertArrayEquals(Arrays.copyOf(bytes, 100), memoryAt(0x3_4560, 100));
        assertEquals(0, memory.loadByte(0x3_4560 + 100));
        assertEquals(4, in(0x08));
        assertEquals(0, in(0x08));
        assertEquals(0xff, in(0x0f));
    }

    @Test
    void aDeviceLoads() {
        memory.store(0x8000, bytes);
        byte[] target = new byte[256];
        program(SINGLE_FROM_MEMORY, 0x8000, 256);

        assertEquals(256, channel.load(target, 0, 256));

        assertArrayEquals(bytes, target);
    }

    @Test
    void aChannelIsNotReadyForTheOtherDirectionNorMaskedNorDisabled() {
        program(SINGLE_TO_MEMORY, 0x8000, 256);
        assertEquals(0, channel.load(bytes, 0, 1));

        out(0x0a, 6);
        assertEquals(0, channel.store(bytes, 0, 1));
        out(0x0a, 2);
        out(0x08, 4);
        assertEquals(0, channel.store(bytes, 0, 1));
        out(0x08, 0);
        assertEquals(1, channel.store(bytes, 0, 1));
    }

    @Test
    void theFirstControllerNeedsTheSecondToLetItThrough() {
        program(SINGLE_TO_MEMORY, 0x8000, 256);

        out(0xd4, 4);
        assertEquals(0, channel.store(bytes, 0, 1));
        out(0xd4, 0);
        assertEquals(1, channel.store(bytes, 0, 1));
    }

    @Test
    void autoInitialisationBeginsAgain() {
        program(SINGLE_TO_MEMORY | AUTO, 0x8000, 10);

        assertEquals(10, channel.store(bytes, 0, 25));
        assertTrue(channel.terminalCount());
        assertEquals(10, channel.store(bytes, 10, 10));

        assertArrayEquals(Arrays.copyOfRange(bytes, 10, 20), memoryAt(0x8000, 10));
    }

    @Test
    void addressesGoDownWhenTheyAreToAndStayWithinTheirPage() {
        program(SINGLE_TO_MEMORY | DOWN, 0x1_0002, 5);

        channel.store(bytes, 0, 5);

        assertArrayEquals(new byte[] {3, 2, 1}, memoryAt(0x1_0000, 3));
        assertArrayEquals(new byte[] {5, 4}, memoryAt(0x1_fffe, 2));
    }

    @Test
    void wordsAreMovedAtTwiceTheAddress() {
        out(0xd8, 0);
        out(0xd6, SINGLE_TO_MEMORY | 1);
        out(0xc4, 0x34);
        out(0xc4, 0x12);
        out(0x8b, 0x03);
        out(0xc6, 3);
        out(0xc6, 0);
        out(0xd4, 1);

        assertEquals(8, dma.channel(5).store(bytes, 0, 9));

        assertArrayEquals(Arrays.copyOf(bytes, 8), memoryAt(0x2_2468, 8));
    }

    @Test
    void verifyingTouchesNoMemory() {
        program(VERIFY, 0x8000, 16);

        assertEquals(16, channel.store(bytes, 0, 16));

        assertArrayEquals(new byte[16], memoryAt(0x8000, 16));
    }

    @Test
    void whereNoMemoryIsWritesAreLostAndReadsAreOnes() {
        program(SINGLE_TO_MEMORY, 0xf0_0000, 16);
        assertEquals(16, channel.store(bytes, 0, 16));

        program(SINGLE_FROM_MEMORY, 0xf0_0000, 2);
        assertEquals(2, channel.load(bytes, 0, 2));
        assertEquals(-1, bytes[0]);
    }

    @Test
    void theFlipFlopTellsLowerFromUpperBytes() {
        program(SINGLE_TO_MEMORY, 0x1234, 0x100);
        assertEquals(0x34, in(0x04));
        assertEquals(0x12, in(0x04));
        assertEquals(0xff, in(0x05));
        out(0x0c, 0);
        assertEquals(0x34, in(0x04));
    }

    @Test
    void aDeviceThatWaitsIsToldWhenItsChannelOpens() {
        int[] told = {0};
        channel.onReady(() -> told[0]++);
        program(SINGLE_TO_MEMORY, 0x8000, 16);
        assertEquals(0, told[0]);

        out(0x0a, 6);
        channel.request(true);
        assertEquals(0x40, in(0x08));
        out(0x0a, 2);

        assertEquals(1, told[0]);
    }

    @Test
    void masterClearMasksAll() {
        program(SINGLE_TO_MEMORY, 0x8000, 16);
        out(0x0d, 0);

        assertEquals(0, channel.store(bytes, 0, 1));
        out(0x0e, 0);
        assertEquals(1, channel.store(bytes, 0, 1));
    }

    @Test
    void noDeviceIsAtTheCascade() {
        assertThrows(IllegalArgumentException.class, () -> dma.channel(4));
    }
}
