// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.SystemGuest.CODE;
import static org.javisor.cpu.SystemGuest.TABLES;
import static org.javisor.cpu.SystemGuest.TSS_SELECTOR;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What control registers take, and the ways into IA-32e mode and out of it.
@Timeout(60)
class ControlRegistersTest {
    private static final String TO_CR0 = "0f22c0", TO_CR3 = "0f22d8", TO_CR4 = "0f22e0";

    private SystemGuest guest = SystemGuest.in64BitMode();

    @AfterEach
    void close() {
        guest.close();
    }

    private void inProtectedMode() {
        guest.close();
        guest = SystemGuest.inProtectedMode();
    }

    private int run(String hex, long rax) {
        guest.cpu.reg64(CpuLayout.RAX, rax);
        guest.cpu.rip(CODE);
        return guest.code(hex + "f4").runToVector();
    }

    @Test
    void cr0RefusesPagingWithoutProtectionAndNwWithoutCd() {
        inProtectedMode();
        assertEquals(GuestFault.GP, run(TO_CR0, ControlBits.CR0_PG));
        assertEquals(GuestFault.GP, run(TO_CR0, ControlBits.CR0_PE | ControlBits.CR0_NW));
    }

    @Test
    void cr0RefusesBitsAbove31AndLeavingPagingIn64BitMode() {
        assertEquals(GuestFault.GP, run(TO_CR0, guest.cpu.cr0 | 1L << 32));
        assertEquals(GuestFault.GP, run(TO_CR0, guest.cpu.cr0 & ~ControlBits.CR0_PG));
    }

    @Test
    void etIsAlwaysOne() {
        inProtectedMode();
        assertEquals(-1, run(TO_CR0, ControlBits.CR0_PE));
        assertEquals(ControlBits.CR0_PE | ControlBits.CR0_ET, guest.cpu.cr0);
    }

    @Test
    void cr4RefusesReservedBitsAndLosingPaeInIa32eMode() {
        assertEquals(GuestFault.GP, run(TO_CR4, guest.cpu.cr4 | 1L << 31));
        assertEquals(GuestFault.GP, run(TO_CR4, guest.cpu.cr4 & ~ControlBits.CR4_PAE));
        assertEquals(GuestFault.GP, run(TO_CR4, guest.cpu.cr4 | ControlBits.CR4_LA57));
    }

    @Test
    void pcidsNeedIa32eModeAndAClearLowPartOfCr3() {
        guest.cpu.cr3 = TABLES | 1;
        assertEquals(GuestFault.GP, run(TO_CR4, guest.cpu.cr4 | ControlBits.CR4_PCIDE));
        guest.cpu.cr3 = TABLES;
        assertEquals(-1, run(TO_CR4, guest.cpu.cr4 | ControlBits.CR4_PCIDE));
        inProtectedMode();
        assertEquals(GuestFault.GP, run(TO_CR4, ControlBits.CR4_PCIDE));
    }

    @Test
    void cr3RefusesAddressesBeyondTheProcessors() {
        assertEquals(GuestFault.GP, run(TO_CR3, TABLES | 1L << CpuidModel.PHYSICAL_ADDRESS_BITS));
        assertEquals(GuestFault.GP, run(TO_CR3, TABLES | 1L << 63));
        assertEquals(-1, run(TO_CR3, TABLES));
    }

    @Test
    void cr8IsTheTaskPriority() {
        // mov cr8, rax; mov rbx, cr8
        assertEquals(-1, run("440f22c0 440f20c3", 9));
        assertEquals(9, guest.taskPriority);
        assertEquals(9, guest.cpu.reg64(CpuLayout.RBX));
        assertEquals(GuestFault.GP, run("440f22c0", 16));
    }

    @Test
    void registersThatDoNotExistAreUndefined() {
        assertEquals(GuestFault.UD, run("0f20c8", 0));
        assertEquals(GuestFault.UD, run("0f22e8", 0));
    }

    @Test
    void lmswSetsPeButDoesNotClearIt() {
        inProtectedMode();
        assertEquals(-1, run("0f01f0", 0xfffe));
        assertEquals(ControlBits.CR0_PE | 0xe, guest.cpu.cr0 & 0xf);
        assertEquals(-1, run("0f06", 0));
        assertEquals(0, guest.cpu.cr0 & ControlBits.CR0_TS);
    }

    @Test
    void eferRefusesReservedBitsAndChangesOfLmeWhilePaging() {
        guest.cpu.reg64(CpuLayout.RCX, Msrs.EFER);
        guest.cpu.reg64(CpuLayout.RDX, 0);
        assertEquals(GuestFault.GP, run("0f30", guest.cpu.efer | 2));
        assertEquals(GuestFault.GP, run("0f30", guest.cpu.efer & ~ControlBits.EFER_LME));
        assertEquals(-1, run("0f30", guest.cpu.efer & ~ControlBits.EFER_SCE));
        assertEquals(ControlBits.EFER_LMA, guest.cpu.efer & ControlBits.EFER_LMA);
    }

    /// Protected mode with everything ready for paging to be the entry to IA-32e mode.
    private void readyForLongMode() {
        inProtectedMode();
        guest.memory.storeLong(TABLES, TABLES + 0x1000 | 7);
        guest.memory.storeLong(TABLES + 0x1000, 0x87);
        guest.cpu.cr3 = TABLES;
        guest.cpu.cr4 = ControlBits.CR4_PAE;
        guest.cpu.efer = ControlBits.EFER_LME;
    }

    @Test
    void pagingWithLmeEntersCompatibilityMode() {
        readyForLongMode();
        assertEquals("HALT", runForExit(guest.cpu.cr0 | ControlBits.CR0_PG));
        assertEquals(ExecutionMode.COMPATIBILITY, guest.cpu.mode);
        assertEquals(ControlBits.EFER_LME | ControlBits.EFER_LMA, guest.cpu.efer);

        guest.cpu.rip(CODE);
        assertEquals("HALT", runForExit(guest.cpu.cr0 & ~ControlBits.CR0_PG));
        assertEquals(ExecutionMode.PROTECTED, guest.cpu.mode);
        assertEquals(ControlBits.EFER_LME, guest.cpu.efer);
    }

    private String runForExit(long cr0) {
        guest.cpu.reg64(CpuLayout.RAX, cr0);
        return guest.code(TO_CR0 + "f4").run();
    }

    @Test
    void pagingWithLmeNeedsPaeAndA32BitTask() {
        readyForLongMode();
        guest.cpu.cr4 = 0;
        assertEquals(GuestFault.GP, run(TO_CR0, guest.cpu.cr0 | ControlBits.CR0_PG));
        guest.cpu.cr4 = ControlBits.CR4_PAE;
        guest.cpu.segments.attributes[Segments.TR] = Segments.PRESENT | Descriptor.TSS16_BUSY;
        assertEquals(GuestFault.GP, run(TO_CR0, guest.cpu.cr0 | ControlBits.CR0_PG));
        assertEquals(TSS_SELECTOR, guest.selector(Segments.TR));
    }

    @Test
    void usersReadNoControlRegisters() {
        guest.asUser();
        assertEquals(GuestFault.GP, run("0f20c0", 0));
        guest.asUser();
        assertEquals(GuestFault.GP, run("0f23c0", 0));
    }

    @Test
    void invpcidChecksItsDescriptor() {
        // invpcid rax, [0x40000]
        guest.memory.storeLong(0x40000, 0x1000);
        assertEquals(GuestFault.GP, run("660f38820425 00000400", 2));
        guest.memory.storeLong(0x40000, 0);
        assertEquals(GuestFault.GP, run("660f38820425 00000400", 4));
        assertEquals(-1, run("660f38820425 00000400", 2));
        guest.memory.storeLong(0x40008, 1L << 62);
        assertEquals(GuestFault.GP, run("660f38820425 00000400", 0));
    }
}
