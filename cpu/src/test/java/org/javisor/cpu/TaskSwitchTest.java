// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.SystemGuest.CODE;
import static org.javisor.cpu.SystemGuest.CODE0;
import static org.javisor.cpu.SystemGuest.CODE3;
import static org.javisor.cpu.SystemGuest.DATA0;
import static org.javisor.cpu.SystemGuest.DATA3;
import static org.javisor.cpu.SystemGuest.FREE;
import static org.javisor.cpu.SystemGuest.TSS;
import static org.javisor.cpu.SystemGuest.TSS2;
import static org.javisor.cpu.SystemGuest.TSS_SELECTOR;
import static org.javisor.isa.Instruction.CS;
import static org.javisor.isa.Instruction.DS;
import static org.javisor.isa.Instruction.ES;
import static org.javisor.isa.Instruction.SS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.javisor.memory.GuestMemory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Hardware task switches.
@Timeout(60)
class TaskSwitchTest {
    private static final int TASK = 0x20000, TASK_STACK = 0x50000;
    private static final int BUSY = 0x8b, AVAILABLE = 0x89;

    private final SystemGuest guest = SystemGuest.inProtectedMode();
    private final Cpu cpu = guest.cpu;
    private final GuestMemory memory = guest.memory;

    @BeforeEach
    void buildSecondTask() {
        guest.descriptor(FREE, TSS2, 0x67, AVAILABLE, 0);
        memory.storeInt(TSS2 + 32, TASK);
        memory.storeInt(TSS2 + 36, 2);
        memory.storeInt(TSS2 + 56, TASK_STACK);
        for (int n = 0; n < 6; n++) {
            memory.storeInt(TSS2 + 72 + 4 * n, n == CS ? CODE0 : DATA0);
        }
        guest.code(TASK, "f4");
    }

    @AfterEach
    void close() {
        guest.close();
    }

    @Test
    void aJumpSavesTheOldTaskAndLoadsTheNewOne() {
        cpu.reg64(CpuLayout.RBX, 0x1234_5678);
        memory.storeInt(TSS2 + 40, 0x99);
        guest.code("ea 00000000 8000").flags(Flags.CF);

        guest.runToVector();

        assertEquals(TASK + 1, cpu.rip());
        assertEquals(0x99, cpu.reg64(CpuLayout.RAX));
        assertEquals(TASK_STACK, cpu.reg64(CpuLayout.RSP));
        assertEquals(CODE + 7, memory.loadInt(TSS + 32));
        assertEquals(Flags.CF | 2, memory.loadInt(TSS + 36));
        assertEquals(0x1234_5678, memory.loadInt(TSS + 52));
        assertEquals(AVAILABLE, guest.accessByte(TSS_SELECTOR));
        assertEquals(BUSY, guest.accessByte(FREE));
        assertEquals(FREE, guest.selector(Segments.TR));
        assertTrue((cpu.cr0 & ControlBits.CR0_TS) != 0);
    }

    @Test
    void aCallNestsAndIretReturns() {
        guest.code(TASK, "cf").code("9a 00000000 8000 f4");

        guest.runToVector();

        assertEquals(CODE + 8, cpu.rip());
        assertEquals(TSS_SELECTOR, memory.loadShort(TSS2));
        assertEquals(BUSY, guest.accessByte(TSS_SELECTOR));
        assertEquals(AVAILABLE, guest.accessByte(FREE));
        assertEquals(0, memory.loadInt(TSS2 + 36) & Flags.NT);
        assertEquals(0, cpu.systemFlags() & Flags.NT);
        assertEquals(TSS_SELECTOR, guest.selector(Segments.TR));
    }

    @Test
    void aTaskGateInTheIdtGivesTheErrorCodeToTheNewTask() {
        guest.gate(GuestFault.GP, FREE, 0, 0x85);
        // mov ax, 0x70; mov ds, ax: beyond what the table describes
        guest.code("66b87000 8ed8");
        guest.descriptor(0x70, 0, 0, 0, 0);

        guest.runToVector();

        assertEquals(TASK + 1, cpu.rip());
        assertEquals(0x70, guest.stackItem(0, 4));
        assertEquals(CODE + 4, memory.loadInt(TSS + 32));
        assertEquals(Flags.RF | 2, memory.loadInt(TSS + 36));
        assertEquals(Flags.NT, cpu.systemFlags() & Flags.NT);
    }

    @Test
    void aBusyTaskCannotBeJumpedTo() {
        guest.descriptor(FREE, TSS2, 0x67, BUSY, 0);
        guest.code("ea 00000000 8000");
        assertEquals(GuestFault.GP, guest.runToVector());
        assertEquals(FREE, guest.stackItem(0, 4));
    }

    @Test
    void aTssThatIsTooShortIsInvalid() {
        guest.descriptor(FREE, TSS2, 0x66, AVAILABLE, 0);
        guest.code("ea 00000000 8000");
        assertEquals(GuestFault.TS, guest.runToVector());
        assertEquals(FREE, guest.stackItem(0, 4));
        assertEquals(CODE, guest.stackItem(1, 4));
        assertEquals(TSS_SELECTOR, guest.selector(Segments.TR));
    }

    @Test
    void aBadSegmentIsAFaultOfTheNewTask() {
        memory.storeInt(TSS2 + 72 + 4 * DS, CODE3 & ~3 | 0x700);
        guest.code("ea 00000000 8000");
        assertEquals(GuestFault.TS, guest.runToVector());
        assertEquals(CODE3 & ~3 | 0x700, guest.stackItem(0, 4));
        assertEquals(TASK, guest.stackItem(1, 4));
        assertEquals(FREE, guest.selector(Segments.TR));
    }

    @Test
    void anAbsentStackSegmentIsAStackFault() {
        guest.descriptor(0x90, 0, 0xfffff, 0x13, 0xc);
        // The stack fault is handled by a task of its own, as it should be.
        guest.descriptor(0x98, 0x7000, 0x67, AVAILABLE, 0);
        memory.store(0x7000, new byte[104]);
        for (int n = 0; n < 6; n++) {
            memory.storeInt(0x7000 + 72 + 4 * n, n == CS ? CODE0 : DATA0);
        }
        memory.storeInt(0x7000 + 32, TASK + 0x100);
        memory.storeInt(0x7000 + 56, TASK_STACK + 0x1000);
        guest.code(TASK + 0x100, "f4");
        guest.gate(GuestFault.SS, 0x98, 0, 0x85);
        memory.storeInt(TSS2 + 72 + 4 * SS, 0x90);
        guest.code("ea 00000000 8000");

        guest.runToVector();

        assertEquals(TASK + 0x101, cpu.rip());
        assertEquals(0x90, guest.stackItem(0, 4));
        assertEquals(FREE, memory.loadShort(0x7000));
    }

    @Test
    void a16BitTaskHasOnesAboveItsRegistersAndNoFsAndGs() {
        guest.descriptor(FREE, TSS2, 0x2b, 0x81, 0);
        memory.store(TSS2, new byte[104]);
        memory.storeShort(TSS2 + 14, (short) 0x9000);
        memory.storeShort(TSS2 + 16, (short) 2);
        memory.storeShort(TSS2 + 18, (short) 0x1234);
        memory.storeShort(TSS2 + 34 + 2 * ES, (short) DATA0);
        memory.storeShort(TSS2 + 34 + 2 * CS, (short) CODE0);
        memory.storeShort(TSS2 + 34 + 2 * SS, (short) DATA0);
        memory.storeShort(TSS2 + 34 + 2 * DS, (short) DATA0);
        guest.code(0x9000, "f4").code("ea 00000000 8000");
        guest.runToVector();
        assertEquals(0x9001, cpu.rip());
        assertEquals(0xffff_1234L, cpu.reg64(CpuLayout.RAX));
        assertEquals(0, guest.selector(4) | guest.selector(5));
    }

    @Test
    void theTBitTrapsBeforeTheFirstInstruction() {
        memory.storeShort(TSS2 + 100, (short) 1);
        guest.code("ea 00000000 8000");
        assertEquals(GuestFault.DB, guest.runToVector());
        assertEquals(TASK, guest.stackItem(0, 4));
        assertEquals(Debug.BT, cpu.debug.read(6) & Debug.BT);
    }

    @Test
    void aUserMayUseATaskGateButNotTheTss() {
        guest.callGate(0x90, FREE, 0, 0xe5, 0);
        guest.asUser().code("ea 00000000 8300");
        assertEquals(GuestFault.GP, guest.runToVector());
        assertEquals(FREE, guest.stackItem(0, 4));

        guest.asUser().code("ea 00000000 9300");
        cpu.rip(CODE);
        guest.runToVector();
        assertEquals(TASK + 1, cpu.rip());
        assertEquals(DATA3, memory.loadShort(TSS + 72 + 4 * SS));
    }

    @Test
    void aTaskCanRunInVirtual8086Mode() {
        memory.storeInt(TSS2 + 36, Flags.VM | 2);
        memory.storeInt(TSS2 + 32, 5);
        for (int n = 0; n < 6; n++) {
            memory.storeInt(TSS2 + 72 + 4 * n, 0x2000);
        }
        memory.storeInt(TSS2 + 4, SystemGuest.STACK0);
        memory.storeInt(TSS2 + 8, DATA0);
        guest.code(0x20005, "0f0b").code("ea 00000000 8000");
        assertEquals(GuestFault.UD, guest.runToVector());
        assertEquals(5, guest.stackItem(0, 4));
        assertEquals(0x2000, guest.stackItem(1, 4));
        assertEquals(Flags.VM, guest.stackItem(2, 4) & Flags.VM);
    }
}
