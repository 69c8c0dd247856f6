// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

import static org.javisor.isa.Instruction.ABSENT;
import static org.javisor.isa.Instruction.DS;
import static org.javisor.isa.Instruction.LOCK;
import static org.javisor.isa.Instruction.REP;
import static org.javisor.isa.Instruction.REPNE;
import static org.javisor.isa.Instruction.REX_W;
import static org.javisor.isa.Instruction.RIP;
import static org.javisor.isa.Instruction.SEGMENT_OVERRIDE;

import java.util.HexFormat;
import java.util.Locale;
import org.javisor.isa.OpcodeRow.Attribute;

/// Prints instructions in Intel syntax, for traces and reports.
public final class Disassembler {
    private static final String[] QUADS = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi"};
    private static final String[] LOW_BYTES = {"al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"};
    private static final String[] HIGH_BYTES = {"ah", "ch", "dh", "bh"};
    private static final String[] SEGMENTS = {"es", "cs", "ss", "ds", "fs", "gs"};

    private Disassembler() { }

    /// The instruction as text.
    ///
    /// @param address of its first byte; relative branches print their target
    public static String print(Instruction insn, long address) {
        if (insn.row == OpcodeRow.UNDEFINED) {
            return "undefined";
        }
        StringBuilder text = new StringBuilder();
        appendPrefixes(insn, text);
        text.append(name(insn));
        String separator = " ";
        for (int printed = 0; printed < 4; printed++) {
            int n = operandAt(insn, printed);
            if (insn.kind(n) != Instruction.NONE) {
                appendOperand(insn, n, address, text.append(separator));
                separator = ",";
            }
        }
        return text.toString();
    }

    /// The bytes `code[from]` to `code[from + length - 1]`, in hexadecimal.
    public static String bytes(byte[] code, int from, int length) {
        return HexFormat.ofDelimiter(" ").formatHex(code, from, from + length);
    }

    /// OUTS is printed with the port first, as the manual does; [OneByteMap] says why it is not decoded so.
    private static int operandAt(Instruction insn, int printed) {
        return insn.mnemonic() == Mnemonic.OUTS && printed < 2 ? 1 - printed : printed;
    }

    private static void appendPrefixes(Instruction insn, StringBuilder text) {
        if (insn.has(LOCK)) {
            text.append("lock ");
        }
        if (insn.row.has(Attribute.STRING) && insn.has(REP | REPNE)) {
            boolean compares = insn.mnemonic() == Mnemonic.CMPS || insn.mnemonic() == Mnemonic.SCAS;
            text.append(insn.has(REPNE) ? "repnz " : compares ? "repz " : "rep ");
        }
    }

    /// The name that the manual gives to this width of the operation.
    static String name(Instruction insn) {
        boolean wide = insn.has(REX_W);
        int size = insn.operandBytes;
        return switch (insn.mnemonic()) {
            case CBW -> byWidth(size, "cbw", "cwde", "cdqe");
            case CWD -> byWidth(size, "cwd", "cdq", "cqo");
            case IRET -> byWidth(size, "iretw", "iretd", "iretq");
            case PUSHF -> byWidth(size, "pushfw", "pushfd", "pushfq");
            case POPF -> byWidth(size, "popfw", "popfd", "popfq");
            case PUSHA -> byWidth(size, "pushaw", "pushad", "pushad");
            case POPA -> byWidth(size, "popaw", "popad", "popad");
            case JCXZ -> byWidth(insn.addressBytes, "jcxz", "jecxz", "jrcxz");
            case CMPXCHG8B -> wide ? "cmpxchg16b" : "cmpxchg8b";
            case MOVD -> wide ? "movq" : "movd";
            case PEXTRD -> wide ? "pextrq" : "pextrd";
            case PINSRD -> wide ? "pinsrq" : "pinsrd";
            case VMOVD -> wide ? "vmovq" : "vmovd";
            case VPEXTRD -> wide ? "vpextrq" : "vpextrd";
            case VPINSRD -> wide ? "vpinsrq" : "vpinsrd";
            case FXSAVE, FXRSTOR, XSAVE, XRSTOR, XSAVEOPT, XSAVEC, XSAVES, XRSTORS ->
                    lowerCase(insn.mnemonic()) + (wide ? "64" : "");
            case MOV_SEG, MOV_CR, MOV_DR -> "mov";
            case CALL_FAR -> "call";
            case JMP_FAR -> "jmp";
            case RET_FAR -> "retf";
            case HINT_NOP -> "nop";
            case FSTPNCE -> "fstp";
            default -> lowerCase(insn.mnemonic());
        };
    }

    private static String lowerCase(Mnemonic mnemonic) {
        return mnemonic.name().toLowerCase(Locale.ROOT);
    }

    private static String byWidth(int bytes, String word, String dword, String qword) {
        return bytes == 2 ? word : bytes == 4 ? dword : qword;
    }

    private static void appendOperand(Instruction insn, int n, long address, StringBuilder text) {
        int reg = insn.reg(n);
        switch (insn.kind(n)) {
            case Instruction.GPR -> text.append(register(reg, insn.bytes(n)));
            case Instruction.MEM -> appendMemory(insn, n, address, text);
            case Instruction.IMM -> text.append(insn.row.operands().get(n) == OperandSpec.One
                    ? "1" : hex(insn.immediate & mask(insn.bytes(n))));
            case Instruction.IMM2 -> text.append(hex(insn.immediate2));
            case Instruction.REL -> text.append(hex(target(insn, address)));
            case Instruction.FAR -> text.append(hex(insn.immediate2)).append(':').append(hex(insn.immediate));
            case Instruction.SEG -> text.append(SEGMENTS[reg]);
            case Instruction.CR -> text.append("cr").append(reg);
            case Instruction.DR -> text.append("dr").append(reg);
            case Instruction.ST -> text.append("st(").append(reg).append(')');
            case Instruction.MMX -> text.append("mm").append(reg);
            case Instruction.XMM -> text.append("xmm").append(reg);
            case Instruction.YMM -> text.append("ymm").append(reg);
            default -> text.append('?');
        }
    }

    private static long mask(int bytes) {
        return bytes >= 8 ? -1 : (1L << 8 * bytes) - 1;
    }

    private static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }

    /// The target of a relative branch, cut to the operand size.
    private static long target(Instruction insn, long address) {
        return address + insn.length + insn.immediate & mask(insn.operandBytes);
    }

    private static String register(int reg, int bytes) {
        if (bytes == 1) {
            return reg >= 16 ? HIGH_BYTES[reg - 16] : reg < 8 ? LOW_BYTES[reg] : "r" + reg + "b";
        }
        if (reg >= 8) {
            return "r" + reg + (bytes == 4 ? "d" : bytes == 2 ? "w" : "");
        }
        String name = QUADS[reg];
        return bytes == 8 ? name : bytes == 4 ? "e" + name.substring(1) : name.substring(1);
    }

    private static void appendMemory(Instruction insn, int n, long address, StringBuilder text) {
        text.append(sizeName(insn.bytes(n)));
        if (insn.row.has(Attribute.STRING)) {
            boolean source = insn.reg(n) == 6;
            text.append(source ? SEGMENTS[insn.segment] : "es").append(":[")
                    .append(register(insn.reg(n), insn.addressBytes)).append(']');
            return;
        }
        boolean bare = insn.base == ABSENT && insn.index == ABSENT;
        if (insn.has(SEGMENT_OVERRIDE) || bare) {
            text.append(SEGMENTS[insn.has(SEGMENT_OVERRIDE) ? insn.segment : DS]).append(':');
        }
        if (bare) {
            text.append(hex(insn.displacement & mask(insn.addressBytes)));
        } else {
            appendAddress(insn, text);
        }
    }

    private static void appendAddress(Instruction insn, StringBuilder text) {
        String separator = "[";
        if (insn.base != ABSENT) {
            text.append(separator).append(insn.base == RIP ? insn.addressBytes == 8 ? "rip" : "eip"
                    : register(insn.base, insn.addressBytes));
            separator = "+";
        }
        if (insn.index != ABSENT) {
            text.append(separator).append(insn.indexBytes == 0 ? register(insn.index, insn.addressBytes)
                    : (insn.indexBytes == 32 ? "ymm" : "xmm") + insn.index);
            if (insn.addressBytes != 2) {
                text.append('*').append(1 << insn.scaleShift);
            }
        }
        long displacement = insn.displacement;
        if (displacement < 0 && insn.base != RIP) {
            text.append('-').append(hex(-displacement));
        } else if (hasDisplacement(insn)) {
            text.append('+').append(hex(displacement & mask(insn.addressBytes)));
        }
        text.append(']');
    }

    /// Whether the encoding has a displacement, even of 0.
    private static boolean hasDisplacement(Instruction insn) {
        return insn.displacement != 0 || insn.base == RIP || insn.base == ABSENT || insn.modrm >> 6 != 0;
    }

    private static String sizeName(int bytes) {
        return switch (bytes) {
            case 1 -> "BYTE PTR ";
            case 2 -> "WORD PTR ";
            case 4 -> "DWORD PTR ";
            case 6 -> "FWORD PTR ";
            case 8 -> "QWORD PTR ";
            case 10 -> "TBYTE PTR ";
            case 16 -> "XMMWORD PTR ";
            case 32 -> "YMMWORD PTR ";
            default -> "";
        };
    }
}
