// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

import static org.javisor.isa.Mnemonic.AAA;
import static org.javisor.isa.Mnemonic.AAD;
import static org.javisor.isa.Mnemonic.AAM;
import static org.javisor.isa.Mnemonic.AAS;
import static org.javisor.isa.Mnemonic.ADC;
import static org.javisor.isa.Mnemonic.ADD;
import static org.javisor.isa.Mnemonic.AND;
import static org.javisor.isa.Mnemonic.ARPL;
import static org.javisor.isa.Mnemonic.BOUND;
import static org.javisor.isa.Mnemonic.CALL;
import static org.javisor.isa.Mnemonic.CALL_FAR;
import static org.javisor.isa.Mnemonic.CBW;
import static org.javisor.isa.Mnemonic.CLC;
import static org.javisor.isa.Mnemonic.CLD;
import static org.javisor.isa.Mnemonic.CLI;
import static org.javisor.isa.Mnemonic.CMC;
import static org.javisor.isa.Mnemonic.CMP;
import static org.javisor.isa.Mnemonic.CMPS;
import static org.javisor.isa.Mnemonic.CWD;
import static org.javisor.isa.Mnemonic.DAA;
import static org.javisor.isa.Mnemonic.DAS;
import static org.javisor.isa.Mnemonic.DEC;
import static org.javisor.isa.Mnemonic.DIV;
import static org.javisor.isa.Mnemonic.ENTER;
import static org.javisor.isa.Mnemonic.FWAIT;
import static org.javisor.isa.Mnemonic.HLT;
import static org.javisor.isa.Mnemonic.IDIV;
import static org.javisor.isa.Mnemonic.IMUL;
import static org.javisor.isa.Mnemonic.IN;
import static org.javisor.isa.Mnemonic.INC;
import static org.javisor.isa.Mnemonic.INS;
import static org.javisor.isa.Mnemonic.INT;
import static org.javisor.isa.Mnemonic.INT1;
import static org.javisor.isa.Mnemonic.INT3;
import static org.javisor.isa.Mnemonic.INTO;
import static org.javisor.isa.Mnemonic.IRET;
import static org.javisor.isa.Mnemonic.JA;
import static org.javisor.isa.Mnemonic.JAE;
import static org.javisor.isa.Mnemonic.JB;
import static org.javisor.isa.Mnemonic.JBE;
import static org.javisor.isa.Mnemonic.JCXZ;
import static org.javisor.isa.Mnemonic.JE;
import static org.javisor.isa.Mnemonic.JG;
import static org.javisor.isa.Mnemonic.JGE;
import static org.javisor.isa.Mnemonic.JL;
import static org.javisor.isa.Mnemonic.JLE;
import static org.javisor.isa.Mnemonic.JMP;
import static org.javisor.isa.Mnemonic.JMP_FAR;
import static org.javisor.isa.Mnemonic.JNE;
import static org.javisor.isa.Mnemonic.JNO;
import static org.javisor.isa.Mnemonic.JNP;
import static org.javisor.isa.Mnemonic.JNS;
import static org.javisor.isa.Mnemonic.JO;
import static org.javisor.isa.Mnemonic.JP;
import static org.javisor.isa.Mnemonic.JS;
import static org.javisor.isa.Mnemonic.LAHF;
import static org.javisor.isa.Mnemonic.LDS;
import static org.javisor.isa.Mnemonic.LEA;
import static org.javisor.isa.Mnemonic.LEAVE;
import static org.javisor.isa.Mnemonic.LES;
import static org.javisor.isa.Mnemonic.LODS;
import static org.javisor.isa.Mnemonic.LOOP;
import static org.javisor.isa.Mnemonic.LOOPE;
import static org.javisor.isa.Mnemonic.LOOPNE;
import static org.javisor.isa.Mnemonic.MOV;
import static org.javisor.isa.Mnemonic.MOVS;
import static org.javisor.isa.Mnemonic.MOVSXD;
import static org.javisor.isa.Mnemonic.MOV_SEG;
import static org.javisor.isa.Mnemonic.MUL;
import static org.javisor.isa.Mnemonic.NEG;
import static org.javisor.isa.Mnemonic.NOP;
import static org.javisor.isa.Mnemonic.NOT;
import static org.javisor.isa.Mnemonic.OR;
import static org.javisor.isa.Mnemonic.OUT;
import static org.javisor.isa.Mnemonic.OUTS;
import static org.javisor.isa.Mnemonic.PAUSE;
import static org.javisor.isa.Mnemonic.POP;
import static org.javisor.isa.Mnemonic.POPA;
import static org.javisor.isa.Mnemonic.POPF;
import static org.javisor.isa.Mnemonic.PUSH;
import static org.javisor.isa.Mnemonic.PUSHA;
import static org.javisor.isa.Mnemonic.PUSHF;
import static org.javisor.isa.Mnemonic.RCL;
import static org.javisor.isa.Mnemonic.RCR;
import static org.javisor.isa.Mnemonic.RET;
import static org.javisor.isa.Mnemonic.RET_FAR;
import static org.javisor.isa.Mnemonic.ROL;
import static org.javisor.isa.Mnemonic.ROR;
import static org.javisor.isa.Mnemonic.SAHF;
import static org.javisor.isa.Mnemonic.SALC;
import static org.javisor.isa.Mnemonic.SAR;
import static org.javisor.isa.Mnemonic.SBB;
import static org.javisor.isa.Mnemonic.SCAS;
import static org.javisor.isa.Mnemonic.SHL;
import static org.javisor.isa.Mnemonic.SHR;
import static org.javisor.isa.Mnemonic.STC;
import static org.javisor.isa.Mnemonic.STD;
import static org.javisor.isa.Mnemonic.STI;
import static org.javisor.isa.Mnemonic.STOS;
import static org.javisor.isa.Mnemonic.SUB;
import static org.javisor.isa.Mnemonic.TEST;
import static org.javisor.isa.Mnemonic.XCHG;
import static org.javisor.isa.Mnemonic.XLAT;
import static org.javisor.isa.Mnemonic.XOR;
import static org.javisor.isa.OperandSpec.AL;
import static org.javisor.isa.OperandSpec.Ap;
import static org.javisor.isa.OperandSpec.CL;
import static org.javisor.isa.OperandSpec.CS;
import static org.javisor.isa.OperandSpec.DS;
import static org.javisor.isa.OperandSpec.DX;
import static org.javisor.isa.OperandSpec.ES;
import static org.javisor.isa.OperandSpec.Eb;
import static org.javisor.isa.OperandSpec.Ev;
import static org.javisor.isa.OperandSpec.Ew;
import static org.javisor.isa.OperandSpec.Ez;
import static org.javisor.isa.OperandSpec.Gb;
import static org.javisor.isa.OperandSpec.Gv;
import static org.javisor.isa.OperandSpec.Gw;
import static org.javisor.isa.OperandSpec.Ib;
import static org.javisor.isa.OperandSpec.Ib2;
import static org.javisor.isa.OperandSpec.IbSigned;
import static org.javisor.isa.OperandSpec.Iv;
import static org.javisor.isa.OperandSpec.Iw;
import static org.javisor.isa.OperandSpec.Iz;
import static org.javisor.isa.OperandSpec.Jb;
import static org.javisor.isa.OperandSpec.Jz;
import static org.javisor.isa.OperandSpec.M;
import static org.javisor.isa.OperandSpec.Ma;
import static org.javisor.isa.OperandSpec.Mp;
import static org.javisor.isa.OperandSpec.Ob;
import static org.javisor.isa.OperandSpec.One;
import static org.javisor.isa.OperandSpec.Ov;
import static org.javisor.isa.OperandSpec.RvMw;
import static org.javisor.isa.OperandSpec.SS;
import static org.javisor.isa.OperandSpec.Sw;
import static org.javisor.isa.OperandSpec.Xb;
import static org.javisor.isa.OperandSpec.Xv;
import static org.javisor.isa.OperandSpec.Xz;
import static org.javisor.isa.OperandSpec.Yb;
import static org.javisor.isa.OperandSpec.Yv;
import static org.javisor.isa.OperandSpec.Yz;
import static org.javisor.isa.OperandSpec.Zb;
import static org.javisor.isa.OperandSpec.Zv;
import static org.javisor.isa.OperandSpec.eAX;
import static org.javisor.isa.OperandSpec.rAX;

/// The one-byte opcodes, without the x87 escapes D8 to DF.
///
/// @sdm vol. 2D, Table A-2 "One-byte Opcode Map"; Table A-6 "Opcode Extensions for One- and Two-byte Opcodes
///     by Group Number"
final class OneByteMap extends OpcodeMap {
    OneByteMap() {
        super(OpcodeRow.ONE_BYTE);
        arithmetic();
        stack();
        moves();
        groups();
        shifts();
        branches();
        strings();
        segments();
        decimal();
        ports();
        flags();
    }

    /// The six encodings that the eight basic operations share, and their forms with an immediate.
    private void operation(int n, Mnemonic mnemonic, int undefinedFlags) {
        int base = 8 * n;
        define(base, mnemonic, Eb, Gb).lockable().undefinedFlags(undefinedFlags);
        define(base + 1, mnemonic, Ev, Gv).lockable().undefinedFlags(undefinedFlags);
        define(base + 2, mnemonic, Gb, Eb).undefinedFlags(undefinedFlags);
        define(base + 3, mnemonic, Gv, Ev).undefinedFlags(undefinedFlags);
        define(base + 4, mnemonic, AL, Ib).undefinedFlags(undefinedFlags);
        define(base + 5, mnemonic, rAX, Iz).undefinedFlags(undefinedFlags);
        group(0x80, n, mnemonic, Eb, Ib).lockable().undefinedFlags(undefinedFlags);
        group(0x81, n, mnemonic, Ev, Iz).lockable().undefinedFlags(undefinedFlags);
        group(0x82, n, mnemonic, Eb, Ib).lockable().undefinedFlags(undefinedFlags).not64();
        group(0x83, n, mnemonic, Ev, IbSigned).lockable().undefinedFlags(undefinedFlags);
    }

    private void arithmetic() {
        operation(0, ADD, 0);
        operation(1, OR, AF);
        operation(2, ADC, 0);
        operation(3, SBB, 0);
        operation(4, AND, AF);
        operation(5, SUB, 0);
        operation(6, XOR, AF);

        define(0x38, CMP, Eb, Gb).readsOnly();
        define(0x39, CMP, Ev, Gv).readsOnly();
        define(0x3a, CMP, Gb, Eb).readsOnly();
        define(0x3b, CMP, Gv, Ev).readsOnly();
        define(0x3c, CMP, AL, Ib).readsOnly();
        define(0x3d, CMP, rAX, Iz).readsOnly();
        group(0x80, 7, CMP, Eb, Ib).readsOnly();
        group(0x81, 7, CMP, Ev, Iz).readsOnly();
        group(0x82, 7, CMP, Eb, Ib).readsOnly().not64();
        group(0x83, 7, CMP, Ev, IbSigned).readsOnly();

        define(0x84, TEST, Eb, Gb).readsOnly().undefinedFlags(AF);
        define(0x85, TEST, Ev, Gv).readsOnly().undefinedFlags(AF);
        define(0xa8, TEST, AL, Ib).readsOnly().undefinedFlags(AF);
        define(0xa9, TEST, rAX, Iz).readsOnly().undefinedFlags(AF);

        define(0x40, INC, Zv).not64();
        define(0x48, DEC, Zv).not64();
        define(0x69, IMUL, Gv, Ev, Iz).writesOnly().undefinedFlags(SF | ZF | AF | PF);
        define(0x6b, IMUL, Gv, Ev, IbSigned).writesOnly().undefinedFlags(SF | ZF | AF | PF);
        define(0x98, CBW);
        define(0x99, CWD);
    }

    private void stack() {
        define(0x06, PUSH, ES).not64();
        define(0x0e, PUSH, CS).not64();
        define(0x16, PUSH, SS).not64();
        define(0x1e, PUSH, DS).not64();
        define(0x07, POP, ES).not64().writesOnly().endsBlock();
        define(0x17, POP, SS).not64().writesOnly().endsBlock();
        define(0x1f, POP, DS).not64().writesOnly().endsBlock();
        define(0x50, PUSH, Zv).default64().readsOnly();
        define(0x58, POP, Zv).default64().writesOnly();
        define(0x60, PUSHA).not64();
        define(0x61, POPA).not64();
        define(0x68, PUSH, Iz).default64().readsOnly();
        define(0x6a, PUSH, IbSigned).default64().readsOnly();
        group(0x8f, 0, POP, Ev).default64().writesOnly();
        define(0x9c, PUSHF).default64();
        define(0x9d, POPF).default64();
        define(0xc8, ENTER, Iw, Ib2).default64();
        define(0xc9, LEAVE).default64();
        group(0xff, 6, PUSH, Ev).default64().readsOnly();
    }

    private void moves() {
        define(0x63, ARPL, Ew, Gw).not64().protectedOnly();
        define(0x63, MOVSXD, Gv, Ez).only64().writesOnly();
        define(0x86, XCHG, Eb, Gb).lockable();
        define(0x87, XCHG, Ev, Gv).lockable();
        define(0x88, MOV, Eb, Gb).writesOnly();
        define(0x89, MOV, Ev, Gv).writesOnly();
        define(0x8a, MOV, Gb, Eb).writesOnly();
        define(0x8b, MOV, Gv, Ev).writesOnly();
        define(0x8d, LEA, Gv, M).memoryOnly().writesOnly();
        // 90 is XCHG with REX.B alone; Decoder knows.
        define(0x90, NOP);
        define(0x90, PAUSE).prefix(0xf3);
        for (int register = 1; register < 8; register++) {
            define(0x90 + register, XCHG, Zv, rAX);
        }
        define(0xa0, MOV, AL, Ob).writesOnly();
        define(0xa1, MOV, rAX, Ov).writesOnly();
        define(0xa2, MOV, Ob, AL).writesOnly();
        define(0xa3, MOV, Ov, rAX).writesOnly();
        define(0xb0, MOV, Zb, Ib).writesOnly();
        define(0xb8, MOV, Zv, Iv).writesOnly();
        group(0xc6, 0, MOV, Eb, Ib).writesOnly();
        group(0xc7, 0, MOV, Ev, Iz).writesOnly();
        define(0xd7, XLAT);
    }

    private void groups() {
        // The manual leaves /1 empty; processors execute it as /0.
        group(0xf6, 0, TEST, Eb, Ib).readsOnly().undefinedFlags(AF);
        group(0xf6, 1, TEST, Eb, Ib).readsOnly().undefinedFlags(AF);
        group(0xf6, 2, NOT, Eb).lockable();
        group(0xf6, 3, NEG, Eb).lockable();
        group(0xf6, 4, MUL, Eb).readsOnly().undefinedFlags(SF | ZF | AF | PF);
        group(0xf6, 5, IMUL, Eb).readsOnly().undefinedFlags(SF | ZF | AF | PF);
        group(0xf6, 6, DIV, Eb).readsOnly().undefinedFlags(CF | PF | AF | ZF | SF | OF);
        group(0xf6, 7, IDIV, Eb).readsOnly().undefinedFlags(CF | PF | AF | ZF | SF | OF);
        group(0xf7, 0, TEST, Ev, Iz).readsOnly().undefinedFlags(AF);
        group(0xf7, 1, TEST, Ev, Iz).readsOnly().undefinedFlags(AF);
        group(0xf7, 2, NOT, Ev).lockable();
        group(0xf7, 3, NEG, Ev).lockable();
        group(0xf7, 4, MUL, Ev).readsOnly().undefinedFlags(SF | ZF | AF | PF);
        group(0xf7, 5, IMUL, Ev).readsOnly().undefinedFlags(SF | ZF | AF | PF);
        group(0xf7, 6, DIV, Ev).readsOnly().undefinedFlags(CF | PF | AF | ZF | SF | OF);
        group(0xf7, 7, IDIV, Ev).readsOnly().undefinedFlags(CF | PF | AF | ZF | SF | OF);
        group(0xfe, 0, INC, Eb).lockable();
        group(0xfe, 1, DEC, Eb).lockable();
        group(0xff, 0, INC, Ev).lockable();
        group(0xff, 1, DEC, Ev).lockable();
    }

    /// The six encodings of a shift or rotation. Flags that a count above 1 leaves undefined are undefined
    /// for all counts but the constant 1.
    private void shift(int extension, Mnemonic mnemonic, int undefinedAlways, int undefinedForCounts) {
        int byCount = undefinedAlways | undefinedForCounts;
        group(0xc0, extension, mnemonic, Eb, Ib).undefinedFlags(byCount);
        group(0xc1, extension, mnemonic, Ev, Ib).undefinedFlags(byCount);
        group(0xd0, extension, mnemonic, Eb, One).undefinedFlags(undefinedAlways);
        group(0xd1, extension, mnemonic, Ev, One).undefinedFlags(undefinedAlways);
        group(0xd2, extension, mnemonic, Eb, CL).undefinedFlags(byCount);
        group(0xd3, extension, mnemonic, Ev, CL).undefinedFlags(byCount);
    }

    private void shifts() {
        shift(0, ROL, 0, OF);
        shift(1, ROR, 0, OF);
        shift(2, RCL, 0, OF);
        shift(3, RCR, 0, OF);
        // CF too is undefined when the count reaches the operand's size.
        shift(4, SHL, AF, OF | CF);
        shift(5, SHR, AF, OF | CF);
        // The manual leaves /6 empty; processors execute it as /4.
        shift(6, SHL, AF, OF | CF);
        shift(7, SAR, AF, OF);
    }

    private void branches() {
        Mnemonic[] conditional = {JO, JNO, JB, JAE, JE, JNE, JBE, JA, JS, JNS, JP, JNP, JL, JGE, JLE, JG};
        for (int condition = 0; condition < 16; condition++) {
            define(0x70 + condition, conditional[condition], Jb).force64().endsBlock();
        }
        define(0x62, BOUND, Gv, Ma).not64().memoryOnly().readsOnly();
        define(0x9a, CALL_FAR, Ap).not64().endsBlock();
        define(0xc2, RET, Iw).force64().endsBlock();
        define(0xc3, RET).force64().endsBlock();
        define(0xca, RET_FAR, Iw).endsBlock();
        define(0xcb, RET_FAR).endsBlock();
        define(0xcc, INT3).endsBlock();
        define(0xcd, INT, Ib).endsBlock();
        define(0xce, INTO).not64().endsBlock();
        define(0xcf, IRET).endsBlock();
        define(0xe0, LOOPNE, Jb).force64().endsBlock();
        define(0xe1, LOOPE, Jb).force64().endsBlock();
        define(0xe2, LOOP, Jb).force64().endsBlock();
        define(0xe3, JCXZ, Jb).force64().endsBlock();
        define(0xe8, CALL, Jz).force64().endsBlock();
        define(0xe9, JMP, Jz).force64().endsBlock();
        define(0xea, JMP_FAR, Ap).not64().endsBlock();
        define(0xeb, JMP, Jb).force64().endsBlock();
        define(0xf1, INT1).endsBlock();
        define(0xf4, HLT).privileged().endsBlock();
        group(0xff, 2, CALL, Ev).force64().readsOnly().endsBlock();
        group(0xff, 3, CALL_FAR, Mp).memoryOnly().readsOnly().endsBlock();
        group(0xff, 4, JMP, Ev).force64().readsOnly().endsBlock();
        group(0xff, 5, JMP_FAR, Mp).memoryOnly().readsOnly().endsBlock();
    }

    private void strings() {
        define(0x6c, INS, Yb, DX).string().writesOnly().endsBlock();
        define(0x6d, INS, Yz, DX).string().writesOnly().endsBlock();
        // The manual writes DX first; here operand 0 is what has the width, as for the other string
        // instructions.
        define(0x6e, OUTS, Xb, DX).string().readsOnly().endsBlock();
        define(0x6f, OUTS, Xz, DX).string().readsOnly().endsBlock();
        define(0xa4, MOVS, Yb, Xb).string().writesOnly();
        define(0xa5, MOVS, Yv, Xv).string().writesOnly();
        define(0xa6, CMPS, Xb, Yb).string().readsOnly();
        define(0xa7, CMPS, Xv, Yv).string().readsOnly();
        define(0xaa, STOS, Yb, AL).string().writesOnly();
        define(0xab, STOS, Yv, rAX).string().writesOnly();
        define(0xac, LODS, AL, Xb).string().writesOnly();
        define(0xad, LODS, rAX, Xv).string().writesOnly();
        define(0xae, SCAS, AL, Yb).string().readsOnly();
        define(0xaf, SCAS, rAX, Yv).string().readsOnly();
    }

    private void segments() {
        define(0x8c, MOV_SEG, RvMw, Sw).writesOnly();
        define(0x8e, MOV_SEG, Sw, Ew).writesOnly().endsBlock();
        // With ModRM.mod = 3, and in 64-bit mode, C4 and C5 begin a VEX prefix.
        define(0xc4, LES, Gv, Mp).not64().memoryOnly().writesOnly().endsBlock();
        define(0xc5, LDS, Gv, Mp).not64().memoryOnly().writesOnly().endsBlock();
    }

    private void decimal() {
        define(0x27, DAA).not64().undefinedFlags(OF);
        define(0x2f, DAS).not64().undefinedFlags(OF);
        define(0x37, AAA).not64().undefinedFlags(OF | SF | ZF | PF);
        define(0x3f, AAS).not64().undefinedFlags(OF | SF | ZF | PF);
        define(0xd4, AAM, Ib).not64().undefinedFlags(OF | AF | CF);
        define(0xd5, AAD, Ib).not64().undefinedFlags(OF | AF | CF);
        // Not in the manual's map, and in every processor.
        define(0xd6, SALC).not64();
    }

    private void ports() {
        define(0xe4, IN, AL, Ib).writesOnly().endsBlock();
        define(0xe5, IN, eAX, Ib).writesOnly().endsBlock();
        define(0xe6, OUT, Ib, AL).readsOnly().endsBlock();
        define(0xe7, OUT, Ib, eAX).readsOnly().endsBlock();
        define(0xec, IN, AL, DX).writesOnly().endsBlock();
        define(0xed, IN, eAX, DX).writesOnly().endsBlock();
        define(0xee, OUT, DX, AL).readsOnly().endsBlock();
        define(0xef, OUT, DX, eAX).readsOnly().endsBlock();
    }

    private void flags() {
        define(0x9b, FWAIT).feature(Feature.FPU);
        define(0x9e, SAHF);
        define(0x9f, LAHF);
        define(0xf5, CMC);
        define(0xf8, CLC);
        define(0xf9, STC);
        define(0xfa, CLI);
        define(0xfb, STI);
        define(0xfc, CLD);
        define(0xfd, STD);
    }
}
