// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.SystemGuest.CODE;
import static org.javisor.isa.Instruction.FS;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// RDMSR, WRMSR and what registers take; time stamps.
@Timeout(60)
class MsrTest {
    private final SystemGuest guest = SystemGuest.in64BitMode();
    private final Cpu cpu = guest.cpu;

    @AfterEach
    void close() {
        guest.close();
    }

    private int write(int index, long value) {
        cpu.reg64(CpuLayout.RCX, index & 0xffff_ffffL);
        cpu.reg64(CpuLayout.RAX, value & 0xffff_ffffL);
        cpu.reg64(CpuLayout.RDX, value >>> 32);
        cpu.rip(CODE);
        return guest.code("0f30f4").runToVector();
    }

    private int read(int index) {
        cpu.reg64(CpuLayout.RCX, index & 0xffff_ffffL);
        cpu.rip(CODE);
        return guest.code("0f32f4").runToVector();
    }

    private long value() {
        return cpu.reg64(CpuLayout.RDX) << 32 | cpu.reg64(CpuLayout.RAX);
    }

    @Test
    void anIndexWithoutARowIsAProtectionFaultAndCounted() {
        assertEquals(GuestFault.GP, read(0x1234_5678));
        assertEquals(GuestFault.GP, write(0x1234_5678, 0));
        assertEquals(2, cpu.msrs().unknownAccesses());
        assertEquals(0x1234_5678, cpu.msrs().lastUnknown());
    }

    @Test
    void rowsThatOthersDefineAreReadAndWritten() {
        long[] register = new long[1];
        cpu.msrs().define(0x4b56_4d00, () -> register[0], value -> {
            register[0] = value;
            return value != 7;
        });
        assertEquals(-1, write(0x4b56_4d00, 0x1_0000_0002L));
        assertEquals(-1, read(0x4b56_4d00));
        assertEquals(0x1_0000_0002L, value());
        assertEquals(GuestFault.GP, write(0x4b56_4d00, 7));
    }

    @Test
    void basesMustBeCanonical() {
        assertEquals(-1, write(Msrs.FS_BASE, 0xff00_0000_0000_0000L));
        assertEquals(0xff00_0000_0000_0000L, cpu.segments.base[FS]);
        assertEquals(GuestFault.GP, write(Msrs.FS_BASE, 0x7f00_0000_0000_0000L));
        assertEquals(GuestFault.GP, write(Msrs.LSTAR, 0x7f00_0000_0000_0000L));
    }

    @Test
    void memoryTypesAreChecked() {
        assertEquals(GuestFault.GP, write(Msrs.PAT, 2));
        assertEquals(-1, write(Msrs.PAT, 0x0706_0504_0100_0706L));
        assertEquals(GuestFault.GP, write(MemoryTypes.DEF_TYPE, 7));
        assertEquals(-1, write(MemoryTypes.DEF_TYPE, 0xc06));
        assertEquals(GuestFault.GP, write(MemoryTypes.PHYS_BASE0, 1L << CpuidModel.PHYSICAL_ADDRESS_BITS));
        assertEquals(GuestFault.GP, write(MemoryTypes.PHYS_BASE0 + 1, 0x400));
        assertEquals(-1, read(MemoryTypes.MTRR_CAP));
        assertEquals(MemoryTypes.VARIABLE_RANGES, value() & 0xff);
    }

    @Test
    void commandsCanBeWrittenAndNotRead() {
        assertEquals(-1, write(Msrs.PRED_CMD, 1));
        assertEquals(GuestFault.GP, write(Msrs.PRED_CMD, 2));
        assertEquals(GuestFault.GP, read(Msrs.PRED_CMD));
        assertEquals(GuestFault.GP, write(Msrs.ARCH_CAPABILITIES, 0));
    }

    @Test
    void aWriteOfTheCounterShowsInItsAdjustment() {
        guest.tsc = 1000;
        cpu.tsc.adjust(0);
        assertEquals(-1, write(Msrs.TSC, 5000));
        assertEquals(-1, read(Msrs.TSC_ADJUST));
        assertEquals(4000, value());
        assertEquals(-1, write(Msrs.TSC_ADJUST, -500));
        guest.tsc = 2000;
        assertEquals(1500, cpu.tsc().value());
    }

    @Test
    void afterResetTheCounterIsTheMachinesUnadjusted() {
        guest.tsc = 1234;
        cpu.tsc.adjust(7);
        cpu.reset();
        assertEquals(1234, cpu.tsc().value());
        assertEquals(0, cpu.msrs().read(Msrs.TSC_ADJUST));
    }

    @Test
    void rdtscpReadsTheProcessorNumberToo() {
        cpu.tsc.aux(5);
        guest.tsc = 0x1_0000_0001L;
        cpu.tsc.adjust(0);
        // rdtscp; rdpid rbx; hlt
        guest.code("0f01f9 f30fc7fb f4");
        guest.runToVector();
        assertEquals(0x1_0000_0001L, value());
        assertEquals(5, cpu.reg64(CpuLayout.RCX));
        assertEquals(5, cpu.reg64(CpuLayout.RBX));
    }

    @Test
    void tsdKeepsTheCounterFromUsers() {
        cpu.cr4 |= ControlBits.CR4_TSD;
        assertEquals(GuestFault.GP, guest.asUser().code("0f31").runToVector());
    }

    @Test
    void theStatusOfAMachineCheckBankTakesNothingButZero() {
        assertEquals(-1, write(Msrs.MC0_CTL, -1));
        assertEquals(GuestFault.GP, write(Msrs.MC0_CTL, 0xaaaa));
        assertEquals(-1, write(Msrs.MC0_CTL + 1, 0));
        assertEquals(GuestFault.GP, write(Msrs.MC0_CTL + 1, 1));
    }

    @Test
    void aFeatureThatIsSwitchedOffTakesItsRegistersAlong() {
        CpuidModel cpuid = CpuidModel.builder().without(CpuFeature.RDTSCP)
                .without(CpuFeature.ARCH_CAPABILITIES).build();
        try (SystemGuest other = SystemGuest.in64BitMode(cpuid)) {
            other.cpu.reg64(CpuLayout.RCX, Msrs.ARCH_CAPABILITIES);
            assertEquals(GuestFault.GP, other.code("0f32").runToVector());
            other.cpu.rip(CODE);
            assertEquals(GuestFault.UD, other.code("0f01f9").runToVector());
        }
    }
}
