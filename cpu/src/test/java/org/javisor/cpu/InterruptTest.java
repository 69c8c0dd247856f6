// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.SystemGuest.CODE;
import static org.javisor.cpu.SystemGuest.HANDLERS;
import static org.javisor.isa.Instruction.CS;
import static org.javisor.isa.Instruction.SS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.javisor.memory.BusDevice;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// When interrupts are taken, in real mode and elsewhere; INIT and start-up.
@Timeout(60)
class InterruptTest {
    @Test
    void realModePushesThreeWordsAndClearsIf() {
        try (SystemGuest guest = SystemGuest.inRealMode()) {
            guest.code("90cd21").flags(Flags.IF | Flags.CF);
            guest.run();
            assertEquals(HANDLERS + 16 * 0x21 + 1, guest.cpu.rip());
            assertEquals(3, guest.stackItem(0, 2));
            assertEquals(CODE >> 4, guest.stackItem(1, 2));
            assertEquals(Flags.IF | Flags.CF | 2, guest.stackItem(2, 2));
            assertEquals(0, guest.cpu.systemFlags() & Flags.IF);
        }
    }

    @Test
    void realModeExceptionsPushNoErrorCode() {
        try (SystemGuest guest = SystemGuest.inRealMode()) {
            // mov ax, [0xffff]
            guest.code("a1ffff");
            guest.run();
            assertEquals(HANDLERS + 16 * GuestFault.GP + 1, guest.cpu.rip());
            assertEquals(0, guest.stackItem(0, 2));
        }
    }

    @Test
    void aRealModeVectorBeyondTheTableShutsDown() {
        try (SystemGuest guest = SystemGuest.inRealMode()) {
            guest.cpu.tables.idtLimit = 0;
            assertEquals("SHUTDOWN", guest.code("cd21").run());
        }
    }

    @Test
    void realModeIretRestoresFlagsAndAddress() {
        try (SystemGuest guest = SystemGuest.inRealMode()) {
            guest.code(HANDLERS + 16 * 0x21, "cf").code("f9 cd21 f4").flags(Flags.IF);
            guest.run();
            assertEquals(4, guest.cpu.rip());
            assertEquals(Flags.IF | Flags.CF | 2, guest.cpu.rflags());
        }
    }

    @Test
    void stiHoldsInterruptsBackForOneInstruction() {
        try (SystemGuest guest = SystemGuest.in64BitMode()) {
            guest.interrupt(0x40);
            guest.code("fb 90 90");
            assertEquals(0x40, guest.runToVector());
            assertEquals(CODE + 2, guest.stackItem(0, 8));
        }
    }

    @Test
    void stiWithIfSetAlreadyHoldsNothingBack() {
        try (SystemGuest guest = SystemGuest.in64BitMode()) {
            guest.code("fb fb 90 90");
            guest.interrupt(0x40);
            assertEquals(0x40, guest.runToVector());
            assertEquals(CODE + 2, guest.stackItem(0, 8));
        }
    }

    @Test
    void movSsHoldsInterruptsBackForOneInstruction() {
        try (SystemGuest guest = SystemGuest.in64BitMode()) {
            // mov ax, ss; sti; mov ss, ax; nop
            guest.code("668cd0 fb 8ed0 90 90");
            guest.interrupt(0x40);
            // MOV SS stands in the shadow of STI and has none of its own.
            assertEquals(0x40, guest.runToVector());
            assertEquals(CODE + 6, guest.stackItem(0, 8));
        }
    }

    @Test
    void nothingComesBetweenMovSsAndTheNextInstruction() {
        try (SystemGuest guest = SystemGuest.in64BitMode()) {
            guest.code("668cd0 8ed0 90 90");
            guest.ports.attach(0x80, 1, new BusDevice() {
                @Override
                public long read(long offset, int size) {
                    return 0;
                }

                @Override
                public void write(long offset, int size, long value) {
                    guest.cpu.request(Requests.NMI);
                }
            }, "asks for an NMI");
            // out 0x80, al would be served at once; what MOV SS covers is the instruction behind it.
            guest.code("668cd0 8ed0 e680 90 f4");
            assertEquals(GuestFault.NMI, guest.runToVector());
            assertEquals(CODE + 7, guest.stackItem(0, 8));
        }
    }

    @Test
    void anInterruptWakesAHaltedProcessor() {
        try (SystemGuest guest = SystemGuest.in64BitMode()) {
            guest.code("f4 90").flags(Flags.IF);
            assertEquals(-1, guest.runToVector());
            assertFalse(guest.cpu.runnable());
            guest.interrupt(0x40);
            assertTrue(guest.cpu.runnable());
            assertEquals(0x40, guest.runToVector());
            assertEquals(CODE + 1, guest.stackItem(0, 8));
        }
    }

    @Test
    void anNmiComesBeforeAnInterrupt() {
        try (SystemGuest guest = SystemGuest.in64BitMode()) {
            guest.code("90").flags(Flags.IF);
            guest.interrupt(0x40);
            guest.cpu.request(Requests.NMI);
            assertEquals(GuestFault.NMI, guest.runToVector());
            assertEquals(0x40, guest.interrupt);
        }
    }

    @Test
    void withoutIfInterruptsWait() {
        try (SystemGuest guest = SystemGuest.in64BitMode()) {
            guest.code("90f4");
            guest.interrupt(0x40);
            assertEquals(-1, guest.runToVector());
            assertEquals(0x40, guest.interrupt);
        }
    }

    @Test
    void initMakesTheFirstProcessorBeginAtTheResetVector() {
        try (SystemGuest guest = SystemGuest.in64BitMode()) {
            guest.cpu.request(Requests.INIT | Requests.KICK);
            assertEquals("KICK", guest.run());
            guest.cpu.exceptions.interrupt(Requests.INIT);
            assertEquals(0xfff0, guest.cpu.rip());
            assertEquals(0xffff_0000L, guest.cpu.segments.base[CS]);
            assertEquals(ExecutionMode.REAL, guest.cpu.mode);
            assertEquals(0, guest.cpu.efer);
        }
    }

    @Test
    void aProcessorThatWaitsForStartupRunsWhereItsVectorSays() {
        try (SystemGuest guest = SystemGuest.inRealMode()) {
            guest.code(0x9000, "f4");
            guest.cpu.waitForStartup();
            assertEquals("WAIT_FOR_STARTUP", guest.run());
            guest.cpu.request(Requests.NMI);
            assertFalse(guest.cpu.runnable());
            guest.cpu.cancel(Requests.NMI);

            guest.cpu.startup(9);

            assertTrue(guest.cpu.runnable());
            assertEquals("HALT", guest.run());
            assertEquals(0x900, guest.selector(CS));
            assertEquals(1, guest.cpu.rip());
        }
    }

    /// As when the host has other work than this processor's thread while another sends both.
    @Test
    void anInitAndTheStartupBehindItAreBothTakenByWhoRuns() {
        try (SystemGuest guest = second(SystemGuest.in64BitMode())) {
            guest.code(0x9000, "f4");
            guest.cpu.sendInit();
            guest.cpu.startup(9);

            assertEquals("HALT", guest.run(), "it does not wait for what has come");
            assertEquals(0x900, guest.selector(CS));
        }
    }

    @Test
    void aProcessorThatRunsIgnoresStartup() {
        try (SystemGuest guest = second(SystemGuest.in64BitMode())) {
            guest.code("90f4");
            guest.cpu.startup(9);
            assertEquals(-1, guest.runToVector());

            guest.cpu.sendInit();

            assertEquals("WAIT_FOR_STARTUP", guest.run(), "nor remembers it");
        }
    }

    @Test
    void anInitTakesBackTheStartupBeforeIt() {
        try (SystemGuest guest = second(SystemGuest.inRealMode())) {
            guest.cpu.waitForStartup();
            guest.cpu.startup(9);
            guest.cpu.sendInit();

            assertEquals("WAIT_FOR_STARTUP", guest.run());
        }
    }

    /// A start-up IPI means nothing to it.
    @Test
    void theFirstProcessorDoesNotStartElsewhereBehindAnInit() {
        try (SystemGuest guest = SystemGuest.in64BitMode()) {
            guest.cpu.sendInit();
            guest.cpu.startup(9);
            guest.cpu.exceptions.interrupt(Requests.INIT);

            assertEquals(0xfff0, guest.cpu.rip());
            assertEquals(0, guest.cpu.requests() & Requests.STARTUP);
        }
    }

    private static SystemGuest second(SystemGuest guest) {
        guest.cpu.msrs().write(Msrs.APIC_BASE, SystemRegisters.APIC_BASE | SystemRegisters.APIC_BASE_ENABLE);
        return guest;
    }

    @Test
    void vmcallIsUndefinedUnlessSomebodyTakesIt() {
        try (SystemGuest guest = SystemGuest.in64BitMode()) {
            guest.code("0f01c1f4");
            assertEquals(GuestFault.UD, guest.runToVector());
            guest.hypercalls = true;
            guest.cpu.rip(CODE);
            assertEquals("HYPERCALL", guest.run());
            assertEquals(CODE + 3, guest.cpu.rip());
        }
    }
}
