// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.util.StringJoiner;
import org.javisor.host.HostMemory;
import org.javisor.isa.Instruction;
import org.javisor.isa.Mnemonic;
import org.javisor.isa.OpcodeRow;
import org.javisor.testkit.HostProcessor;

/// Compares what the host's processor and ours made of one instruction, each result in a block as
/// [HostProcessor] has it.
final class OracleComparison {
    private static final String[] GENERAL = {"RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI",
        "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15"};
    private static final int C0 = 0x100, C1 = 0x200, C2 = 0x400, C3 = 0x4000;
    /// Units in the last place by which two approximations of a transcendental function may differ.
    private static final long TRANSCENDENTAL_ULPS = 2;

    private final long inputs;
    private final long expected;
    private final long actual;

    OracleComparison(long inputs, long expected, long actual) {
        this.inputs = inputs;
        this.expected = expected;
        this.actual = actual;
    }

    /// Whether everything that is defined is equal; quick.
    boolean equal(Insn insn) {
        for (int n = 0; n < 16; n++) {
            if (HostMemory.loadLong(expected + 8L * n) != HostMemory.loadLong(actual + 8L * n)) {
                return false;
            }
        }
        return flagsDiffer(insn) == 0 && HostMemory.loadByte(expected + HostProcessor.TAKEN)
                == HostMemory.loadByte(actual + HostProcessor.TAKEN) && vectorsEqual(insn) && wordsEqual(insn)
                && stackEqual(insn);
    }

    // ---- flags ----

    private int flagsDiffer(Insn insn) {
        long both = HostMemory.loadLong(expected + HostProcessor.RFLAGS)
                ^ HostMemory.loadLong(actual + HostProcessor.RFLAGS);
        return (int) both & (Flags.ARITHMETIC | Flags.DF) & ~undefinedFlags(insn);
    }

    /// The row says what a count of any size may leave undefined; most counts leave less.
    private int undefinedFlags(Insn insn) {
        int undefined = insn.row.undefinedFlags();
        switch (insn.mnemonic()) {
            case SHL, SHR, SAR, ROL, ROR, RCL, RCR, SHLD, SHRD -> {
                int bits = 8 * insn.bytes0;
                int count = count(insn) & (bits == 64 ? 63 : 31);
                if (count == 0) {
                    return 0;
                }
                return undefined & ~(count == 1 ? Flags.OF : 0) & ~(count < bits ? Flags.CF : 0);
            }
            default -> {
                return undefined;
            }
        }
    }

    private int count(Insn insn) {
        int last = insn.kind2 == Instruction.NONE ? insn.kind1 : insn.kind2;
        return (int) (last == Instruction.IMM ? insn.immediate
                : HostMemory.loadByte(inputs + 8 * CpuLayout.RCX));
    }

    // ---- vectors ----

    private boolean vectorsEqual(Insn insn) {
        for (int n = 0; n < 16; n++) {
            if (!vectorEqual(insn, n)) {
                return false;
            }
        }
        return true;
    }

    private boolean vectorEqual(Insn insn, int n) {
        long at = HostProcessor.FX + FxImage.XMM + 16L * n;
        return halfEqual(insn, n, at) && halfEqual(insn, n, HostProcessor.YMM + 16L * n);
    }

    private boolean halfEqual(Insn insn, int n, long at) {
        return HostMemory.loadLong(expected + at) == HostMemory.loadLong(actual + at)
                && HostMemory.loadLong(expected + at + 8) == HostMemory.loadLong(actual + at + 8)
                || approximates(insn) && insn.reg0 == n && approximatelyEqual(at);
    }

    private static boolean approximates(Insn insn) {
        return switch (insn.mnemonic()) {
            case RCPPS, RCPSS, RSQRTPS, RSQRTSS, VRCPPS, VRCPSS, VRSQRTPS, VRSQRTSS -> true;
            default -> false;
        };
    }

    /// The manual promises a relative error of 1.5 * 2^-12 at most; two that keep it differ by twice that.
    private boolean approximatelyEqual(long at) {
        for (int lane = 0; lane < 16; lane += 4) {
            float host = Float.intBitsToFloat(HostMemory.loadInt(expected + at + lane));
            float ours = Float.intBitsToFloat(HostMemory.loadInt(actual + at + lane));
            boolean same = Float.floatToRawIntBits(host) == Float.floatToRawIntBits(ours);
            if (!same && !(Math.abs(host - ours) <= Math.abs(host) * (3.0f / 4096))) {
                return false;
            }
        }
        return true;
    }

    // ---- floating-point state ----

    /// As the manual has it, CVTPI2PS enters the MMX state whatever its source; AMD's processors do so for
    /// registers only.
    private static boolean entersMmxDifferently(Insn insn) {
        return insn.mnemonic() == Mnemonic.CVTPI2PS && insn.kind1 == Instruction.MEM;
    }

    private boolean wordsEqual(Insn insn) {
        return wordEqual(FxImage.FCW)
                && (entersMmxDifferently(insn) || statusDiffers(insn) == 0 && tagsEqual())
                && HostMemory.loadInt(expected + HostProcessor.FX + FxImage.MXCSR)
                == HostMemory.loadInt(actual + HostProcessor.FX + FxImage.MXCSR);
    }

    private boolean tagsEqual() {
        return HostMemory.loadByte(expected + HostProcessor.FX + FxImage.FTW)
                == HostMemory.loadByte(actual + HostProcessor.FX + FxImage.FTW);
    }

    private boolean wordEqual(int offset) {
        return HostMemory.loadShort(expected + HostProcessor.FX + offset)
                == HostMemory.loadShort(actual + HostProcessor.FX + offset);
    }

    private int statusDiffers(Insn insn) {
        int both = HostMemory.loadShort(expected + HostProcessor.FX + FxImage.FSW)
                ^ HostMemory.loadShort(actual + HostProcessor.FX + FxImage.FSW);
        return both & 0xffff & ~undefinedStatus(insn);
    }

    /// The condition codes that the instruction's page in the manual calls undefined.
    private static int undefinedStatus(Insn insn) {
        if (insn.row.map() != OpcodeRow.X87) {
            return 0;
        }
        return switch (insn.mnemonic()) {
            case FCOM, FCOMP, FCOMPP, FICOM, FICOMP, FUCOM, FUCOMP, FUCOMPP, FTST, FXAM,
                    FPREM, FPREM1, FLDENV, FRSTOR, FNSAVE, FNINIT -> 0;
            // The manual clears it; AMD's processors leave it as it was.
            case FCOMI, FCOMIP, FUCOMI, FUCOMIP -> C1;
            case FFREE, FFREEP, FLDCW, FNSTCW, FNSTSW, FNSTENV, FNCLEX, FNOP, FNENI, FNDISI, FNSETPM, FWAIT ->
                    C0 | C1 | C2 | C3;
            // How an approximation was rounded depends on its last bits.
            case F2XM1, FYL2X, FYL2XP1, FPATAN -> C0 | C1 | C2 | C3;
            case FPTAN, FSIN, FCOS, FSINCOS -> C0 | C1 | C3;
            default -> C0 | C2 | C3;
        };
    }

    private static boolean transcendental(Insn insn) {
        return switch (insn.mnemonic()) {
            case F2XM1, FYL2X, FYL2XP1, FPTAN, FPATAN, FSIN, FCOS, FSINCOS -> true;
            default -> false;
        };
    }

    private boolean stackEqual(Insn insn) {
        for (int n = 0; n < 8; n++) {
            if (!registerEqual(insn, n)) {
                return false;
            }
        }
        return true;
    }

    private boolean registerEqual(Insn insn, int n) {
        if (entersMmxDifferently(insn)) {
            return true;
        }
        long at = HostProcessor.FX + FxImage.ST + 16L * n;
        long host = HostMemory.loadLong(expected + at);
        long ours = HostMemory.loadLong(actual + at);
        int hostExponent = HostMemory.loadShort(expected + at + 8);
        int ourExponent = HostMemory.loadShort(actual + at + 8);
        return host == ours && hostExponent == ourExponent
                || transcendental(insn)
                && distance(hostExponent, host, ourExponent, ours) <= TRANSCENDENTAL_ULPS;
    }

    /// How many representable numbers lie between two of the same sign; a large number if it is many.
    private static long distance(int exponentA, long a, int exponentB, long b) {
        if (exponentA == exponentB) {
            return Math.abs(a - b);
        }
        if (exponentA == exponentB + 1) {
            return (a & Long.MAX_VALUE) - b;
        }
        return exponentB == exponentA + 1 ? (b & Long.MAX_VALUE) - a : Long.MAX_VALUE;
    }

    // ---- the report ----

    /// What went in and where the two disagree.
    String describe(Insn insn) {
        StringJoiner text = new StringJoiner("\n    ", "    ", "");
        text.add("in: flags " + flags(inputs) + ", " + words(inputs));
        StringJoiner registers = new StringJoiner(" ");
        for (int n = 0; n < 16; n++) {
            registers.add(String.format("%s=%x", GENERAL[n], HostMemory.loadLong(inputs + 8L * n)));
        }
        text.add("in: " + registers);
        describeOperands(insn, text);
        describeGeneral(insn, text);
        describeFloating(insn, text);
        return text.toString();
    }

    private void describeOperands(Insn insn, StringJoiner text) {
        for (int n = 0; n < 4; n++) {
            if (insn.kind(n) == Instruction.XMM || insn.kind(n) == Instruction.YMM) {
                text.add("in: YMM" + insn.reg(n) + "=" + vector(inputs, insn.reg(n)));
            } else if (insn.kind(n) == Instruction.MMX) {
                text.add("in: ST/MM" + insn.reg(n) + "=" + register(inputs, insn.reg(n)));
            }
        }
        if (insn.row.map() == OpcodeRow.X87) {
            text.add("in: ST0=" + register(inputs, 0) + " ST1=" + register(inputs, 1)
                    + " ST" + (insn.modrm & 7) + "=" + register(inputs, insn.modrm & 7));
        }
    }

    private void describeGeneral(Insn insn, StringJoiner text) {
        for (int n = 0; n < 16; n++) {
            long host = HostMemory.loadLong(expected + 8L * n);
            long ours = HostMemory.loadLong(actual + 8L * n);
            if (host != ours) {
                text.add(String.format("%s: host %x, ours %x", GENERAL[n], host, ours));
            }
        }
        if (flagsDiffer(insn) != 0) {
            text.add("flags: host " + flags(expected) + ", ours " + flags(actual));
        }
        int host = HostMemory.loadByte(expected + HostProcessor.TAKEN);
        int ours = HostMemory.loadByte(actual + HostProcessor.TAKEN);
        if (host != ours) {
            text.add("branch: host " + (host == 1 ? "takes" : "does not take") + " it, ours differs");
        }
    }

    private void describeFloating(Insn insn, StringJoiner text) {
        for (int n = 0; n < 16; n++) {
            if (!vectorEqual(insn, n)) {
                text.add("YMM" + n + ": host " + vector(expected, n) + ", ours " + vector(actual, n));
            }
        }
        for (int n = 0; n < 8; n++) {
            if (!registerEqual(insn, n)) {
                text.add("ST" + n + ": host " + register(expected, n) + ", ours " + register(actual, n));
            }
        }
        if (!wordsEqual(insn)) {
            text.add("host: " + words(expected));
            text.add("ours: " + words(actual));
        }
    }

    private static String words(long block) {
        return String.format("FCW %04x FSW %04x FTW %02x MXCSR %04x", word(block, FxImage.FCW),
                word(block, FxImage.FSW), word(block, FxImage.FTW) & 0xff, word(block, FxImage.MXCSR));
    }

    private static int word(long block, int offset) {
        return HostMemory.loadShort(block + HostProcessor.FX + offset) & 0xffff;
    }

    private static String vector(long block, int n) {
        long at = block + HostProcessor.FX + FxImage.XMM + 16L * n;
        long upper = block + HostProcessor.YMM + 16L * n;
        return String.format("%016x_%016x_%016x_%016x", HostMemory.loadLong(upper + 8), HostMemory.loadLong(upper),
                HostMemory.loadLong(at + 8), HostMemory.loadLong(at));
    }

    private static String register(long block, int n) {
        long at = block + HostProcessor.FX + FxImage.ST + 16L * n;
        return String.format("%04x:%016x", HostMemory.loadShort(at + 8), HostMemory.loadLong(at));
    }

    private static String flags(long block) {
        long flags = HostMemory.loadLong(block + HostProcessor.RFLAGS);
        return ((flags & Flags.CF) != 0 ? "C" : "-") + ((flags & Flags.PF) != 0 ? "P" : "-")
                + ((flags & Flags.AF) != 0 ? "A" : "-") + ((flags & Flags.ZF) != 0 ? "Z" : "-")
                + ((flags & Flags.SF) != 0 ? "S" : "-") + ((flags & Flags.DF) != 0 ? "D" : "-")
                + ((flags & Flags.OF) != 0 ? "O" : "-");
    }
}
