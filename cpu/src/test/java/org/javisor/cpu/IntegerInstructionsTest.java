// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.CpuLayout.RAX;
import static org.javisor.cpu.CpuLayout.RBP;
import static org.javisor.cpu.CpuLayout.RBX;
import static org.javisor.cpu.CpuLayout.RCX;
import static org.javisor.cpu.CpuLayout.RDX;
import static org.javisor.cpu.CpuLayout.RSI;
import static org.javisor.cpu.CpuLayout.RSP;
import static org.javisor.cpu.TestMachine.CODE;
import static org.javisor.cpu.TestMachine.DATA;
import static org.javisor.cpu.TestMachine.UNMAPPED;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.math.BigInteger;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What instructions do beyond their arithmetic: faults that leave no trace, stack pointers, bit offsets,
/// branch targets.
class IntegerInstructionsTest {
    private static final long SEED = Long.getLong("javisor.seed", new Random().nextLong());
    private static final TestMachine MACHINE = TestMachine.in64BitMode();
    private static final Cpu CPU = MACHINE.cpu;

    private final Random random = new Random(SEED);

    @AfterAll
    static void close() {
        MACHINE.close();
    }

    @BeforeEach
    void start() {
        for (int reg = 0; reg < 16; reg++) {
            CPU.reg64(reg, 0);
        }
        CPU.rip(CODE);
        CPU.reg64(RSP, DATA + 0x1000);
        CPU.arithmeticFlags(0);
    }

    // ---- division ----

    @Test
    void divisionOf128BitsIsExactOrADivideError() {
        for (int i = 0; i < 20_000; i++) {
            long divisor = edge();
            long low = edge();
            long high = random.nextBoolean() ? Math.floorMod(edge(), Math.max(1, Math.abs(divisor))) : edge();
            checkDivision(0xf0, high, low, divisor, false);
            checkDivision(0xf8, high, low, divisor, true);
        }
    }

    private void checkDivision(int modrm, long high, long low, long divisor, boolean signed) {
        CPU.reg64(RAX, low);
        CPU.reg64(RDX, high);
        CPU.reg64(RCX, divisor);
        CPU.rip(CODE);

        int vector = MACHINE.execute(0x48, 0xf7, modrm | 1);

        BigInteger upper = signed ? BigInteger.valueOf(high) : unsigned(high);
        BigInteger dividend = upper.shiftLeft(64).add(unsigned(low));
        BigInteger by = signed ? BigInteger.valueOf(divisor) : unsigned(divisor);
        BigInteger[] expected = divisor == 0 ? null : dividend.divideAndRemainder(by);
        boolean fits = expected != null && (signed ? expected[0].bitLength() < 64
                : expected[0].bitLength() <= 64 && expected[0].signum() >= 0);
        String what = String.format("seed %d: %x:%x by %x signed %b", SEED, high, low, divisor, signed);
        assertEquals(fits ? -1 : GuestFault.DE, vector, what);
        assertEquals(fits ? expected[0].longValue() : low, CPU.reg64(RAX), what);
        assertEquals(fits ? expected[1].longValue() : high, CPU.reg64(RDX), what);
    }

    @Test
    void theMostNegativeNumberByMinusOneIsADivideError() {
        CPU.reg64(RCX, -1);
        CPU.reg64(RAX, 0x80);
        assertEquals(-1, MACHINE.execute(0xf6, 0xf9));
        CPU.reg64(RAX, 0xff80);
        assertEquals(GuestFault.DE, MACHINE.execute(0xf6, 0xf9));
        CPU.reg64(RAX, 0x8000_0000L);
        CPU.reg64(RDX, -1);
        assertEquals(GuestFault.DE, MACHINE.execute(0xf7, 0xf9));
        CPU.reg64(RAX, Long.MIN_VALUE);
        assertEquals(GuestFault.DE, MACHINE.execute(0x48, 0xf7, 0xf9));
        CPU.reg64(RAX, 0);
        CPU.reg64(RDX, 0x8000_0000L);
        assertEquals(GuestFault.DE, MACHINE.execute(0xf7, 0xf9));
    }

    private long edge() {
        return switch (random.nextInt(4)) {
            case 0 -> random.nextLong();
            case 1 -> random.nextLong() >> random.nextInt(64);
            case 2 -> 1L << random.nextInt(64);
            default -> random.nextInt(5) - 2;
        };
    }

    private static BigInteger unsigned(long value) {
        return new BigInteger(Long.toUnsignedString(value));
    }

    // ---- bits ----

    @Test
    void bitOffsetsInRegistersReachBeyondTheOperand() {
        CPU.reg64(RBX, DATA + 64);
        CPU.reg64(RAX, -65);
        MACHINE.memory().storeLong(DATA + 48, 0);

        // BTS [RBX], RAX: bit -65 is bit 63 of the second quadword below.
        assertEquals(-1, MACHINE.execute(0x48, 0x0f, 0xab, 0x03));

        assertEquals(Long.MIN_VALUE, MACHINE.memory().loadLong(DATA + 48));
        assertEquals(false, CPU.carry());
        // BTR word [RBX], AX with LOCK: offset -65 of words is bit 15 five words below.
        assertEquals(-1, MACHINE.execute(0xf0, 0x66, 0x0f, 0xb3, 0x03));
        assertEquals(true, CPU.carry());
        assertEquals(0, MACHINE.memory().loadLong(DATA + 48));
    }

    @Test
    void anImmediateBitOffsetStaysWithinTheOperand() {
        CPU.reg64(RBX, DATA);
        MACHINE.memory().storeLong(DATA, 0);

        // BTC dword [RBX], 33
        assertEquals(-1, MACHINE.execute(0x0f, 0xba, 0x3b, 33));

        assertEquals(2, MACHINE.memory().loadLong(DATA));
    }

    // ---- stack ----

    @Test
    void popToMemoryAddressesByTheIncrementedStackPointer() {
        long rsp = CPU.reg64(RSP);
        MACHINE.memory().storeLong(rsp, 0x1122_3344_5566_7788L);

        // POP [RSP + 8]
        assertEquals(-1, MACHINE.execute(0x8f, 0x44, 0x24, 8));

        assertEquals(rsp + 8, CPU.reg64(RSP));
        assertEquals(0x1122_3344_5566_7788L, MACHINE.memory().loadLong(rsp + 16));
    }

    @Test
    void pushAndPopOfTheStackPointerItself() {
        long rsp = CPU.reg64(RSP);

        assertEquals(-1, MACHINE.execute(0x54));
        assertEquals(rsp, MACHINE.memory().loadLong(rsp - 8));
        MACHINE.memory().storeLong(rsp - 8, 0xabcd);
        assertEquals(-1, MACHINE.execute(0x5c));

        assertEquals(0xabcd, CPU.reg64(RSP));
    }

    @Test
    void faultsOnTheStackLeaveEveryRegister() {
        CPU.reg64(RSP, UNMAPPED + 8);
        CPU.reg64(RAX, CODE);
        CPU.reg64(RBP, UNMAPPED + 64);
        int[][] instructions = {{0x50}, {0x58}, {0xff, 0xd0}, {0xe8, 0, 0, 0, 0}, {0xc3}, {0xc2, 8, 0},
                {0xc9}, {0xc8, 16, 0, 0}, {0xff, 0x30}, {0x6a, 1}};
        for (int[] instruction : instructions) {
            assertEquals(GuestFault.PF, MACHINE.execute(instruction));
            assertEquals(UNMAPPED + 8, CPU.reg64(RSP));
            assertEquals(UNMAPPED + 64, CPU.reg64(RBP));
            assertEquals(CODE, CPU.rip());
            assertEquals(CODE, CPU.reg64(RAX));
        }
    }

    @Test
    void enterCopiesFramePointersOfOuterLevels() {
        long rsp = CPU.reg64(RSP);
        CPU.reg64(RBP, DATA + 0x800);
        MACHINE.memory().storeLong(DATA + 0x7f8, 0x1111);
        MACHINE.memory().storeLong(DATA + 0x7f0, 0x2222);

        // ENTER 32, 3
        assertEquals(-1, MACHINE.execute(0xc8, 32, 0, 3));

        assertEquals(rsp - 8, CPU.reg64(RBP));
        assertEquals(rsp - 8 - 24 - 32, CPU.reg64(RSP));
        assertEquals(DATA + 0x800, MACHINE.memory().loadLong(rsp - 8));
        assertEquals(0x1111, MACHINE.memory().loadLong(rsp - 16));
        assertEquals(0x2222, MACHINE.memory().loadLong(rsp - 24));
        assertEquals(rsp - 8, MACHINE.memory().loadLong(rsp - 32));
    }

    @Test
    void pushaAndPopaMoveAllRegistersButSp() {
        try (TestMachine machine = TestMachine.in32BitMode()) {
            Cpu cpu = machine.cpu;
            for (int reg = 0; reg < 8; reg++) {
                cpu.reg64(reg, 0x0101_0101 * (reg + 1));
            }
            cpu.reg64(RSP, DATA);
            assertEquals(-1, machine.execute(0x60));
            assertEquals(DATA - 32, cpu.reg64(RSP));
            assertEquals(DATA, machine.memory().loadInt(DATA - 20));
            assertEquals(0x0808_0808, machine.memory().loadInt(DATA - 32));
            for (int reg = 0; reg < 8; reg++) {
                cpu.reg64(reg, reg == RSP ? DATA - 32 : 0);
            }

            assertEquals(-1, machine.execute(0x61));

            for (int reg = 0; reg < 8; reg++) {
                assertEquals(reg == RSP ? DATA : 0x0101_0101 * (reg + 1), cpu.reg64(reg));
            }
        }
    }

    @Test
    void aSixteenBitStackPointerWrapsAround() {
        try (TestMachine machine = TestMachine.inRealMode()) {
            machine.cpu.reg64(RSP, 0x1234_0000);
            machine.cpu.reg64(RAX, 0xbeef);

            assertEquals(-1, machine.execute(0x50));

            assertEquals(0x1234_fffe, machine.cpu.reg64(RSP));
            assertEquals(0xbeef, machine.memory().loadShort(0xfffe) & 0xffff);
        }
    }

    // ---- branches ----

    @Test
    void aBranchToANonCanonicalAddressFaultsOnTheBranch() {
        long rsp = CPU.reg64(RSP);
        CPU.reg64(RAX, 0x8000_0000_0000L);
        MACHINE.memory().storeLong(rsp, 0x8000_0000_0000L);

        assertEquals(GuestFault.GP, MACHINE.execute(0xff, 0xe0));
        assertEquals(GuestFault.GP, MACHINE.execute(0xff, 0xd0));
        assertEquals(GuestFault.GP, MACHINE.execute(0xc3));
        assertEquals(CODE, CPU.rip());
        assertEquals(rsp, CPU.reg64(RSP));
        CPU.rip(0x7fff_ffff_fff0L);
        assertEquals(GuestFault.GP, MACHINE.execute(0xeb, 0x7f));
        assertEquals(GuestFault.GP, MACHINE.execute(0x75, 0x7f));
    }

    @Test
    void aBranchBeyondTheLimitFaultsOnTheBranch() {
        try (TestMachine machine = TestMachine.inRealMode()) {
            machine.cpu.rip(0x100);
            machine.cpu.reg64(RAX, 0x1_0000);

            // JMP EAX
            assertEquals(GuestFault.GP, machine.execute(0x66, 0xff, 0xe0));
            assertEquals(0x100, machine.cpu.rip());
            // JMP -0x200 with 16 bits wraps around.
            assertEquals(-1, machine.execute(0xe9, 0xfd, 0xfd));
            assertEquals(0xff00, machine.cpu.rip());
        }
    }

    @Test
    void loopsCountByTheAddressSize() {
        CPU.reg64(RCX, 0xffff_ffff_0000_0002L);

        // LOOP with ECX: jumps once, then falls through, the upper half of RCX cleared.
        assertEquals(-1, MACHINE.execute(0x67, 0xe2, 0x10));
        assertEquals(CODE + 3 + 0x10, CPU.rip());
        CPU.rip(CODE);
        assertEquals(-1, MACHINE.execute(0x67, 0xe2, 0x10));
        assertEquals(CODE + 3, CPU.rip());
        assertEquals(0, CPU.reg64(RCX));
        // JECXZ
        CPU.reg64(RCX, 1L << 32);
        CPU.rip(CODE);
        assertEquals(-1, MACHINE.execute(0x67, 0xe3, 0x10));
        assertEquals(CODE + 3 + 0x10, CPU.rip());
    }

    // ---- exchanges ----

    @Test
    void compareAndExchangeOf16BytesNeedsAlignment() {
        CPU.reg64(RSI, DATA);
        MACHINE.memory().storeLong(DATA, 5);
        MACHINE.memory().storeLong(DATA + 8, 6);
        CPU.reg64(RBX, 7);
        CPU.reg64(RCX, 8);

        // LOCK CMPXCHG16B [RSI]: first finds something else, then succeeds.
        assertEquals(-1, MACHINE.execute(0xf0, 0x48, 0x0f, 0xc7, 0x0e));
        assertEquals(false, Conditions.e(CPU));
        assertEquals(5, CPU.reg64(RAX));
        assertEquals(6, CPU.reg64(RDX));
        assertEquals(-1, MACHINE.execute(0xf0, 0x48, 0x0f, 0xc7, 0x0e));
        assertEquals(true, Conditions.e(CPU));
        assertEquals(7, MACHINE.memory().loadLong(DATA));
        assertEquals(8, MACHINE.memory().loadLong(DATA + 8));
        CPU.reg64(RSI, DATA + 8);
        assertEquals(GuestFault.GP, MACHINE.execute(0x48, 0x0f, 0xc7, 0x0e));
    }

    @Test
    void lockedAdditionWithCarryTakesTheCarryOnce() {
        CPU.reg64(RSI, DATA);
        CPU.reg64(RAX, 1);
        MACHINE.memory().storeLong(DATA, 0xff);
        CPU.arithmeticFlags(Flags.CF);

        // LOCK ADC byte [RSI], AL
        assertEquals(-1, MACHINE.execute(0xf0, 0x10, 0x06));

        assertEquals(1, MACHINE.memory().loadLong(DATA));
        assertEquals(Flags.CF | Flags.AF, CPU.arithmeticFlags());
    }

    // ---- checks ----

    @Test
    void boundFaultsOutsideItsBounds() {
        try (TestMachine machine = TestMachine.in32BitMode()) {
            machine.cpu.reg64(RSI, DATA);
            machine.memory().storeInt(DATA, -5);
            machine.memory().storeInt(DATA + 4, 10);
            for (int index = -8; index < 14; index++) {
                machine.cpu.reg64(RAX, index & 0xffff_ffffL);
                int expected = index < -5 || index > 10 ? GuestFault.BR : -1;
                assertEquals(expected, machine.execute(0x62, 0x06));
            }
        }
    }
}
