// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.CS;
import static org.javisor.isa.Instruction.DS;
import static org.javisor.isa.Instruction.FS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What an SMI makes of a processor, and what the code of the mode sees.
@Timeout(60)
class SystemManagementTest extends SystemManagementFixture {
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
        assertEquals(SystemGuest.CODE, saved(0xff78, 8));
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
        assertEquals(0, cpu.segments.selector[CS]);
        assertEquals(0x10_0000, cpu.segments.base[CS]);
        assertEquals(0x10_0000, guest.memory.loadInt(0x10_ff00));
        cpu.reset();
        assertEquals(SMBASE, cpu.smbase());
        assertFalse(cpu.inSystemManagement());
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
        assertEquals(0x55, cpu.mmu.fill.memory().loadByte(ENTRY));
        events.systemManagement(true, true, SMBASE);
        assertTrue(events.nmiBlockedBehindManagement());
        guest.run();
        assertEquals(0xf4, cpu.reg16(CpuLayout.RAX) & 0xff);
        guest.run();
        assertEquals(SystemGuest.CODE + 2, cpu.rip());
        assertTrue(cpu.nmiBlocked());
    }

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
