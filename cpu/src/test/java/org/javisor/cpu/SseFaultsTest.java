// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.javisor.host.HostMemory;
import org.javisor.isa.Instruction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What the host's processor cannot be asked without a signal: faults of SSE and MMX instructions, and that
/// they leave no trace.
class SseFaultsTest {
    private static final int ZM = 1 << 9, UM = 1 << 11, PM = 1 << 12, FZ = 1 << 15;
    private static final int ZE = 4, UE = 16, PE = 32, DE = 2, DM = 1 << 8;
    private static final int ONE = 0x3f80_0000, THREE = 0x4040_0000;
    private static final long PATTERN = 0x0123_4567_89ab_cdefL;

    private final TestMachine machine = TestMachine.in64BitMode();
    private final Cpu cpu = machine.cpu;

    @BeforeEach
    void reset() {
        Mxcsr.set(cpu, Mxcsr.INITIAL);
        cpu.reg64(CpuLayout.RSI, TestMachine.DATA);
        cpu.reg64(CpuLayout.RDI, TestMachine.DATA);
    }

    @AfterEach
    void close() {
        machine.close();
    }

    private long xmm(int reg) {
        return cpu.state + CpuLayout.XMM + (long) CpuLayout.XMM_STRIDE * reg;
    }

    private void xmm(int reg, int d0, int d1, int d2, int d3) {
        VectorOperands.store(xmm(reg), LaneMultiply.dwords(d0, d1), LaneMultiply.dwords(d2, d3));
    }

    private void unmask(int masks) {
        Mxcsr.set(cpu, Mxcsr.INITIAL & ~masks);
    }

    private int flags() {
        return Mxcsr.get(cpu) & 0x3f;
    }

    private int divps() {
        return machine.execute(0x0f, 0x5e, 0xc1);
    }

    // ---- floating-point exceptions ----

    @Test
    void unmaskedDivisionByZeroWritesNothingAndHidesWhatComesAfterIt() {
        xmm(0, ONE, ONE, ONE, ONE);
        xmm(1, THREE, 0, THREE, THREE);
        unmask(ZM | PM);

        assertEquals(GuestFault.XM, divps());

        assertEquals(ZE, flags());
        assertEquals(ONE, HostMemory.loadInt(xmm(0)));
    }

    @Test
    void maskedDivisionByZeroGoesTogetherWithUnmaskedInexactness() {
        xmm(0, ONE, ONE, ONE, ONE);
        xmm(1, THREE, 0, THREE, THREE);
        unmask(PM);

        assertEquals(GuestFault.XM, divps());

        assertEquals(ZE | PE, flags());
        assertEquals(ONE, HostMemory.loadInt(xmm(0)));
    }

    @Test
    void inexactnessAlreadyFlaggedStillFaultsWhenUnmasked() {
        xmm(0, ONE, ONE, ONE, ONE);
        xmm(1, THREE, ONE, ONE, ONE);
        Mxcsr.set(cpu, Mxcsr.INITIAL & ~PM | PE);

        assertEquals(GuestFault.XM, divps());
    }

    @Test
    void withoutOsxmmexcptTheExceptionIsUndefinedOpcode() {
        xmm(0, ONE, ONE, ONE, ONE);
        xmm(1, 0, ONE, ONE, ONE);
        unmask(ZM);
        cpu.cr4 &= ~ControlBits.CR4_OSXMMEXCPT;

        assertEquals(GuestFault.UD, divps());

        assertEquals(ZE, flags());
    }

    @Test
    void unmaskedUnderflowDoesNotNeedInexactnessAndIgnoresFlushToZero() {
        // mulss: the least normal number by one half
        xmm(0, 0x0080_0000, 0, 0, 0);
        xmm(1, 0x3f00_0000, 0, 0, 0);
        Mxcsr.set(cpu, Mxcsr.INITIAL & ~UM | FZ);

        assertEquals(GuestFault.XM, machine.execute(0xf3, 0x0f, 0x59, 0xc1));

        assertEquals(UE, flags());
    }

    @Test
    void unmaskedDenormalOperandHidesInexactness() {
        // addss
        xmm(0, 1, 0, 0, 0);
        xmm(1, ONE, 0, 0, 0);
        unmask(DM | PM);

        assertEquals(GuestFault.XM, machine.execute(0xf3, 0x0f, 0x58, 0xc1));

        assertEquals(DE, flags());
        assertEquals(1, HostMemory.loadInt(xmm(0)));
    }

    @Test
    void unmaskedInvalidComparisonLeavesTheFlags() {
        // ucomiss with a signalling NaN
        xmm(0, 0x7f80_0001, 0, 0, 0);
        unmask(1 << 7);
        cpu.arithmeticFlags(Flags.SF | Flags.CF);

        assertEquals(GuestFault.XM, machine.execute(0x0f, 0x2e, 0xc1));

        assertEquals(Flags.SF | Flags.CF, cpu.arithmeticFlags());
    }

    @Test
    void ldmxcsrRefusesReservedBits() {
        machine.memory().storeInt(TestMachine.DATA, 0x0003_1f80);

        assertEquals(GuestFault.GP, machine.execute(0x0f, 0xae, 0x16));

        assertEquals(Mxcsr.INITIAL, Mxcsr.get(cpu));
    }

    // ---- alignment and page faults ----

    @Test
    void alignedMovesRefuseOtherAddresses() {
        assertEquals(GuestFault.GP, machine.execute(0x0f, 0x28, 0x46, 0x08));
        assertEquals(GuestFault.GP, machine.execute(0x0f, 0x29, 0x47, 0x08));
        assertEquals(GuestFault.GP, machine.execute(0x66, 0x0f, 0xfc, 0x46, 0x04));
        assertEquals(-1, machine.execute(0x0f, 0x10, 0x46, 0x08));
        assertEquals(-1, machine.execute(0x0f, 0x28, 0x46, 0x10));
    }

    @Test
    void alignmentIsThatOfTheLinearAddress() {
        cpu.segments.base[Instruction.FS] = 8;
        cpu.modeChanged();

        assertEquals(-1, machine.execute(0x64, 0x0f, 0x28, 0x46, 0x08));
        assertEquals(GuestFault.GP, machine.execute(0x64, 0x0f, 0x28, 0x06));
    }

    @Test
    void unalignedStoreThatReachesAnUnmappedPageWritesNothing() {
        long last = TestMachine.UNMAPPED - 8;
        machine.memory().storeLong(last, PATTERN);
        cpu.reg64(CpuLayout.RDI, last);

        assertEquals(GuestFault.PF, machine.execute(0x0f, 0x11, 0x07));

        assertEquals(PATTERN, machine.memory().loadLong(last));
        assertEquals(TestMachine.UNMAPPED, cpu.cr2());
    }

    @Test
    void unalignedAccessesCrossPages() {
        long across = TestMachine.DATA + 0x1000 - 5;
        cpu.reg64(CpuLayout.RDI, across);
        VectorOperands.store(xmm(0), PATTERN, ~PATTERN);

        assertEquals(-1, machine.execute(0x0f, 0x11, 0x07, 0x0f, 0x10, 0x0f));

        assertEquals(PATTERN, machine.memory().loadLong(across));
        assertEquals(~PATTERN, machine.memory().loadLong(across + 8));
        assertEquals(PATTERN, VectorOperands.load(xmm(1)));
        assertEquals(~PATTERN, VectorOperands.load(xmm(1) + 8));
    }

    @Test
    void maskedStoreFaultsForChosenBytesOnlyAndWritesAllOrNothing() {
        long last = TestMachine.UNMAPPED - 4;
        machine.memory().storeInt(last, 0);
        cpu.reg64(CpuLayout.RDI, last);
        VectorOperands.store(xmm(0), -1, -1);

        // Bytes 0, 2 and 5, then 0 and 2 alone.
        VectorOperands.store(xmm(1), 0x0000_8000_0080_0080L, 0);
        assertEquals(GuestFault.PF, machine.execute(0x66, 0x0f, 0xf7, 0xc1));
        assertEquals(0, machine.memory().loadInt(last));

        VectorOperands.store(xmm(1), 0x0000_0000_0080_0080L, 0);
        assertEquals(-1, machine.execute(0x66, 0x0f, 0xf7, 0xc1));
        assertEquals(0x00ff_00ff, machine.memory().loadInt(last));
    }

    @Test
    void maskedStoreOfNothingTouchesNothing() {
        cpu.reg64(CpuLayout.RDI, TestMachine.UNMAPPED);
        VectorOperands.store(xmm(1), 0, 0);

        assertEquals(-1, machine.execute(0x66, 0x0f, 0xf7, 0xc1));
    }

    // ---- availability ----

    @Test
    void taskSwitchedMakesSseAndMmxUnavailable() {
        cpu.cr0 |= ControlBits.CR0_TS;

        assertEquals(GuestFault.NM, machine.execute(0x0f, 0x28, 0xc1));
        assertEquals(GuestFault.NM, machine.execute(0x0f, 0xfc, 0xc1));
    }

    @Test
    void sseNeedsOsfxsrAndMmxDoesNot() {
        cpu.cr4 &= ~ControlBits.CR4_OSFXSR;

        assertEquals(GuestFault.UD, machine.execute(0x0f, 0x28, 0xc1));
        assertEquals(-1, machine.execute(0x0f, 0xfc, 0xc1));
    }

    @Test
    void emulationMakesBothUndefined() {
        cpu.cr0 |= ControlBits.CR0_EM;

        assertEquals(GuestFault.UD, machine.execute(0x0f, 0x28, 0xc1));
        assertEquals(GuestFault.UD, machine.execute(0x0f, 0xfc, 0xc1));
    }

    // ---- what else belongs to a register ----

    @Test
    void mmxInstructionsTakeTheX87RegistersInUse() {
        HostMemory.storeShort(cpu.state + CpuLayout.FSW, (short) (5 << 11));
        HostMemory.storeShort(cpu.state + CpuLayout.FTW, (short) -1);

        // paddb mm2, mm3
        assertEquals(-1, machine.execute(0x0f, 0xfc, 0xd3));

        assertEquals(0, HostMemory.loadShort(cpu.state + CpuLayout.FSW));
        assertEquals(0, HostMemory.loadShort(cpu.state + CpuLayout.FTW));
        assertEquals(-1, HostMemory.loadShort(cpu.state + CpuLayout.FPR + 2 * CpuLayout.FPR_STRIDE + 8));
    }

    @Test
    void sseLeavesTheUpperHalfOfYmmRegisters() {
        HostMemory.storeLong(xmm(0) + 16, PATTERN);
        HostMemory.storeLong(xmm(0) + 24, PATTERN);

        // addps xmm0, xmm1; movaps xmm0, [rsi]; movss xmm0, [rsi]
        assertEquals(-1, machine.execute(0x0f, 0x58, 0xc1, 0x0f, 0x28, 0x06, 0xf3, 0x0f, 0x10, 0x06));

        assertEquals(PATTERN, HostMemory.loadLong(xmm(0) + 16));
        assertEquals(PATTERN, HostMemory.loadLong(xmm(0) + 24));
    }
}
