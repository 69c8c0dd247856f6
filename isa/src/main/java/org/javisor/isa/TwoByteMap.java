// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

import static org.javisor.isa.Mnemonic.BSF;
import static org.javisor.isa.Mnemonic.BSR;
import static org.javisor.isa.Mnemonic.BSWAP;
import static org.javisor.isa.Mnemonic.BT;
import static org.javisor.isa.Mnemonic.BTC;
import static org.javisor.isa.Mnemonic.BTR;
import static org.javisor.isa.Mnemonic.BTS;
import static org.javisor.isa.Mnemonic.CLAC;
import static org.javisor.isa.Mnemonic.CLFLUSH;
import static org.javisor.isa.Mnemonic.CLFLUSHOPT;
import static org.javisor.isa.Mnemonic.CLRSSBSY;
import static org.javisor.isa.Mnemonic.CLTS;
import static org.javisor.isa.Mnemonic.CLWB;
import static org.javisor.isa.Mnemonic.CMOVA;
import static org.javisor.isa.Mnemonic.CMOVAE;
import static org.javisor.isa.Mnemonic.CMOVB;
import static org.javisor.isa.Mnemonic.CMOVBE;
import static org.javisor.isa.Mnemonic.CMOVE;
import static org.javisor.isa.Mnemonic.CMOVG;
import static org.javisor.isa.Mnemonic.CMOVGE;
import static org.javisor.isa.Mnemonic.CMOVL;
import static org.javisor.isa.Mnemonic.CMOVLE;
import static org.javisor.isa.Mnemonic.CMOVNE;
import static org.javisor.isa.Mnemonic.CMOVNO;
import static org.javisor.isa.Mnemonic.CMOVNP;
import static org.javisor.isa.Mnemonic.CMOVNS;
import static org.javisor.isa.Mnemonic.CMOVO;
import static org.javisor.isa.Mnemonic.CMOVP;
import static org.javisor.isa.Mnemonic.CMOVS;
import static org.javisor.isa.Mnemonic.CMPXCHG8B;
import static org.javisor.isa.Mnemonic.CMPXCHG;
import static org.javisor.isa.Mnemonic.CPUID;
import static org.javisor.isa.Mnemonic.FXRSTOR;
import static org.javisor.isa.Mnemonic.FXSAVE;
import static org.javisor.isa.Mnemonic.HINT_NOP;
import static org.javisor.isa.Mnemonic.IMUL;
import static org.javisor.isa.Mnemonic.INCSSP;
import static org.javisor.isa.Mnemonic.INVD;
import static org.javisor.isa.Mnemonic.INVLPG;
import static org.javisor.isa.Mnemonic.JA;
import static org.javisor.isa.Mnemonic.JAE;
import static org.javisor.isa.Mnemonic.JB;
import static org.javisor.isa.Mnemonic.JBE;
import static org.javisor.isa.Mnemonic.JE;
import static org.javisor.isa.Mnemonic.JG;
import static org.javisor.isa.Mnemonic.JGE;
import static org.javisor.isa.Mnemonic.JL;
import static org.javisor.isa.Mnemonic.JLE;
import static org.javisor.isa.Mnemonic.JNE;
import static org.javisor.isa.Mnemonic.JNO;
import static org.javisor.isa.Mnemonic.JNP;
import static org.javisor.isa.Mnemonic.JNS;
import static org.javisor.isa.Mnemonic.JO;
import static org.javisor.isa.Mnemonic.JP;
import static org.javisor.isa.Mnemonic.JS;
import static org.javisor.isa.Mnemonic.LAR;
import static org.javisor.isa.Mnemonic.LDMXCSR;
import static org.javisor.isa.Mnemonic.LFENCE;
import static org.javisor.isa.Mnemonic.LFS;
import static org.javisor.isa.Mnemonic.LGDT;
import static org.javisor.isa.Mnemonic.LGS;
import static org.javisor.isa.Mnemonic.LIDT;
import static org.javisor.isa.Mnemonic.LLDT;
import static org.javisor.isa.Mnemonic.LMSW;
import static org.javisor.isa.Mnemonic.LSL;
import static org.javisor.isa.Mnemonic.LSS;
import static org.javisor.isa.Mnemonic.LTR;
import static org.javisor.isa.Mnemonic.LZCNT;
import static org.javisor.isa.Mnemonic.MFENCE;
import static org.javisor.isa.Mnemonic.MONITOR;
import static org.javisor.isa.Mnemonic.MOVNTI;
import static org.javisor.isa.Mnemonic.MOVSX;
import static org.javisor.isa.Mnemonic.MOVZX;
import static org.javisor.isa.Mnemonic.MOV_CR;
import static org.javisor.isa.Mnemonic.MOV_DR;
import static org.javisor.isa.Mnemonic.MWAIT;
import static org.javisor.isa.Mnemonic.NOP;
import static org.javisor.isa.Mnemonic.POP;
import static org.javisor.isa.Mnemonic.POPCNT;
import static org.javisor.isa.Mnemonic.PREFETCH;
import static org.javisor.isa.Mnemonic.PREFETCHNTA;
import static org.javisor.isa.Mnemonic.PREFETCHT0;
import static org.javisor.isa.Mnemonic.PREFETCHT1;
import static org.javisor.isa.Mnemonic.PREFETCHT2;
import static org.javisor.isa.Mnemonic.PREFETCHW;
import static org.javisor.isa.Mnemonic.PUSH;
import static org.javisor.isa.Mnemonic.RDFSBASE;
import static org.javisor.isa.Mnemonic.RDGSBASE;
import static org.javisor.isa.Mnemonic.RDMSR;
import static org.javisor.isa.Mnemonic.RDPID;
import static org.javisor.isa.Mnemonic.RDPKRU;
import static org.javisor.isa.Mnemonic.RDPMC;
import static org.javisor.isa.Mnemonic.RDRAND;
import static org.javisor.isa.Mnemonic.RDSEED;
import static org.javisor.isa.Mnemonic.RDSSP;
import static org.javisor.isa.Mnemonic.RDTSC;
import static org.javisor.isa.Mnemonic.RDTSCP;
import static org.javisor.isa.Mnemonic.RSM;
import static org.javisor.isa.Mnemonic.RSTORSSP;
import static org.javisor.isa.Mnemonic.SAVEPREVSSP;
import static org.javisor.isa.Mnemonic.SERIALIZE;
import static org.javisor.isa.Mnemonic.SETA;
import static org.javisor.isa.Mnemonic.SETAE;
import static org.javisor.isa.Mnemonic.SETB;
import static org.javisor.isa.Mnemonic.SETBE;
import static org.javisor.isa.Mnemonic.SETE;
import static org.javisor.isa.Mnemonic.SETG;
import static org.javisor.isa.Mnemonic.SETGE;
import static org.javisor.isa.Mnemonic.SETL;
import static org.javisor.isa.Mnemonic.SETLE;
import static org.javisor.isa.Mnemonic.SETNE;
import static org.javisor.isa.Mnemonic.SETNO;
import static org.javisor.isa.Mnemonic.SETNP;
import static org.javisor.isa.Mnemonic.SETNS;
import static org.javisor.isa.Mnemonic.SETO;
import static org.javisor.isa.Mnemonic.SETP;
import static org.javisor.isa.Mnemonic.SETS;
import static org.javisor.isa.Mnemonic.SETSSBSY;
import static org.javisor.isa.Mnemonic.SFENCE;
import static org.javisor.isa.Mnemonic.SGDT;
import static org.javisor.isa.Mnemonic.SHLD;
import static org.javisor.isa.Mnemonic.SHRD;
import static org.javisor.isa.Mnemonic.SIDT;
import static org.javisor.isa.Mnemonic.SLDT;
import static org.javisor.isa.Mnemonic.SMSW;
import static org.javisor.isa.Mnemonic.STAC;
import static org.javisor.isa.Mnemonic.STMXCSR;
import static org.javisor.isa.Mnemonic.STR;
import static org.javisor.isa.Mnemonic.SWAPGS;
import static org.javisor.isa.Mnemonic.SYSCALL;
import static org.javisor.isa.Mnemonic.SYSENTER;
import static org.javisor.isa.Mnemonic.SYSEXIT;
import static org.javisor.isa.Mnemonic.SYSRET;
import static org.javisor.isa.Mnemonic.TZCNT;
import static org.javisor.isa.Mnemonic.UD0;
import static org.javisor.isa.Mnemonic.UD1;
import static org.javisor.isa.Mnemonic.UD2;
import static org.javisor.isa.Mnemonic.VERR;
import static org.javisor.isa.Mnemonic.VERW;
import static org.javisor.isa.Mnemonic.VMCALL;
import static org.javisor.isa.Mnemonic.VMMCALL;
import static org.javisor.isa.Mnemonic.WBINVD;
import static org.javisor.isa.Mnemonic.WRFSBASE;
import static org.javisor.isa.Mnemonic.WRGSBASE;
import static org.javisor.isa.Mnemonic.WRMSR;
import static org.javisor.isa.Mnemonic.WRPKRU;
import static org.javisor.isa.Mnemonic.XADD;
import static org.javisor.isa.Mnemonic.XGETBV;
import static org.javisor.isa.Mnemonic.XRSTOR;
import static org.javisor.isa.Mnemonic.XRSTORS;
import static org.javisor.isa.Mnemonic.XSAVE;
import static org.javisor.isa.Mnemonic.XSAVEC;
import static org.javisor.isa.Mnemonic.XSAVEOPT;
import static org.javisor.isa.Mnemonic.XSAVES;
import static org.javisor.isa.Mnemonic.XSETBV;
import static org.javisor.isa.OperandSpec.CL;
import static org.javisor.isa.OperandSpec.Cd;
import static org.javisor.isa.OperandSpec.Dd;
import static org.javisor.isa.OperandSpec.Eb;
import static org.javisor.isa.OperandSpec.Ev;
import static org.javisor.isa.OperandSpec.Ew;
import static org.javisor.isa.OperandSpec.FS;
import static org.javisor.isa.OperandSpec.GS;
import static org.javisor.isa.OperandSpec.Gb;
import static org.javisor.isa.OperandSpec.Gv;
import static org.javisor.isa.OperandSpec.Gy;
import static org.javisor.isa.OperandSpec.Ib;
import static org.javisor.isa.OperandSpec.Jz;
import static org.javisor.isa.OperandSpec.M;
import static org.javisor.isa.OperandSpec.Mb;
import static org.javisor.isa.OperandSpec.Md;
import static org.javisor.isa.OperandSpec.Mp;
import static org.javisor.isa.OperandSpec.Mq;
import static org.javisor.isa.OperandSpec.Ms;
import static org.javisor.isa.OperandSpec.Mx;
import static org.javisor.isa.OperandSpec.My;
import static org.javisor.isa.OperandSpec.Rm;
import static org.javisor.isa.OperandSpec.Rv;
import static org.javisor.isa.OperandSpec.RvMw;
import static org.javisor.isa.OperandSpec.Ry;
import static org.javisor.isa.OperandSpec.Zv;

/// The two-byte opcodes (0F xx) of integer and system instructions; those of MMX and SSE are in [VectorMap].
///
/// @sdm vol. 2D, Table A-3 "Two-byte Opcode Map"; Table A-6 "Opcode Extensions for One- and Two-byte Opcodes
///     by Group Number"
final class TwoByteMap extends OpcodeMap {
    TwoByteMap() {
        super(OpcodeRow.TWO_BYTE);
        descriptors();
        system();
        registersOfTheSystem();
        extendedState();
        caches();
        hints();
        conditions();
        integer();
        bits();
        comparisons();
    }

    private void descriptors() {
        group(0x00, 0, SLDT, RvMw).protectedOnly().writesOnly();
        group(0x00, 1, STR, RvMw).protectedOnly().writesOnly();
        group(0x00, 2, LLDT, Ew).protectedOnly().privileged().readsOnly();
        group(0x00, 3, LTR, Ew).protectedOnly().privileged().readsOnly();
        group(0x00, 4, VERR, Ew).protectedOnly().readsOnly();
        group(0x00, 5, VERW, Ew).protectedOnly().readsOnly();
        group(0x01, 0, SGDT, Ms).memoryOnly().writesOnly();
        group(0x01, 1, SIDT, Ms).memoryOnly().writesOnly();
        group(0x01, 2, LGDT, Ms).memoryOnly().privileged().readsOnly();
        group(0x01, 3, LIDT, Ms).memoryOnly().privileged().readsOnly();
        group(0x01, 4, SMSW, RvMw).writesOnly();
        group(0x01, 6, LMSW, Ew).privileged().readsOnly().endsBlock();
        group(0x01, 7, INVLPG, M).memoryOnly().privileged().endsBlock();
        define(0x02, LAR, Gv, Ew).protectedOnly();
        define(0x03, LSL, Gv, Ew).protectedOnly();
        define(0xa0, PUSH, FS).default64().readsOnly();
        define(0xa1, POP, FS).default64().writesOnly().endsBlock();
        define(0xa8, PUSH, GS).default64().readsOnly();
        define(0xa9, POP, GS).default64().writesOnly().endsBlock();
        define(0xb2, LSS, Gv, Mp).memoryOnly().writesOnly().endsBlock();
        define(0xb4, LFS, Gv, Mp).memoryOnly().writesOnly().endsBlock();
        define(0xb5, LGS, Gv, Mp).memoryOnly().writesOnly().endsBlock();
    }

    private void system() {
        group(0x01, 0xc1, VMCALL).noPrefix().endsBlock();
        group(0x01, 0xc8, MONITOR).feature(Feature.MONITOR).noPrefix().privileged();
        group(0x01, 0xc9, MWAIT).feature(Feature.MONITOR).noPrefix().privileged().endsBlock();
        group(0x01, 0xca, CLAC).feature(Feature.SMAP).noPrefix().privileged();
        group(0x01, 0xcb, STAC).feature(Feature.SMAP).noPrefix().privileged();
        group(0x01, 0xd0, XGETBV).feature(Feature.XSAVE).noPrefix();
        group(0x01, 0xd1, XSETBV).feature(Feature.XSAVE).noPrefix().privileged().endsBlock();
        group(0x01, 0xd9, VMMCALL).endsBlock();
        group(0x01, 0xe8, SERIALIZE).feature(Feature.SERIALIZE).noPrefix().endsBlock();
        group(0x01, 0xee, RDPKRU).feature(Feature.PKU).noPrefix();
        group(0x01, 0xef, WRPKRU).feature(Feature.PKU).noPrefix().endsBlock();
        group(0x01, 5, RSTORSSP, Mq).prefix(0xf3).feature(Feature.CET_SS).memoryOnly();
        group(0x01, 0xe8, SETSSBSY).prefix(0xf3).feature(Feature.CET_SS).privileged();
        group(0x01, 0xea, SAVEPREVSSP).prefix(0xf3).feature(Feature.CET_SS);
        group(0xae, 5, INCSSP, Ry).prefix(0xf3).feature(Feature.CET_SS).registerOnly().readsOnly();
        group(0xae, 6, CLRSSBSY, Mq).prefix(0xf3).feature(Feature.CET_SS).memoryOnly().privileged();
        // On older processors, and where there is no shadow stack, it does nothing.
        group(0x1e, 1, RDSSP, Ry).prefix(0xf3).registerOnly().writesOnly();
        group(0x01, 0xf8, SWAPGS).only64().privileged();
        group(0x01, 0xf9, RDTSCP).feature(Feature.RDTSCP);
        // Intel's processors define SYSCALL and SYSRET in 64-bit mode alone, AMD's wherever there is protection.
        define(0x05, SYSCALL).feature(Feature.SYSCALL).protectedOnly().endsBlock();
        define(0x07, SYSRET).feature(Feature.SYSCALL).protectedOnly().privileged().endsBlock();
        define(0x0b, UD2).endsBlock();
        define(0x34, SYSENTER).feature(Feature.SYSENTER).protectedOnly().endsBlock();
        define(0x35, SYSEXIT).feature(Feature.SYSENTER).protectedOnly().privileged().endsBlock();
        define(0xa2, CPUID);
        define(0xaa, RSM).endsBlock();
        define(0xb9, UD1, Gv, Ev).endsBlock();
        define(0xff, UD0, Gv, Ev).endsBlock();
    }

    private void registersOfTheSystem() {
        define(0x06, CLTS).privileged().endsBlock();
        define(0x20, MOV_CR, Rm, Cd).privileged().writesOnly();
        define(0x21, MOV_DR, Rm, Dd).privileged().writesOnly();
        define(0x22, MOV_CR, Cd, Rm).privileged().writesOnly().endsBlock();
        define(0x23, MOV_DR, Dd, Rm).privileged().writesOnly().endsBlock();
        define(0x30, WRMSR).feature(Feature.MSR).privileged().endsBlock();
        define(0x31, RDTSC).feature(Feature.TSC);
        define(0x32, RDMSR).feature(Feature.MSR).privileged();
        define(0x33, RDPMC);
        segmentBase(0, RDFSBASE).writesOnly();
        segmentBase(1, RDGSBASE).writesOnly();
        segmentBase(2, WRFSBASE).readsOnly();
        segmentBase(3, WRGSBASE).readsOnly();
        group(0xc7, 6, RDRAND, Rv).feature(Feature.RDRAND).registerOnly().noRepeat().writesOnly();
        group(0xc7, 7, RDSEED, Rv).feature(Feature.RDSEED).registerOnly().noRepeat().writesOnly();
        group(0xc7, 7, RDPID, Rm).prefix(0xf3).feature(Feature.RDPID).registerOnly().writesOnly();
    }

    private Row segmentBase(int extension, Mnemonic mnemonic) {
        return group(0xae, extension, mnemonic, Ry).prefix(0xf3).feature(Feature.FSGSBASE).only64()
                .registerOnly();
    }

    private void extendedState() {
        group(0xae, 0, FXSAVE, M).feature(Feature.FXSR).memoryOnly().noPrefix().writesOnly();
        group(0xae, 1, FXRSTOR, M).feature(Feature.FXSR).memoryOnly().noPrefix().readsOnly();
        group(0xae, 2, LDMXCSR, Md).feature(Feature.SSE).memoryOnly().noPrefix().readsOnly();
        group(0xae, 3, STMXCSR, Md).feature(Feature.SSE).memoryOnly().noPrefix().writesOnly();
        group(0xae, 4, XSAVE, M).feature(Feature.XSAVE).memoryOnly().noPrefix().writesOnly();
        group(0xae, 5, XRSTOR, M).feature(Feature.XSAVE).memoryOnly().noPrefix().readsOnly();
        group(0xae, 6, XSAVEOPT, M).feature(Feature.XSAVEOPT).memoryOnly().noPrefix().writesOnly();
        group(0xc7, 3, XRSTORS, M).feature(Feature.XSAVES).memoryOnly().noPrefix().privileged().readsOnly();
        group(0xc7, 4, XSAVEC, M).feature(Feature.XSAVEC).memoryOnly().noPrefix().writesOnly();
        group(0xc7, 5, XSAVES, M).feature(Feature.XSAVES).memoryOnly().noPrefix().privileged().writesOnly();
    }

    private void caches() {
        define(0x08, INVD).privileged().endsBlock();
        define(0x09, WBINVD).privileged().endsBlock();
        group(0xae, 7, CLFLUSH, Mb).feature(Feature.CLFLUSH).memoryOnly().noPrefix().readsOnly();
        group(0xae, 7, CLFLUSHOPT, Mb).prefix(0x66).feature(Feature.CLFLUSHOPT).memoryOnly().readsOnly();
        group(0xae, 6, CLWB, Mb).prefix(0x66).feature(Feature.CLWB).memoryOnly().readsOnly();
        // ModRM.rm of the fences is ignored.
        group(0xae, 5, LFENCE).feature(Feature.SSE2).registerOnly().noPrefix();
        group(0xae, 6, MFENCE).feature(Feature.SSE2).registerOnly().noPrefix();
        group(0xae, 7, SFENCE).feature(Feature.SSE).registerOnly().noPrefix();
        define(0xc3, MOVNTI, My, Gy).feature(Feature.SSE2).memoryOnly().noPrefix().writesOnly();
    }

    private void hints() {
        group(0x0d, 0, PREFETCH, Mb).memoryOnly().readsOnly();
        group(0x0d, 1, PREFETCHW, Mb).memoryOnly().readsOnly();
        for (int extension = 2; extension < 8; extension++) {
            group(0x0d, extension, PREFETCH, Mb).memoryOnly().readsOnly();
        }
        define(0x0d, HINT_NOP, Ev).registerOnly().readsOnly();
        group(0x18, 0, PREFETCHNTA, Mb).feature(Feature.SSE).memoryOnly().readsOnly();
        group(0x18, 1, PREFETCHT0, Mb).feature(Feature.SSE).memoryOnly().readsOnly();
        group(0x18, 2, PREFETCHT1, Mb).feature(Feature.SSE).memoryOnly().readsOnly();
        group(0x18, 3, PREFETCHT2, Mb).feature(Feature.SSE).memoryOnly().readsOnly();
        for (int extension = 4; extension < 8; extension++) {
            group(0x18, extension, HINT_NOP, Ev).memoryOnly().readsOnly();
        }
        define(0x18, HINT_NOP, Ev).registerOnly().readsOnly();
        // Where later extensions put instructions that must do nothing on processors without them: ENDBR64
        // (F3 0F 1E FA), RDSSP, the bound checks of MPX.
        for (int opcode = 0x19; opcode < 0x1f; opcode++) {
            define(opcode, HINT_NOP, Ev).readsOnly();
        }
        define(0x1f, NOP, Ev).readsOnly();
    }

    private void conditions() {
        Mnemonic[] moves = {CMOVO, CMOVNO, CMOVB, CMOVAE, CMOVE, CMOVNE, CMOVBE, CMOVA,
            CMOVS, CMOVNS, CMOVP, CMOVNP, CMOVL, CMOVGE, CMOVLE, CMOVG};
        Mnemonic[] jumps = {JO, JNO, JB, JAE, JE, JNE, JBE, JA, JS, JNS, JP, JNP, JL, JGE, JLE, JG};
        Mnemonic[] sets = {SETO, SETNO, SETB, SETAE, SETE, SETNE, SETBE, SETA,
            SETS, SETNS, SETP, SETNP, SETL, SETGE, SETLE, SETG};
        for (int condition = 0; condition < 16; condition++) {
            define(0x40 + condition, moves[condition], Gv, Ev).feature(Feature.CMOV);
            define(0x80 + condition, jumps[condition], Jz).force64().endsBlock();
            define(0x90 + condition, sets[condition], Eb).writesOnly();
        }
    }

    private void integer() {
        // CF is undefined for counts above the operand's size, and so is the result.
        define(0xa4, SHLD, Ev, Gv, Ib).undefinedFlags(OF | AF);
        define(0xa5, SHLD, Ev, Gv, CL).undefinedFlags(OF | AF);
        define(0xac, SHRD, Ev, Gv, Ib).undefinedFlags(OF | AF);
        define(0xad, SHRD, Ev, Gv, CL).undefinedFlags(OF | AF);
        define(0xaf, IMUL, Gv, Ev).undefinedFlags(SF | ZF | AF | PF);
        define(0xb6, MOVZX, Gv, Eb).writesOnly();
        define(0xb7, MOVZX, Gv, Ew).writesOnly();
        define(0xbe, MOVSX, Gv, Eb).writesOnly();
        define(0xbf, MOVSX, Gv, Ew).writesOnly();
        define(0xc0, XADD, Eb, Gb).lockable();
        define(0xc1, XADD, Ev, Gv).lockable();
        define(0xc8, BSWAP, Zv);
    }

    private void bits() {
        define(0xa3, BT, Ev, Gv).readsOnly().undefinedFlags(OF | SF | AF | PF);
        define(0xab, BTS, Ev, Gv).lockable().undefinedFlags(OF | SF | AF | PF);
        define(0xb3, BTR, Ev, Gv).lockable().undefinedFlags(OF | SF | AF | PF);
        define(0xbb, BTC, Ev, Gv).lockable().undefinedFlags(OF | SF | AF | PF);
        group(0xba, 4, BT, Ev, Ib).readsOnly().undefinedFlags(OF | SF | AF | PF);
        group(0xba, 5, BTS, Ev, Ib).lockable().undefinedFlags(OF | SF | AF | PF);
        group(0xba, 6, BTR, Ev, Ib).lockable().undefinedFlags(OF | SF | AF | PF);
        group(0xba, 7, BTC, Ev, Ib).lockable().undefinedFlags(OF | SF | AF | PF);
        define(0xb8, POPCNT, Gv, Ev).prefix(0xf3).feature(Feature.POPCNT).writesOnly();
        define(0xbc, BSF, Gv, Ev).undefinedFlags(CF | OF | SF | AF | PF);
        define(0xbc, TZCNT, Gv, Ev).prefix(0xf3).feature(Feature.BMI1).writesOnly()
                .undefinedFlags(OF | SF | AF | PF);
        define(0xbd, BSR, Gv, Ev).undefinedFlags(CF | OF | SF | AF | PF);
        define(0xbd, LZCNT, Gv, Ev).prefix(0xf3).feature(Feature.LZCNT).writesOnly()
                .undefinedFlags(OF | SF | AF | PF);
    }

    private void comparisons() {
        define(0xb0, CMPXCHG, Eb, Gb).lockable();
        define(0xb1, CMPXCHG, Ev, Gv).lockable();
        group(0xc7, 1, CMPXCHG8B, Mx).feature(Feature.CX8).memoryOnly().lockable();
    }
}
