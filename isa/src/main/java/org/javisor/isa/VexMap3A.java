// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

import static org.javisor.isa.OperandSpec.Ed;
import static org.javisor.isa.OperandSpec.Ey;
import static org.javisor.isa.OperandSpec.Gy;
import static org.javisor.isa.OperandSpec.H128;
import static org.javisor.isa.OperandSpec.Hx;
import static org.javisor.isa.OperandSpec.Ib;
import static org.javisor.isa.OperandSpec.Lx;
import static org.javisor.isa.OperandSpec.RdMb;
import static org.javisor.isa.OperandSpec.RdMw;
import static org.javisor.isa.OperandSpec.V128;
import static org.javisor.isa.OperandSpec.Vx;
import static org.javisor.isa.OperandSpec.W128;
import static org.javisor.isa.OperandSpec.W32;
import static org.javisor.isa.OperandSpec.W64;
import static org.javisor.isa.OperandSpec.Wx;
import static org.javisor.isa.OperandSpec.Wxh;

/// The opcodes of map 0F 3A behind a VEX prefix.
///
/// @sdm vol. 2D, Table A-5 "Three-byte Opcode Map: 00H - FFH (First Two Bytes are 0F 3AH)"
final class VexMap3A extends VexMap {
    VexMap3A() {
        super(OpcodeRow.VEX_3A);
        bmi2();
        permutations();
        blends();
        elements();
        arithmetic();
        stringsAndCryptography();
    }

    private void bmi2() {
        define(0xf0, Mnemonic.RORX, Gy, Ey, Ib).prefix(0xf2).feature(Feature.BMI2).noPrefix().protectedOnly().l0()
                .writesOnly();
    }

    private void permutations() {
        avx2only256(0x00, 0x66, Mnemonic.VPERMQ, Vx, Wx, Ib).w1();
        avx2only256(0x01, 0x66, Mnemonic.VPERMPD, Vx, Wx, Ib).w1();
        avx(0x04, 0x66, Mnemonic.VPERMILPS, Vx, Wx, Ib).w0();
        avx(0x05, 0x66, Mnemonic.VPERMILPD, Vx, Wx, Ib).w0();
        only256(0x06, 0x66, Mnemonic.VPERM2F128, Vx, Hx, Wx, Ib).w0();
        avx2only256(0x46, 0x66, Mnemonic.VPERM2I128, Vx, Hx, Wx, Ib).w0();
        integer(0x0f, 0x66, Mnemonic.VPALIGNR, Vx, Hx, Wx, Ib);
    }

    private void blends() {
        avx2(0x02, 0x66, Mnemonic.VPBLENDD, Vx, Hx, Wx, Ib).w0();
        avx(0x0c, 0x66, Mnemonic.VBLENDPS, Vx, Hx, Wx, Ib);
        avx(0x0d, 0x66, Mnemonic.VBLENDPD, Vx, Hx, Wx, Ib);
        integer(0x0e, 0x66, Mnemonic.VPBLENDW, Vx, Hx, Wx, Ib);
        avx(0x4a, 0x66, Mnemonic.VBLENDVPS, Vx, Hx, Wx, Lx).w0();
        avx(0x4b, 0x66, Mnemonic.VBLENDVPD, Vx, Hx, Wx, Lx).w0();
        integer(0x4c, 0x66, Mnemonic.VPBLENDVB, Vx, Hx, Wx, Lx).w0();
    }

    private void elements() {
        only128(0x14, 0x66, Mnemonic.VPEXTRB, RdMb, V128, Ib);
        only128(0x15, 0x66, Mnemonic.VPEXTRW, RdMw, V128, Ib);
        only128(0x16, 0x66, Mnemonic.VPEXTRD, Ey, V128, Ib);
        only128(0x17, 0x66, Mnemonic.VEXTRACTPS, Ed, V128, Ib);
        only128(0x20, 0x66, Mnemonic.VPINSRB, V128, H128, RdMb, Ib);
        only128(0x21, 0x66, Mnemonic.VINSERTPS, V128, H128, W32, Ib);
        only128(0x22, 0x66, Mnemonic.VPINSRD, V128, H128, Ey, Ib);
        only256(0x18, 0x66, Mnemonic.VINSERTF128, Vx, Hx, W128, Ib).w0();
        only256(0x19, 0x66, Mnemonic.VEXTRACTF128, W128, Vx, Ib).w0();
        avx2only256(0x38, 0x66, Mnemonic.VINSERTI128, Vx, Hx, W128, Ib).w0();
        avx2only256(0x39, 0x66, Mnemonic.VEXTRACTI128, W128, Vx, Ib).w0();
    }

    private void arithmetic() {
        avx(0x08, 0x66, Mnemonic.VROUNDPS, Vx, Wx, Ib);
        avx(0x09, 0x66, Mnemonic.VROUNDPD, Vx, Wx, Ib);
        scalar(0x0a, 0x66, Mnemonic.VROUNDSS, V128, H128, W32, Ib);
        scalar(0x0b, 0x66, Mnemonic.VROUNDSD, V128, H128, W64, Ib);
        avx(0x1d, 0x66, Mnemonic.VCVTPS2PH, Wxh, Vx, Ib).w0().feature(Feature.F16C);
        avx(0x40, 0x66, Mnemonic.VDPPS, Vx, Hx, Wx, Ib);
        only128(0x41, 0x66, Mnemonic.VDPPD, V128, H128, W128, Ib);
        integer(0x42, 0x66, Mnemonic.VMPSADBW, Vx, Hx, Wx, Ib);
    }

    private void stringsAndCryptography() {
        only128(0x44, 0x66, Mnemonic.VPCLMULQDQ, V128, H128, W128, Ib).feature(Feature.PCLMULQDQ);
        only128(0x60, 0x66, Mnemonic.VPCMPESTRM, V128, W128, Ib);
        only128(0x61, 0x66, Mnemonic.VPCMPESTRI, V128, W128, Ib);
        only128(0x62, 0x66, Mnemonic.VPCMPISTRM, V128, W128, Ib);
        only128(0x63, 0x66, Mnemonic.VPCMPISTRI, V128, W128, Ib);
        only128(0xdf, 0x66, Mnemonic.VAESKEYGENASSIST, V128, W128, Ib).feature(Feature.AES);
    }
}
