// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.SystemGuest.CODE;
import static org.javisor.cpu.SystemGuest.CODE0;
import static org.javisor.cpu.SystemGuest.CODE3;
import static org.javisor.cpu.SystemGuest.COMPATIBILITY3;
import static org.javisor.cpu.SystemGuest.DATA3;
import static org.javisor.cpu.SystemGuest.HANDLERS;
import static org.javisor.cpu.SystemGuest.IST1;
import static org.javisor.cpu.SystemGuest.STACK;
import static org.javisor.cpu.SystemGuest.STACK0;
import static org.javisor.isa.Instruction.CS;
import static org.javisor.isa.Instruction.DS;
import static org.javisor.isa.Instruction.FS;
import static org.javisor.isa.Instruction.SS;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Delivery and IRETQ in IA-32e mode.
@Timeout(60)
class LongModeEntryTest {
    private static final String UD2 = "0f0b";

    private final SystemGuest guest = SystemGuest.in64BitMode();
    private final Cpu cpu = guest.cpu;

    @AfterEach
    void close() {
        guest.close();
    }

    private long item(int index) {
        return guest.stackItem(index, 8);
    }

    @Test
    void theStackPointerIsAlignedAndPushedEvenWithoutAChangeOfLevel() {
        cpu.reg64(CpuLayout.RSP, STACK + 5);
        guest.code(UD2);

        assertEquals(GuestFault.UD, guest.runToVector());

        assertEquals(STACK - 40, cpu.reg64(CpuLayout.RSP));
        assertEquals(CODE, item(0));
        assertEquals(CODE0, item(1));
        assertEquals(Flags.RF | 2, item(2));
        assertEquals(STACK + 5, item(3));
        assertEquals(SystemGuest.DATA0, item(4));
    }

    @Test
    void fromAnOuterLevelSsBecomesNull() {
        guest.asUser().code(UD2);
        assertEquals(GuestFault.UD, guest.runToVector());
        assertEquals(0, guest.selector(SS));
        assertEquals(STACK0 - 40, cpu.reg64(CpuLayout.RSP));
        assertEquals(DATA3, item(4));
    }

    @Test
    void anInterruptStackIsTakenWhateverTheLevel() {
        guest.gate(GuestFault.UD, CODE0, HANDLERS + 16 * GuestFault.UD, 0x8e, 1);
        guest.code(UD2);
        assertEquals(GuestFault.UD, guest.runToVector());
        assertEquals(IST1 - 40, cpu.reg64(CpuLayout.RSP));
    }

    @Test
    void aPageFaultPushesItsErrorCodeAndSetsCr2() {
        // mov byte [0x1000000], 1: beyond the memory that is mapped
        guest.asUser().code("c6042500000001 01");
        assertEquals(GuestFault.PF, guest.runToVector());
        assertEquals(6, item(0));
        assertEquals(CODE, item(1));
        assertEquals(0x100_0000, cpu.cr2());
    }

    @Test
    void aHandlerThatIsNoCodeOf64BitModeIsAProtectionFaultNamingTheSelector() {
        guest.descriptor(SystemGuest.FREE, 0, 0xfffff, SystemGuest.CODE_ACCESS, 0xc);
        guest.gate(GuestFault.UD, SystemGuest.FREE, HANDLERS, 0x8e);
        guest.code(UD2);
        assertEquals(GuestFault.GP, guest.runToVector());
        assertEquals(SystemGuest.FREE | 1, item(0));
    }

    @Test
    void a16BitGateIsInvalid() {
        guest.gate(0x40, CODE0, HANDLERS, 0x86);
        guest.code("cd40");
        assertEquals(GuestFault.GP, guest.runToVector());
        assertEquals(0x40 * 8 + 2, item(0));
    }

    @Test
    void aHandlerAtANonCanonicalAddressIsAProtectionFault() {
        guest.gate(0x40, CODE0, 0x0080_0000_0000_0000L, 0x8e);
        guest.code("cd40");
        assertEquals(GuestFault.GP, guest.runToVector());
        assertEquals(0, item(0));
    }

    @Test
    void aPageFaultDuringAPageFaultIsADoubleFault() {
        // The stack for level 0 is not mapped; the handler of #DF has a stack of its own.
        guest.memory.storeLong(SystemGuest.TSS + 4, 0x200_0000);
        guest.gate(GuestFault.DF, CODE0, HANDLERS + 16 * GuestFault.DF, 0x8e, 1);
        guest.asUser().code("c6042500000001 01");
        assertEquals(GuestFault.DF, guest.runToVector());
        assertEquals(0, item(0));
        assertEquals(CODE, item(1));
    }

    @Test
    void iretqReturnsToUsersAndTakesAwayWhatTheyMayNotUse() {
        cpu.segments.base[FS] = 0x1234;
        // push 0x23; push 0x60000; push 0x202; push 0x1b; push user; iretq; user: ud2
        guest.code("6a23 6800000600 6802020000 6a1b 6816000100 48cf" + "90 0f0b");
        assertEquals(GuestFault.UD, guest.runToVector());
        assertEquals(CODE + 0x16, item(0));
        assertEquals(CODE3, item(1));
        assertEquals(0x202 | Flags.RF, item(2));
        assertEquals(0, guest.selector(DS));
        assertEquals(0x1234, cpu.segments.base[FS]);
    }

    @Test
    void iretqToTheSameLevelMayLoadANullStackSegment() {
        guest.code("6a00 6800000600 6a02 6a08 6814000100 48cf" + "9090 f4");
        assertEquals(-1, guest.runToVector());
        assertEquals(0, guest.selector(SS));
        assertEquals(STACK, cpu.reg64(CpuLayout.RSP));
    }

    @Test
    void iretqWithNtSetIsAProtectionFault() {
        guest.code("48cf").flags(Flags.NT);
        assertEquals(GuestFault.GP, guest.runToVector());
    }

    @Test
    void iretqEntersCompatibilityMode() {
        // push 0x23; push 0x60000; push 2; push 0x4b; push target; iretq; target: dec eax (REX in 64-bit
        // mode); ud2
        guest.code("6a23 6800000600 6a02 6a4b 6814000100 48cf" + "9090 48 0f0b");
        cpu.reg64(CpuLayout.RAX, 1);
        assertEquals(GuestFault.UD, guest.runToVector());
        assertEquals(COMPATIBILITY3, item(1));
        assertEquals(0, cpu.reg64(CpuLayout.RAX));
        assertEquals(ExecutionMode.LONG, cpu.mode);
        assertEquals(CODE0, guest.selector(CS));
    }

    @Test
    void nmisAreBlockedUntilIret() {
        // inc eax; iretq
        guest.code(HANDLERS + 16 * GuestFault.NMI, "ffc0 48cf");
        guest.code("9090f4");
        cpu.request(Requests.NMI);
        guest.runToVector();
        assertEquals(1, cpu.reg64(CpuLayout.RAX));

        cpu.nmiBlocked = true;
        cpu.modeChanged();
        cpu.request(Requests.NMI);
        cpu.rip(CODE);
        guest.runToVector();
        assertEquals(1, cpu.reg64(CpuLayout.RAX));

        // push ss and so on, iretq: now it is taken.
        guest.code("6a10 6800000600 6a02 6a08 6814000100 48cf" + "9090 f4");
        cpu.rip(CODE);
        guest.runToVector();
        assertEquals(2, cpu.reg64(CpuLayout.RAX));
    }

    @Test
    void aStackThatNobodyBacksEndsTheMachineWhereSuchAccessesExit() {
        try (TestBoard board = new TestBoard(16 << 20, true)) {
            board.longMode(board.cpu, TestBoard.CODE);
            board.code(TestBoard.CODE, UD2);
            board.cpu.tables.gdtBase = 0x2000;
            board.cpu.tables.idtBase = 0x3000;
            board.memory().storeLong(0x2008, 0x00af_9b00_0000_ffffL);
            board.memory().storeLong(0x3060, 0x0000_8e00_0008_4000L);
            board.cpu.reg64(CpuLayout.RSP, 0x2000_0000);
            assertEquals("SHUTDOWN", CpuExit.name(board.cpu.run()));
        }
    }
}
