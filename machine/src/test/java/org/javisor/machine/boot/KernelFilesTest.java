// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine.boot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import org.javisor.machine.layout.MemoryMap;
import org.javisor.memory.ConfigurationException;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.Ram;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Kernel files, good and bad, made by hand.
class KernelFilesTest {
    private static final long RAM_BYTES = 64L << 20;
    private static final int SETUP_BYTES = 512 * 5, PAYLOAD_BYTES = 4096;

    private final Ram ram = Ram.allocate(RAM_BYTES);
    private final GuestMemory memory = new GuestMemory();

    KernelFilesTest() {
        memory.addSlot(0, 0, ram);
    }

    @AfterEach
    void free() {
        ram.close();
    }

    private static byte[] bzImage() {
        ByteBuffer file = ByteBuffer.allocate(SETUP_BYTES + PAYLOAD_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        file.put(0x1f1, (byte) 4).putInt(0x1f4, PAYLOAD_BYTES / 16).putShort(0x1fe, (short) 0xaa55)
                .putShort(0x200, (short) 0x6aeb).putInt(0x202, 0x5372_6448).putShort(0x206, (short) 0x20f)
                .put(0x211, (byte) 1).putInt(0x22c, 0x7fff_ffff).putInt(0x230, 0x20_0000).put(0x234, (byte) 1)
                .putShort(0x236, (short) 1).putInt(0x238, 2047).putLong(0x258, 0x100_0000).putInt(0x260, 0x10_0000);
        for (int i = 0; i < PAYLOAD_BYTES; i++) {
            file.put(SETUP_BYTES + i, (byte) (i * 7));
        }
        return file.array();
    }

    private static byte[] elf(int noteBytes) {
        ByteBuffer file = ByteBuffer.allocate(0x1000).order(ByteOrder.LITTLE_ENDIAN);
        file.putInt(0, 0x464c_457f).put(4, (byte) 2).put(5, (byte) 1).putLong(24, 0x100_0000).putLong(32, 64)
                .putShort(54, (short) 56).putShort(56, (short) 2);
        file.putInt(64, 1).putLong(64 + 8, 0x800).putLong(64 + 24, 0x100_0000).putLong(64 + 32, 0x100)
                .putLong(64 + 40, 0x2000);
        file.putInt(120, 4).putLong(120 + 8, 0x400).putLong(120 + 32, noteBytes).putLong(120 + 40, noteBytes);
        file.putInt(0x400, 4).putInt(0x404, 8).putInt(0x408, 18).putInt(0x40c, 0x6e_6558).putLong(0x410, 0x100_0040);
        file.put(0x800, (byte) 0xf4);
        return file.array();
    }

    private BootRequest request(byte[] kernel, byte[] initrd) {
        return new BootRequest("test-kernel", kernel, "test-initrd", initrd, "console=ttyS0", RAM_BYTES,
                E820.of(RAM_BYTES, MemoryMap.ECAM), 0xe0000);
    }

    private static void assertComplains(String part, Runnable action) {
        String message = assertThrows(ConfigurationException.class, action::run).getMessage();
        assertTrue(message.contains(part), message);
        assertEquals(1, message.lines().count(), message);
    }

    @Test
    void bzImageIsEnteredAtIts64BitEntryPoint() {
        byte[] initrd = {1, 2, 3};

        EntryState entry = LinuxBoot.load(request(bzImage(), initrd), memory, true);

        assertEquals(EntryState.Mode.LONG, entry.mode());
        assertEquals(0x100_0200, entry.rip());
        assertEquals(7 * 5, memory.loadByte(0x100_0005));
        assertEquals(0xe0000, memory.loadLong(entry.rsi() + 0x70));
        assertEquals(3, memory.loadInt(entry.rsi() + 0x21c));
        byte[] placed = new byte[3];
        memory.load(memory.loadInt(entry.rsi() + 0x218), placed, 0, 3);
        assertArrayEquals(initrd, placed);
    }

    @Test
    void bzImageIsEnteredInProtectedModeWhenAsked() {
        EntryState entry = LinuxBoot.load(request(bzImage(), new byte[0]), memory, false);

        assertEquals(EntryState.Mode.PROTECTED, entry.mode());
        assertEquals(0x100_0000, entry.rip());
    }

    @Test
    void elfKernelIsEnteredAtItsPvhNote() {
        EntryState entry = PvhBoot.load(request(elf(24), new byte[] {9}), memory);

        assertEquals(0x100_0040, entry.rip());
        assertEquals((byte) 0xf4, memory.loadByte(0x100_0000));
        assertEquals(0x336e_c578, memory.loadInt(entry.rbx()));
        assertEquals(1, memory.loadInt(entry.rbx() + 12));
    }

    @Test
    void elfKernelWithoutANoteIsRefused() {
        assertComplains("PVH entry point", () -> PvhBoot.load(request(elf(0), new byte[0]), memory));
    }

    @Test
    void truncatedBzImageIsRefused() {
        byte[] cut = Arrays.copyOf(bzImage(), SETUP_BYTES + PAYLOAD_BYTES / 2);

        assertComplains("cut short", () -> LinuxBoot.load(request(cut, new byte[0]), memory, true));
    }

    @Test
    void textFileIsRefused() {
        byte[] text = "this is no kernel\n".repeat(100).getBytes(java.nio.charset.StandardCharsets.US_ASCII);

        assertComplains("not a Linux bzImage", () -> LinuxBoot.load(request(text, new byte[0]), memory, true));
        assertComplains("not a little-endian ELF", () -> PvhBoot.load(request(text, new byte[0]), memory));
    }

    @Test
    void initrdThatDoesNotFitIsRefusedWithTheMemoryItNeeds() {
        byte[] large = new byte[56 << 20];

        assertComplains("test-initrd", () -> LinuxBoot.load(request(bzImage(), large), memory, true));
    }

    @Test
    void damagedHeadersNeverCauseAnythingButAComplaint() {
        long seed = Long.getLong("javisor.seed", System.nanoTime());
        Random random = new Random(seed);
        for (int i = 0; i < 3000; i++) {
            byte[] bz = bzImage();
            byte[] elf = elf(24);
            for (int n = 0; n < 4; n++) {
                bz[0x1f1 + random.nextInt(0x80)] = (byte) random.nextInt();
                elf[random.nextInt(0x420)] = (byte) random.nextInt();
            }
            byte[] cutBz = Arrays.copyOf(bz, 0x264 + random.nextInt(bz.length - 0x264));
            byte[] cutElf = Arrays.copyOf(elf, 64 + random.nextInt(elf.length - 64));
            loadOrComplain(seed, () -> LinuxBoot.load(request(cutBz, new byte[5]), memory, random.nextBoolean()));
            loadOrComplain(seed, () -> PvhBoot.load(request(cutElf, new byte[5]), memory));
        }
    }

    private static void loadOrComplain(long seed, Runnable load) {
        try {
            load.run();
        } catch (ConfigurationException _) {
            // What a damaged file is to get.
        } catch (RuntimeException e) {
            throw new AssertionError("-Djavisor.seed=" + seed, e);
        }
    }
}
