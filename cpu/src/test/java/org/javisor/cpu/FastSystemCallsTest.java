// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.SystemGuest.CODE;
import static org.javisor.cpu.SystemGuest.STACK;
import static org.javisor.isa.Instruction.CS;
import static org.javisor.isa.Instruction.GS;
import static org.javisor.isa.Instruction.SS;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// SYSCALL, SYSENTER and their ways back.
@Timeout(60)
class FastSystemCallsTest {
    private static final int ENTRY = 0x20000, R11 = 11;

    private final SystemGuest guest = SystemGuest.in64BitMode();
    private final Cpu cpu = guest.cpu;

    @BeforeEach
    void setUp() {
        cpu.system.star = 0x0010_0008L << 32;
        cpu.system.lstar = ENTRY;
        cpu.system.fmask = Flags.IF | Flags.TF;
        cpu.system.sysenterCs = 0x8;
        cpu.system.sysenterEip = ENTRY;
        cpu.system.sysenterEsp = 0x7_0000;
    }

    @AfterEach
    void close() {
        guest.close();
    }

    @Test
    void syscallSavesRipAndFlagsAndMasksThem() {
        guest.asUser().flags(Flags.IF | Flags.CF).code("0f05").code(ENTRY, "f4");

        guest.runToVector();

        assertEquals(ENTRY + 1, cpu.rip());
        assertEquals(CODE + 2, cpu.reg64(CpuLayout.RCX));
        assertEquals(Flags.IF | Flags.CF | 2, cpu.reg64(R11));
        assertEquals(Flags.CF | 2, cpu.rflags());
        assertEquals(0x08, guest.selector(CS));
        assertEquals(0x10, guest.selector(SS));
        assertEquals(0, cpu.cpl);
        assertEquals(STACK, cpu.reg64(CpuLayout.RSP));
    }

    @Test
    void syscallWithoutSceIsUndefined() {
        cpu.efer &= ~ControlBits.EFER_SCE;
        guest.code("0f05");
        assertEquals(GuestFault.UD, guest.runToVector());
    }

    @Test
    void sysretReturnsTo64BitOrCompatibilityCode() {
        guest.code(ENTRY, "0f0b");
        cpu.reg64(CpuLayout.RCX, ENTRY);
        cpu.reg64(R11, Flags.IF | Flags.RF | Flags.VM);
        guest.code("480f07");
        assertEquals(GuestFault.UD, guest.runToVector());
        assertEquals(0x23, guest.stackItem(1, 8));
        assertEquals(0x1b, guest.stackItem(4, 8));
        assertEquals(Flags.IF | Flags.RF | 2, guest.stackItem(2, 8));

        cpu.rip(CODE);
        guest.code("0f07");
        assertEquals(GuestFault.UD, guest.runToVector());
        assertEquals(0x13, guest.stackItem(1, 8));
    }

    @Test
    void sysretToANonCanonicalAddressFaultsBeforeItLeaves() {
        cpu.reg64(CpuLayout.RCX, 0x0000_8000_0000_0000L);
        guest.code("480f07");
        assertEquals(GuestFault.GP, guest.runToVector());
        assertEquals(0x08, guest.stackItem(2, 8));
    }

    @Test
    void sysretWithTfTrapsBeforeTheFirstInstruction() {
        cpu.reg64(CpuLayout.RCX, ENTRY);
        cpu.reg64(R11, Flags.TF);
        guest.code("480f07");
        assertEquals(GuestFault.DB, guest.runToVector());
        assertEquals(ENTRY, guest.stackItem(0, 8));
    }

    @Test
    void sysenterLoadsStackAndCodeFromItsMsrs() {
        guest.asUser().flags(Flags.IF).code("0f34").code(ENTRY, "f4");
        guest.runToVector();
        assertEquals(ENTRY + 1, cpu.rip());
        assertEquals(0x7_0000, cpu.reg64(CpuLayout.RSP));
        assertEquals(0, cpu.systemFlags() & Flags.IF);
        assertEquals(0x10, guest.selector(SS));
    }

    @Test
    void sysenterWithoutACodeSelectorIsAProtectionFault() {
        cpu.system.sysenterCs = 3;
        guest.code("0f34");
        assertEquals(GuestFault.GP, guest.runToVector());
    }

    @Test
    void sysexitTakesItsTargetsFromRdxAndRcx() {
        guest.code(ENTRY, "0f0b");
        cpu.reg64(CpuLayout.RDX, ENTRY);
        cpu.reg64(CpuLayout.RCX, 0x5_0000);
        guest.code("480f35");
        assertEquals(GuestFault.UD, guest.runToVector());
        assertEquals(0x2b, guest.stackItem(1, 8));
        assertEquals(0x5_0000, guest.stackItem(3, 8));
        assertEquals(0x33, guest.stackItem(4, 8));
    }

    @Test
    void swapgsExchangesTheBases() {
        cpu.segments.base[GS] = 1;
        cpu.modeChanged();
        cpu.system.kernelGsBase(2);
        guest.code("0f01f8 f4");
        guest.runToVector();
        assertEquals(2, cpu.segments.base[GS]);
        assertEquals(1, cpu.system.kernelGsBase());
    }

    @Test
    void baseInstructionsNeedTheirBitInCr4() {
        // wrfsbase rax
        guest.code("f3480faed0 f4");
        assertEquals(GuestFault.UD, guest.runToVector());
        cpu.cr4 |= ControlBits.CR4_FSGSBASE;
        cpu.rip(CODE);
        cpu.reg64(CpuLayout.RAX, 0x1234_5678_9abcL);
        assertEquals(-1, guest.runToVector());
        assertEquals(0x1234_5678_9abcL, cpu.segments.base[4]);
    }

    @Test
    void outside64BitModeSyscallBelongsToAmd() {
        // Compatibility mode, where CSTAR names the target.
        cpu.system.cstar = ENTRY + 0x100;
        guest.code(ENTRY + 0x100, "f4").code("0f05");
        enterCompatibilityMode(cpu, guest);
        assertEquals(GuestFault.UD, guest.runToVector());

        try (SystemGuest amd = SystemGuest.in64BitMode(CpuidModel.builder().vendor(CpuVendor.AMD).build())) {
            amd.cpu.system.star = 0x0010_0008L << 32;
            amd.cpu.system.cstar = ENTRY + 0x100;
            amd.code(ENTRY + 0x100, "f4").code("0f05");
            enterCompatibilityMode(amd.cpu, amd);
            amd.runToVector();
            assertEquals(ENTRY + 0x101, amd.cpu.rip());
            assertEquals(ExecutionMode.LONG, amd.cpu.mode);
        }
    }

    private static void enterCompatibilityMode(Cpu cpu, SystemGuest guest) {
        guest.asUser();
        cpu.segmentLoader.set(CS, SystemGuest.COMPATIBILITY3,
                guest.memory.loadLong(SystemGuest.GDT + (SystemGuest.COMPATIBILITY3 & ~7)));
        cpu.modeChanged();
    }
}
