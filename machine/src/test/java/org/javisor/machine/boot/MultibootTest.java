// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.javisor.machine.layout.MemoryMap;
import org.javisor.memory.ConfigurationException;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.Ram;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Multiboot kernels, flat and ELF.
class MultibootTest {
    private static final long RAM_BYTES = 64L << 20;
    private static final int MAGIC = 0x1bad_b002, HEADER = 0x100, LOAD = 0x20_0000, ENTRY = LOAD + 0x800;

    private final Ram ram = Ram.allocate(RAM_BYTES);
    private final GuestMemory memory = new GuestMemory();

    MultibootTest() {
        memory.addSlot(0, 0, ram);
    }

    @AfterEach
    void free() {
        ram.close();
    }

    private static ByteBuffer file() {
        return ByteBuffer.allocate(0x1000).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static ByteBuffer header(ByteBuffer file, int flags) {
        return file.putInt(HEADER, MAGIC).putInt(HEADER + 4, flags).putInt(HEADER + 8, -MAGIC - flags);
    }

    private static byte[] flat(int flags) {
        ByteBuffer file = header(file(), flags);
        file.putInt(HEADER + 12, LOAD + HEADER).putInt(HEADER + 16, LOAD).putInt(HEADER + 20, LOAD + 0x1000)
                .putInt(HEADER + 24, LOAD + 0x2000).putInt(HEADER + 28, ENTRY);
        return file.put(0x800, (byte) 0xf4).array();
    }

    private static byte[] elf() {
        ByteBuffer file = header(file(), 3);
        file.putInt(0, 0x464c_457f).put(4, (byte) 1).put(5, (byte) 1).putInt(24, ENTRY).putInt(28, 52)
                .putShort(42, (short) 32).putShort(44, (short) 1);
        file.putInt(52, 1).putInt(56, 0x800).putInt(64, ENTRY).putInt(68, 0x100).putInt(72, 0x200);
        return file.put(0x800, (byte) 0xf4).array();
    }

    private BootRequest request(byte[] kernel, byte[] initrd) {
        return new BootRequest("test", kernel, "initrd", initrd, "a=b", RAM_BYTES, E820.of(RAM_BYTES, MemoryMap.ECAM),
                MemoryMap.FIRMWARE_TABLES);
    }

    @Test
    void aHeaderNeedsItsChecksum() {
        assertTrue(Multiboot.recognises(flat(1 << 16)));
        byte[] damaged = flat(1 << 16);
        damaged[HEADER + 8]++;
        assertFalse(Multiboot.recognises(damaged));
        assertFalse(Multiboot.recognises(new byte[3]));
    }

    @Test
    void aFlatFileGoesWhereItsHeaderSays() {
        EntryState entry = Multiboot.load(request(flat(1 << 16), new byte[0]), memory);

        assertEquals(ENTRY, entry.rip());
        assertEquals(0x2bad_b002L, entry.rax());
        assertEquals(EntryState.Mode.PROTECTED, entry.mode());
        assertEquals((byte) 0xf4, memory.loadByte(ENTRY));
    }

    @Test
    void anElfFileGoesWhereItsSegmentsSay() {
        EntryState entry = Multiboot.load(request(elf(), new byte[0]), memory);

        assertEquals(ENTRY, entry.rip());
        assertEquals((byte) 0xf4, memory.loadByte(ENTRY));
    }

    @Test
    void theInformationTellsOfMemoryCommandLineAndModule() {
        EntryState entry = Multiboot.load(request(elf(), new byte[] {1, 2, 3}), memory);

        long info = entry.rbx();
        assertEquals(MemoryMap.lowRam(RAM_BYTES) - (1 << 20) >>> 10, memory.loadInt(info + 8));
        byte[] arguments = new byte[8];
        memory.load(memory.loadInt(info + 16), arguments, 0, 8);
        assertEquals("test a=b", new String(arguments, StandardCharsets.US_ASCII));
        assertEquals(1, memory.loadInt(info + 20));
        long module = memory.loadInt(info + 24);
        assertEquals(3, memory.loadInt(module + 4) - memory.loadInt(module));
        assertEquals(2, memory.loadByte(memory.loadInt(module) + 1));
        assertEquals(24 * E820.of(RAM_BYTES, MemoryMap.ECAM).size(), memory.loadInt(info + 44));
        assertEquals(20, memory.loadInt(memory.loadInt(info + 48)));
    }

    @Test
    void addressesOutsideTheFileAreRefused() {
        ByteBuffer file = ByteBuffer.wrap(flat(1 << 16)).order(ByteOrder.LITTLE_ENDIAN);
        file.putInt(HEADER + 16, LOAD + 0x200);
        assertThrows(ConfigurationException.class, () ->
                Multiboot.load(request(file.array(), new byte[0]), memory));
        file.putInt(HEADER + 16, LOAD).putInt(HEADER + 20, LOAD + 0x1001);
        assertThrows(ConfigurationException.class, () ->
                Multiboot.load(request(file.array(), new byte[0]), memory));
        file.putInt(HEADER + 20, 0).putInt(HEADER + 24, -1);
        assertThrows(ConfigurationException.class, () ->
                Multiboot.load(request(file.array(), new byte[0]), memory));
    }

    @Test
    void aKernelThatAsksForAVideoModeIsRefused() {
        assertThrows(ConfigurationException.class,
                () -> Multiboot.load(request(flat(1 << 16 | 4), new byte[0]), memory));
    }
}
