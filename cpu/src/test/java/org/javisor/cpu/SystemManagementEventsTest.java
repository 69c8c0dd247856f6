// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Which events wait for the end of the mode, which are taken in it, and what becomes of HLT and I/O.
@Timeout(60)
class SystemManagementEventsTest extends SystemManagementFixture {
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
        cpu.exits.resume();
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
}
