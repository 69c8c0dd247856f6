// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.math.BigInteger;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/// Arithmetic against the definitions of the flags, computed in unbounded integers.
class IntegerFlagsTest {
    private static final long SEED = Long.getLong("javisor.seed", new Random().nextLong());
    private static final TestMachine MACHINE = TestMachine.in64BitMode();
    private static final Cpu CPU = MACHINE.cpu;
    private static final long[] EDGES = {0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fff_ffffL,
            0x8000_0000L, 0xffff_ffffL, Long.MAX_VALUE, Long.MIN_VALUE, -1, 0x0f, 0x10};

    private final Random random = new Random(SEED);

    @AfterAll
    static void close() {
        MACHINE.close();
    }

    /// What an operation ought to yield: a result, unbounded, read as unsigned and as signed.
    private interface Reference {
        BigInteger apply(BigInteger a, BigInteger b, int carry);
    }

    @Test
    void additionsAndSubtractionsSetAllSixFlags() {
        check(Arithmetic::add, (a, b, _) -> a.add(b));
        check(Arithmetic::adc, (a, b, c) -> a.add(b).add(BigInteger.valueOf(c)));
        check(Arithmetic::sub, (a, b, _) -> a.subtract(b));
        check(Arithmetic::sbb, (a, b, c) -> a.subtract(b).subtract(BigInteger.valueOf(c)));
    }

    private void check(Operation operation, Reference reference) {
        for (int i = 0; i < 20_000; i++) {
            int bytes = 1 << random.nextInt(4);
            long a = operand() & Cpu.mask(bytes);
            long b = operand() & Cpu.mask(bytes);
            int before = random.nextInt() & Flags.ARITHMETIC;
            CPU.arithmeticFlags(before);
            int carry = before & Flags.CF;

            long result = operation.apply(CPU, a, b, bytes) & Cpu.mask(bytes);
            int flags = CPU.arithmeticFlags();

            BigInteger unsigned = reference.apply(big(a), big(b), carry);
            BigInteger signed = reference.apply(signed(a, bytes), signed(b, bytes), carry);
            BigInteger nibble = reference.apply(big(a & 0xf), big(b & 0xf), carry);
            long expected = unsigned.longValue() & Cpu.mask(bytes);
            int expectedFlags = (fits(unsigned, big(Cpu.mask(bytes))) ? 0 : Flags.CF)
                    | (fits(nibble, big(0xf)) ? 0 : Flags.AF)
                    | (signed.bitLength() < 8 * bytes ? 0 : Flags.OF) | signZeroParity(expected, bytes);
            String what = String.format("seed %d: %x, %x, %d bytes, carry %d", SEED, a, b, bytes, carry);
            assertEquals(expected, result, what);
            assertEquals(expectedFlags, flags, what);
        }
    }

    @Test
    void incrementAndDecrementKeepTheCarry() {
        for (int bytes : new int[] {1, 2, 4, 8}) {
            for (long edge : EDGES) {
                for (int carry = 0; carry <= 1; carry++) {
                    long a = edge & Cpu.mask(bytes);
                    CPU.arithmeticFlags(0);
                    Arithmetic.add(CPU, a, 1, bytes);
                    int added = CPU.arithmeticFlags() & ~Flags.CF | carry;
                    Arithmetic.sub(CPU, a, 1, bytes);
                    int subtracted = CPU.arithmeticFlags() & ~Flags.CF | carry;

                    CPU.arithmeticFlags(carry);
                    Arithmetic.inc(CPU, a, 0, bytes);
                    assertEquals(added, CPU.arithmeticFlags());
                    CPU.arithmeticFlags(carry);
                    Arithmetic.dec(CPU, a, 0, bytes);
                    assertEquals(subtracted, CPU.arithmeticFlags());
                }
            }
        }
    }

    @Test
    void shiftsMoveOneBitAtATime() {
        for (int i = 0; i < 20_000; i++) {
            int bytes = 1 << random.nextInt(4);
            long a = operand() & Cpu.mask(bytes);
            int count = random.nextInt(256);
            int steps = count & (bytes == 8 ? 63 : 31);
            int before = random.nextInt() & Flags.ARITHMETIC;
            String what = String.format("seed %d: %x by %d, %d bytes", SEED, a, count, bytes);

            long left = a;
            long right = a;
            long arithmetic = Flags.signExtend(a, bytes);
            boolean leftCarry = false;
            boolean rightCarry = false;
            boolean arithmeticCarry = false;
            for (int n = 0; n < steps; n++) {
                leftCarry = (left >>> 8 * bytes - 1 & 1) != 0;
                left = left << 1 & Cpu.mask(bytes);
                rightCarry = (right & 1) != 0;
                right >>>= 1;
                arithmeticCarry = (arithmetic & 1) != 0;
                arithmetic >>= 1;
            }
            boolean negative = (a >>> 8 * bytes - 1 & 1) != 0;
            boolean leftNegative = (left >>> 8 * bytes - 1 & 1) != 0;
            boolean overflow = leftNegative != leftCarry;
            long shifted = arithmetic & Cpu.mask(bytes);
            checkShift(Shifts::shl, a, count, bytes, before, left, leftCarry, overflow, what);
            checkShift(Shifts::shr, a, count, bytes, before, right, rightCarry, negative, what);
            checkShift(Shifts::sar, a, count, bytes, before, shifted, arithmeticCarry, false, what);
        }
    }

    private static void checkShift(Operation shift, long a, int count, int bytes, int before, long expected,
                                   boolean carry, boolean overflow, String what) {
        int steps = count & (bytes == 8 ? 63 : 31);
        CPU.arithmeticFlags(before);
        long result = shift.apply(CPU, a, count, bytes) & Cpu.mask(bytes);
        assertEquals(expected, result, what);
        int undefined = steps == 0 ? 0 : steps == 1 ? Flags.AF : Flags.AF | Flags.OF;
        int flags = steps == 0 ? before : signZeroParity(expected, bytes) | (carry ? Flags.CF : 0)
                | (overflow ? Flags.OF : 0);
        assertEquals(flags & ~undefined, CPU.arithmeticFlags() & ~undefined, what);
    }

    @Test
    void rotatesMoveOneBitAtATime() {
        for (int i = 0; i < 20_000; i++) {
            int bytes = 1 << random.nextInt(4);
            int top = 8 * bytes - 1;
            long a = operand() & Cpu.mask(bytes);
            int count = random.nextInt(256);
            int steps = count & (bytes == 8 ? 63 : 31);
            int before = random.nextInt() & Flags.ARITHMETIC;
            long rol = a;
            long ror = a;
            long rcl = a;
            long rcr = a;
            long leftCarry = before & Flags.CF;
            long rightCarry = before & Flags.CF;
            for (int n = 0; n < steps; n++) {
                rol = rol << 1 & Cpu.mask(bytes) | rol >>> top;
                ror = ror >>> 1 | (ror & 1) << top;
                long out = rcl >>> top;
                rcl = rcl << 1 & Cpu.mask(bytes) | leftCarry;
                leftCarry = out;
                out = rcr & 1;
                rcr = rcr >>> 1 | rightCarry << top;
                rightCarry = out;
            }
            String what = String.format("seed %d: %x by %d, %d bytes, %x", SEED, a, count, bytes, before);
            checkRotate(Rotates::rol, a, count, bytes, before, rol, rol & 1, rol >>> top ^ rol & 1, what);
            checkRotate(Rotates::ror, a, count, bytes, before, ror, ror >>> top,
                    (ror >>> top ^ ror >>> top - 1) & 1, what);
            checkRotate(Rotates::rcl, a, count, bytes, before, rcl, leftCarry, rcl >>> top ^ leftCarry, what);
            checkRotate(Rotates::rcr, a, count, bytes, before, rcr, rightCarry,
                    (rcr >>> top ^ rcr >>> top - 1) & 1, what);
        }
    }

    private static void checkRotate(Operation rotate, long a, int count, int bytes, int before, long expected,
                                    long carry, long overflow, String what) {
        int steps = count & (bytes == 8 ? 63 : 31);
        CPU.arithmeticFlags(before);
        long result = rotate.apply(CPU, a, count, bytes) & Cpu.mask(bytes);
        assertEquals(expected, result, what);
        int flags = steps == 0 ? before
                : before & ~(Flags.CF | Flags.OF) | (int) carry | (overflow != 0 ? Flags.OF : 0);
        int undefined = steps > 1 ? Flags.OF : 0;
        assertEquals(flags & ~undefined, CPU.arithmeticFlags() & ~undefined, what);
    }

    private long operand() {
        return random.nextBoolean() ? EDGES[random.nextInt(EDGES.length)]
                : random.nextLong() >> random.nextInt(64);
    }

    private static int signZeroParity(long result, int bytes) {
        return (Flags.signExtend(result, bytes) < 0 ? Flags.SF : 0) | (result == 0 ? Flags.ZF : 0)
                | (Long.bitCount(result & 0xff) % 2 == 0 ? Flags.PF : 0);
    }

    private static boolean fits(BigInteger value, BigInteger limit) {
        return value.signum() >= 0 && value.compareTo(limit) <= 0;
    }

    private static BigInteger big(long unsigned) {
        return new BigInteger(Long.toUnsignedString(unsigned));
    }

    private static BigInteger signed(long value, int bytes) {
        return BigInteger.valueOf(Flags.signExtend(value, bytes));
    }
}
