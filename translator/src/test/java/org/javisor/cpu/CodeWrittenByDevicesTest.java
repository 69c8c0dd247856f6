// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.CpuLayout.RAX;
import static org.javisor.cpu.CpuLayout.RCX;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.Map;
import org.javisor.host.HostMemory;
import org.javisor.memory.GuestMemory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Code that a device overwrites, in each way in which devices write memory: what is executed next is the new code,
/// wherever its page is mapped.
class CodeWrittenByDevicesTest {
    private static final int CODE = SystemGuest.CODE, ROUTINE = SystemGuest.CODE + 0x3000;
    private static final int PAGED = 0x20_0000, PAGE_TABLE = 0x3_8000, PRESENT_WRITABLE = 3;
    /// Behind the opcode of `mov eax, imm32`.
    private static final int VALUE = ROUTINE + 1;
    private static final int ROUNDS = 100;

    @FunctionalInterface
    private interface Device {
        /// Has 4 bytes at `gpa` be `value`, of which all but the lowest two bytes are 0.
        void write(GuestMemory memory, int gpa, int value);
    }

    private static Map<String, Device> devices() {
        Map<String, Device> devices = new LinkedHashMap<>();
        devices.put("a byte", (memory, gpa, value) -> {
            memory.storeByte(gpa, (byte) value);
            memory.storeByte(gpa + 1, (byte) (value >> 8));
        });
        devices.put("2 bytes", (memory, gpa, value) -> memory.storeShort(gpa, (short) value));
        devices.put("4 bytes", GuestMemory::storeInt);
        devices.put("8 bytes", (memory, gpa, value) -> memory.storeLong(gpa, 0x90c3_0000_0000L | value));
        devices.put("any size", (memory, gpa, value) -> memory.store(gpa, 2, value));
        devices.put("bytes", (memory, gpa, value) -> memory.store(gpa, bytes(value)));
        devices.put("bytes from the page before on", (memory, gpa, value) -> {
            byte[] two = new byte[4096 + 4];
            two[4095] = (byte) 0xb8;
            System.arraycopy(bytes(value), 0, two, 4096, 4);
            memory.store(gpa - 4096, two);
        });
        devices.put("a read from a file straight into memory", (memory, gpa, value) -> {
            HostMemory.storeInt(memory.hva(gpa, 4), value);
            memory.written(gpa, 4);
        });
        devices.put("the same, of several pages", (memory, gpa, value) -> {
            HostMemory.storeInt(memory.hva(gpa, 4), value);
            memory.written(gpa - 0x1800, 0x3000);
        });
        return devices;
    }

    private static byte[] bytes(int value) {
        return ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array();
    }

    @ParameterizedTest
    @EnumSource
    void whatADeviceHasWrittenIsExecuted(Engine engine) {
        devices().forEach((name, device) -> {
            try (Engine.Guest it = engine.guest()) {
                assertExecutes(it, ROUTINE, device, engine + ", " + name);
            }
        });
    }

    @ParameterizedTest
    @EnumSource
    void throughAnotherMappingToo(Engine engine) {
        devices().forEach((name, device) -> {
            try (Engine.Guest it = engine.guest()) {
                SystemGuest guest = it.system();
                for (int n = 0; n < 512; n++) {
                    guest.memory.storeLong(PAGE_TABLE + 8 * n, ROUTINE & -4096 | PRESENT_WRITABLE);
                }
                guest.memory.storeLong(SystemGuest.TABLES + 0x2008, PAGE_TABLE | PRESENT_WRITABLE);
                guest.cpu.mmu.flush();
                assertExecutes(it, PAGED, device, engine + ", " + name);
                assertExecutes(it, PAGED + 0x7000, device, engine + ", " + name);
                assertExecutes(it, ROUTINE, device, engine + ", " + name);
            }
        });
    }

    /// Calls a routine at `rip`, which gives what it was overwritten with last.
    private static void assertExecutes(Engine.Guest it, int rip, Device device, String message) {
        SystemGuest guest = it.system();
        // mov eax, imm32; ret; 1: call rbx; dec rcx; jnz 1b; hlt
        guest.code(ROUTINE, "b800000000 c3").code(CODE, "ffd3 48ffc9 75f9 f4");
        for (int round = 1; round <= 6; round++) {
            device.write(guest.memory, VALUE, 0x100 * round + 7);
            guest.cpu.rip(CODE);
            guest.cpu.reg64(CpuLayout.RBX, rip);
            guest.cpu.reg64(RCX, ROUNDS);

            assertEquals(-1, guest.runToVector(), message);

            assertEquals(0x100 * round + 7, guest.cpu.reg64(RAX), message);
        }
        assertTrue(it.translator() == null || it.translated() >= 2, "nothing was translated");
    }
}
