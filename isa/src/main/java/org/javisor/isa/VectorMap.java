// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

import static org.javisor.isa.Mnemonic.ADDPD;
import static org.javisor.isa.Mnemonic.ADDPS;
import static org.javisor.isa.Mnemonic.ADDSD;
import static org.javisor.isa.Mnemonic.ADDSS;
import static org.javisor.isa.Mnemonic.ADDSUBPD;
import static org.javisor.isa.Mnemonic.ADDSUBPS;
import static org.javisor.isa.Mnemonic.ANDNPD;
import static org.javisor.isa.Mnemonic.ANDNPS;
import static org.javisor.isa.Mnemonic.ANDPD;
import static org.javisor.isa.Mnemonic.ANDPS;
import static org.javisor.isa.Mnemonic.CMPPD;
import static org.javisor.isa.Mnemonic.CMPPS;
import static org.javisor.isa.Mnemonic.CMPSD;
import static org.javisor.isa.Mnemonic.CMPSS;
import static org.javisor.isa.Mnemonic.COMISD;
import static org.javisor.isa.Mnemonic.COMISS;
import static org.javisor.isa.Mnemonic.CVTDQ2PD;
import static org.javisor.isa.Mnemonic.CVTDQ2PS;
import static org.javisor.isa.Mnemonic.CVTPD2DQ;
import static org.javisor.isa.Mnemonic.CVTPD2PI;
import static org.javisor.isa.Mnemonic.CVTPD2PS;
import static org.javisor.isa.Mnemonic.CVTPI2PD;
import static org.javisor.isa.Mnemonic.CVTPI2PS;
import static org.javisor.isa.Mnemonic.CVTPS2DQ;
import static org.javisor.isa.Mnemonic.CVTPS2PD;
import static org.javisor.isa.Mnemonic.CVTPS2PI;
import static org.javisor.isa.Mnemonic.CVTSD2SI;
import static org.javisor.isa.Mnemonic.CVTSD2SS;
import static org.javisor.isa.Mnemonic.CVTSI2SD;
import static org.javisor.isa.Mnemonic.CVTSI2SS;
import static org.javisor.isa.Mnemonic.CVTSS2SD;
import static org.javisor.isa.Mnemonic.CVTSS2SI;
import static org.javisor.isa.Mnemonic.CVTTPD2DQ;
import static org.javisor.isa.Mnemonic.CVTTPD2PI;
import static org.javisor.isa.Mnemonic.CVTTPS2DQ;
import static org.javisor.isa.Mnemonic.CVTTPS2PI;
import static org.javisor.isa.Mnemonic.CVTTSD2SI;
import static org.javisor.isa.Mnemonic.CVTTSS2SI;
import static org.javisor.isa.Mnemonic.DIVPD;
import static org.javisor.isa.Mnemonic.DIVPS;
import static org.javisor.isa.Mnemonic.DIVSD;
import static org.javisor.isa.Mnemonic.DIVSS;
import static org.javisor.isa.Mnemonic.EMMS;
import static org.javisor.isa.Mnemonic.HADDPD;
import static org.javisor.isa.Mnemonic.HADDPS;
import static org.javisor.isa.Mnemonic.HSUBPD;
import static org.javisor.isa.Mnemonic.HSUBPS;
import static org.javisor.isa.Mnemonic.LDDQU;
import static org.javisor.isa.Mnemonic.MASKMOVDQU;
import static org.javisor.isa.Mnemonic.MASKMOVQ;
import static org.javisor.isa.Mnemonic.MAXPD;
import static org.javisor.isa.Mnemonic.MAXPS;
import static org.javisor.isa.Mnemonic.MAXSD;
import static org.javisor.isa.Mnemonic.MAXSS;
import static org.javisor.isa.Mnemonic.MINPD;
import static org.javisor.isa.Mnemonic.MINPS;
import static org.javisor.isa.Mnemonic.MINSD;
import static org.javisor.isa.Mnemonic.MINSS;
import static org.javisor.isa.Mnemonic.MOVAPD;
import static org.javisor.isa.Mnemonic.MOVAPS;
import static org.javisor.isa.Mnemonic.MOVD;
import static org.javisor.isa.Mnemonic.MOVDDUP;
import static org.javisor.isa.Mnemonic.MOVDQ2Q;
import static org.javisor.isa.Mnemonic.MOVDQA;
import static org.javisor.isa.Mnemonic.MOVDQU;
import static org.javisor.isa.Mnemonic.MOVHLPS;
import static org.javisor.isa.Mnemonic.MOVHPD;
import static org.javisor.isa.Mnemonic.MOVHPS;
import static org.javisor.isa.Mnemonic.MOVLHPS;
import static org.javisor.isa.Mnemonic.MOVLPD;
import static org.javisor.isa.Mnemonic.MOVLPS;
import static org.javisor.isa.Mnemonic.MOVMSKPD;
import static org.javisor.isa.Mnemonic.MOVMSKPS;
import static org.javisor.isa.Mnemonic.MOVNTDQ;
import static org.javisor.isa.Mnemonic.MOVNTPD;
import static org.javisor.isa.Mnemonic.MOVNTPS;
import static org.javisor.isa.Mnemonic.MOVNTQ;
import static org.javisor.isa.Mnemonic.MOVQ;
import static org.javisor.isa.Mnemonic.MOVQ2DQ;
import static org.javisor.isa.Mnemonic.MOVSD;
import static org.javisor.isa.Mnemonic.MOVSHDUP;
import static org.javisor.isa.Mnemonic.MOVSLDUP;
import static org.javisor.isa.Mnemonic.MOVSS;
import static org.javisor.isa.Mnemonic.MOVUPD;
import static org.javisor.isa.Mnemonic.MOVUPS;
import static org.javisor.isa.Mnemonic.MULPD;
import static org.javisor.isa.Mnemonic.MULPS;
import static org.javisor.isa.Mnemonic.MULSD;
import static org.javisor.isa.Mnemonic.MULSS;
import static org.javisor.isa.Mnemonic.ORPD;
import static org.javisor.isa.Mnemonic.ORPS;
import static org.javisor.isa.Mnemonic.PACKSSDW;
import static org.javisor.isa.Mnemonic.PACKSSWB;
import static org.javisor.isa.Mnemonic.PACKUSWB;
import static org.javisor.isa.Mnemonic.PADDB;
import static org.javisor.isa.Mnemonic.PADDD;
import static org.javisor.isa.Mnemonic.PADDQ;
import static org.javisor.isa.Mnemonic.PADDSB;
import static org.javisor.isa.Mnemonic.PADDSW;
import static org.javisor.isa.Mnemonic.PADDUSB;
import static org.javisor.isa.Mnemonic.PADDUSW;
import static org.javisor.isa.Mnemonic.PADDW;
import static org.javisor.isa.Mnemonic.PAND;
import static org.javisor.isa.Mnemonic.PANDN;
import static org.javisor.isa.Mnemonic.PAVGB;
import static org.javisor.isa.Mnemonic.PAVGW;
import static org.javisor.isa.Mnemonic.PCMPEQB;
import static org.javisor.isa.Mnemonic.PCMPEQD;
import static org.javisor.isa.Mnemonic.PCMPEQW;
import static org.javisor.isa.Mnemonic.PCMPGTB;
import static org.javisor.isa.Mnemonic.PCMPGTD;
import static org.javisor.isa.Mnemonic.PCMPGTW;
import static org.javisor.isa.Mnemonic.PEXTRW;
import static org.javisor.isa.Mnemonic.PINSRW;
import static org.javisor.isa.Mnemonic.PMADDWD;
import static org.javisor.isa.Mnemonic.PMAXSW;
import static org.javisor.isa.Mnemonic.PMAXUB;
import static org.javisor.isa.Mnemonic.PMINSW;
import static org.javisor.isa.Mnemonic.PMINUB;
import static org.javisor.isa.Mnemonic.PMOVMSKB;
import static org.javisor.isa.Mnemonic.PMULHUW;
import static org.javisor.isa.Mnemonic.PMULHW;
import static org.javisor.isa.Mnemonic.PMULLW;
import static org.javisor.isa.Mnemonic.PMULUDQ;
import static org.javisor.isa.Mnemonic.POR;
import static org.javisor.isa.Mnemonic.PSADBW;
import static org.javisor.isa.Mnemonic.PSHUFD;
import static org.javisor.isa.Mnemonic.PSHUFHW;
import static org.javisor.isa.Mnemonic.PSHUFLW;
import static org.javisor.isa.Mnemonic.PSHUFW;
import static org.javisor.isa.Mnemonic.PSLLD;
import static org.javisor.isa.Mnemonic.PSLLDQ;
import static org.javisor.isa.Mnemonic.PSLLQ;
import static org.javisor.isa.Mnemonic.PSLLW;
import static org.javisor.isa.Mnemonic.PSRAD;
import static org.javisor.isa.Mnemonic.PSRAW;
import static org.javisor.isa.Mnemonic.PSRLD;
import static org.javisor.isa.Mnemonic.PSRLDQ;
import static org.javisor.isa.Mnemonic.PSRLQ;
import static org.javisor.isa.Mnemonic.PSRLW;
import static org.javisor.isa.Mnemonic.PSUBB;
import static org.javisor.isa.Mnemonic.PSUBD;
import static org.javisor.isa.Mnemonic.PSUBQ;
import static org.javisor.isa.Mnemonic.PSUBSB;
import static org.javisor.isa.Mnemonic.PSUBSW;
import static org.javisor.isa.Mnemonic.PSUBUSB;
import static org.javisor.isa.Mnemonic.PSUBUSW;
import static org.javisor.isa.Mnemonic.PSUBW;
import static org.javisor.isa.Mnemonic.PUNPCKHBW;
import static org.javisor.isa.Mnemonic.PUNPCKHDQ;
import static org.javisor.isa.Mnemonic.PUNPCKHQDQ;
import static org.javisor.isa.Mnemonic.PUNPCKHWD;
import static org.javisor.isa.Mnemonic.PUNPCKLBW;
import static org.javisor.isa.Mnemonic.PUNPCKLDQ;
import static org.javisor.isa.Mnemonic.PUNPCKLQDQ;
import static org.javisor.isa.Mnemonic.PUNPCKLWD;
import static org.javisor.isa.Mnemonic.PXOR;
import static org.javisor.isa.Mnemonic.RCPPS;
import static org.javisor.isa.Mnemonic.RCPSS;
import static org.javisor.isa.Mnemonic.RSQRTPS;
import static org.javisor.isa.Mnemonic.RSQRTSS;
import static org.javisor.isa.Mnemonic.SHUFPD;
import static org.javisor.isa.Mnemonic.SHUFPS;
import static org.javisor.isa.Mnemonic.SQRTPD;
import static org.javisor.isa.Mnemonic.SQRTPS;
import static org.javisor.isa.Mnemonic.SQRTSD;
import static org.javisor.isa.Mnemonic.SQRTSS;
import static org.javisor.isa.Mnemonic.SUBPD;
import static org.javisor.isa.Mnemonic.SUBPS;
import static org.javisor.isa.Mnemonic.SUBSD;
import static org.javisor.isa.Mnemonic.SUBSS;
import static org.javisor.isa.Mnemonic.UCOMISD;
import static org.javisor.isa.Mnemonic.UCOMISS;
import static org.javisor.isa.Mnemonic.UNPCKHPD;
import static org.javisor.isa.Mnemonic.UNPCKHPS;
import static org.javisor.isa.Mnemonic.UNPCKLPD;
import static org.javisor.isa.Mnemonic.UNPCKLPS;
import static org.javisor.isa.Mnemonic.XORPD;
import static org.javisor.isa.Mnemonic.XORPS;
import static org.javisor.isa.OperandSpec.Ey;
import static org.javisor.isa.OperandSpec.Gd;
import static org.javisor.isa.OperandSpec.Gy;
import static org.javisor.isa.OperandSpec.Ib;
import static org.javisor.isa.OperandSpec.M128;
import static org.javisor.isa.OperandSpec.Mq;
import static org.javisor.isa.OperandSpec.Nq;
import static org.javisor.isa.OperandSpec.Pq;
import static org.javisor.isa.OperandSpec.Qd;
import static org.javisor.isa.OperandSpec.Qq;
import static org.javisor.isa.OperandSpec.RdMw;
import static org.javisor.isa.OperandSpec.U128;
import static org.javisor.isa.OperandSpec.V128;
import static org.javisor.isa.OperandSpec.W128;
import static org.javisor.isa.OperandSpec.W32;
import static org.javisor.isa.OperandSpec.W64;

/// The two-byte opcodes (0F xx) of MMX, SSE, SSE2 and SSE3. Every row refuses the prefixes that are not its
/// own.
///
/// @sdm vol. 2D, Table A-3 "Two-byte Opcode Map"
final class VectorMap extends OpcodeMap {
    VectorMap() {
        super(OpcodeRow.TWO_BYTE);
        moves();
        halves();
        integerMoves();
        nonTemporal();
        floatingPoint();
        comparisons();
        conversions();
        floatingPointLogic();
        packed();
        packedArithmetic();
        packedLogic();
        shifts();
        shuffles();
    }

    /// No prefix.
    private Row none(Feature feature, int opcode, Mnemonic mnemonic, OperandSpec... operands) {
        return define(opcode, mnemonic, operands).feature(feature).noPrefix();
    }

    private Row p66(Feature feature, int opcode, Mnemonic mnemonic, OperandSpec... operands) {
        return define(opcode, mnemonic, operands).prefix(0x66).feature(feature).noPrefix();
    }

    private Row f3(Feature feature, int opcode, Mnemonic mnemonic, OperandSpec... operands) {
        return define(opcode, mnemonic, operands).prefix(0xf3).feature(feature).noPrefix();
    }

    private Row f2(Feature feature, int opcode, Mnemonic mnemonic, OperandSpec... operands) {
        return define(opcode, mnemonic, operands).prefix(0xf2).feature(feature).noPrefix();
    }

    private void moves() {
        none(Feature.SSE, 0x10, MOVUPS, V128, W128).writesOnly();
        none(Feature.SSE, 0x11, MOVUPS, W128, V128).writesOnly();
        p66(Feature.SSE2, 0x10, MOVUPD, V128, W128).writesOnly();
        p66(Feature.SSE2, 0x11, MOVUPD, W128, V128).writesOnly();
        // Between registers the upper part of the destination stays, from memory it is cleared.
        f3(Feature.SSE, 0x10, MOVSS, V128, W32).writesOnly();
        f3(Feature.SSE, 0x11, MOVSS, W32, V128).writesOnly();
        f2(Feature.SSE2, 0x10, MOVSD, V128, W64).writesOnly();
        f2(Feature.SSE2, 0x11, MOVSD, W64, V128).writesOnly();
        none(Feature.SSE, 0x28, MOVAPS, V128, W128).aligned().writesOnly();
        none(Feature.SSE, 0x29, MOVAPS, W128, V128).aligned().writesOnly();
        p66(Feature.SSE2, 0x28, MOVAPD, V128, W128).aligned().writesOnly();
        p66(Feature.SSE2, 0x29, MOVAPD, W128, V128).aligned().writesOnly();
        none(Feature.SSE, 0x50, MOVMSKPS, Gd, U128).registerOnly().writesOnly();
        p66(Feature.SSE2, 0x50, MOVMSKPD, Gd, U128).registerOnly().writesOnly();
    }

    private void halves() {
        none(Feature.SSE, 0x12, MOVLPS, V128, Mq).memoryOnly();
        none(Feature.SSE, 0x12, MOVHLPS, V128, U128).registerOnly();
        none(Feature.SSE, 0x13, MOVLPS, Mq, V128).memoryOnly().writesOnly();
        none(Feature.SSE, 0x16, MOVHPS, V128, Mq).memoryOnly();
        none(Feature.SSE, 0x16, MOVLHPS, V128, U128).registerOnly();
        none(Feature.SSE, 0x17, MOVHPS, Mq, V128).memoryOnly().writesOnly();
        p66(Feature.SSE2, 0x12, MOVLPD, V128, Mq).memoryOnly();
        p66(Feature.SSE2, 0x13, MOVLPD, Mq, V128).memoryOnly().writesOnly();
        p66(Feature.SSE2, 0x16, MOVHPD, V128, Mq).memoryOnly();
        p66(Feature.SSE2, 0x17, MOVHPD, Mq, V128).memoryOnly().writesOnly();
        f3(Feature.SSE3, 0x12, MOVSLDUP, V128, W128).aligned().writesOnly();
        f3(Feature.SSE3, 0x16, MOVSHDUP, V128, W128).aligned().writesOnly();
        f2(Feature.SSE3, 0x12, MOVDDUP, V128, W64).writesOnly();
        none(Feature.SSE, 0x14, UNPCKLPS, V128, W128).aligned();
        none(Feature.SSE, 0x15, UNPCKHPS, V128, W128).aligned();
        p66(Feature.SSE2, 0x14, UNPCKLPD, V128, W128).aligned();
        p66(Feature.SSE2, 0x15, UNPCKHPD, V128, W128).aligned();
    }

    private void integerMoves() {
        none(Feature.MMX, 0x6e, MOVD, Pq, Ey).writesOnly();
        none(Feature.MMX, 0x7e, MOVD, Ey, Pq).writesOnly();
        p66(Feature.SSE2, 0x6e, MOVD, V128, Ey).writesOnly();
        p66(Feature.SSE2, 0x7e, MOVD, Ey, V128).writesOnly();
        none(Feature.MMX, 0x6f, MOVQ, Pq, Qq).writesOnly();
        none(Feature.MMX, 0x7f, MOVQ, Qq, Pq).writesOnly();
        f3(Feature.SSE2, 0x7e, MOVQ, V128, W64).writesOnly();
        p66(Feature.SSE2, 0xd6, MOVQ, W64, V128).writesOnly();
        p66(Feature.SSE2, 0x6f, MOVDQA, V128, W128).aligned().writesOnly();
        p66(Feature.SSE2, 0x7f, MOVDQA, W128, V128).aligned().writesOnly();
        f3(Feature.SSE2, 0x6f, MOVDQU, V128, W128).writesOnly();
        f3(Feature.SSE2, 0x7f, MOVDQU, W128, V128).writesOnly();
        f3(Feature.SSE2, 0xd6, MOVQ2DQ, V128, Nq).registerOnly().writesOnly();
        f2(Feature.SSE2, 0xd6, MOVDQ2Q, Pq, U128).registerOnly().writesOnly();
        f2(Feature.SSE3, 0xf0, LDDQU, V128, M128).memoryOnly().writesOnly();
        none(Feature.MMX, 0x77, EMMS);
        none(Feature.SSE, 0xd7, PMOVMSKB, Gd, Nq).registerOnly().writesOnly();
        p66(Feature.SSE2, 0xd7, PMOVMSKB, Gd, U128).registerOnly().writesOnly();
    }

    private void nonTemporal() {
        none(Feature.SSE, 0x2b, MOVNTPS, M128, V128).memoryOnly().aligned().writesOnly();
        p66(Feature.SSE2, 0x2b, MOVNTPD, M128, V128).memoryOnly().aligned().writesOnly();
        none(Feature.SSE, 0xe7, MOVNTQ, Mq, Pq).memoryOnly().writesOnly();
        p66(Feature.SSE2, 0xe7, MOVNTDQ, M128, V128).memoryOnly().aligned().writesOnly();
        // Stores to DS:rDI; neither needs alignment.
        none(Feature.SSE, 0xf7, MASKMOVQ, Pq, Nq).registerOnly().readsOnly();
        p66(Feature.SSE2, 0xf7, MASKMOVDQU, V128, U128).registerOnly().readsOnly();
    }

    /// An operation on packed and scalar, single and double precision.
    private void arithmetic(int opcode, Mnemonic ps, Mnemonic pd, Mnemonic ss, Mnemonic sd) {
        none(Feature.SSE, opcode, ps, V128, W128).aligned();
        p66(Feature.SSE2, opcode, pd, V128, W128).aligned();
        f3(Feature.SSE, opcode, ss, V128, W32);
        f2(Feature.SSE2, opcode, sd, V128, W64);
    }

    private void floatingPoint() {
        arithmetic(0x51, SQRTPS, SQRTPD, SQRTSS, SQRTSD);
        arithmetic(0x58, ADDPS, ADDPD, ADDSS, ADDSD);
        arithmetic(0x59, MULPS, MULPD, MULSS, MULSD);
        arithmetic(0x5c, SUBPS, SUBPD, SUBSS, SUBSD);
        arithmetic(0x5d, MINPS, MINPD, MINSS, MINSD);
        arithmetic(0x5e, DIVPS, DIVPD, DIVSS, DIVSD);
        arithmetic(0x5f, MAXPS, MAXPD, MAXSS, MAXSD);
        none(Feature.SSE, 0x52, RSQRTPS, V128, W128).aligned().writesOnly();
        f3(Feature.SSE, 0x52, RSQRTSS, V128, W32);
        none(Feature.SSE, 0x53, RCPPS, V128, W128).aligned().writesOnly();
        f3(Feature.SSE, 0x53, RCPSS, V128, W32);
        p66(Feature.SSE3, 0x7c, HADDPD, V128, W128).aligned();
        f2(Feature.SSE3, 0x7c, HADDPS, V128, W128).aligned();
        p66(Feature.SSE3, 0x7d, HSUBPD, V128, W128).aligned();
        f2(Feature.SSE3, 0x7d, HSUBPS, V128, W128).aligned();
        p66(Feature.SSE3, 0xd0, ADDSUBPD, V128, W128).aligned();
        f2(Feature.SSE3, 0xd0, ADDSUBPS, V128, W128).aligned();
    }

    private void comparisons() {
        none(Feature.SSE, 0x2e, UCOMISS, V128, W32).readsOnly();
        none(Feature.SSE, 0x2f, COMISS, V128, W32).readsOnly();
        p66(Feature.SSE2, 0x2e, UCOMISD, V128, W64).readsOnly();
        p66(Feature.SSE2, 0x2f, COMISD, V128, W64).readsOnly();
        none(Feature.SSE, 0xc2, CMPPS, V128, W128, Ib).aligned();
        p66(Feature.SSE2, 0xc2, CMPPD, V128, W128, Ib).aligned();
        f3(Feature.SSE, 0xc2, CMPSS, V128, W32, Ib);
        f2(Feature.SSE2, 0xc2, CMPSD, V128, W64, Ib);
    }

    private void conversions() {
        none(Feature.SSE, 0x2a, CVTPI2PS, V128, Qq);
        p66(Feature.SSE2, 0x2a, CVTPI2PD, V128, Qq).writesOnly();
        f3(Feature.SSE, 0x2a, CVTSI2SS, V128, Ey);
        f2(Feature.SSE2, 0x2a, CVTSI2SD, V128, Ey);
        none(Feature.SSE, 0x2c, CVTTPS2PI, Pq, W64).writesOnly();
        p66(Feature.SSE2, 0x2c, CVTTPD2PI, Pq, W128).aligned().writesOnly();
        f3(Feature.SSE, 0x2c, CVTTSS2SI, Gy, W32).writesOnly();
        f2(Feature.SSE2, 0x2c, CVTTSD2SI, Gy, W64).writesOnly();
        none(Feature.SSE, 0x2d, CVTPS2PI, Pq, W64).writesOnly();
        p66(Feature.SSE2, 0x2d, CVTPD2PI, Pq, W128).aligned().writesOnly();
        f3(Feature.SSE, 0x2d, CVTSS2SI, Gy, W32).writesOnly();
        f2(Feature.SSE2, 0x2d, CVTSD2SI, Gy, W64).writesOnly();
        none(Feature.SSE2, 0x5a, CVTPS2PD, V128, W64).writesOnly();
        p66(Feature.SSE2, 0x5a, CVTPD2PS, V128, W128).aligned().writesOnly();
        f3(Feature.SSE2, 0x5a, CVTSS2SD, V128, W32);
        f2(Feature.SSE2, 0x5a, CVTSD2SS, V128, W64);
        none(Feature.SSE2, 0x5b, CVTDQ2PS, V128, W128).aligned().writesOnly();
        p66(Feature.SSE2, 0x5b, CVTPS2DQ, V128, W128).aligned().writesOnly();
        f3(Feature.SSE2, 0x5b, CVTTPS2DQ, V128, W128).aligned().writesOnly();
        p66(Feature.SSE2, 0xe6, CVTTPD2DQ, V128, W128).aligned().writesOnly();
        f3(Feature.SSE2, 0xe6, CVTDQ2PD, V128, W64).writesOnly();
        f2(Feature.SSE2, 0xe6, CVTPD2DQ, V128, W128).aligned().writesOnly();
    }

    private void floatingPointLogic() {
        none(Feature.SSE, 0x54, ANDPS, V128, W128).aligned();
        none(Feature.SSE, 0x55, ANDNPS, V128, W128).aligned();
        none(Feature.SSE, 0x56, ORPS, V128, W128).aligned();
        none(Feature.SSE, 0x57, XORPS, V128, W128).aligned();
        p66(Feature.SSE2, 0x54, ANDPD, V128, W128).aligned();
        p66(Feature.SSE2, 0x55, ANDNPD, V128, W128).aligned();
        p66(Feature.SSE2, 0x56, ORPD, V128, W128).aligned();
        p66(Feature.SSE2, 0x57, XORPD, V128, W128).aligned();
    }

    /// An integer operation on MMX and, since SSE2, on XMM registers.
    private void both(Feature announcingMmxForm, int opcode, Mnemonic mnemonic) {
        none(announcingMmxForm, opcode, mnemonic, Pq, Qq);
        p66(Feature.SSE2, opcode, mnemonic, V128, W128).aligned();
    }

    private void packed() {
        // The MMX forms that interleave low halves read 4 bytes of memory only.
        none(Feature.MMX, 0x60, PUNPCKLBW, Pq, Qd);
        none(Feature.MMX, 0x61, PUNPCKLWD, Pq, Qd);
        none(Feature.MMX, 0x62, PUNPCKLDQ, Pq, Qd);
        p66(Feature.SSE2, 0x60, PUNPCKLBW, V128, W128).aligned();
        p66(Feature.SSE2, 0x61, PUNPCKLWD, V128, W128).aligned();
        p66(Feature.SSE2, 0x62, PUNPCKLDQ, V128, W128).aligned();
        p66(Feature.SSE2, 0x6c, PUNPCKLQDQ, V128, W128).aligned();
        p66(Feature.SSE2, 0x6d, PUNPCKHQDQ, V128, W128).aligned();
        both(Feature.MMX, 0x63, PACKSSWB);
        both(Feature.MMX, 0x64, PCMPGTB);
        both(Feature.MMX, 0x65, PCMPGTW);
        both(Feature.MMX, 0x66, PCMPGTD);
        both(Feature.MMX, 0x67, PACKUSWB);
        both(Feature.MMX, 0x68, PUNPCKHBW);
        both(Feature.MMX, 0x69, PUNPCKHWD);
        both(Feature.MMX, 0x6a, PUNPCKHDQ);
        both(Feature.MMX, 0x6b, PACKSSDW);
        both(Feature.MMX, 0x74, PCMPEQB);
        both(Feature.MMX, 0x75, PCMPEQW);
        both(Feature.MMX, 0x76, PCMPEQD);
    }

    private void packedArithmetic() {
        both(Feature.SSE2, 0xd4, PADDQ);
        both(Feature.MMX, 0xd5, PMULLW);
        both(Feature.MMX, 0xd8, PSUBUSB);
        both(Feature.MMX, 0xd9, PSUBUSW);
        both(Feature.SSE, 0xda, PMINUB);
        both(Feature.MMX, 0xdc, PADDUSB);
        both(Feature.MMX, 0xdd, PADDUSW);
        both(Feature.SSE, 0xde, PMAXUB);
        both(Feature.SSE, 0xe0, PAVGB);
        both(Feature.SSE, 0xe3, PAVGW);
        both(Feature.SSE, 0xe4, PMULHUW);
        both(Feature.MMX, 0xe5, PMULHW);
        both(Feature.MMX, 0xe8, PSUBSB);
        both(Feature.MMX, 0xe9, PSUBSW);
        both(Feature.SSE, 0xea, PMINSW);
        both(Feature.MMX, 0xec, PADDSB);
        both(Feature.MMX, 0xed, PADDSW);
        both(Feature.SSE, 0xee, PMAXSW);
        both(Feature.SSE2, 0xf4, PMULUDQ);
        both(Feature.MMX, 0xf5, PMADDWD);
        both(Feature.SSE, 0xf6, PSADBW);
        both(Feature.MMX, 0xf8, PSUBB);
        both(Feature.MMX, 0xf9, PSUBW);
        both(Feature.MMX, 0xfa, PSUBD);
        both(Feature.SSE2, 0xfb, PSUBQ);
        both(Feature.MMX, 0xfc, PADDB);
        both(Feature.MMX, 0xfd, PADDW);
        both(Feature.MMX, 0xfe, PADDD);
    }

    private void packedLogic() {
        both(Feature.MMX, 0xdb, PAND);
        both(Feature.MMX, 0xdf, PANDN);
        both(Feature.MMX, 0xeb, POR);
        both(Feature.MMX, 0xef, PXOR);
    }

    /// A shift by an immediate, on MMX and XMM registers.
    private void shift(int opcode, int extension, Mnemonic mnemonic) {
        group(opcode, extension, mnemonic, Nq, Ib).feature(Feature.MMX).registerOnly().noPrefix();
        shiftXmm(opcode, extension, mnemonic);
    }

    private void shiftXmm(int opcode, int extension, Mnemonic mnemonic) {
        group(opcode, extension, mnemonic, U128, Ib).prefix(0x66).feature(Feature.SSE2).registerOnly()
                .noPrefix();
    }

    private void shifts() {
        shift(0x71, 2, PSRLW);
        shift(0x71, 4, PSRAW);
        shift(0x71, 6, PSLLW);
        shift(0x72, 2, PSRLD);
        shift(0x72, 4, PSRAD);
        shift(0x72, 6, PSLLD);
        shift(0x73, 2, PSRLQ);
        shift(0x73, 6, PSLLQ);
        shiftXmm(0x73, 3, PSRLDQ);
        shiftXmm(0x73, 7, PSLLDQ);
        both(Feature.MMX, 0xd1, PSRLW);
        both(Feature.MMX, 0xd2, PSRLD);
        both(Feature.MMX, 0xd3, PSRLQ);
        both(Feature.MMX, 0xe1, PSRAW);
        both(Feature.MMX, 0xe2, PSRAD);
        both(Feature.MMX, 0xf1, PSLLW);
        both(Feature.MMX, 0xf2, PSLLD);
        both(Feature.MMX, 0xf3, PSLLQ);
    }

    private void shuffles() {
        none(Feature.SSE, 0x70, PSHUFW, Pq, Qq, Ib).writesOnly();
        p66(Feature.SSE2, 0x70, PSHUFD, V128, W128, Ib).aligned().writesOnly();
        f3(Feature.SSE2, 0x70, PSHUFHW, V128, W128, Ib).aligned().writesOnly();
        f2(Feature.SSE2, 0x70, PSHUFLW, V128, W128, Ib).aligned().writesOnly();
        none(Feature.SSE, 0xc4, PINSRW, Pq, RdMw, Ib);
        p66(Feature.SSE2, 0xc4, PINSRW, V128, RdMw, Ib);
        none(Feature.SSE, 0xc5, PEXTRW, Gd, Nq, Ib).registerOnly().writesOnly();
        p66(Feature.SSE2, 0xc5, PEXTRW, Gd, U128, Ib).registerOnly().writesOnly();
        none(Feature.SSE, 0xc6, SHUFPS, V128, W128, Ib).aligned();
        p66(Feature.SSE2, 0xc6, SHUFPD, V128, W128, Ib).aligned();
    }
}
