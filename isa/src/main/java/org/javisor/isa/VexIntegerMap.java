// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

import static org.javisor.isa.OperandSpec.Ey;
import static org.javisor.isa.OperandSpec.Gd;
import static org.javisor.isa.OperandSpec.H128;
import static org.javisor.isa.OperandSpec.Hx;
import static org.javisor.isa.OperandSpec.Ib;
import static org.javisor.isa.OperandSpec.Mvx;
import static org.javisor.isa.OperandSpec.RdMw;
import static org.javisor.isa.OperandSpec.U128;
import static org.javisor.isa.OperandSpec.Ux;
import static org.javisor.isa.OperandSpec.V128;
import static org.javisor.isa.OperandSpec.Vx;
import static org.javisor.isa.OperandSpec.W128;
import static org.javisor.isa.OperandSpec.W64;
import static org.javisor.isa.OperandSpec.Wx;

/// The opcodes of map 0F behind a VEX prefix that work on integers.
///
/// @sdm vol. 2D, Table A-3 "Two-byte Opcode Map"
final class VexIntegerMap extends VexMap {
    VexIntegerMap() {
        super(OpcodeRow.VEX_0F);
        moves();
        shuffles();
        arithmetic();
        comparisonAndLogic();
        shifts();
    }

    private void shift(int opcode, int extension, Mnemonic mnemonic) {
        shift(opcode, extension, mnemonic, Feature.AVX).l0();
        shift(opcode, extension, mnemonic, Feature.AVX2).l1();
    }

    private Row shift(int opcode, int extension, Mnemonic mnemonic, Feature feature) {
        return group(opcode, extension, mnemonic, Hx, Ux, Ib).prefix(0x66).feature(feature).noPrefix()
                .protectedOnly().registerOnly();
    }

    private void moves() {
        only128(0x6e, 0x66, Mnemonic.VMOVD, V128, Ey);
        only128(0x7e, 0x66, Mnemonic.VMOVD, Ey, V128);
        only128(0x7e, 0xf3, Mnemonic.VMOVQ, V128, W64);
        only128(0xd6, 0x66, Mnemonic.VMOVQ, W64, V128);
        avx(0x6f, 0x66, Mnemonic.VMOVDQA, Vx, Wx).aligned();
        avx(0x7f, 0x66, Mnemonic.VMOVDQA, Wx, Vx).aligned();
        avx(0x6f, 0xf3, Mnemonic.VMOVDQU, Vx, Wx);
        avx(0x7f, 0xf3, Mnemonic.VMOVDQU, Wx, Vx);
        avx(0xe7, 0x66, Mnemonic.VMOVNTDQ, Mvx, Vx).aligned().memoryOnly();
        avx(0xf0, 0xf2, Mnemonic.VLDDQU, Vx, Mvx).memoryOnly();
        integer(0xd7, 0x66, Mnemonic.VPMOVMSKB, Gd, Ux).registerOnly();
        only128(0xc4, 0x66, Mnemonic.VPINSRW, V128, H128, RdMw, Ib);
        only128(0xc5, 0x66, Mnemonic.VPEXTRW, Gd, U128, Ib).registerOnly();
        only128(0xf7, 0x66, Mnemonic.VMASKMOVDQU, V128, U128).registerOnly();
    }

    private void shuffles() {
        integer(0x60, 0x66, Mnemonic.VPUNPCKLBW, Vx, Hx, Wx);
        integer(0x61, 0x66, Mnemonic.VPUNPCKLWD, Vx, Hx, Wx);
        integer(0x62, 0x66, Mnemonic.VPUNPCKLDQ, Vx, Hx, Wx);
        integer(0x6c, 0x66, Mnemonic.VPUNPCKLQDQ, Vx, Hx, Wx);
        integer(0x68, 0x66, Mnemonic.VPUNPCKHBW, Vx, Hx, Wx);
        integer(0x69, 0x66, Mnemonic.VPUNPCKHWD, Vx, Hx, Wx);
        integer(0x6a, 0x66, Mnemonic.VPUNPCKHDQ, Vx, Hx, Wx);
        integer(0x6d, 0x66, Mnemonic.VPUNPCKHQDQ, Vx, Hx, Wx);
        integer(0x63, 0x66, Mnemonic.VPACKSSWB, Vx, Hx, Wx);
        integer(0x67, 0x66, Mnemonic.VPACKUSWB, Vx, Hx, Wx);
        integer(0x6b, 0x66, Mnemonic.VPACKSSDW, Vx, Hx, Wx);
        integer(0x70, 0x66, Mnemonic.VPSHUFD, Vx, Wx, Ib);
        integer(0x70, 0xf3, Mnemonic.VPSHUFHW, Vx, Wx, Ib);
        integer(0x70, 0xf2, Mnemonic.VPSHUFLW, Vx, Wx, Ib);
    }

    private void arithmetic() {
        integer(0xfc, 0x66, Mnemonic.VPADDB, Vx, Hx, Wx);
        integer(0xfd, 0x66, Mnemonic.VPADDW, Vx, Hx, Wx);
        integer(0xfe, 0x66, Mnemonic.VPADDD, Vx, Hx, Wx);
        integer(0xd4, 0x66, Mnemonic.VPADDQ, Vx, Hx, Wx);
        integer(0xec, 0x66, Mnemonic.VPADDSB, Vx, Hx, Wx);
        integer(0xed, 0x66, Mnemonic.VPADDSW, Vx, Hx, Wx);
        integer(0xdc, 0x66, Mnemonic.VPADDUSB, Vx, Hx, Wx);
        integer(0xdd, 0x66, Mnemonic.VPADDUSW, Vx, Hx, Wx);
        integer(0xf8, 0x66, Mnemonic.VPSUBB, Vx, Hx, Wx);
        integer(0xf9, 0x66, Mnemonic.VPSUBW, Vx, Hx, Wx);
        integer(0xfa, 0x66, Mnemonic.VPSUBD, Vx, Hx, Wx);
        integer(0xfb, 0x66, Mnemonic.VPSUBQ, Vx, Hx, Wx);
        integer(0xe8, 0x66, Mnemonic.VPSUBSB, Vx, Hx, Wx);
        integer(0xe9, 0x66, Mnemonic.VPSUBSW, Vx, Hx, Wx);
        integer(0xd8, 0x66, Mnemonic.VPSUBUSB, Vx, Hx, Wx);
        integer(0xd9, 0x66, Mnemonic.VPSUBUSW, Vx, Hx, Wx);
        integer(0xd5, 0x66, Mnemonic.VPMULLW, Vx, Hx, Wx);
        integer(0xe5, 0x66, Mnemonic.VPMULHW, Vx, Hx, Wx);
        integer(0xe4, 0x66, Mnemonic.VPMULHUW, Vx, Hx, Wx);
        integer(0xf4, 0x66, Mnemonic.VPMULUDQ, Vx, Hx, Wx);
        integer(0xf5, 0x66, Mnemonic.VPMADDWD, Vx, Hx, Wx);
        integer(0xf6, 0x66, Mnemonic.VPSADBW, Vx, Hx, Wx);
        integer(0xe0, 0x66, Mnemonic.VPAVGB, Vx, Hx, Wx);
        integer(0xe3, 0x66, Mnemonic.VPAVGW, Vx, Hx, Wx);
        integer(0xda, 0x66, Mnemonic.VPMINUB, Vx, Hx, Wx);
        integer(0xea, 0x66, Mnemonic.VPMINSW, Vx, Hx, Wx);
        integer(0xde, 0x66, Mnemonic.VPMAXUB, Vx, Hx, Wx);
        integer(0xee, 0x66, Mnemonic.VPMAXSW, Vx, Hx, Wx);
    }

    private void comparisonAndLogic() {
        integer(0x74, 0x66, Mnemonic.VPCMPEQB, Vx, Hx, Wx);
        integer(0x75, 0x66, Mnemonic.VPCMPEQW, Vx, Hx, Wx);
        integer(0x76, 0x66, Mnemonic.VPCMPEQD, Vx, Hx, Wx);
        integer(0x64, 0x66, Mnemonic.VPCMPGTB, Vx, Hx, Wx);
        integer(0x65, 0x66, Mnemonic.VPCMPGTW, Vx, Hx, Wx);
        integer(0x66, 0x66, Mnemonic.VPCMPGTD, Vx, Hx, Wx);
        integer(0xdb, 0x66, Mnemonic.VPAND, Vx, Hx, Wx);
        integer(0xdf, 0x66, Mnemonic.VPANDN, Vx, Hx, Wx);
        integer(0xeb, 0x66, Mnemonic.VPOR, Vx, Hx, Wx);
        integer(0xef, 0x66, Mnemonic.VPXOR, Vx, Hx, Wx);
    }

    private void shifts() {
        integer(0xf1, 0x66, Mnemonic.VPSLLW, Vx, Hx, W128);
        integer(0xf2, 0x66, Mnemonic.VPSLLD, Vx, Hx, W128);
        integer(0xf3, 0x66, Mnemonic.VPSLLQ, Vx, Hx, W128);
        integer(0xd1, 0x66, Mnemonic.VPSRLW, Vx, Hx, W128);
        integer(0xd2, 0x66, Mnemonic.VPSRLD, Vx, Hx, W128);
        integer(0xd3, 0x66, Mnemonic.VPSRLQ, Vx, Hx, W128);
        integer(0xe1, 0x66, Mnemonic.VPSRAW, Vx, Hx, W128);
        integer(0xe2, 0x66, Mnemonic.VPSRAD, Vx, Hx, W128);
        shift(0x71, 2, Mnemonic.VPSRLW);
        shift(0x71, 4, Mnemonic.VPSRAW);
        shift(0x71, 6, Mnemonic.VPSLLW);
        shift(0x72, 2, Mnemonic.VPSRLD);
        shift(0x72, 4, Mnemonic.VPSRAD);
        shift(0x72, 6, Mnemonic.VPSLLD);
        shift(0x73, 2, Mnemonic.VPSRLQ);
        shift(0x73, 3, Mnemonic.VPSRLDQ);
        shift(0x73, 6, Mnemonic.VPSLLQ);
        shift(0x73, 7, Mnemonic.VPSLLDQ);
    }
}
