// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.CS;
import static org.javisor.isa.Instruction.DS;
import static org.javisor.isa.Instruction.FS;
import static org.javisor.isa.Instruction.SS;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.javisor.memory.BusDevice;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.Ram;
import org.javisor.testkit.Seeds;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What an SMI makes of a processor, what the code of the mode sees, and what RSM takes back.
@Timeout(60)
class SystemManagementTest {
    private static final int SMBASE = (int) SystemManagement.DEFAULT_BASE, ENTRY = SMBASE + 0x8000,
            SMRAM_BYTES = 0x10000;
    private static final int COMMAND_PORT = 0xb2;
    // rsm
    private static final String RSM = "0faa";

    private final Ram smram = Ram.allocate(SMRAM_BYTES);
    private SystemGuest guest;

    @AfterEach
    void close() {
        if (guest != null) {
            guest.close();
        }
        smram.close();
    }

    private Cpu start(SystemGuest started, String handler) {
        guest = started;
        guest.memory.management().addSlot(0, SMBASE, smram);
        handler(ENTRY, handler);
        return guest.cpu;
    }

    private void handler(long gpa, String hex) {
        management().store(gpa, HexFormat.of().parseHex(hex.replace(" ", "")));
    }

    private GuestMemory management() {
        return guest.memory.management();
    }

    private long saved(int offset, int bytes) {
        return management().load(SMBASE + offset, bytes);
    }

    private void smi() {
        guest.cpu.request(Requests.SMI);
    }

    /// Has writes to port 0xb2 raise SMIs.
    private void attachCommandPort() {
        guest.ports.attach(COMMAND_PORT, 2, new BusDevice() {
            @Override
            public long read(long offset, int size) {
                return 0;
            }

            @Override
            public void write(long offset, int size, long value) {
                smi();
            }
        }, "SMI command");
    }

    @Test
    void theModeBeginsInSixteenBitCodeWithSegmentsOfFourGigabytes() {
        Cpu cpu = start(SystemGuest.in64BitMode(), "f4");
        guest.code("90").flags(Flags.IF | Flags.CF | Flags.IOPL);
        cpu.debug.write(7, 0x403);
        smi();
        assertEquals("HALT", guest.run());
        assertTrue(cpu.inSystemManagement());
        assertEquals(ExecutionMode.REAL, cpu.mode);
        assertEquals(16, cpu.codeBits);
        assertEquals(0x8001, cpu.rip());
        assertEquals(2, cpu.rflags());
        assertEquals(0x3000, cpu.segments.selector[CS]);
        assertEquals(SMBASE, cpu.segments.base[CS]);
        assertEquals(0, cpu.segments.base[DS]);
        assertEquals(-1, cpu.segments.limit[DS]);
        assertEquals(0, cpu.cr0 & (ControlBits.CR0_PE | ControlBits.CR0_PG | ControlBits.CR0_TS));
        assertEquals(ControlBits.CR0_NE, cpu.cr0 & ControlBits.CR0_NE);
        assertEquals(0, cpu.cr4);
        assertEquals(0, cpu.efer);
        assertEquals(0, cpu.tables.idtLimit);
        assertEquals(0x400, cpu.debug.read(7));
    }

    @Test
    void theSaveAreaHasTheInterruptedState() {
        Cpu cpu = start(SystemGuest.in64BitMode(), "f4");
        guest.code("90").asUser().flags(Flags.IF | Flags.CF);
        for (int n = 0; n < 16; n++) {
            cpu.reg64(n, 0x1111_2222_3333_0000L + n);
        }
        cpu.segments.base[FS] = 0x7f12_3456_7000L;
        cpu.shadowStack.pointer(0x1238L);
        cpu.modeChanged();
        smi();
        guest.run();
        for (int n = 0; n < 16; n++) {
            assertEquals(0x1111_2222_3333_0000L + n, saved(0xfff8 - 8 * n, 8));
        }
        assertEquals(CODE(), saved(0xff78, 8));
        assertEquals(Flags.IF | Flags.CF | 2, saved(0xff70, 8));
        assertEquals(0x400, saved(0xff60, 8));
        assertEquals(0xffff_0ff0L, saved(0xff68, 8));
        assertEquals(0x8001_0031L, saved(0xff58, 8));
        assertEquals(SystemGuest.TABLES, saved(0xff50, 8));
        assertEquals(0x620, saved(0xff48, 8));
        assertEquals(0xd01, saved(0xfed0, 8));
        assertEquals(SMBASE, saved(0xff00, 4));
        assertEquals(0x2_0064, saved(0xfefc, 4));
        assertEquals(0x1238, saved(0xff18, 8));
        assertEquals(SystemGuest.CODE3, saved(0xfe10, 2));
        assertEquals(0xa0fb, saved(0xfe12, 2));
        assertEquals(0xffff_ffffL, saved(0xfe14, 4));
        assertEquals(SystemGuest.DATA3, saved(0xfe20, 2));
        assertEquals(0xc0f3, saved(0xfe22, 2));
        assertEquals(0x7f12_3456_7000L, saved(0xfe48, 8));
        assertEquals(0xfff, saved(0xfe64, 2));
        assertEquals(SystemGuest.GDT, saved(0xfe68, 8));
        assertEquals(0, saved(0xfe72, 2) & 0x80, "LDTR is empty");
        assertEquals(SystemGuest.IDT, saved(0xfe88, 8));
        assertEquals(SystemGuest.TSS_SELECTOR, saved(0xfe90, 2));
        assertEquals(SystemGuest.TSS, saved(0xfe98, 8));
        assertEquals(0, saved(0xfec9, 1));
    }

    private static long CODE() {
        return SystemGuest.CODE;
    }

    @Test
    void rsmOutsideTheModeIsUndefined() {
        start(SystemGuest.in64BitMode(), RSM);
        assertEquals(GuestFault.UD, guest.code(RSM).runToVector());
    }

    @Test
    void codeAndDataOfTheModeAreNotSeenOutside() {
        // mov byte [0x39000], 0x77 through DS, which is all of memory; rsm
        Cpu cpu = start(SystemGuest.in64BitMode(), "67c6050090030077 0faa");
        guest.memory.storeByte(0x3_9000, (byte) 0x11);
        guest.memory.storeByte(ENTRY, (byte) 0x90);
        // mov al, [0x39000]; nop; mov ah, [0x39000]; hlt
        guest.code("8a042500900300 90 8a242500900300 f4");
        smi();
        assertEquals(-1, guest.runToVector());
        assertEquals(0x1111, cpu.reg16(CpuLayout.RAX));
        assertEquals(0x77, management().loadByte(0x3_9000));
        assertEquals(0x11, guest.memory.loadByte(0x3_9000));
    }

    @Test
    void theSameAddressIsDifferentCodeInsideAndOutside() {
        // mov cl, 1; rsm, where the system has mov cl, 2; hlt
        start(SystemGuest.inProtectedMode(), "b101 0faa");
        guest.code(ENTRY, "b102 f4");
        guest.cpu.rip(ENTRY);
        for (int n = 0; n < 40; n++) {
            smi();
            guest.cpu.rip(ENTRY);
            assertEquals("HALT", guest.run());
            assertEquals(2, guest.cpu.reg16(CpuLayout.RCX) & 0xff);
            assertEquals(n + 1, guest.cpu.management.entries());
        }
    }

    @Test
    void codeOfTheModeThatChangesIsExecutedAnew() {
        // inc byte [cs:0x800a]; mov byte [cs:0xffe0], imm8 (what BL will be); rsm
        Cpu cpu = start(SystemGuest.in64BitMode(), "2efe060a80 2ec606e0ff00 0faa");
        guest.code("f4");
        for (int n = 1; n < 20; n++) {
            smi();
            cpu.rip(SystemGuest.CODE);
            guest.run();
            assertEquals(n, cpu.reg16(CpuLayout.RBX) & 0xff);
        }
    }

    @Test
    void smbaseMovesWithRsm() {
        // mov dword [cs:0xff00], 0x100000; rsm
        Cpu cpu = start(SystemGuest.in64BitMode(), "2e66c70600ff00001000 0faa");
        guest.memory.store(0x10_8000, new byte[] {(byte) 0xf4});
        guest.code("90 90 f4");
        smi();
        guest.run();
        assertEquals(0x10_0000, cpu.smbase());
        smi();
        guest.run();
        assertTrue(cpu.inSystemManagement());
        assertEquals(0x1_0000, cpu.segments.selector[CS] << 0 | 0x1_0000 & cpu.segments.base[CS] >> 4);
        assertEquals(0x10_0000, cpu.segments.base[CS]);
        assertEquals(0x10_0000, guest.memory.loadInt(0x10_ff00));
        cpu.reset();
        assertEquals(SMBASE, cpu.smbase());
        assertFalse(cpu.inSystemManagement());
    }

    // ---- what waits ----

    @Test
    void smisAndInitWaitForRsm() {
        // mov cl, 1; rsm
        Cpu cpu = start(SystemGuest.in64BitMode(), "f4 0faa");
        guest.code("90 f4");
        smi();
        guest.run();
        smi();
        cpu.request(Requests.INIT);
        assertFalse(cpu.runnable());
        assertFalse(cpu.wakes());
        // The HLT's exit was taken: the processor goes on with RSM, takes the SMI, and is halted in the mode again.
        assertEquals("HALT", guest.run());
        assertTrue(cpu.inSystemManagement());
        assertEquals(2, cpu.management.entries());
        cpu.outsideDebug().set(true, false);
        cpu.run();
        cpu.run();
        assertFalse(cpu.inSystemManagement());
        assertEquals(0, cpu.requests() & Requests.INIT);
        assertEquals(ExecutionMode.REAL, cpu.mode);
    }

    @Test
    void nmisWaitForRsmOrIret() {
        Cpu cpu = start(SystemGuest.in64BitMode(), "f4 0faa");
        guest.code("90 f4");
        smi();
        guest.run();
        cpu.request(Requests.NMI);
        assertFalse(cpu.wakes());
        assertEquals(GuestFault.NMI, guest.runToVector());
        assertFalse(cpu.inSystemManagement());
    }

    @Test
    void anNmiIsServedInTheModeBehindAnIret() {
        // mov sp, 0x7000; lidt [cs:0x8040]; pushf; push cs; push 0x8030; iret; 8030: hlt; 8060: hlt (NMI's handler)
        Cpu cpu = start(SystemGuest.in64BitMode(), "bc0070 2e0f011e4080 9c 0e 683080 cf");
        handler(SMBASE + 0x8030, "f4 0faa");
        handler(SMBASE + 0x8040, "ff03 00000300");
        handler(SMBASE + 8, "60800030");
        handler(SMBASE + 0x8060, "f4 cf");
        guest.code("90 f4");
        smi();
        guest.run();
        cpu.request(Requests.NMI);
        assertTrue(cpu.wakes());
        guest.run();
        assertEquals(0x8061, cpu.rip());
        assertTrue(cpu.inSystemManagement());
        guest.run();
        assertEquals(SystemGuest.CODE + 2, cpu.rip());
        assertFalse(cpu.nmiBlocked(), "as before the SMI");
    }

    @Test
    void nmisStayBlockedBehindAnSmiThatInterruptsTheirHandler() {
        Cpu cpu = start(SystemGuest.in64BitMode(), RSM);
        guest.code(SystemGuest.HANDLERS + 32, "90 90 f4");
        guest.code("90");
        cpu.request(Requests.NMI);
        cpu.outsideDebug().set(true, false);
        guest.run();
        smi();
        cpu.outsideDebug().set(false, false);
        assertEquals("HALT", guest.run());
        assertEquals(SystemGuest.HANDLERS + 32 + 3, cpu.rip());
        assertEquals(1, cpu.management.entries());
        assertTrue(cpu.nmiBlocked());
    }

    @Test
    void anSmiComesBeforeAnNmiAndAnInterrupt() {
        Cpu cpu = start(SystemGuest.in64BitMode(), "f4 0faa");
        guest.code("90").flags(Flags.IF);
        guest.interrupt(0x40);
        cpu.request(Requests.NMI);
        smi();
        guest.run();
        assertTrue(cpu.inSystemManagement());
        assertEquals(SystemGuest.CODE, saved(SaveArea.RIP, 8));
        assertEquals(GuestFault.NMI, guest.runToVector());
    }

    @Test
    void anExceptionInTheModeFindsNoTableAndShutsDown() {
        start(SystemGuest.in64BitMode(), "0f0b");
        guest.code("90");
        smi();
        assertEquals("SHUTDOWN", guest.run());
    }

    // ---- HLT and I/O ----

    @Test
    void haltedProcessorsAreHaltedAgain() {
        Cpu cpu = start(SystemGuest.in64BitMode(), RSM);
        guest.code("f4 b105 f4");
        assertEquals("HALT", guest.run());
        smi();
        assertTrue(cpu.wakes());
        assertEquals("HALT", guest.run());
        assertEquals(1, cpu.management.entries());
        assertEquals(1, saved(SaveArea.AUTO_HALT, 1));
        assertEquals(SystemGuest.CODE + 1, cpu.rip());
        // With the HLT itself.
        cpu.rip(SystemGuest.CODE);
        cpu.halted = false;
        cpu.outsideDebug().set(true, false);
        guest.run();
        smi();
        cpu.outsideDebug().set(false, false);
        assertEquals("HALT", guest.run());
        assertEquals(SystemGuest.CODE + 1, cpu.rip());
    }

    @Test
    void theHandlerMayEndHlt() {
        // mov byte [cs:0xfec9], 0; rsm
        Cpu cpu = start(SystemGuest.in64BitMode(), "2ec606c9fe00 0faa");
        guest.code("f4 b105 f4");
        guest.run();
        smi();
        guest.run();
        assertEquals(5, cpu.reg16(CpuLayout.RCX) & 0xff);
    }

    @Test
    void anInterruptThatCameMeanwhileEndsTheHltThatRsmGoesBackTo() {
        start(SystemGuest.in64BitMode(), "90 0faa");
        guest.code("f4").flags(Flags.IF);
        guest.run();
        smi();
        guest.interrupt(0x40);
        assertEquals(0x40, guest.runToVector());
    }

    @Test
    void anSmiOfAPortIsTakenRightBehindTheInstruction() {
        // inc byte [cs:0xfff0] (CL); rsm
        Cpu cpu = start(SystemGuest.in64BitMode(), "2efe06f0ff 0faa");
        attachCommandPort();
        // mov al, 5; out 0xb2, al; mov bl, cl; hlt
        guest.code("b005 e6b2 88cb f4");
        cpu.reg64(CpuLayout.RCX, 0);
        guest.run();
        assertEquals(1, cpu.reg16(CpuLayout.RBX) & 0xff);
        assertEquals(0xb2_0012L, saved(SaveArea.IO, 4));
        assertEquals(SystemGuest.CODE + 2, saved(SaveArea.IO_RIP, 8));
        assertEquals(SystemGuest.CODE + 4, saved(SaveArea.RIP, 8));
    }

    @Test
    void theHandlerMayHaveAnIoInstructionExecutedOnceMore() {
        // inc byte [cs:0x9000]; cmp byte [cs:0x9000], 3; setb [cs:0xfec8]; rsm
        Cpu cpu = start(SystemGuest.in64BitMode(), "2efe060090 2e803e009003 2e0f9206c8fe 0faa");
        attachCommandPort();
        guest.memory.store(SystemGuest.DATA, new byte[] {1, 2, 3});
        // mov esi, DATA; mov ecx, 2; mov edx, 0xb2; rep outsb; hlt
        guest.code("be00000400 b902000000 bab2000000 f36e f4");
        guest.run();
        assertEquals(4, saved(0x9000, 1), "two elements, the first three times");
        assertEquals(SystemGuest.DATA + 2, cpu.reg64(CpuLayout.RSI));
        assertEquals(0, cpu.reg64(CpuLayout.RCX));
        assertEquals(0xb2_001eL, saved(SaveArea.IO, 4));
    }

    // ---- RSM to every mode ----

    @Test
    void rsmGoesBackToEveryModeWithoutTrace() {
        for (Supplier<SystemGuest> mode : Arrays.<Supplier<SystemGuest>>asList(SystemGuest::inRealMode,
                () -> SystemGuest.inProtectedMode(), SystemGuest::in64BitMode,
                () -> SystemGuest.inProtectedMode().asUser(),
                () -> SystemGuest.in64BitMode().asUser(), () -> SystemGuest.inProtectedMode().asVirtual8086(3),
                SystemManagementTest::inCompatibilityMode, SystemManagementTest::in32BitPaging,
                SystemManagementTest::inPae)) {
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
        cpu.halted = false;
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

    @Test
    void aSingleStepTrapThatWaitsIsNotForTheHandler() {
        Cpu cpu = start(SystemGuest.in64BitMode(), "90 90 0faa");
        guest.code("90 90 90").flags(Flags.TF);
        smi();
        assertEquals(GuestFault.DB, guest.runToVector());
        assertEquals(1, cpu.management.entries());
        assertEquals(SystemGuest.CODE + 1, guest.stackItem(0, 8));
    }

    @Test
    void aBreakpointOfTheSystemIsNotHitInTheMode() {
        Cpu cpu = start(SystemGuest.in64BitMode(), "90 0faa");
        guest.code("90 90 f4");
        cpu.debug.write(0, ENTRY);
        cpu.debug.write(1, SystemGuest.CODE + 1);
        cpu.debug.write(7, 0x40a);
        smi();
        assertEquals(GuestFault.DB, guest.runToVector());
        assertEquals(SystemGuest.CODE + 1, guest.stackItem(0, 8));
        assertEquals(2, cpu.debug.read(6) & 0xf);
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

    @Test
    void aProcessorWithoutSmramShutsDown() {
        Cpu cpu = start(SystemGuest.in64BitMode(), RSM);
        guest.code("90");
        // mov dword [cs:0xff00], 0xf0000000; rsm
        handler(ENTRY, "2e66c70600ff000000f0 0faa");
        guest.code("90 f4");
        smi();
        guest.run();
        smi();
        assertEquals("SHUTDOWN", guest.run());
        assertTrue(cpu.inSystemManagement());
    }

    @Test
    void itsOwnerMayTakeAProcessorOutOfTheModeAndPutItBack() {
        Cpu cpu = start(SystemGuest.in64BitMode(), "f4 2ea00080 f4 0faa");
        guest.memory.storeByte(ENTRY, (byte) 0x55);
        guest.code("90 f4");
        smi();
        guest.run();
        ProcessorEvents events = new ProcessorEvents(cpu);
        events.systemManagement(false, false, cpu.smbase());
        assertFalse(cpu.msrs().exists(Msrs.SMBASE));
        assertEquals(0x55, cpu.mmu.memory().loadByte(ENTRY));
        events.systemManagement(true, true, SMBASE);
        assertTrue(events.nmiBlockedBehindManagement());
        guest.run();
        assertEquals(0xf4, cpu.reg16(CpuLayout.RAX) & 0xff);
        guest.run();
        assertEquals(SystemGuest.CODE + 2, cpu.rip());
        assertTrue(cpu.nmiBlocked());
    }

    // ---- registers ----

    @Test
    void smbaseIsARegisterInTheModeAlone() {
        // mov ecx, 0x9e; rdmsr; hlt; rsm
        Cpu cpu = start(SystemGuest.in64BitMode(), "66b99e000000 0f32 f4 0faa");
        guest.code("b99e000000 0f32");
        smi();
        guest.run();
        assertEquals(SMBASE, cpu.reg32(CpuLayout.RAX));
        assertEquals(GuestFault.GP, guest.runToVector());
        assertEquals(1, cpu.msrs().read(Msrs.SMI_COUNT));
    }

    @Test
    void theA20LineIsNotMaskedInTheMode() {
        Cpu cpu = start(SystemGuest.inProtectedMode(), "67a000091000 f4");
        guest.memory.storeByte(0x10_0900, (byte) 0x42);
        guest.memory.storeByte(0x900, (byte) 0x24);
        cpu.maskA20(true);
        guest.code("90");
        smi();
        guest.run();
        assertEquals(0x42, cpu.reg16(CpuLayout.RAX) & 0xff);
    }
}
