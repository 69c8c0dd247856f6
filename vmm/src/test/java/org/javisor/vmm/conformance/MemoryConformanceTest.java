// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.javisor.memory.DirtyLogging;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.Ram;
import org.javisor.vmm.Registers;
import org.javisor.vmm.VmExit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Slots as the guest sees them, and what is known of its writes.
@Timeout(60)
class MemoryConformanceTest {
    private static final String ENGINES = "org.javisor.vmm.conformance.Engines#all";
    private static final int PAGE = GuestMemory.PAGE_BYTES;
    private static final long HIGH = 0x10_0000;
    /// Reads the 4 bytes at 1 MiB, halts; adds one, writes them back, halts; and again.
    private static final String READ_AND_WRITE = """
            b8ffff        mov ax, 0xffff
            8ed8          mov ds, ax
            66a11000      mov eax, [0x10]
            f4            hlt
            6640          inc eax
            66a31000      mov [0x10], eax
            f4            hlt
            ebf2          jmp back
            """;

    private static int eax(Guest guest) {
        return (int) guest.vcpu.registers().general(Registers.RAX);
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void aReadOnlySlotIsReadAndItsWritesLeave(String engine) {
        try (Guest guest = new Guest(engine, READ_AND_WRITE); Ram rom = Ram.allocate(PAGE)) {
            guest.vm.memory().addSlot(1, HIGH, rom);
            guest.vm.memory().storeInt(HIGH, 41);
            guest.vm.memory().removeSlot(1);
            guest.vm.memory().addSlot(1, HIGH, rom, 0, PAGE, true);

            assertEquals(VmExit.Halt.INSTANCE, guest.run());
            assertEquals(41, eax(guest));
            assertEquals(new VmExit.MmioWrite(HIGH, 4, 42), guest.run());
            assertEquals(VmExit.Halt.INSTANCE, guest.run());
            assertEquals(VmExit.Halt.INSTANCE, guest.run());
            assertEquals(41, eax(guest));
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void slotsComeMoveAndGoBetweenTwoInstructions(String engine) {
        try (Guest guest = new Guest(engine, READ_AND_WRITE); Ram ram = Ram.allocate(PAGE)) {
            GuestMemory memory = guest.vm.memory();
            memory.addSlot(1, HIGH + PAGE, ram);
            memory.storeInt(HIGH + PAGE, 7);

            assertEquals(new VmExit.MmioRead(HIGH, 4), guest.run());
            guest.vcpu.completeRead(100);
            assertEquals(VmExit.Halt.INSTANCE, guest.run());
            assertEquals(100, eax(guest));

            memory.moveSlot(1, HIGH);
            assertEquals(VmExit.Halt.INSTANCE, guest.run());
            assertEquals(101, memory.loadInt(HIGH));

            memory.removeSlot(1);
            assertEquals(new VmExit.MmioRead(HIGH, 4), guest.run());
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void aLogHasTheGuestsWritesAndTheOwners(String engine) {
        try (Guest guest = new Guest(engine, READ_AND_WRITE); Ram ram = Ram.allocate(70L * PAGE)) {
            GuestMemory memory = guest.vm.memory();
            memory.addSlot(1, HIGH, ram);
            memory.startDirtyLog(1);
            guest.run();
            assertArrayEquals(new long[2], memory.takeDirtyLog(1));
            guest.run();
            memory.storeInt(HIGH + 65L * PAGE, 1);
            assertArrayEquals(new long[] {1, 2}, memory.takeDirtyLog(1));
            assertArrayEquals(new long[2], memory.takeDirtyLog(1));
            guest.run();
            guest.run();
            assertArrayEquals(new long[] {1, 0}, memory.takeDirtyLog(1));
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void aLogThatIsClearedByHandMissesNoWrite(String engine) {
        try (Guest guest = new Guest(engine, READ_AND_WRITE); Ram ram = Ram.allocate(64L * PAGE)) {
            GuestMemory memory = guest.vm.memory();
            memory.addSlot(1, HIGH, ram);
            memory.startDirtyLog(1, DirtyLogging.FULL_BITMAP);
            assertArrayEquals(new long[] {-1}, memory.dirtyLog(1));
            memory.clearDirtyLog(1, 0, new long[] {0xff});
            guest.run();
            assertArrayEquals(new long[] {~0xff}, memory.dirtyLog(1));
            guest.run();
            assertArrayEquals(new long[] {~0xfe}, memory.dirtyLog(1));
        }
    }
}
