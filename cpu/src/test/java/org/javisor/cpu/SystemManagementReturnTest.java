// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.CS;
import static org.javisor.isa.Instruction.SS;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.javisor.testkit.Seeds;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What RSM takes back, and what it refuses.
@Timeout(60)
class SystemManagementReturnTest extends SystemManagementFixture {
    // ---- RSM to every mode ----

    @Test
    void rsmGoesBackToEveryModeWithoutTrace() {
        for (Supplier<SystemGuest> mode : Arrays.<Supplier<SystemGuest>>asList(SystemGuest::inRealMode,
                () -> SystemGuest.inProtectedMode(), SystemGuest::in64BitMode,
                () -> SystemGuest.inProtectedMode().asUser(),
                () -> SystemGuest.in64BitMode().asUser(), () -> SystemGuest.inProtectedMode().asVirtual8086(3),
                SystemManagementReturnTest::inCompatibilityMode, SystemManagementReturnTest::in32BitPaging,
                SystemManagementReturnTest::inPae)) {
            if (guest != null) {
                guest.close();
                guest = null;
            }
            comesBack(mode.get());
        }
    }

    private static SystemGuest inCompatibilityMode() {
        SystemGuest guest = SystemGuest.in64BitMode().asUser();
        guest.cpu.segmentLoader.set(CS, SystemGuest.COMPATIBILITY3,
                guest.memory.loadLong(SystemGuest.GDT + (SystemGuest.COMPATIBILITY3 & ~3)));
        guest.cpu.modeChanged();
        return guest;
    }

    private static SystemGuest in32BitPaging() {
        SystemGuest guest = SystemGuest.inProtectedMode();
        for (int n = 0; n < 4; n++) {
            guest.memory.storeInt(SystemGuest.TABLES + 4 * n, n << 22 | 0xe7);
        }
        guest.cpu.control.writeCr4(ControlBits.CR4_PSE);
        guest.cpu.control.writeCr3(SystemGuest.TABLES);
        guest.cpu.control.writeCr0(guest.cpu.cr0 | ControlBits.CR0_PG);
        return guest;
    }

    private static SystemGuest inPae() {
        SystemGuest guest = SystemGuest.inProtectedMode();
        guest.memory.storeLong(SystemGuest.TABLES, SystemGuest.TABLES + 0x1000 | 1);
        for (int n = 0; n < 8; n++) {
            guest.memory.storeLong(SystemGuest.TABLES + 0x1000 + 8 * n, (long) n << 21 | 0xe7);
        }
        guest.cpu.control.writeCr4(ControlBits.CR4_PAE);
        guest.cpu.control.writeCr3(SystemGuest.TABLES);
        guest.cpu.control.writeCr0(guest.cpu.cr0 | ControlBits.CR0_PG);
        return guest;
    }

    private void comesBack(SystemGuest started) {
        // The handler goes to protected mode, has its own GDT, and destroys what it may:
        // lgdt [cs:0x8040]; mov eax, cr0; or al, 1; mov cr0, eax; jmp 8:0x38020
        Cpu cpu = start(started, "662e0f01164080 0f20c0 0c01 0f22c0 66ea208003000800");
        // mov ax, 0x10; mov ds, ax; mov es, ax; mov ss, ax; mov esp, 0x36000; push eax; xor ebx, ebx; rsm
        handler(SMBASE + 0x8020, "66b81000 8ed8 8ec0 8ed0 bc00600300 50 31db 0faa");
        handler(SMBASE + 0x8040, "1700 50800300");
        handler(SMBASE + 0x8050, "0000000000000000 ffff0000009bcf00 ffff00000093cf00");
        guest.memory.store(SystemGuest.CODE, new byte[] {(byte) 0x90, (byte) 0x90, (byte) 0x90});
        cpu.reg64(CpuLayout.RBX, 0x1234);
        cpu.cr2(0xabc);
        long[] before = snapshot(cpu);
        cpu.outsideDebug().set(true, false);
        for (int n = 0; n < 2; n++) {
            smi();
            long rip = cpu.rip();
            for (int steps = 0; cpu.management.entries() == n || cpu.inSystemManagement(); steps++) {
                assertEquals("DEBUG", guest.run(), () -> cpu.mode + " " + cpu.failure());
                assertTrue(steps < 100);
            }
            assertEquals(rip, cpu.rip());
            assertArrayEquals(before, snapshot(cpu),
                    cpu.mode + " " + Arrays.toString(before) + Arrays.toString(snapshot(cpu)));
            guest.run();
            assertEquals(rip + 1, cpu.rip());
            before = snapshot(cpu);
        }
    }

    /// Everything that a guest could see of its processor.
    private static long[] snapshot(Cpu cpu) {
        CpuRegisters registers = new CpuRegisters(cpu);
        long[] all = new long[80];
        int at = 0;
        for (int n = 0; n < 16; n++) {
            all[at++] = cpu.reg64(n);
        }
        for (int n = 0; n < 8; n++) {
            int attributes = registers.segmentAttributes(n);
            all[at++] = registers.segmentSelector(n);
            all[at++] = registers.segmentBase(n);
            all[at++] = registers.segmentLimit(n);
            all[at++] = (attributes & Segments.NULL) != 0 ? attributes & ~Segments.PRESENT : attributes;
        }
        for (long value : new long[] {cpu.rflags(), cpu.cr0, cpu.cr2(), cpu.cr3, cpu.cr4, cpu.efer, cpu.cpl,
            registers.gdtBase(), registers.gdtLimit(), registers.idtBase(), registers.idtLimit(), cpu.decodeMode,
            registers.debug(6), registers.debug(7), cpu.shadowStack.pointer(), cpu.nmiBlocked ? 1 : 0}) {
            all[at++] = value;
        }
        return all;
    }

    /// Executes one instruction of the system, stepping, with an SMI before it unless that has to wait.
    private String stepBehindSmi() {
        Cpu cpu = guest.cpu;
        smi();
        while (true) {
            long smis = cpu.management.entries();
            boolean inside = cpu.inSystemManagement();
            String exit = guest.run();
            if (!inside && cpu.management.entries() == smis || !exit.equals("DEBUG")) {
                return exit;
            }
        }
    }

    @Test
    void anSmiAtEachInstructionOfALoopChangesNothing() {
        // mov ecx, 6; xor eax, eax; 1: lea rax, [rax+rcx*2]; push rax; pop rbx; sti; cli; pushf; pop rdx; dec ecx;
        // jnz 1b
        String loop = "b906000000 31c0 488d0448 50 5b fb fa 9c 5a ffc9 75f2 f4";
        Cpu cpu = start(SystemGuest.in64BitMode(), "66b8efbeadde 6631c9 0faa");
        guest.code(loop);
        guest.run();
        long[] expected = snapshot(cpu);
        cpu.rip(SystemGuest.CODE);
        cpu.exits.resume();
        cpu.outsideDebug().set(true, false);
        while (stepBehindSmi().equals("DEBUG") && cpu.management.entries() < 1000) { }
        assertTrue(cpu.management.entries() > 50, cpu.management.entries() + " SMIs");
        assertArrayEquals(expected, snapshot(cpu));
    }

    @Test
    void anSmiLeavesTheShadowOfStiAndOfMovSsAlone() {
        Cpu cpu = start(SystemGuest.in64BitMode(), RSM);
        // mov eax, ss; mov ss, eax; sti; nop; nop
        guest.code("8cd0 8ed0 fb 90 90");
        guest.interrupt(0x40);
        cpu.outsideDebug().set(true, false);
        for (int n = 0; n < 3; n++) {
            stepBehindSmi();
        }
        smi();
        cpu.outsideDebug().set(false, false);
        assertEquals(0x40, guest.runToVector());
        assertEquals(SystemGuest.CODE + 6, guest.stackItem(0, 8));
        // Behind MOV SS and behind STI it waited for the next instruction.
        assertEquals(3, cpu.management.entries());
    }

    // ---- what RSM refuses ----

    @Test
    void rsmToAnImpossibleStateShutsDown() {
        int[][] damages = {{SaveArea.CR0 + 3, 0, 0x21}, {SaveArea.CR0, 0xff, 0xfe}, {SaveArea.CR0 + 7, 0, 1},
            {SaveArea.CR4 + 4, 0, 1}, {SaveArea.CR4, 0xff, 0}, {SaveArea.CR4 + 2, 0, 0x80}, {SaveArea.EFER + 3, 0, 1},
            {SaveArea.DR7 + 4, 0, 1}, {SaveArea.DR6 + 7, 0, 1}, {SaveArea.CR3 + 7, 0, 8}, {SaveArea.RFLAGS + 2, 0, 2},
            {SaveArea.RIP + 7, 0, 0x40}, {SaveArea.segment(CS) + SaveArea.ATTRIBUTES + 1, 0, 0x40}};
        for (int[] damage : damages) {
            if (guest != null) {
                guest.close();
                guest = null;
            }
            Cpu cpu = start(SystemGuest.in64BitMode(), "f4 0faa");
            guest.code("90");
            if (damage[0] == SaveArea.CR4 + 2) {
                cpu.cr0 &= ~ControlBits.CR0_WP;
            }
            smi();
            guest.run();
            int was = (int) saved(damage[0], 1);
            management().storeByte(SMBASE + damage[0], (byte) (was & (damage[1] == 0 ? 0xff : ~damage[1]) | damage[2]));
            assertEquals("SHUTDOWN", guest.run(), () -> Integer.toHexString(damage[0]));
        }
    }

    @Test
    void whatTheSaveAreaHoldsNeverBreaksTheProcessor() {
        SplittableRandom random = Seeds.random("save areas");
        start(SystemGuest.in64BitMode(), "f4 0faa");
        byte[] image = new byte[0x200];
        int resumed = 0;
        for (int n = 0; n < 3000; n++) {
            guest.cpu.reset();
            guest.cpu.cancel(-1);
            smi();
            guest.run();
            management().load(SMBASE + 0xfe00, image, 0, image.length);
            int changes = 1 + random.nextInt(12);
            for (int i = 0; i < changes; i++) {
                image[random.nextInt(image.length)] = (byte) random.nextInt();
            }
            if (random.nextBoolean()) {
                modeBits(random, image);
            }
            management().store(SMBASE + 0xfe00, image);
            guest.cpu.outsideDebug().set(true, false);
            for (int i = 0; i < 8; i++) {
                String exit = guest.run();
                assertNotEquals("INTERNAL_ERROR", exit, () -> guest.cpu.failure() + HexFormat.of().formatHex(image));
                resumed += guest.cpu.inSystemManagement() ? 0 : 1;
            }
            guest.cpu.outsideDebug().set(false, false);
        }
        assertTrue(resumed > 3000, resumed + " instructions behind RSM");
    }

    /// Paging and long mode, as they would be.
    private static void modeBits(SplittableRandom random, byte[] image) {
        image[SaveArea.CR0 - 0xfe00] |= 1;
        image[SaveArea.CR0 - 0xfe00 + 3] |= (byte) 0x80;
        image[SaveArea.CR4 - 0xfe00] |= 0x20;
        image[SaveArea.EFER - 0xfe00 + 1] = (byte) random.nextInt(16);
        image[SaveArea.segment(CS) - 0xfe00 + 3] = (byte) random.nextInt(256);
        image[SaveArea.CR3 - 0xfe00 + 2] = 3;
    }
}
