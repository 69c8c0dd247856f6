// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.SystemGuest.CODE;
import static org.javisor.cpu.SystemGuest.CODE0;
import static org.javisor.cpu.SystemGuest.CODE3;
import static org.javisor.cpu.SystemGuest.DATA0;
import static org.javisor.cpu.SystemGuest.DATA3;
import static org.javisor.cpu.SystemGuest.FREE;
import static org.javisor.cpu.SystemGuest.HANDLERS;
import static org.javisor.cpu.SystemGuest.IDT;
import static org.javisor.cpu.SystemGuest.STACK;
import static org.javisor.cpu.SystemGuest.STACK0;
import static org.javisor.isa.Instruction.DS;
import static org.javisor.isa.Instruction.ES;
import static org.javisor.isa.Instruction.FS;
import static org.javisor.isa.Instruction.GS;
import static org.javisor.isa.Instruction.SS;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Delivery through the IDT in protected and virtual-8086 mode.
@Timeout(60)
class ProtectedModeEntryTest {
    private static final String UD2 = "0f0b";

    private final SystemGuest guest = SystemGuest.inProtectedMode();
    private final Cpu cpu = guest.cpu;

    @AfterEach
    void close() {
        guest.close();
    }

    private long item(int index) {
        return guest.stackItem(index, 4);
    }

    @Test
    void aFaultPushesItsOwnAddressAndSetsRfInTheSavedFlags() {
        guest.code("90" + UD2).flags(Flags.IF | Flags.CF);

        assertEquals(GuestFault.UD, guest.runToVector());

        assertEquals(STACK - 12, cpu.reg64(CpuLayout.RSP));
        assertEquals(CODE + 1, item(0));
        assertEquals(CODE0, item(1));
        assertEquals(Flags.IF | Flags.CF | Flags.RF | 2, item(2));
    }

    @Test
    void anInterruptGateClearsIfAndATrapGateDoesNot() {
        guest.gate(0x40, CODE0, HANDLERS + 16 * 0x40, 0x8e);
        guest.gate(0x41, CODE0, HANDLERS + 16 * 0x41, 0x8f);
        guest.code("cd40").flags(Flags.IF | Flags.NT);
        guest.runToVector();
        assertEquals(0, cpu.systemFlags() & (Flags.IF | Flags.NT));

        cpu.rip(CODE);
        guest.code("cd41").flags(Flags.IF | Flags.NT);
        guest.runToVector();
        assertEquals(Flags.IF, cpu.systemFlags() & (Flags.IF | Flags.NT));
    }

    @Test
    void intPushesTheAddressBehindIt() {
        guest.code("cd40");
        assertEquals(0x40, guest.runToVector());
        assertEquals(CODE + 2, item(0));
    }

    @Test
    void aFaultInAnOuterLevelSwitchesToTheStackOfTheTss() {
        guest.asUser().code(UD2);

        assertEquals(GuestFault.UD, guest.runToVector());

        assertEquals(0, cpu.cpl);
        assertEquals(DATA0, guest.selector(SS));
        assertEquals(STACK0 - 20, cpu.reg64(CpuLayout.RSP));
        assertEquals(CODE, item(0));
        assertEquals(CODE3, item(1));
        assertEquals(STACK, item(3));
        assertEquals(DATA3, item(4));
    }

    @Test
    void intThroughAGateOfAnInnerLevelIsAProtectionFaultNamingTheGate() {
        guest.asUser().code("cd40");
        assertEquals(GuestFault.GP, guest.runToVector());
        assertEquals(0x40 * 8 + 2, item(0));
        assertEquals(CODE, item(1));
    }

    @Test
    void aGateThatUsersMayUseTakesTheirInt() {
        guest.gate(0x40, CODE0, HANDLERS + 16 * 0x40, 0xee);
        guest.asUser().code("cd40");
        assertEquals(0x40, guest.runToVector());
        assertEquals(0, cpu.cpl);
    }

    @Test
    void int3AndIntoCheckThePrivilegeOfTheGateButInt1DoesNot() {
        guest.asUser().code("cc");
        assertEquals(GuestFault.GP, guest.runToVector());
        assertEquals(GuestFault.BP * 8 + 2, item(0));

        SystemGuest other = SystemGuest.inProtectedMode();
        assertEquals(GuestFault.DB, other.asUser().code("f1").runToVector());
        assertEquals(CODE + 1, other.stackItem(0, 4));
        other.close();
    }

    @Test
    void anAbsentGateIsNotPresent() {
        guest.gate(0x40, CODE0, HANDLERS, 0x0e);
        guest.code("cd40");
        assertEquals(GuestFault.NP, guest.runToVector());
        assertEquals(0x40 * 8 + 2, item(0));
    }

    @Test
    void aFaultOnTheWayOfAHardwareInterruptHasExtSet() {
        guest.gate(0x40, 0, HANDLERS, 0x8e);
        guest.code("90f4").flags(Flags.IF);
        guest.interrupt(0x40);
        assertEquals(GuestFault.GP, guest.runToVector());
        assertEquals(1, item(0));
    }

    @Test
    void a16BitGatePushesWords() {
        guest.gate(0x40, CODE0, HANDLERS + 16 * 0x40, 0x86);
        guest.code("cd40");
        assertEquals(0x40, guest.runToVector());
        assertEquals(STACK - 6, cpu.reg64(CpuLayout.RSP));
        assertEquals(CODE + 2 & 0xffff, guest.stackItem(0, 2));
        assertEquals(CODE0, guest.stackItem(1, 2));
    }

    @Test
    void aConformingHandlerKeepsThePrivilegeLevel() {
        guest.descriptor(FREE, 0, 0xfffff, 0x9f, 0xc);
        guest.gate(GuestFault.UD, FREE, HANDLERS + 16 * GuestFault.UD, 0x8e);
        // The handler's HLT is privileged, so that what is met next is its #GP.
        guest.asUser().code(UD2);
        assertEquals(GuestFault.GP, guest.runToVector());
        assertEquals(HANDLERS + 16 * GuestFault.UD, item(1));
        assertEquals(FREE | 3, item(2));
    }

    @Test
    void aStackSegmentOfTheWrongLevelInTheTssIsAnInvalidTss() {
        guest.stack(0, DATA3, STACK0);
        guest.gate(GuestFault.TS, CODE3, HANDLERS + 16 * GuestFault.TS, 0x8e);
        guest.asUser().code(UD2);
        // The handler of #TS runs at CPL 3, where its HLT faults, and #GP finds the same stack: a double
        // fault, too.
        assertEquals("SHUTDOWN", guest.run());
    }

    @Test
    void contributoryFaultsInARowAreADoubleFault() {
        guest.gate(GuestFault.NP, 0, HANDLERS, 0x8e);
        guest.gate(0x40, CODE0, HANDLERS, 0x0e);
        guest.code("cd40");
        // INT finds its gate absent; the handler of #NP has no code segment.
        assertEquals(GuestFault.DF, guest.runToVector());
        assertEquals(0, item(0));
        assertEquals(CODE, item(1));
    }

    @Test
    void aFaultAfterABenignOneIsDeliveredOnItsOwn() {
        guest.gate(GuestFault.UD, CODE0, HANDLERS, 0x0e);
        guest.code(UD2);
        assertEquals(GuestFault.NP, guest.runToVector());
        assertEquals(GuestFault.UD * 8 + 3, item(0));
    }

    @Test
    void aDoubleFaultThatCannotBeDeliveredShutsDown() {
        cpu.tables.idtLimit = 0;
        guest.code(UD2);
        assertEquals("SHUTDOWN", guest.run());
    }

    @Test
    void leavingVirtual8086ModePushesAndClearsTheDataSegments() {
        guest.asVirtual8086(0).code(UD2);

        assertEquals(GuestFault.UD, guest.runToVector());

        long[] expected = {0, CODE >> 4, Flags.VM | Flags.RF | 2, 0x8000, 0x5000, 0x1000 + ES, 0x1000 + DS,
            0x1000 + FS, 0x1000 + GS};
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], item(i), "item " + i);
        }
        assertEquals(0, cpu.cpl);
        assertEquals(0, guest.selector(DS) | guest.selector(GS));
        assertEquals(Segments.NULL, cpu.segments.attributes[DS] & Segments.NULL);
        assertEquals(ExecutionMode.PROTECTED, cpu.mode);
    }

    @Test
    void iretGoesBackToVirtual8086Mode() {
        guest.asVirtual8086(0).code(UD2 + "cd21");
        // iret, in the place of the HLT; the saved IP is moved behind the UD2 first: add dword [esp], 2
        guest.code(HANDLERS + 16 * GuestFault.UD, "83042402 cf");
        assertEquals(GuestFault.GP, guest.runToVector());
        assertEquals(0, item(0));
        assertEquals(2, item(1));
        assertEquals(CODE >> 4, item(2));
        assertEquals(0x1000 + GS, item(9));
    }

    @Test
    void intInVirtual8086ModeNeedsIopl3() {
        guest.gate(0x21, CODE0, HANDLERS + 16 * 0x21, 0xee);
        guest.asVirtual8086(3).code("cd21");
        assertEquals(0x21, guest.runToVector());
        assertEquals(2, item(0));
    }

    @Test
    void theRedirectionBitmapGivesIntToThe8086Program() {
        cpu.cr4 = ControlBits.CR4_VME;
        guest.memory.storeShort(SystemGuest.TSS + TaskState.IO_MAP, (short) 0x100);
        // The bit of vector 0x21 is clear: to 0x1000:0x20 it goes, where UD2 ends the test.
        guest.memory.storeInt(4 * 0x21, 0x1000_0020);
        guest.asVirtual8086(0).code("cd21").code(0x10020, UD2);
        guest.flags(Flags.VM | Flags.VIF);

        assertEquals(GuestFault.UD, guest.runToVector());

        assertEquals(0x20, item(0));
        assertEquals(0x1000, item(1));
        assertEquals(0x8000 - 6, item(3));
        assertEquals(0, item(2) & Flags.VIF);
        assertEquals(2, guest.memory.loadShort(0x50000 + 0x8000 - 6));
        assertEquals(Flags.IOPL | Flags.IF | 2, guest.memory.loadShort(0x50000 + 0x8000 - 2));
    }

    @Test
    void aVectorBeyondTheIdtIsAProtectionFault() {
        cpu.tables.idtLimit = 0x40 * 8 - 1;
        guest.code("cd40");
        assertEquals(GuestFault.GP, guest.runToVector());
        assertEquals(0x40 * 8 + 2, item(0));
        assertEquals(IDT, cpu.tables.idtBase);
    }
}
