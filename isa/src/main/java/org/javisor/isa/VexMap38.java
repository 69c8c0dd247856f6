// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

import static org.javisor.isa.OperandSpec.By;
import static org.javisor.isa.OperandSpec.Ey;
import static org.javisor.isa.OperandSpec.Gy;
import static org.javisor.isa.OperandSpec.H128;
import static org.javisor.isa.OperandSpec.Hx;
import static org.javisor.isa.OperandSpec.M128;
import static org.javisor.isa.OperandSpec.Mvx;
import static org.javisor.isa.OperandSpec.V128;
import static org.javisor.isa.OperandSpec.VM128q;
import static org.javisor.isa.OperandSpec.VMxd;
import static org.javisor.isa.OperandSpec.VMxq;
import static org.javisor.isa.OperandSpec.Vx;
import static org.javisor.isa.OperandSpec.W128;
import static org.javisor.isa.OperandSpec.W16;
import static org.javisor.isa.OperandSpec.W32;
import static org.javisor.isa.OperandSpec.W64;
import static org.javisor.isa.OperandSpec.W8;
import static org.javisor.isa.OperandSpec.Wx;
import static org.javisor.isa.OperandSpec.Wxe;
import static org.javisor.isa.OperandSpec.Wxh;
import static org.javisor.isa.OperandSpec.Wxq;

/// The opcodes of map 0F 38 behind a VEX prefix, but for those of FMA.
///
/// @sdm vol. 2D, Table A-4 "Three-byte Opcode Map: 08H - FFH (First Two Bytes are 0F 38H)"
final class VexMap38 extends VexMap {
    VexMap38() {
        super(OpcodeRow.VEX_38);
        bmi1();
        bmi2();
        bytesAndWords();
        arithmetic();
        widening();
        permutations();
        broadcasts();
        maskedMoves();
        gathers();
        variableShifts();
        cryptography();
    }

    private Row vex(Feature feature, int opcode, int prefix, Mnemonic mnemonic, OperandSpec... operands) {
        return define(opcode, mnemonic, operands).prefix(prefix).feature(feature).noPrefix()
                .protectedOnly().l0().writesOnly();
    }

    private void bmi1() {
        vex(Feature.BMI1, 0xf2, 0, Mnemonic.ANDN, Gy, By, Ey).undefinedFlags(AF | PF);
        lowestBit(1, Mnemonic.BLSR);
        lowestBit(2, Mnemonic.BLSMSK);
        lowestBit(3, Mnemonic.BLSI);
        vex(Feature.BMI1, 0xf7, 0, Mnemonic.BEXTR, Gy, Ey, By).undefinedFlags(AF | SF | PF);
    }

    private void lowestBit(int extension, Mnemonic mnemonic) {
        group(0xf3, extension, mnemonic, By, Ey).feature(Feature.BMI1).noPrefix().protectedOnly().l0()
                .writesOnly().undefinedFlags(AF | PF);
    }

    private void bmi2() {
        vex(Feature.BMI2, 0xf5, 0, Mnemonic.BZHI, Gy, Ey, By).undefinedFlags(AF | PF);
        vex(Feature.BMI2, 0xf5, 0xf2, Mnemonic.PDEP, Gy, By, Ey);
        vex(Feature.BMI2, 0xf5, 0xf3, Mnemonic.PEXT, Gy, By, Ey);
        // Writes both registers; RDX is the other factor.
        vex(Feature.BMI2, 0xf6, 0xf2, Mnemonic.MULX, Gy, By, Ey);
        vex(Feature.BMI2, 0xf7, 0xf3, Mnemonic.SARX, Gy, Ey, By);
        vex(Feature.BMI2, 0xf7, 0x66, Mnemonic.SHLX, Gy, Ey, By);
        vex(Feature.BMI2, 0xf7, 0xf2, Mnemonic.SHRX, Gy, Ey, By);
    }

    private void bytesAndWords() {
        integer(0x00, 0x66, Mnemonic.VPSHUFB, Vx, Hx, Wx);
        integer(0x01, 0x66, Mnemonic.VPHADDW, Vx, Hx, Wx);
        integer(0x02, 0x66, Mnemonic.VPHADDD, Vx, Hx, Wx);
        integer(0x03, 0x66, Mnemonic.VPHADDSW, Vx, Hx, Wx);
        integer(0x04, 0x66, Mnemonic.VPMADDUBSW, Vx, Hx, Wx);
        integer(0x05, 0x66, Mnemonic.VPHSUBW, Vx, Hx, Wx);
        integer(0x06, 0x66, Mnemonic.VPHSUBD, Vx, Hx, Wx);
        integer(0x07, 0x66, Mnemonic.VPHSUBSW, Vx, Hx, Wx);
        integer(0x08, 0x66, Mnemonic.VPSIGNB, Vx, Hx, Wx);
        integer(0x09, 0x66, Mnemonic.VPSIGNW, Vx, Hx, Wx);
        integer(0x0a, 0x66, Mnemonic.VPSIGND, Vx, Hx, Wx);
        integer(0x0b, 0x66, Mnemonic.VPMULHRSW, Vx, Hx, Wx);
        integer(0x1c, 0x66, Mnemonic.VPABSB, Vx, Wx);
        integer(0x1d, 0x66, Mnemonic.VPABSW, Vx, Wx);
        integer(0x1e, 0x66, Mnemonic.VPABSD, Vx, Wx);
    }

    private void arithmetic() {
        integer(0x28, 0x66, Mnemonic.VPMULDQ, Vx, Hx, Wx);
        integer(0x29, 0x66, Mnemonic.VPCMPEQQ, Vx, Hx, Wx);
        integer(0x37, 0x66, Mnemonic.VPCMPGTQ, Vx, Hx, Wx);
        integer(0x2b, 0x66, Mnemonic.VPACKUSDW, Vx, Hx, Wx);
        integer(0x38, 0x66, Mnemonic.VPMINSB, Vx, Hx, Wx);
        integer(0x39, 0x66, Mnemonic.VPMINSD, Vx, Hx, Wx);
        integer(0x3a, 0x66, Mnemonic.VPMINUW, Vx, Hx, Wx);
        integer(0x3b, 0x66, Mnemonic.VPMINUD, Vx, Hx, Wx);
        integer(0x3c, 0x66, Mnemonic.VPMAXSB, Vx, Hx, Wx);
        integer(0x3d, 0x66, Mnemonic.VPMAXSD, Vx, Hx, Wx);
        integer(0x3e, 0x66, Mnemonic.VPMAXUW, Vx, Hx, Wx);
        integer(0x3f, 0x66, Mnemonic.VPMAXUD, Vx, Hx, Wx);
        integer(0x40, 0x66, Mnemonic.VPMULLD, Vx, Hx, Wx);
        only128(0x41, 0x66, Mnemonic.VPHMINPOSUW, V128, W128);
        avx(0x17, 0x66, Mnemonic.VPTEST, Vx, Wx);
        avx(0x0e, 0x66, Mnemonic.VTESTPS, Vx, Wx).w0();
        avx(0x0f, 0x66, Mnemonic.VTESTPD, Vx, Wx).w0();
    }

    private void widening() {
        integer(0x20, 0x66, Mnemonic.VPMOVSXBW, Vx, Wxh);
        integer(0x21, 0x66, Mnemonic.VPMOVSXBD, Vx, Wxq);
        integer(0x22, 0x66, Mnemonic.VPMOVSXBQ, Vx, Wxe);
        integer(0x23, 0x66, Mnemonic.VPMOVSXWD, Vx, Wxh);
        integer(0x24, 0x66, Mnemonic.VPMOVSXWQ, Vx, Wxq);
        integer(0x25, 0x66, Mnemonic.VPMOVSXDQ, Vx, Wxh);
        integer(0x30, 0x66, Mnemonic.VPMOVZXBW, Vx, Wxh);
        integer(0x31, 0x66, Mnemonic.VPMOVZXBD, Vx, Wxq);
        integer(0x32, 0x66, Mnemonic.VPMOVZXBQ, Vx, Wxe);
        integer(0x33, 0x66, Mnemonic.VPMOVZXWD, Vx, Wxh);
        integer(0x34, 0x66, Mnemonic.VPMOVZXWQ, Vx, Wxq);
        integer(0x35, 0x66, Mnemonic.VPMOVZXDQ, Vx, Wxh);
        avx(0x13, 0x66, Mnemonic.VCVTPH2PS, Vx, Wxh).w0().feature(Feature.F16C);
    }

    private void permutations() {
        avx(0x0c, 0x66, Mnemonic.VPERMILPS, Vx, Hx, Wx).w0();
        avx(0x0d, 0x66, Mnemonic.VPERMILPD, Vx, Hx, Wx).w0();
        avx2only256(0x16, 0x66, Mnemonic.VPERMPS, Vx, Hx, Wx).w0();
        avx2only256(0x36, 0x66, Mnemonic.VPERMD, Vx, Hx, Wx).w0();
    }

    private void broadcasts() {
        avx(0x18, 0x66, Mnemonic.VBROADCASTSS, Vx, W32).memoryOnly().w0();
        avx2(0x18, 0x66, Mnemonic.VBROADCASTSS, Vx, W32).registerOnly().w0();
        only256(0x19, 0x66, Mnemonic.VBROADCASTSD, Vx, W64).memoryOnly().w0();
        avx2only256(0x19, 0x66, Mnemonic.VBROADCASTSD, Vx, W64).registerOnly().w0();
        only256(0x1a, 0x66, Mnemonic.VBROADCASTF128, Vx, M128).memoryOnly().w0();
        avx2only256(0x5a, 0x66, Mnemonic.VBROADCASTI128, Vx, M128).memoryOnly().w0();
        avx2(0x78, 0x66, Mnemonic.VPBROADCASTB, Vx, W8).w0();
        avx2(0x79, 0x66, Mnemonic.VPBROADCASTW, Vx, W16).w0();
        avx2(0x58, 0x66, Mnemonic.VPBROADCASTD, Vx, W32).w0();
        avx2(0x59, 0x66, Mnemonic.VPBROADCASTQ, Vx, W64).w0();
    }

    private void maskedMoves() {
        integer(0x2a, 0x66, Mnemonic.VMOVNTDQA, Vx, Mvx).aligned().memoryOnly();
        avx(0x2c, 0x66, Mnemonic.VMASKMOVPS, Vx, Hx, Mvx).memoryOnly().w0();
        avx(0x2d, 0x66, Mnemonic.VMASKMOVPD, Vx, Hx, Mvx).memoryOnly().w0();
        avx(0x2e, 0x66, Mnemonic.VMASKMOVPS, Mvx, Hx, Vx).memoryOnly().w0();
        avx(0x2f, 0x66, Mnemonic.VMASKMOVPD, Mvx, Hx, Vx).memoryOnly().w0();
        avx2(0x8c, 0x66, Mnemonic.VPMASKMOVD, Vx, Hx, Mvx).memoryOnly().w0();
        avx2(0x8e, 0x66, Mnemonic.VPMASKMOVD, Mvx, Hx, Vx).memoryOnly().w0();
        avx2(0x8c, 0x66, Mnemonic.VPMASKMOVQ, Vx, Hx, Mvx).memoryOnly().w1();
        avx2(0x8e, 0x66, Mnemonic.VPMASKMOVQ, Mvx, Hx, Vx).memoryOnly().w1();
    }

    private void gathers() {
        // The mask is the last operand, and is written too.
        avx2(0x90, 0x66, Mnemonic.VPGATHERDD, Vx, VMxd, Hx).memoryOnly().w0();
        avx2only128(0x90, 0x66, Mnemonic.VPGATHERDQ, Vx, VMxq, Hx).memoryOnly().w1();
        avx2only256(0x90, 0x66, Mnemonic.VPGATHERDQ, Vx, VM128q, Hx).memoryOnly().w1();
        avx2(0x91, 0x66, Mnemonic.VPGATHERQD, V128, VMxd, H128).memoryOnly().w0();
        avx2(0x91, 0x66, Mnemonic.VPGATHERQQ, Vx, VMxq, Hx).memoryOnly().w1();
        avx2(0x92, 0x66, Mnemonic.VGATHERDPS, Vx, VMxd, Hx).memoryOnly().w0();
        avx2only128(0x92, 0x66, Mnemonic.VGATHERDPD, Vx, VMxq, Hx).memoryOnly().w1();
        avx2only256(0x92, 0x66, Mnemonic.VGATHERDPD, Vx, VM128q, Hx).memoryOnly().w1();
        avx2(0x93, 0x66, Mnemonic.VGATHERQPS, V128, VMxd, H128).memoryOnly().w0();
        avx2(0x93, 0x66, Mnemonic.VGATHERQPD, Vx, VMxq, Hx).memoryOnly().w1();
    }

    private void variableShifts() {
        avx2(0x45, 0x66, Mnemonic.VPSRLVD, Vx, Hx, Wx).w0();
        avx2(0x45, 0x66, Mnemonic.VPSRLVQ, Vx, Hx, Wx).w1();
        avx2(0x46, 0x66, Mnemonic.VPSRAVD, Vx, Hx, Wx).w0();
        avx2(0x47, 0x66, Mnemonic.VPSLLVD, Vx, Hx, Wx).w0();
        avx2(0x47, 0x66, Mnemonic.VPSLLVQ, Vx, Hx, Wx).w1();
    }

    private void cryptography() {
        only128(0xdb, 0x66, Mnemonic.VAESIMC, V128, W128).feature(Feature.AES);
        only128(0xdc, 0x66, Mnemonic.VAESENC, V128, H128, W128).feature(Feature.AES);
        only128(0xdd, 0x66, Mnemonic.VAESENCLAST, V128, H128, W128).feature(Feature.AES);
        only128(0xde, 0x66, Mnemonic.VAESDEC, V128, H128, W128).feature(Feature.AES);
        only128(0xdf, 0x66, Mnemonic.VAESDECLAST, V128, H128, W128).feature(Feature.AES);
    }
}
