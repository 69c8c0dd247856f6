// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.vga;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.javisor.memory.GuestMemory;
import org.javisor.testkit.ManualClock;
import org.javisor.testkit.Seeds;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What is written through the window is where it should be, and is shown.
class VgaTest {
    private static final int SEQUENCER = 0x14, GRAPHICS = 0x1e, CRTC = 0x24, ATTRIBUTE = 0x10, DAC = 0x18;

    private final GuestMemory guest = new GuestMemory();
    private final VideoMemory memory = new VideoMemory(guest, 0);
    private final VgaRegisters registers = new VgaRegisters(new ManualClock());
    private final VbeRegisters vbe = new VbeRegisters(memory);
    private final VgaWindow window = new VgaWindow(registers, vbe, memory);
    private final Screen screen = new Screen(registers, vbe, memory);

    @AfterEach
    void close() {
        memory.close();
    }

    private void set(int port, int index, int value) {
        registers.write(port, 1, index);
        registers.write(port + 1, 1, value);
    }

    private void attribute(int index, int value) {
        registers.read(0x2a, 1);
        registers.write(ATTRIBUTE, 1, index);
        registers.write(ATTRIBUTE, 1, value);
    }

    private void colour(int index, int red, int green, int blue) {
        registers.write(DAC, 1, index);
        for (int component : new int[] {red, green, blue}) {
            registers.write(DAC + 1, 1, component);
        }
    }

    /// All planes, one byte to each address, at 0xa0000.
    private void planar() {
        set(SEQUENCER, 2, 0xf);
        set(SEQUENCER, 4, 6);
        set(GRAPHICS, 6, 5);
        set(GRAPHICS, 8, 0xff);
    }

    private void show() {
        registers.read(0x2a, 1);
        registers.write(ATTRIBUTE, 1, 0x20);
    }

    @Test
    void writesGoToThePlanesThatAreOn() {
        planar();
        set(SEQUENCER, 2, 0b0101);
        window.write(0x10, 1, 0xa5);
        assertEquals(0x00a5_00a5, memory.loadPlanes(0x40));

        set(GRAPHICS, 4, 2);
        assertEquals(0xa5, window.read(0x10, 1));
        set(GRAPHICS, 4, 1);
        assertEquals(0, window.read(0x10, 1));
    }

    @Test
    void theBitMaskKeepsWhatTheLatchesHold() {
        planar();
        window.write(0, 1, 0xff);
        window.read(0, 1);
        set(GRAPHICS, 8, 0x0f);
        window.write(0, 1, 0x00);
        assertEquals(0xf0f0_f0f0, memory.loadPlanes(0));
    }

    @Test
    void writeModeOneCopiesLatches() {
        planar();
        memory.storePlanes(0, 0x1234_5678);
        window.read(0, 1);
        set(GRAPHICS, 5, 1);
        window.write(7, 1, 0);
        assertEquals(0x1234_5678, memory.loadPlanes(28));
    }

    @Test
    void readModeOneComparesColours() {
        planar();
        set(GRAPHICS, 5, 2);
        set(GRAPHICS, 8, 0xf0);
        window.read(0, 1);
        window.write(0, 1, 0b1010);
        set(GRAPHICS, 5, 8);
        set(GRAPHICS, 2, 0b1010);
        set(GRAPHICS, 7, 0xf);
        assertEquals(0xf0, window.read(0, 1));
    }

    @Test
    void rotationAndFunctionsCombineWithTheLatches() {
        planar();
        memory.storePlanes(0, 0x0f0f_0f0f);
        window.read(0, 1);
        set(GRAPHICS, 3, 0x18 | 4);
        window.write(0, 1, 0x0f);
        assertEquals(0xffff_ffff, memory.loadPlanes(0));
    }

    @Test
    void textIsReadFromTheScreen() {
        set(GRAPHICS, 5, 0x10);
        set(GRAPHICS, 6, 0xe);
        set(SEQUENCER, 2, 3);
        set(CRTC, 1, 79);
        set(CRTC, 9, 15);
        set(CRTC, 0x12, 0x8f);
        set(CRTC, 7, 2);
        set(CRTC, 0x13, 40);
        String hello = "hello";
        for (int n = 0; n < hello.length(); n++) {
            window.write(0x1_8000 + 160 + 2L * n, 2, 0x0700 | hello.charAt(n));
        }
        assertTrue(screen.textMode());
        assertEquals(25, screen.text().lines().count());
        assertEquals("hello", screen.text().lines().toList().get(1));
    }

    @Test
    void thirteenHexIsOneByteAPixel() {
        set(SEQUENCER, 2, 0xf);
        set(SEQUENCER, 4, 0xe);
        set(GRAPHICS, 5, 0x40);
        set(GRAPHICS, 6, 5);
        set(CRTC, 1, 79);
        set(CRTC, 9, 0x41);
        set(CRTC, 0x12, 0x8f);
        set(CRTC, 7, 2);
        set(CRTC, 0x13, 40);
        colour(7, 0x3f, 0, 0x3f);
        show();
        window.write(320 + 5, 1, 7);

        Screen.Frame frame = screen.frame(0);

        assertEquals(320, frame.width());
        assertEquals(200, frame.height());
        assertEquals(0xff00ff, frame.pixels()[320 + 5]);
    }

    @Test
    void bochsModesAreLinear() {
        for (int[] register : new int[][] {{1, 64}, {2, 32}, {3, 32}, {4, 0x41}}) {
            vbe.write(0, 2, register[0]);
            vbe.write(1, 2, register[1]);
        }
        memory.write(4 * (64 * 3 + 2), 4, 0x00123456);

        Screen.Frame frame = screen.frame(0);

        assertEquals(64, frame.width());
        assertEquals(0x123456, frame.pixels()[64 * 3 + 2]);
        vbe.write(0, 2, 3);
        vbe.write(1, 2, 16);
        assertEquals(32, vbe.read(1, 2), "a mode that is on does not change its depth");
    }

    /// No registers make a picture that cannot be drawn.
    @Test
    void whateverTheRegistersAreThereIsAPicture() {
        var random = Seeds.random("VgaTest");
        for (int round = 0; round < 60; round++) {
            for (int n = 0; n < 400; n++) {
                registers.write(random.nextInt(VgaRegisters.PORTS), 1, random.nextInt(256));
                vbe.write(0, 2, random.nextInt(12));
                vbe.write(1, 2, random.nextInt(4) == 0 ? random.nextInt(0x10000) : random.nextInt(80));
                window.write(random.nextInt(0x1_fff8), 8, random.nextLong());
                window.read(random.nextInt(0x1_fff8), 8);
            }
            Screen.Frame frame = screen.frame(round * 300_000_000L);
            assertEquals(frame.width() * frame.height(), frame.pixels().length);
            screen.text();
        }
    }
}
