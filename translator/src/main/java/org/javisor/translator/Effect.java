// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.javisor.isa.Instruction;
import org.javisor.isa.Mnemonic;
import org.javisor.isa.OperandSpec;

/// What an instruction that is emitted as itself does with the arithmetic flags.
enum Effect {
    NONE, READS,
    /// Sets all, or leaves undefined what it does not set.
    WRITES,
    /// Sets some, perhaps, and keeps the others.
    CHANGES,
    /// Sets all but CF, which it reads or keeps.
    WRITES_WITH_CARRY,
    /// The instruction is not emitted as itself.
    UNSUPPORTED;

    /// VFMADD132PS and its many like.
    private static final Pattern FUSED = Pattern.compile("VFN?M(ADD|SUB).*");
    private static final Map<Mnemonic, Effect> EFFECTS = new EnumMap<>(Mnemonic.class);

    static {
        Map<String, Mnemonic> byName = Arrays.stream(Mnemonic.values())
                .collect(Collectors.toMap(Mnemonic::name, Function.identity()));
        for (Mnemonic mnemonic : Mnemonic.values()) {
            // What has a VEX prefix mostly does what its namesake without V does.
            Mnemonic namesake = mnemonic.name().startsWith("V") ? byName.get(mnemonic.name().substring(1)) : null;
            EFFECTS.put(mnemonic, namesake != null ? integer(namesake) : integer(mnemonic));
        }
    }

    /// Whether somebody who needs the flags from before must have them before the instruction changes anything.
    boolean replaces() {
        return this == WRITES || this == WRITES_WITH_CARRY || this == CHANGES;
    }

    /// Whether the instruction itself reads flags.
    static boolean reads(Instruction insn) {
        return switch (insn.mnemonic()) {
            case ADC, SBB, RCL, RCR, CMC, ADCX, ADOX -> true;
            default -> of(insn) == READS;
        };
    }

    static Effect of(Instruction insn) {
        Effect effect = of(insn.mnemonic());
        return effect == CHANGES && shiftsByConstant(insn) ? WRITES : effect;
    }

    /// A shift by 0 would keep the flags.
    private static boolean shiftsByConstant(Instruction insn) {
        return switch (insn.mnemonic()) {
            case SHL, SHR, SAR -> insn.row.operands().contains(OperandSpec.One)
                    || insn.kind1 == Instruction.IMM && (insn.immediate & (insn.bytes0 == 8 ? 63 : 31)) != 0;
            default -> false;
        };
    }

    static Effect of(Mnemonic mnemonic) {
        return EFFECTS.get(mnemonic);
    }

    private static Effect integer(Mnemonic mnemonic) {
        return switch (mnemonic) {
            case ADD, OR, AND, SUB, XOR, CMP, TEST, NEG, MUL, IMUL, XADD, CMPXCHG, POPCNT, LZCNT, TZCNT,
                    ANDN, BEXTR, BLSI, BLSMSK, BLSR, BZHI, COMISS, COMISD, UCOMISS, UCOMISD, PTEST,
                    VTESTPS, VTESTPD, PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM -> WRITES;
            case ADC, SBB, INC, DEC -> WRITES_WITH_CARRY;
            case CMPXCHG8B, ROL, ROR, RCL, RCR, SHL, SHR, SAR, SHLD, SHRD, BT, BTS, BTR, BTC, BSF, BSR,
                    CLC, STC, CMC, SAHF, ADCX, ADOX -> CHANGES;
            case CMOVO, CMOVNO, CMOVB, CMOVAE, CMOVE, CMOVNE, CMOVBE, CMOVA,
                    CMOVS, CMOVNS, CMOVP, CMOVNP, CMOVL, CMOVGE, CMOVLE, CMOVG,
                    SETO, SETNO, SETB, SETAE, SETE, SETNE, SETBE, SETA,
                    SETS, SETNS, SETP, SETNP, SETL, SETGE, SETLE, SETG, LAHF -> READS;
            case MOV, MOVZX, MOVSX, MOVSXD, NOT, XCHG, BSWAP, CBW, CWD, CRC32, MOVBE, MOVNTI, STMXCSR,
                    SARX, SHLX, SHRX, RORX, PDEP, PEXT, MULX -> NONE;
            case FCOMI, FCOMIP, FUCOMI, FUCOMIP -> WRITES;
            case FCMOVB, FCMOVNB, FCMOVE, FCMOVNE, FCMOVBE, FCMOVNBE, FCMOVU, FCMOVNU -> READS;
            default -> x87(mnemonic);
        };
    }

    private static Effect x87(Mnemonic mnemonic) {
        return switch (mnemonic) {
            case FADD, FADDP, FIADD, FMUL, FMULP, FIMUL, FSUB, FSUBP, FISUB, FSUBR, FSUBRP, FISUBR,
                    FDIV, FDIVP, FIDIV, FDIVR, FDIVRP, FIDIVR, FCOM, FCOMP, FCOMPP, FICOM, FICOMP,
                    FUCOM, FUCOMP, FUCOMPP, FTST, FXAM, FLD, FST, FSTP, FILD, FIST, FISTP, FISTTP, FBLD, FBSTP, FXCH,
                    FLD1, FLDL2T, FLDL2E, FLDPI, FLDLG2, FLDLN2, FLDZ, FCHS, FABS, F2XM1, FYL2X, FPTAN, FPATAN,
                    FXTRACT, FPREM1, FDECSTP, FINCSTP, FPREM, FYL2XP1, FSQRT, FSINCOS, FRNDINT, FSCALE, FSIN, FCOS,
                    FFREE, FFREEP, FNOP, FWAIT, FLDCW, FNSTCW, FNSTSW, FNCLEX, FNINIT, FNENI, FNDISI, FNSETPM -> NONE;
            default -> vector(mnemonic);
        };
    }

    /// XMM and MMX forms.
    private static Effect vector(Mnemonic mnemonic) {
        return switch (mnemonic) {
            case MOVD, MOVQ, MOVDQA, MOVDQU, LDDQU, MOVNTDQ, MOVNTDQA, MOVNTPS, MOVNTPD,
                    MOVAPS, MOVAPD, MOVUPS, MOVUPD, MOVSS, MOVSD, MOVLPS, MOVLPD,
                    MOVHPS, MOVHPD, MOVHLPS, MOVLHPS, MOVSLDUP, MOVSHDUP, MOVDDUP, MOVMSKPS, MOVMSKPD, PMOVMSKB,
                    PADDB, PADDW, PADDD, PADDQ, PADDSB, PADDSW, PADDUSB, PADDUSW, PSUBB, PSUBW, PSUBD, PSUBQ,
                    PSUBSB, PSUBSW, PSUBUSB, PSUBUSW, PMULLW, PMULLD, PMULHW, PMULHUW, PMULUDQ, PMADDWD, PSADBW,
                    PHADDW, PHADDD, PHADDSW, PHSUBW, PHSUBD, PHSUBSW, PMULHRSW, PMULDQ, PMADDUBSW, MPSADBW,
                    PABSB, PABSW, PABSD, PSIGNB, PSIGNW, PSIGND, PHMINPOSUW,
                    PAVGB, PAVGW, PMINUB, PMINUW, PMINUD, PMINSB, PMINSW, PMINSD, PMAXUB, PMAXUW, PMAXUD, PMAXSB,
                    PMAXSW, PMAXSD, PCMPEQB, PCMPEQW, PCMPEQD, PCMPEQQ, PCMPGTB, PCMPGTW, PCMPGTD, PCMPGTQ,
                    PAND, PANDN, POR, PXOR, PSLLW, PSLLD, PSLLQ, PSLLDQ, PSRLW, PSRLD, PSRLQ, PSRLDQ, PSRAW, PSRAD,
                    PACKSSWB, PACKSSDW, PACKUSWB, PACKUSDW, PUNPCKLBW, PUNPCKLWD, PUNPCKLDQ, PUNPCKLQDQ,
                    PUNPCKHBW, PUNPCKHWD, PUNPCKHDQ, PUNPCKHQDQ, PSHUFB, PSHUFD, PSHUFLW, PSHUFHW, PALIGNR,
                    PBLENDW, PBLENDVB, PEXTRB, PEXTRW, PEXTRD, PINSRB, PINSRW, PINSRD,
                    PMOVSXBW, PMOVSXBD, PMOVSXBQ, PMOVSXWD, PMOVSXWQ, PMOVSXDQ,
                    PMOVZXBW, PMOVZXBD, PMOVZXBQ, PMOVZXWD, PMOVZXWQ, PMOVZXDQ,
                    ADDPS, ADDPD, ADDSS, ADDSD, SUBPS, SUBPD, SUBSS, SUBSD, MULPS, MULPD, MULSS, MULSD,
                    DIVPS, DIVPD, DIVSS, DIVSD, MINPS, MINPD, MINSS, MINSD, MAXPS, MAXPD, MAXSS, MAXSD,
                    SQRTPS, SQRTPD, SQRTSS, SQRTSD, ANDPS, ANDPD, ANDNPS, ANDNPD, ORPS, ORPD, XORPS, XORPD,
                    CMPPS, CMPPD, CMPSS, CMPSD, CVTSI2SS, CVTSI2SD, CVTSS2SI, CVTSD2SI, CVTTSS2SI, CVTTSD2SI,
                    CVTPS2PD, CVTPD2PS, CVTSS2SD, CVTSD2SS, CVTDQ2PS, CVTPS2DQ, CVTTPS2DQ, CVTDQ2PD, CVTPD2DQ,
                    CVTTPD2DQ, UNPCKLPS, UNPCKLPD, UNPCKHPS, UNPCKHPD, SHUFPS, SHUFPD,
                    HADDPS, HADDPD, HSUBPS, HSUBPD, ADDSUBPS, ADDSUBPD, DPPS, DPPD, BLENDPS, BLENDPD, BLENDVPS,
                    BLENDVPD, INSERTPS, EXTRACTPS, ROUNDPS, ROUNDPD, ROUNDSS, ROUNDSD,
                    AESENC, AESENCLAST, AESDEC, AESDECLAST, AESIMC, AESKEYGENASSIST, PCLMULQDQ,
                    SHA1NEXTE, SHA1MSG1, SHA1MSG2, SHA1RNDS4, SHA256RNDS2, SHA256MSG1, SHA256MSG2 -> NONE;
            case EMMS, MOVNTQ, MOVQ2DQ, MOVDQ2Q, PSHUFW, CVTPI2PS, CVTPI2PD, CVTPS2PI, CVTPD2PI, CVTTPS2PI,
                    CVTTPD2PI -> NONE;
            default -> onlyVex(mnemonic);
        };
    }

    /// Gathers, whose elements are anywhere, are left out. Masked moves are allowed all of their memory operand first,
    /// and left to the interpreter where some of it is not.
    private static Effect onlyVex(Mnemonic mnemonic) {
        return switch (mnemonic) {
            case VZEROUPPER, VZEROALL, VCVTPH2PS, VCVTPS2PH, VPERMILPS, VPERMILPD, VPERMPS, VPERMPD, VPERMD, VPERMQ,
                    VPERM2F128, VPERM2I128, VBROADCASTSS, VBROADCASTSD, VBROADCASTF128, VBROADCASTI128,
                    VPBROADCASTB, VPBROADCASTW, VPBROADCASTD, VPBROADCASTQ, VPBLENDD,
                    VINSERTF128, VEXTRACTF128, VINSERTI128, VEXTRACTI128,
                    VMASKMOVPS, VMASKMOVPD, VPMASKMOVD, VPMASKMOVQ,
                    VPSRLVD, VPSRLVQ, VPSRAVD, VPSLLVD, VPSLLVQ -> NONE;
            default -> FUSED.matcher(mnemonic.name()).matches() ? NONE : UNSUPPORTED;
        };
    }
}
