// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HexFormat;
import org.javisor.host.HostMemory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What the host's processor cannot be asked without a signal: when instructions with a VEX prefix fault, and what they
/// leave then.
class AvxFaultsTest {
    private static final long PATTERN = 0x0123_4567_89ab_cdefL;
    private static final String VADDPS_XMM = "c5f058c2", VADDPS_YMM = "c5f458c2", VDIVPS_YMM = "c5f45ec2";
    private static final String LOAD_MASKED = "c4e2752c06", STORE_MASKED = "c4e2752e07",
            STORE_MASKED_QWORDS = "c4e2f58e07";
    private static final String GATHER_DWORDS = "c4e275900496", GATHER_DOUBLES = "c4e2f5930416";
    private static final int ONE = 0x3f80_0000;
    private static final int ZM = 1 << 9, ZE = 4;

    private final TestMachine machine = TestMachine.in64BitMode();
    private final Cpu cpu = machine.cpu;

    @BeforeEach
    void enable() {
        Mxcsr.set(cpu, Mxcsr.INITIAL);
        cpu.cr4 |= ControlBits.CR4_OSXSAVE;
        cpu.system.xcr0 = 7;
        cpu.reg64(CpuLayout.RSI, TestMachine.DATA);
        cpu.reg64(CpuLayout.RDI, TestMachine.DATA);
    }

    @AfterEach
    void close() {
        machine.close();
    }

    private int execute(String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex);
        int[] code = new int[bytes.length];
        for (int n = 0; n < code.length; n++) {
            code[n] = bytes[n];
        }
        return machine.execute(code);
    }

    private long ymm(int reg) {
        return cpu.state + CpuLayout.XMM + (long) CpuLayout.XMM_STRIDE * reg;
    }

    private void ymm(int reg, long q0, long q1, long q2, long q3) {
        VectorOperands.store(ymm(reg), q0, q1);
        VectorOperands.store(ymm(reg) + 16, q2, q3);
    }

    private long quad(int reg, int n) {
        return HostMemory.loadLong(ymm(reg) + 8 * n);
    }

    private static long two(int value) {
        return LaneMultiply.dwords(value, value);
    }

    // ---- availability ----

    @Test
    void avxNeedsOsxsaveAndBothComponentsInXcr0() {
        assertEquals(-1, execute(VADDPS_YMM));
        cpu.system.xcr0 = 3;
        assertEquals(GuestFault.UD, execute(VADDPS_YMM));
        assertEquals(GuestFault.UD, execute(VADDPS_XMM));
        cpu.system.xcr0 = 7;
        cpu.cr4 &= ~ControlBits.CR4_OSXSAVE;
        assertEquals(GuestFault.UD, execute(VADDPS_XMM));
    }

    @Test
    void avxMindsTaskSwitchedAndNotEmulationOrOsfxsr() {
        cpu.cr0 |= ControlBits.CR0_EM;
        cpu.cr4 &= ~ControlBits.CR4_OSFXSR;
        assertEquals(-1, execute(VADDPS_XMM));
        cpu.cr0 |= ControlBits.CR0_TS;
        assertEquals(GuestFault.NM, execute(VADDPS_XMM));
    }

    @Test
    void bitManipulationNeedsNoVectorState() {
        cpu.system.xcr0 = 1;
        cpu.cr0 |= ControlBits.CR0_TS;
        // andn eax, eax, ebx
        assertEquals(-1, execute("c4e278f2c3"));
    }

    @Test
    void realModeHasNoVexPrefix() {
        try (TestMachine real = TestMachine.inRealMode()) {
            real.cpu.cr4 |= ControlBits.CR4_OSXSAVE;
            real.cpu.system.xcr0 = 7;
            assertEquals(GuestFault.UD, real.execute(0xc5, 0xf0, 0x58, 0xc2));
        }
        try (TestMachine flat = TestMachine.in32BitMode()) {
            flat.cpu.cr4 |= ControlBits.CR4_OSXSAVE;
            flat.cpu.system.xcr0 = 7;
            assertEquals(-1, flat.execute(0xc5, 0xf0, 0x58, 0xc2));
        }
    }

    // ---- the rest of the register ----

    @Test
    void sixteenByteInstructionsClearTheUpperHalf() {
        // vaddps, vaddss, vfmadd213ss, vpxor, all with 16 bytes
        for (String code : new String[] {VADDPS_XMM, "c5f258c2", "c4e271a9c2", "c5f9efc0"}) {
            ymm(0, PATTERN, PATTERN, PATTERN, PATTERN);
            assertEquals(-1, execute(code));
            assertEquals(0, quad(0, 2) | quad(0, 3), code);
        }
    }

    @Test
    void vpcmpistrmClearsTheUpperHalfOfItsImpliedResult() {
        ymm(0, PATTERN, PATTERN, PATTERN, PATTERN);
        assertEquals(-1, execute("c4e37962ca00"));
        assertEquals(0, quad(0, 2) | quad(0, 3));
    }

    @Test
    void outside64BitModeVzeroallClearsEightRegisters() {
        try (TestMachine flat = TestMachine.in32BitMode()) {
            flat.cpu.cr4 |= ControlBits.CR4_OSXSAVE;
            flat.cpu.system.xcr0 = 7;
            long seventh = flat.cpu.state + CpuLayout.XMM + 7L * CpuLayout.XMM_STRIDE;
            VectorOperands.store(seventh, 1, 1);
            VectorOperands.store(seventh + CpuLayout.XMM_STRIDE, 2, 2);

            assertEquals(-1, flat.execute(0xc5, 0xfc, 0x77));

            assertEquals(0, HostMemory.loadLong(seventh));
            assertEquals(2, HostMemory.loadLong(seventh + CpuLayout.XMM_STRIDE));
        }
    }

    // ---- floating-point exceptions ----

    @Test
    void anUnmaskedExceptionInTheUpperHalfWritesNothing() {
        ymm(0, PATTERN, PATTERN, PATTERN, PATTERN);
        ymm(1, two(ONE), two(ONE), two(ONE), two(ONE));
        ymm(2, two(ONE), two(ONE), two(ONE), two(0));
        Mxcsr.set(cpu, Mxcsr.INITIAL & ~ZM);

        assertEquals(GuestFault.XM, execute(VDIVPS_YMM));

        assertEquals(ZE, Mxcsr.get(cpu) & 0x3f);
        assertEquals(PATTERN, quad(0, 0));
    }

    // ---- alignment and page faults ----

    @Test
    void alignedMovesWantTheWholeVectorAligned() {
        // vmovaps and vmovntdqa with ymm0, vmovaps with xmm0
        assertEquals(GuestFault.GP, execute("c5fc284610"));
        assertEquals(GuestFault.GP, execute("c5fc294710"));
        assertEquals(GuestFault.GP, execute("c4e27d2a4610"));
        assertEquals(GuestFault.GP, execute("c5f8284608"));
        cpu.reg64(CpuLayout.RSI, TestMachine.DATA + 16);
        assertEquals(-1, execute("c5fc284610"));
    }

    @Test
    void operandsOfArithmeticNeedNoAlignment() {
        assertEquals(-1, execute("c5fc584604"));
        assertEquals(-1, execute("c5fc104608"));
    }

    @Test
    void accessesOf32BytesCrossPages() {
        cpu.reg64(CpuLayout.RDI, TestMachine.DATA + 0x1000 - 13);
        cpu.reg64(CpuLayout.RSI, TestMachine.DATA + 0x1000 - 13);
        ymm(0, 1, PATTERN, ~PATTERN, 4);

        // vmovups [rdi], ymm0; vmovdqu ymm3, [rsi]
        assertEquals(-1, execute("c5fc1107c5fe6f1e"));

        assertEquals(1, quad(3, 0));
        assertEquals(PATTERN, quad(3, 1));
        assertEquals(~PATTERN, quad(3, 2));
        assertEquals(4, quad(3, 3));
    }

    @Test
    void aStoreThatReachesAnUnmappedPageWritesNothing() {
        long at = TestMachine.UNMAPPED - 24;
        machine.memory().storeLong(at, PATTERN);
        cpu.reg64(CpuLayout.RDI, at);

        assertEquals(GuestFault.PF, execute("c5fc1107"));

        assertEquals(PATTERN, machine.memory().loadLong(at));
        assertEquals(TestMachine.UNMAPPED, cpu.cr2());
    }

    // ---- masked moves ----

    @Test
    void elementsThatAreNotChosenCannotFault() {
        long last = TestMachine.UNMAPPED - 8;
        machine.memory().storeLong(last, PATTERN);
        cpu.reg64(CpuLayout.RSI, last);
        cpu.reg64(CpuLayout.RDI, last);
        ymm(1, -1, 0, 0, 0);

        assertEquals(-1, execute(LOAD_MASKED));
        assertEquals(PATTERN, quad(0, 0));
        assertEquals(0, quad(0, 1) | quad(0, 2) | quad(0, 3));

        ymm(1, -1, 0, 0, -1);
        assertEquals(GuestFault.PF, execute(LOAD_MASKED));
        assertEquals(PATTERN, quad(0, 0));
    }

    @Test
    void aMaskedStoreWritesAllChosenElementsOrNone() {
        long last = TestMachine.UNMAPPED - 8;
        machine.memory().storeLong(last, PATTERN);
        cpu.reg64(CpuLayout.RDI, last);
        ymm(0, 5, 6, 7, 8);

        ymm(1, -1, 0, -1, 0);
        assertEquals(GuestFault.PF, execute(STORE_MASKED));
        assertEquals(PATTERN, machine.memory().loadLong(last));

        ymm(1, Long.MIN_VALUE, Long.MAX_VALUE, 0, 0);
        assertEquals(-1, execute(STORE_MASKED_QWORDS));
        assertEquals(5, machine.memory().loadLong(last));
    }

    @Test
    void aMaskOfNothingTouchesNothing() {
        cpu.reg64(CpuLayout.RSI, TestMachine.UNMAPPED);
        cpu.reg64(CpuLayout.RDI, TestMachine.UNMAPPED);
        ymm(1, 0, 0, 0, 0);

        assertEquals(-1, execute(LOAD_MASKED));
        assertEquals(-1, execute(STORE_MASKED));
    }

    // ---- gathers ----

    @Test
    void aGatherThatFaultsGoesOnWhereItWas() {
        machine.memory().storeInt(TestMachine.DATA + 4, 11);
        machine.memory().storeInt(TestMachine.DATA + 8, 22);
        int unmapped = (int) (TestMachine.UNMAPPED - TestMachine.DATA) / 4;
        ymm(0, PATTERN, PATTERN, PATTERN, PATTERN);
        ymm(1, -1, -1, 0, 0);
        ymm(2, LaneMultiply.dwords(1, 2), LaneMultiply.dwords(unmapped, 2), 0, 0);

        assertEquals(GuestFault.PF, execute(GATHER_DWORDS));
        assertEquals(LaneMultiply.dwords(11, 22), quad(0, 0));
        assertEquals(PATTERN, quad(0, 1));
        assertEquals(0, quad(1, 0));
        assertEquals(-1, quad(1, 1));

        // What was there already is not gathered again.
        machine.memory().storeInt(TestMachine.DATA + 4, 99);
        ymm(2, LaneMultiply.dwords(1, 2), LaneMultiply.dwords(2, 2), 0, 0);
        assertEquals(-1, execute(GATHER_DWORDS));
        assertEquals(LaneMultiply.dwords(11, 22), quad(0, 0));
        assertEquals(LaneMultiply.dwords(22, 22), quad(0, 1));
        assertEquals(PATTERN, quad(0, 3));
        assertEquals(0, quad(1, 0) | quad(1, 1) | quad(1, 2) | quad(1, 3));
    }

    @Test
    void aGatherOfNothingTouchesNothing() {
        cpu.reg64(CpuLayout.RSI, TestMachine.UNMAPPED);
        ymm(1, 0, 0, 0, 0);

        assertEquals(-1, execute(GATHER_DOUBLES));
    }

    // ---- half precision ----

    @Test
    void aConversionThatCannotBeStoredSetsNoFlags() {
        cpu.reg64(CpuLayout.RDI, TestMachine.UNMAPPED - 8);
        machine.memory().storeLong(TestMachine.UNMAPPED - 8, PATTERN);
        ymm(0, two(0x3f80_0001), 0, 0, 0);

        assertEquals(GuestFault.PF, execute("c4e37d1d0700"));

        assertEquals(0, Mxcsr.get(cpu) & 0x3f);
        assertEquals(PATTERN, machine.memory().loadLong(TestMachine.UNMAPPED - 8));
    }
}
