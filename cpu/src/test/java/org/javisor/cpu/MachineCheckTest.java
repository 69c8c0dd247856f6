// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What becomes of hardware errors that the processor is told of.
@Timeout(60)
class MachineCheckTest {
    private static final long VALID = 1L << 63, OVERFLOW = 1L << 62, UC = 1L << 61, EN = 1L << 60, PCC = 1L << 57;
    private static final int MCIP = 4, RIPV = 1, BANK = 3, CTL = Msrs.MC0_CTL + 4 * BANK, STATUS = CTL + 1;

    private final SystemGuest guest = SystemGuest.in64BitMode();
    private final Cpu cpu = guest.cpu;

    MachineCheckTest() {
        cpu.control.writeCr4(cpu.cr4 | ControlBits.CR4_MCE);
        guest.code("90 90 f4");
    }

    @AfterEach
    void close() {
        guest.close();
    }

    private void report(long status, long globalStatus) {
        cpu.machineCheck().report(BANK, status, globalStatus, 0x1234_5000L, 0x86);
    }

    private long msr(int index) {
        return cpu.msrs().read(index);
    }

    @Test
    void anUncorrectedErrorIsReportedAndInterrupts() {
        report(VALID | UC | EN | PCC | 0x135, MCIP | RIPV);

        assertEquals(GuestFault.MC, guest.runToVector());
        assertEquals(SystemGuest.CODE, guest.stackItem(0, 8));
        assertEquals(VALID | UC | EN | PCC | 0x135, msr(STATUS));
        assertEquals(0x1234_5000L, msr(STATUS + 1));
        assertEquals(0x86, msr(STATUS + 2));
        assertEquals(MCIP | RIPV, msr(Msrs.MCG_STATUS));
    }

    @Test
    void aCorrectedErrorWaitsInItsBank() {
        report(VALID | EN | 0x135, 0);
        assertEquals(-1, guest.runToVector());
        assertEquals(VALID | EN | 0x135, msr(STATUS));
    }

    @Test
    void aBankKeepsTheMoreSeriousErrorAndNotesThatThereWereTwo() {
        report(VALID | 1, 0);
        report(VALID | 2, 0);
        assertEquals(VALID | OVERFLOW | 2, msr(STATUS));
        report(VALID | UC | 3, MCIP);
        assertEquals(VALID | OVERFLOW | UC | 3, msr(STATUS));
        assertTrue(cpu.msrs().write(STATUS, 0));
        report(VALID | UC | 4, 0);
        assertEquals(VALID | UC | 4, msr(STATUS), "no action is asked for");
        report(VALID | 5, 0);
        assertEquals(VALID | OVERFLOW | UC | 4, msr(STATUS));
    }

    @Test
    void aSecondUncorrectedErrorShutsDown() {
        report(VALID | UC | PCC, MCIP);
        assertEquals(GuestFault.MC, guest.runToVector());
        report(VALID | UC | PCC, MCIP);
        assertEquals("SHUTDOWN", guest.run());
    }

    @Test
    void aSystemWithoutMachineChecksShutsDown() {
        cpu.control.writeCr4(cpu.cr4 & ~ControlBits.CR4_MCE);
        report(VALID | UC | PCC, MCIP);
        assertEquals("SHUTDOWN", guest.run());
        assertEquals(0, msr(STATUS));
    }

    @Test
    void whatTheSystemHasSwitchedOffGoesUnnoticed() {
        assertTrue(cpu.msrs().write(CTL, 0));
        report(VALID | UC | PCC, MCIP);
        assertTrue(cpu.msrs().write(CTL, -1));
        assertTrue(cpu.msrs().write(Msrs.MCG_CTL, 0));
        report(VALID | UC | PCC, MCIP);
        assertEquals(-1, guest.runToVector());
        assertEquals(0, msr(STATUS));
    }

    @Test
    void theRegistersTakeWhatTheManualSays() {
        assertEquals(MachineCheck.BANKS, msr(Msrs.MCG_CAP) & 0xff);
        assertFalse(cpu.msrs().write(Msrs.MCG_CAP, 0));
        assertFalse(cpu.msrs().write(STATUS, 1));
        assertFalse(cpu.msrs().write(CTL, 5));
        assertTrue(cpu.msrs().write(CTL, -1 & ~(1L << 10)));
        assertFalse(cpu.msrs().write(Msrs.MCG_CTL, 5));
        assertFalse(cpu.msrs().write(Msrs.MCG_STATUS, 8));
        assertFalse(cpu.msrs().exists(Msrs.MC0_CTL + 4 * MachineCheck.BANKS));
    }

    @Test
    void aResetLeavesWhatBanksReport() {
        report(VALID | 0x135, 0);
        assertTrue(cpu.msrs().write(CTL, 0));
        cpu.reset();
        assertEquals(VALID | 0x135, msr(STATUS));
        assertEquals(-1, msr(CTL));
        assertEquals(0, msr(Msrs.MCG_STATUS));
    }

    @Test
    void aMachineCheckEndsHlt() {
        guest.code("f4");
        guest.run();
        report(VALID | UC | PCC, MCIP | RIPV);
        assertEquals(GuestFault.MC, guest.runToVector());
        assertEquals(SystemGuest.CODE + 1, guest.stackItem(0, 8));
    }
}
