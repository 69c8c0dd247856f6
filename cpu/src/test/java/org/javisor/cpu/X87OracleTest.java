// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.javisor.cpu.fp.Float80Comparison;
import org.javisor.cpu.fp.Float80Context;
import org.javisor.cpu.fp.NativeX87;
import org.javisor.cpu.fp.Operands80;
import org.javisor.host.HostMemory;
import org.javisor.isa.Instruction;
import org.javisor.isa.Mnemonic;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every x87 instruction beside the host's own: registers, control, status and tag words, memory, RAX and
/// RFLAGS.
class X87OracleTest {
    private static final int CASES = Integer.getInteger("javisor.cases", 500);
    private static final long OPERAND = TestMachine.DATA, BEFORE = OPERAND + 1024, AFTER = OPERAND + 2048,
            UNTOUCHED = OPERAND + 3072;
    private static final int[] RESTORE = {0xdd, 0x27}, SAVE = {0xdd, 0x36};
    private static final int OPERAND_SIZE = 0x66;

    /// These may differ from the host's by one unit in the last place; C1 says which way they were rounded.
    private static final Set<Mnemonic> TRANSCENDENTAL = EnumSet.of(Mnemonic.FSIN, Mnemonic.FCOS,
            Mnemonic.FSINCOS, Mnemonic.FPTAN, Mnemonic.FPATAN, Mnemonic.F2XM1, Mnemonic.FYL2X,
            Mnemonic.FYL2XP1);
    /// After an unmasked exception some processors set the condition codes, contrary to the manual.
    private static final Set<Mnemonic> COMPARISONS = EnumSet.of(Mnemonic.FCOM, Mnemonic.FCOMP,
            Mnemonic.FCOMPP, Mnemonic.FUCOM, Mnemonic.FUCOMP, Mnemonic.FUCOMPP, Mnemonic.FICOM,
            Mnemonic.FICOMP, Mnemonic.FTST);
    /// Here some leave C1 alone, contrary to the manual.
    private static final Set<Mnemonic> TO_FLAGS = EnumSet.of(Mnemonic.FCOMI, Mnemonic.FCOMIP,
            Mnemonic.FUCOMI, Mnemonic.FUCOMIP);

    private final long seed = Long.getLong("javisor.seed", System.nanoTime());
    private final SplittableRandom random = new SplittableRandom(seed);
    private final Operands80 operands = new Operands80(random);
    private final TestMachine machine = TestMachine.in64BitMode();
    private final Cpu cpu = machine.cpu;
    private final StringBuilder failures = new StringBuilder();
    private NativeX87 host;

    static IntStream escapes() {
        return IntStream.rangeClosed(0xd8, 0xdf);
    }

    @BeforeEach
    void open() {
        assumeTrue(NativeX87.isSupported());
        host = new NativeX87();
    }

    @AfterEach
    void close() {
        if (host != null) {
            host.close();
        }
        machine.close();
    }

    @ParameterizedTest
    @MethodSource("escapes")
    void everyInstructionEqualsTheHosts(int opcode) {
        int forms = 0;
        failures.setLength(0);
        for (int extension = 0; extension < 8; extension++) {
            int modrm = extension << 3 | 2;
            forms += form(opcode, modrm);
            if (machine.decode(opcode, modrm).bytes0 == 0) {
                forms += form(OPERAND_SIZE, opcode, modrm);
            }
        }
        for (int modrm = 0xc0; modrm < 0x100; modrm++) {
            forms += form(opcode, modrm);
        }
        assertEquals("", failures.toString());
        System.out.printf("%02x: %d forms, %d cases each, seed %d%n", opcode, forms, CASES, seed);
    }

    private int form(int... bytes) {
        Insn insn = machine.decode(bytes);
        // FSTPNCE, undocumented, does not store on some processors.
        if (insn.mnemonic() == Mnemonic.UNDEFINED || insn.mnemonic() == Mnemonic.FSTPNCE) {
            return 0;
        }
        MemorySegment code = host.compile(bytes);
        for (int i = 0; i < CASES; i++) {
            prepare(insn);
            int fault = run(bytes);
            host.run(code);
            assertEquals(-1, fault, () -> show(host.before()));
            if (!compare(insn)) {
                break;
            }
        }
        return 1;
    }

    private void prepare(Insn insn) {
        int fcw = operands.nextControlWord();
        int sticky = random.nextInt(0x80) & (fcw | ~Float80Context.EXCEPTIONS);
        int fsw = sticky & 0x7f | random.nextInt(8) << 11 | random.nextInt() & X87.CODES;
        int empty = random.nextInt(4) == 0 ? random.nextInt(0x100) : random.nextInt(4) == 0 ? 0 : 0xf0;
        host.prepare(fcw, fsw, empty);
        for (int i = 0; i < 8; i++) {
            operands.next();
            host.register(i, operands.se, operands.significand);
        }
        prepareOperand(insn);
        long flags = random.nextInt() & Flags.ARITHMETIC | 2;
        HostMemory.storeLong(host.operand() + NativeX87.BEFORE, flags);
        HostMemory.storeLong(host.operand() + NativeX87.BEFORE + 8, random.nextLong());
    }

    private void prepareOperand(Insn insn) {
        for (int i = 0; i < NativeX87.OPERAND_BYTES; i += 8) {
            HostMemory.storeLong(host.operand() + i, random.nextLong());
        }
        operands.next();
        long low = operands.significand;
        if (insn.bytes0 == 4 && random.nextBoolean()) {
            low = single();
        } else if (insn.bytes0 == 8 && random.nextBoolean()) {
            low = doubled();
        } else if (insn.mnemonic() == Mnemonic.FBLD) {
            low = digits(16);
            operands.se = (int) digits(2) | random.nextInt(0x100) << 8;
        }
        HostMemory.storeLong(host.operand(), low);
        HostMemory.storeShort(host.operand() + 8, (short) operands.se);
    }

    private int single() {
        int exponent = new int[] {0, 0xff, 1, 0xfe, random.nextInt(0x100)}[random.nextInt(5)];
        int fraction = new int[] {0, 0x40_0000, random.nextInt(), 1}[random.nextInt(4)] & 0x7f_ffff;
        return random.nextInt() & 1 << 31 | exponent << 23 | fraction;
    }

    private long doubled() {
        long exponent = new int[] {0, 0x7ff, 1, 0x7fe, random.nextInt(0x800)}[random.nextInt(5)];
        long fraction = new long[] {0, 1L << 51, random.nextLong(), 1}[random.nextInt(4)] & (1L << 52) - 1;
        return random.nextLong() & 1L << 63 | exponent << 52 | fraction;
    }

    private long digits(int count) {
        long digits = 0;
        for (int i = 0; i < count; i++) {
            digits = digits << 4 | random.nextInt(10);
        }
        return digits;
    }

    private int run(int... bytes) {
        copy(host.before(), BEFORE, 128);
        copy(host.operand(), OPERAND, NativeX87.OPERAND_BYTES);
        copy(host.operand(), UNTOUCHED, NativeX87.OPERAND_BYTES);
        cpu.reg64(CpuLayout.RDI, BEFORE);
        cpu.reg64(CpuLayout.RSI, AFTER);
        cpu.reg64(CpuLayout.RDX, OPERAND);
        cpu.rflags(HostMemory.loadLong(host.operand() + NativeX87.BEFORE));
        cpu.reg64(CpuLayout.RAX, HostMemory.loadLong(host.operand() + NativeX87.BEFORE + 8));
        HostMemory.storeShort(cpu.state + CpuLayout.FSW, (short) 0);
        machine.execute(RESTORE);
        int fault = machine.execute(bytes);
        machine.execute(SAVE);
        machine.memory().storeLong(OPERAND + NativeX87.AFTER, cpu.rflags());
        machine.memory().storeLong(OPERAND + NativeX87.AFTER + 8, cpu.reg64(CpuLayout.RAX));
        return fault;
    }

    private void copy(long from, long gpa, int bytes) {
        for (int i = 0; i < bytes; i += 8) {
            machine.memory().storeLong(gpa + i, HostMemory.loadLong(from + i));
        }
    }

    private boolean compare(Insn insn) {
        long mine = machine.ram().hva();
        if (!imageEquals(insn, mine + AFTER) || !memoryEquals(insn, mine + OPERAND)
                || !registersEqual(insn)) {
            failures.append("%s %02x%n".formatted(insn.mnemonic(), insn.modrm));
            failures.append("before   " + show(host.before()) + operand(mine + UNTOUCHED, insn));
            failures.append("%nexpected ".formatted() + show(host.after()) + operands(host.operand(), insn));
            failures.append("%nactual   ".formatted() + show(mine + AFTER) + operands(mine + OPERAND, insn));
            failures.append("%nseed %d%n".formatted(seed));
            return false;
        }
        return true;
    }

    private boolean registersEqual(Insn insn) {
        long expected = host.operand() + NativeX87.AFTER;
        int ignored = TO_FLAGS.contains(insn.mnemonic()) && isPending() ? Flags.ARITHMETIC : 0;
        long flags = cpu.arithmeticFlags() ^ HostMemory.loadLong(expected) & Flags.ARITHMETIC;
        return cpu.reg64(CpuLayout.RAX) == HostMemory.loadLong(expected + 8) && (flags & ~ignored) == 0;
    }

    /// Whether the instruction met an unmasked exception.
    private boolean isPending() {
        return (HostMemory.loadShort(host.after() + NativeX87.FSW) & Float80Context.ES) != 0;
    }

    private boolean imageEquals(Insn insn, long mine) {
        long expected = host.after();
        boolean nearly = TRANSCENDENTAL.contains(insn.mnemonic());
        return differs(mine, expected, NativeX87.FCW) == 0
                && (differs(mine, expected, NativeX87.FSW) & ~ignoredStatus(insn)) == 0
                && differs(mine, expected, NativeX87.FTW) == 0
                && stackEquals(mine + NativeX87.REGISTERS, expected + NativeX87.REGISTERS, nearly);
    }

    private static int differs(long mine, long expected, int word) {
        return HostMemory.loadShort(mine + word) ^ HostMemory.loadShort(expected + word);
    }

    private int ignoredStatus(Insn insn) {
        if (TRANSCENDENTAL.contains(insn.mnemonic()) || TO_FLAGS.contains(insn.mnemonic())) {
            return Float80Context.C1;
        }
        return COMPARISONS.contains(insn.mnemonic()) && isPending() ? Float80Comparison.UNORDERED : 0;
    }

    private static boolean stackEquals(long mine, long expected, boolean nearly) {
        for (int i = 0; i < 8; i++, mine += 10, expected += 10) {
            int exponents = HostMemory.loadShort(mine + 8) - HostMemory.loadShort(expected + 8);
            long distance = HostMemory.loadLong(mine) - HostMemory.loadLong(expected);
            boolean equal = exponents == 0 && distance == 0;
            boolean carried = Math.abs(exponents) == 1 && Math.abs(distance) == Long.MAX_VALUE;
            if (!equal && !(nearly && (exponents == 0 && Math.abs(distance) == 1 || carried))) {
                return false;
            }
        }
        return true;
    }

    private boolean memoryEquals(Insn insn, long mine) {
        for (int i = 0; i < NativeX87.OPERAND_BYTES; i++) {
            byte expected = HostMemory.loadByte(host.operand() + i);
            if (!isPointer(insn, i) && HostMemory.loadByte(mine + i) != expected) {
                return false;
            }
        }
        return true;
    }

    /// Whether a byte of an environment belongs to the pointers to the last instruction.
    private static boolean isPointer(Insn insn, int i) {
        int fieldBytes = insn.operandBytes == 2 ? 2 : 4;
        return insn.bytes0 == 0 && i >= 3 * fieldBytes && i < 7 * fieldBytes;
    }

    private static String operands(long at, Insn insn) {
        return operand(at, insn) + "RFLAGS %x RAX %x".formatted(
                HostMemory.loadLong(at + NativeX87.AFTER) & Flags.ARITHMETIC,
                HostMemory.loadLong(at + NativeX87.AFTER + 8));
    }

    private static String operand(long at, Insn insn) {
        if (insn.kind0 != Instruction.MEM) {
            return "";
        }
        if (insn.bytes0 == 0) {
            return " [env] " + show(at);
        }
        return " [%04x:%016x]".formatted(HostMemory.loadShort(at + 8), HostMemory.loadLong(at));
    }

    private static String show(long image) {
        StringBuilder text = new StringBuilder();
        text.append("FCW %04x FSW %04x FTW %04x ".formatted(HostMemory.loadShort(image + NativeX87.FCW),
                HostMemory.loadShort(image + NativeX87.FSW), HostMemory.loadShort(image + NativeX87.FTW)));
        for (int i = 0; i < 8; i++) {
            long at = image + NativeX87.REGISTERS + 10 * i;
            text.append("%04x:%016x ".formatted(HostMemory.loadShort(at + 8), HostMemory.loadLong(at)));
        }
        return text.toString();
    }
}
