// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

import static org.javisor.isa.Instruction.LOCK;
import static org.javisor.isa.Instruction.OPERAND_SIZE;
import static org.javisor.isa.Instruction.REP;
import static org.javisor.isa.Instruction.REPNE;
import static org.javisor.isa.Instruction.REX_W;
import static org.javisor.isa.Instruction.SEGMENT_OVERRIDE;

import java.util.regex.Pattern;
import org.javisor.isa.OpcodeRow.Attribute;

/// Where objdump and we mean the same and write it differently, and where we differ knowingly.
final class ObjdumpDialect {
    private static final Pattern PREFIX = Pattern.compile(
            "^((lock|repz|repnz|rep|data16|data32|addr16|addr32|[cdefgs]s"
            + "|rex(\\.W?R?X?B?)?|bnd|notrack|xacquire|xrelease) )+");
    private static final Pattern WIDTH_SUFFIX = Pattern.compile(
            "^(call|jmp|enter|leave|push|pop|ret|retf|pushf|popf|pusha|popa|iret|fldenv|fnstenv|fnsave|frstor"
            + "|sysret|sysexit|lgdt|lidt|sgdt|sidt|xlat)[wdlq](?= |$)");

    /// What objdump knows and we leave undefined.
    private static final Pattern EXTENSIONS = Pattern.compile("("
            + "v\\w+|k\\w+|pf\\w+|pi2f\\w|pavgusb|pmulhrw|pswapd|femms|getsec|gf2p8\\w+|aes\\w+kl"
            + "|encodekey\\w+|aadd|aand|aor|axor|wruss\\w|wrss\\w|incssp\\w|rdssp\\w|rstorssp|saveprevssp"
            + "|setssbsy|clrssbsy|movdiri|movdir64b|enqcmds?|montmul|xstore\\S*|xcrypt\\S+|xsha\\w+|clgi"
            + "|stgi|skinit|invlpga|invlpgb|tlbsync|monitorx|mwaitx|clzero|rdpru|enclu|encls|enclv|pconfig"
            + "|wrmsrns|cmp\\w+xadd|\\{vex\\} .*"
            + "|xend|xtest|xabort|xbegin|xresldtrk|xsusldtrk|ptwrite|tpause|umonitor"
            + "|umwait|uiret|senduipi|testui|clui|stui|hreset|swapgs|syscall|sysret|frstpm\\S*|movntss"
            + "|movntsd|extrq|insertq|rmpadjust|rmpupdate|pvalidate|psmash|mcommit|invept|invvpid|bnd\\w+"
            + "|lwpins|lwpval|llwpcb|slwpcb|bextr|bl\\w+|t1mskc|tzmsk"
            + ""
            + ")( .*)?|mov [ct]r\\d.*|mov \\w+,[ct]r\\d+|mov \\w+,d[br]\\d+|mov d[br]\\d+,.*"
            + "|mov cs,.*|mov .*,\\?|mov \\?,.*");

    private ObjdumpDialect() { }

    /// Whether the two are expected to agree.
    static boolean comparable(Instruction insn, String theirs) {
        boolean bad = theirs.contains("(bad)");
        if (insn.mnemonic() == Mnemonic.UNDEFINED) {
            return !bad && !undefinedForUs(insn, PREFIX.matcher(theirs).replaceFirst(""));
        }
        if (bad) {
            return !undefinedForThem(insn);
        }
        // objdump follows AMD, whose near branches have 16 bits with 66 in 64-bit mode.
        // An absolute address that is negative has a sign for objdump if its encoding has a SIB byte.
        boolean signedAbsolute = theirs.contains("[-") || theirs.matches(".*\\[[er]iz\\*\\d-.*");
        boolean amdBranch = insn.codeBits == 64 && insn.row.has(Attribute.FORCE_64) && insn.has(OPERAND_SIZE);
        return !amdBranch && !signedAbsolute && !renamed(insn);
    }

    /// Instructions of extensions that we leave out, wrong uses of LOCK and of prefixes, and what only AMD's
    /// processors define.
    private static boolean undefinedForUs(Instruction insn, String theirs) {
        return insn.has(LOCK | REP | REPNE | OPERAND_SIZE) || EXTENSIONS.matcher(theirs).matches();
    }

    /// The aliases of x87 instructions; SALC; prefixes before instructions that ignore them; hints.
    private static boolean undefinedForThem(Instruction insn) {
        if (insn.row.map() == OpcodeRow.X87 || insn.has(REP | REPNE | OPERAND_SIZE)) {
            return true;
        }
        return switch (insn.mnemonic()) {
            case HINT_NOP, PREFETCH, SALC -> true;
            // ModRM.rm is ignored.
            case LFENCE, MFENCE, SFENCE -> true;
            default -> false;
        };
    }

    /// Instructions that objdump gives another name, or operands that it writes at a length of its own.
    private static boolean renamed(Instruction insn) {
        return switch (insn.mnemonic()) {
            // Predicates become part of the name.
            case CMPPS, CMPPD, CMPSS, CMPSD, PCLMULQDQ, VCMPPS, VCMPPD, VCMPSS, VCMPSD, VPCLMULQDQ -> true;
            // objdump shows the ignored VEX.L.
            case VMOVSS, VMOVSD -> insn.modrm >= 0xc0 && insn.vectorBytes == 32;
            case PCMPESTRI, PCMPESTRM, VPCMPESTRI, VPCMPESTRM -> insn.has(REX_W);
            // objdump calls it PAUSE; processors exchange R8.
            case XCHG -> insn.modrm < 0 && insn.has(REP);
            // Hints have the names of what later processors do there.
            case HINT_NOP, PREFETCH -> true;
            case FNENI, FNDISI, FNSETPM -> true;
            // Their widths become part of the name.
            case RDSSP, INCSSP, WRSS, WRUSS -> true;
            case XLAT, MOV_CR, MOV_DR, UD0, UD1, MONITOR, MWAIT -> true;
            // objdump writes the register or memory operand with another size.
            case LAR, LSL, LSS, LFS, LGS, MOVMSKPS, MOVMSKPD, PMOVMSKB, PEXTRW, PEXTRB, PINSRW, PINSRB,
                    EXTRACTPS, MOV_SEG, MOVSXD, SLDT, STR, SMSW, RDPID, CMPXCHG8B, INVPCID, CRC32,
                    ARPL, PTEST, VMOVMSKPS, VMOVMSKPD, VPMOVMSKB, VPEXTRW,
                    VPEXTRB, VPINSRW, VPINSRB, VEXTRACTPS -> true;
            case WBINVD -> insn.has(REP);
            case NOP -> insn.modrm < 0;
            // 3E before an indirect jump is a prefix with another name.
            case JMP, CALL -> insn.has(SEGMENT_OVERRIDE);
            default -> false;
        };
    }

    static String ours(Instruction insn, long address) {
        return common(insn, Disassembler.print(insn, address));
    }

    static String theirs(Instruction insn, String text) {
        String plain = PREFIX.matcher(text.replaceFirst("\\s*#.*", "")).replaceFirst("");
        // An index of none is a register to objdump.
        plain = plain.replaceAll("\\+?[er]iz\\*\\d(?=[]+-])", "").replace("[+", "[");
        return common(insn, plain);
    }

    private static String common(Instruction insn, String text) {
        String plain = PREFIX.matcher(text).replaceFirst("");
        plain = WIDTH_SUFFIX.matcher(plain).replaceFirst("$1").replaceFirst("^movabs", "mov");
        plain = plain.replace("st(0)", "st").replace("0xffffffff", "0x");
        if (plain.contains("(bad)")) {
            return "(bad)";
        }
        if (insn.kind0 == Instruction.REL) {
            return plain.replaceFirst(" .*", "");
        }
        // Sizes of operands that are not accessed as a whole, or whose other operand tells the size.
        return plain.replaceAll("[A-Z]+ PTR ", "").replaceAll("\\[([0-9a-fx]+)]", "$1")
                .replaceAll("(?<=[ ,])ds:(?=0x)", "").replaceAll("0x0(?=])", "").replaceFirst(" $", "");
    }
}
