// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.SystemGuest.CODE;
import static org.javisor.cpu.SystemGuest.CODE0;
import static org.javisor.cpu.SystemGuest.DATA0;
import static org.javisor.cpu.SystemGuest.DATA3;
import static org.javisor.cpu.SystemGuest.FREE;
import static org.javisor.cpu.SystemGuest.LDT;
import static org.javisor.cpu.SystemGuest.TSS_SELECTOR;
import static org.javisor.isa.Instruction.DS;
import static org.javisor.isa.Instruction.FS;
import static org.javisor.isa.Instruction.SS;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Loading segment registers, descriptor-table registers, and asking about selectors.
@Timeout(60)
class SegmentInstructionsTest {
    private static final String MOV_DS_AX = "8ed8", MOV_SS_AX = "8ed0", HLT = "f4";

    private SystemGuest guest = SystemGuest.inProtectedMode();

    @AfterEach
    void close() {
        guest.close();
    }

    private void in64BitMode() {
        guest.close();
        guest = SystemGuest.in64BitMode();
    }

    /// Executes `hex` and a HLT with AX = `ax`.
    private int run(String hex, int ax) {
        guest.cpu.reg64(CpuLayout.RAX, ax);
        guest.cpu.rip(CODE);
        return guest.code(hex + HLT).runToVector();
    }

    private void assertFault(int vector, int error, String hex, int ax) {
        assertEquals(vector, run(hex, ax));
        assertEquals(error, guest.stackItem(0, guest.cpu.mode == ExecutionMode.LONG ? 8 : 4));
    }

    @Test
    void loadingASegmentMarksItsDescriptorAccessed() {
        guest.descriptor(FREE, 0x1234, 0xff, 0x92, 0);
        assertEquals(-1, run(MOV_DS_AX, FREE));
        assertEquals(0x93, guest.accessByte(FREE));
        assertEquals(0x1234, guest.cpu.segments.base[DS]);
        assertEquals(0xff, guest.cpu.segments.limit[DS]);
    }

    @Test
    void aNullSelectorLoadsButCannotBeUsed() {
        // mov ds, ax; mov al, [0]
        assertFault(GuestFault.GP, 0, MOV_DS_AX + "a000000000", 3);
        assertEquals(3, guest.selector(DS));
    }

    @Test
    void aNullStackSelectorIsAProtectionFault() {
        assertFault(GuestFault.GP, 0, MOV_SS_AX, 0);
    }

    @Test
    void anAbsentDataSegmentIsNotPresentAndAnAbsentStackIsAStackFault() {
        guest.descriptor(FREE, 0, 0xfffff, 0x13, 0xc);
        assertFault(GuestFault.NP, FREE, MOV_DS_AX, FREE);
        assertFault(GuestFault.SS, FREE, MOV_SS_AX, FREE);
    }

    @Test
    void theStackSegmentMustHaveTheCurrentLevel() {
        assertFault(GuestFault.GP, DATA3 & ~3, MOV_SS_AX, DATA3);
        assertFault(GuestFault.GP, DATA0, MOV_SS_AX, DATA0 | 3);
        guest.descriptor(FREE, 0, 0xfffff, 0x91, 0xc);
        assertFault(GuestFault.GP, FREE, MOV_SS_AX, FREE);
    }

    @Test
    void codeThatMayNotBeReadIsNoDataSegment() {
        guest.descriptor(FREE, 0, 0xfffff, 0x99, 0xc);
        assertFault(GuestFault.GP, FREE, MOV_DS_AX, FREE);
    }

    @Test
    void movToCsIsUndefined() {
        assertEquals(GuestFault.UD, run("8ec8", CODE0));
    }

    @Test
    void aSelectorBeyondItsTableIsAProtectionFault() {
        assertFault(GuestFault.GP, 0x1000, MOV_DS_AX, 0x1000);
        assertFault(GuestFault.GP, 0x0c, MOV_DS_AX, 0x0f);
    }

    @Test
    void segmentsComeFromTheLdtOnceItIsLoaded() {
        guest.descriptor(FREE, LDT, 0xf, 0x82, 0);
        guest.memory.storeLong(LDT + 8, guest.memory.loadLong(SystemGuest.GDT + DATA0));
        // lldt ax; mov cx, 12; mov ds, cx
        assertEquals(-1, run("0f00d0 66b90c00 8ed9", FREE));
        assertEquals(0x0c, guest.selector(DS));
    }

    @Test
    void anExpandDownSegmentHoldsWhatIsAboveItsLimit() {
        guest.descriptor(FREE, 0, 0x40, 0x97, 0xc);
        // mov ds, ax; mov al, [0x41000]; mov al, [0x40fff]
        assertFault(GuestFault.GP, 0, MOV_DS_AX + "a000100400 a0ff0f0400", FREE);
        assertEquals(CODE + 7, guest.stackItem(1, 4));
    }

    @Test
    void ltrMarksTheTaskBusyAndRefusesABusyOne() {
        guest.descriptor(FREE, 0x5000, 0x67, 0x89, 0);
        assertEquals(-1, run("0f00d8", FREE));
        assertEquals(0x8b, guest.accessByte(FREE));
        assertFault(GuestFault.GP, TSS_SELECTOR, "0f00d8", TSS_SELECTOR);
    }

    @Test
    void ltrIn64BitModeReadsA64BitBase() {
        in64BitMode();
        guest.descriptor(FREE, 0x5000, 0x67, 0x89, 0);
        guest.memory.storeLong(SystemGuest.GDT + FREE + 8, 0xffff_8000L);
        assertEquals(-1, run("0f00d8", FREE));
        assertEquals(0xffff_8000_0000_5000L, guest.cpu.segments.base[Segments.TR]);
        guest.descriptor(FREE, 0x5000, 0x67, 0x89, 0);
        guest.memory.storeLong(SystemGuest.GDT + FREE + 8, 0x4000_0000);
        assertFault(GuestFault.GP, FREE, "0f00d8", FREE);
    }

    @Test
    void a64BitStackSegmentMayBeNullBelowLevel3() {
        in64BitMode();
        assertEquals(-1, run(MOV_SS_AX, 0));
        assertEquals(0, guest.selector(SS));
        assertFault(GuestFault.GP, 0, MOV_SS_AX, 3);
    }

    @Test
    void loadingANullSelectorIn64BitModeClearsTheBase() {
        in64BitMode();
        guest.cpu.segments.base[FS] = 0x1234;
        assertEquals(-1, run("8ee0", 0));
        assertEquals(0, guest.cpu.segments.base[FS]);
    }

    @Test
    void larShowsAccessRightsAndLslTheLimit() {
        // lar ecx, eax; lsl edx, eax
        assertEquals(-1, run("0f02c8 0f03d0", DATA0));
        assertEquals(0x00cf_9300, guest.cpu.reg64(CpuLayout.RCX));
        assertEquals(0xffff_ffffL, guest.cpu.reg64(CpuLayout.RDX));
        assertEquals(Flags.ZF, guest.cpu.arithmeticFlags() & Flags.ZF);
    }

    @Test
    void larLeavesTheRegisterAloneWhereItMayNotLook() {
        guest.cpu.reg64(CpuLayout.RCX, 0x55);
        guest.gate(GuestFault.GP, CODE0, SystemGuest.HANDLERS + 16 * GuestFault.GP, 0x8e);
        guest.asUser();
        // lar ecx, eax; hlt, which is a fault
        assertEquals(GuestFault.GP, run("0f02c8", DATA0));
        assertEquals(0x55, guest.cpu.reg64(CpuLayout.RCX));
        assertEquals(0, guest.stackItem(3, 4) & Flags.ZF);
    }

    @Test
    void verrAndVerwTellReadableFromWritable() {
        guest.descriptor(FREE, 0, 0xfffff, 0x91, 0xc);
        assertEquals(-1, run("0f00e0", FREE));
        assertEquals(Flags.ZF, guest.cpu.arithmeticFlags() & Flags.ZF);
        assertEquals(-1, run("0f00e8", FREE));
        assertEquals(0, guest.cpu.arithmeticFlags() & Flags.ZF);
    }

    @Test
    void arplRaisesTheRequestedLevel() {
        guest.cpu.reg64(CpuLayout.RCX, 3);
        // arpl ax, cx
        assertEquals(-1, run("63c8", 0x10));
        assertEquals(0x13, guest.cpu.reg64(CpuLayout.RAX));
        assertEquals(Flags.ZF, guest.cpu.arithmeticFlags() & Flags.ZF);
    }

    @Test
    void lssLoadsStackSegmentAndPointerTogether() {
        guest.memory.storeInt(0x40000, 0x1234);
        guest.memory.storeShort(0x40004, (short) DATA0);
        // lss esp, [0x40000]
        assertEquals(-1, run("0fb22500000400", 0));
        assertEquals(0x1234, guest.cpu.reg64(CpuLayout.RSP));
    }

    @Test
    void umipKeepsTablesFromUsers() {
        guest.cpu.cr4 |= ControlBits.CR4_UMIP;
        guest.asUser();
        // sgdt [0x40000]; then smsw, sldt, str, sidt
        for (String hex : new String[] {"0f010500000400", "0f01e0", "0f00c0", "0f00c8", "0f010d00000400"}) {
            guest.asUser();
            assertFault(GuestFault.GP, 0, hex, 0);
        }
    }

    @Test
    void sgdtStoresLimitAndBase() {
        assertEquals(-1, run("0f010500000400", 0));
        assertEquals(0xfff, guest.memory.loadShort(0x40000));
        assertEquals(SystemGuest.GDT, guest.memory.loadInt(0x40002));
    }

    @Test
    void lgdtRefusesANonCanonicalBase() {
        in64BitMode();
        guest.memory.storeLong(0x40002, 0x0400_0000_0000_0000L);
        assertFault(GuestFault.GP, 0, "0f01142500000400", 0);
        assertEquals(SystemGuest.GDT, guest.cpu.tables.gdtBase);
    }
}
