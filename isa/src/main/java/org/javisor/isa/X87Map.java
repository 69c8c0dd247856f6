// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

import static org.javisor.isa.Mnemonic.F2XM1;
import static org.javisor.isa.Mnemonic.FABS;
import static org.javisor.isa.Mnemonic.FADD;
import static org.javisor.isa.Mnemonic.FADDP;
import static org.javisor.isa.Mnemonic.FBLD;
import static org.javisor.isa.Mnemonic.FBSTP;
import static org.javisor.isa.Mnemonic.FCHS;
import static org.javisor.isa.Mnemonic.FCMOVB;
import static org.javisor.isa.Mnemonic.FCMOVBE;
import static org.javisor.isa.Mnemonic.FCMOVE;
import static org.javisor.isa.Mnemonic.FCMOVNB;
import static org.javisor.isa.Mnemonic.FCMOVNBE;
import static org.javisor.isa.Mnemonic.FCMOVNE;
import static org.javisor.isa.Mnemonic.FCMOVNU;
import static org.javisor.isa.Mnemonic.FCMOVU;
import static org.javisor.isa.Mnemonic.FCOM;
import static org.javisor.isa.Mnemonic.FCOMI;
import static org.javisor.isa.Mnemonic.FCOMIP;
import static org.javisor.isa.Mnemonic.FCOMP;
import static org.javisor.isa.Mnemonic.FCOMPP;
import static org.javisor.isa.Mnemonic.FCOS;
import static org.javisor.isa.Mnemonic.FDECSTP;
import static org.javisor.isa.Mnemonic.FDIV;
import static org.javisor.isa.Mnemonic.FDIVP;
import static org.javisor.isa.Mnemonic.FDIVR;
import static org.javisor.isa.Mnemonic.FDIVRP;
import static org.javisor.isa.Mnemonic.FFREE;
import static org.javisor.isa.Mnemonic.FFREEP;
import static org.javisor.isa.Mnemonic.FIADD;
import static org.javisor.isa.Mnemonic.FICOM;
import static org.javisor.isa.Mnemonic.FICOMP;
import static org.javisor.isa.Mnemonic.FIDIV;
import static org.javisor.isa.Mnemonic.FIDIVR;
import static org.javisor.isa.Mnemonic.FILD;
import static org.javisor.isa.Mnemonic.FIMUL;
import static org.javisor.isa.Mnemonic.FINCSTP;
import static org.javisor.isa.Mnemonic.FIST;
import static org.javisor.isa.Mnemonic.FISTP;
import static org.javisor.isa.Mnemonic.FISTTP;
import static org.javisor.isa.Mnemonic.FISUB;
import static org.javisor.isa.Mnemonic.FISUBR;
import static org.javisor.isa.Mnemonic.FLD;
import static org.javisor.isa.Mnemonic.FLD1;
import static org.javisor.isa.Mnemonic.FLDCW;
import static org.javisor.isa.Mnemonic.FLDENV;
import static org.javisor.isa.Mnemonic.FLDL2E;
import static org.javisor.isa.Mnemonic.FLDL2T;
import static org.javisor.isa.Mnemonic.FLDLG2;
import static org.javisor.isa.Mnemonic.FLDLN2;
import static org.javisor.isa.Mnemonic.FLDPI;
import static org.javisor.isa.Mnemonic.FLDZ;
import static org.javisor.isa.Mnemonic.FMUL;
import static org.javisor.isa.Mnemonic.FMULP;
import static org.javisor.isa.Mnemonic.FNCLEX;
import static org.javisor.isa.Mnemonic.FNDISI;
import static org.javisor.isa.Mnemonic.FNENI;
import static org.javisor.isa.Mnemonic.FNINIT;
import static org.javisor.isa.Mnemonic.FNOP;
import static org.javisor.isa.Mnemonic.FNSAVE;
import static org.javisor.isa.Mnemonic.FNSETPM;
import static org.javisor.isa.Mnemonic.FNSTCW;
import static org.javisor.isa.Mnemonic.FNSTENV;
import static org.javisor.isa.Mnemonic.FNSTSW;
import static org.javisor.isa.Mnemonic.FPATAN;
import static org.javisor.isa.Mnemonic.FPREM;
import static org.javisor.isa.Mnemonic.FPREM1;
import static org.javisor.isa.Mnemonic.FPTAN;
import static org.javisor.isa.Mnemonic.FRNDINT;
import static org.javisor.isa.Mnemonic.FRSTOR;
import static org.javisor.isa.Mnemonic.FSCALE;
import static org.javisor.isa.Mnemonic.FSIN;
import static org.javisor.isa.Mnemonic.FSINCOS;
import static org.javisor.isa.Mnemonic.FSQRT;
import static org.javisor.isa.Mnemonic.FST;
import static org.javisor.isa.Mnemonic.FSTP;
import static org.javisor.isa.Mnemonic.FSTPNCE;
import static org.javisor.isa.Mnemonic.FSUB;
import static org.javisor.isa.Mnemonic.FSUBP;
import static org.javisor.isa.Mnemonic.FSUBR;
import static org.javisor.isa.Mnemonic.FSUBRP;
import static org.javisor.isa.Mnemonic.FTST;
import static org.javisor.isa.Mnemonic.FUCOM;
import static org.javisor.isa.Mnemonic.FUCOMI;
import static org.javisor.isa.Mnemonic.FUCOMIP;
import static org.javisor.isa.Mnemonic.FUCOMP;
import static org.javisor.isa.Mnemonic.FUCOMPP;
import static org.javisor.isa.Mnemonic.FXAM;
import static org.javisor.isa.Mnemonic.FXCH;
import static org.javisor.isa.Mnemonic.FXTRACT;
import static org.javisor.isa.Mnemonic.FYL2X;
import static org.javisor.isa.Mnemonic.FYL2XP1;
import static org.javisor.isa.OperandSpec.AX;
import static org.javisor.isa.OperandSpec.M;
import static org.javisor.isa.OperandSpec.Md;
import static org.javisor.isa.OperandSpec.Mq;
import static org.javisor.isa.OperandSpec.Mt;
import static org.javisor.isa.OperandSpec.Mw;
import static org.javisor.isa.OperandSpec.ST0;
import static org.javisor.isa.OperandSpec.STi;

/// The x87 instructions: the escape opcodes D8 to DF, with the aliases that the manual leaves out and every
/// processor has.
///
/// @sdm vol. 2D, appendix A.5 "Escape Opcode Instructions"
final class X87Map extends OpcodeMap {
    X87Map() {
        super(OpcodeRow.X87);
        arithmetic();
        moves();
        integers();
        comparisons();
        conditionalMoves();
        constants();
        unary();
        control();
    }

    private Row memory(int opcode, int extension, Mnemonic mnemonic, OperandSpec operand) {
        return group(opcode, extension, mnemonic, operand).feature(Feature.FPU).memoryOnly();
    }

    private Row register(int opcode, int extension, Mnemonic mnemonic, OperandSpec... operands) {
        return group(opcode, extension, mnemonic, operands).feature(Feature.FPU).registerOnly();
    }

    /// An instruction without operands, selected by the whole second byte.
    private Row whole(int opcode, int second, Mnemonic mnemonic) {
        return group(opcode, second, mnemonic).feature(Feature.FPU).registerOnly();
    }

    private void arithmetic() {
        Mnemonic[] real = {FADD, FMUL, FCOM, FCOMP, FSUB, FSUBR, FDIV, FDIVR};
        Mnemonic[] integer = {FIADD, FIMUL, FICOM, FICOMP, FISUB, FISUBR, FIDIV, FIDIVR};
        for (int extension = 0; extension < 8; extension++) {
            memory(0xd8, extension, real[extension], Md).readsOnly();
            memory(0xdc, extension, real[extension], Mq).readsOnly();
            memory(0xda, extension, integer[extension], Md).readsOnly();
            memory(0xde, extension, integer[extension], Mw).readsOnly();
            if (extension != 2 && extension != 3) {
                register(0xd8, extension, real[extension], ST0, STi);
            }
        }
        // With ST(i) as destination the encodings of FSUB and FSUBR, FDIV and FDIVR are exchanged.
        register(0xdc, 0, FADD, STi, ST0);
        register(0xdc, 1, FMUL, STi, ST0);
        register(0xdc, 4, FSUBR, STi, ST0);
        register(0xdc, 5, FSUB, STi, ST0);
        register(0xdc, 6, FDIVR, STi, ST0);
        register(0xdc, 7, FDIV, STi, ST0);
        register(0xde, 0, FADDP, STi, ST0);
        register(0xde, 1, FMULP, STi, ST0);
        register(0xde, 4, FSUBRP, STi, ST0);
        register(0xde, 5, FSUBP, STi, ST0);
        register(0xde, 6, FDIVRP, STi, ST0);
        register(0xde, 7, FDIVP, STi, ST0);
    }

    private void moves() {
        memory(0xd9, 0, FLD, Md).readsOnly();
        memory(0xd9, 2, FST, Md).writesOnly();
        memory(0xd9, 3, FSTP, Md).writesOnly();
        memory(0xdd, 0, FLD, Mq).readsOnly();
        memory(0xdd, 2, FST, Mq).writesOnly();
        memory(0xdd, 3, FSTP, Mq).writesOnly();
        memory(0xdb, 5, FLD, Mt).readsOnly();
        memory(0xdb, 7, FSTP, Mt).writesOnly();
        memory(0xdf, 4, FBLD, Mt).readsOnly();
        memory(0xdf, 6, FBSTP, Mt).writesOnly();
        register(0xd9, 0, FLD, STi);
        register(0xd9, 1, FXCH, STi);
        register(0xd9, 3, FSTPNCE, STi);
        register(0xdd, 0, FFREE, STi);
        register(0xdd, 1, FXCH, STi);
        register(0xdd, 2, FST, STi);
        register(0xdd, 3, FSTP, STi);
        register(0xdf, 0, FFREEP, STi);
        register(0xdf, 1, FXCH, STi);
        register(0xdf, 2, FSTP, STi);
        register(0xdf, 3, FSTP, STi);
    }

    private void integers() {
        memory(0xdb, 0, FILD, Md).readsOnly();
        memory(0xdb, 1, FISTTP, Md).feature(Feature.SSE3).writesOnly();
        memory(0xdb, 2, FIST, Md).writesOnly();
        memory(0xdb, 3, FISTP, Md).writesOnly();
        memory(0xdd, 1, FISTTP, Mq).feature(Feature.SSE3).writesOnly();
        memory(0xdf, 0, FILD, Mw).readsOnly();
        memory(0xdf, 1, FISTTP, Mw).feature(Feature.SSE3).writesOnly();
        memory(0xdf, 2, FIST, Mw).writesOnly();
        memory(0xdf, 3, FISTP, Mw).writesOnly();
        memory(0xdf, 5, FILD, Mq).readsOnly();
        memory(0xdf, 7, FISTP, Mq).writesOnly();
    }

    private void comparisons() {
        register(0xd8, 2, FCOM, STi);
        register(0xd8, 3, FCOMP, STi);
        register(0xdc, 2, FCOM, STi);
        register(0xdc, 3, FCOMP, STi);
        register(0xde, 2, FCOMP, STi);
        whole(0xde, 0xd9, FCOMPP);
        register(0xdd, 4, FUCOM, STi);
        register(0xdd, 5, FUCOMP, STi);
        whole(0xda, 0xe9, FUCOMPP);
        register(0xdb, 5, FUCOMI, ST0, STi).feature(Feature.CMOV);
        register(0xdb, 6, FCOMI, ST0, STi).feature(Feature.CMOV);
        register(0xdf, 5, FUCOMIP, ST0, STi).feature(Feature.CMOV);
        register(0xdf, 6, FCOMIP, ST0, STi).feature(Feature.CMOV);
        whole(0xd9, 0xe4, FTST);
        whole(0xd9, 0xe5, FXAM);
    }

    private void conditionalMoves() {
        register(0xda, 0, FCMOVB, ST0, STi).feature(Feature.CMOV);
        register(0xda, 1, FCMOVE, ST0, STi).feature(Feature.CMOV);
        register(0xda, 2, FCMOVBE, ST0, STi).feature(Feature.CMOV);
        register(0xda, 3, FCMOVU, ST0, STi).feature(Feature.CMOV);
        register(0xdb, 0, FCMOVNB, ST0, STi).feature(Feature.CMOV);
        register(0xdb, 1, FCMOVNE, ST0, STi).feature(Feature.CMOV);
        register(0xdb, 2, FCMOVNBE, ST0, STi).feature(Feature.CMOV);
        register(0xdb, 3, FCMOVNU, ST0, STi).feature(Feature.CMOV);
    }

    private void constants() {
        whole(0xd9, 0xe8, FLD1);
        whole(0xd9, 0xe9, FLDL2T);
        whole(0xd9, 0xea, FLDL2E);
        whole(0xd9, 0xeb, FLDPI);
        whole(0xd9, 0xec, FLDLG2);
        whole(0xd9, 0xed, FLDLN2);
        whole(0xd9, 0xee, FLDZ);
    }

    private void unary() {
        whole(0xd9, 0xe0, FCHS);
        whole(0xd9, 0xe1, FABS);
        whole(0xd9, 0xf0, F2XM1);
        whole(0xd9, 0xf1, FYL2X);
        whole(0xd9, 0xf2, FPTAN);
        whole(0xd9, 0xf3, FPATAN);
        whole(0xd9, 0xf4, FXTRACT);
        whole(0xd9, 0xf5, FPREM1);
        whole(0xd9, 0xf6, FDECSTP);
        whole(0xd9, 0xf7, FINCSTP);
        whole(0xd9, 0xf8, FPREM);
        whole(0xd9, 0xf9, FYL2XP1);
        whole(0xd9, 0xfa, FSQRT);
        whole(0xd9, 0xfb, FSINCOS);
        whole(0xd9, 0xfc, FRNDINT);
        whole(0xd9, 0xfd, FSCALE);
        whole(0xd9, 0xfe, FSIN);
        whole(0xd9, 0xff, FCOS);
    }

    private void control() {
        memory(0xd9, 4, FLDENV, M).readsOnly();
        memory(0xd9, 5, FLDCW, Mw).readsOnly();
        memory(0xd9, 6, FNSTENV, M).writesOnly();
        memory(0xd9, 7, FNSTCW, Mw).writesOnly();
        memory(0xdd, 4, FRSTOR, M).readsOnly();
        memory(0xdd, 6, FNSAVE, M).writesOnly();
        memory(0xdd, 7, FNSTSW, Mw).writesOnly();
        group(0xdf, 0xe0, FNSTSW, AX).feature(Feature.FPU).registerOnly().writesOnly();
        whole(0xd9, 0xd0, FNOP);
        whole(0xdb, 0xe0, FNENI);
        whole(0xdb, 0xe1, FNDISI);
        whole(0xdb, 0xe2, FNCLEX);
        whole(0xdb, 0xe3, FNINIT);
        whole(0xdb, 0xe4, FNSETPM);
    }
}
