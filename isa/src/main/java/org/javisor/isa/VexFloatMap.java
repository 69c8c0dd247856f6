// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

import static org.javisor.isa.OperandSpec.Ey;
import static org.javisor.isa.OperandSpec.Gd;
import static org.javisor.isa.OperandSpec.Gy;
import static org.javisor.isa.OperandSpec.H128;
import static org.javisor.isa.OperandSpec.Hx;
import static org.javisor.isa.OperandSpec.Ib;
import static org.javisor.isa.OperandSpec.Md;
import static org.javisor.isa.OperandSpec.Mq;
import static org.javisor.isa.OperandSpec.Mvx;
import static org.javisor.isa.OperandSpec.U128;
import static org.javisor.isa.OperandSpec.Ux;
import static org.javisor.isa.OperandSpec.V128;
import static org.javisor.isa.OperandSpec.Vx;
import static org.javisor.isa.OperandSpec.W32;
import static org.javisor.isa.OperandSpec.W64;
import static org.javisor.isa.OperandSpec.Wx;
import static org.javisor.isa.OperandSpec.Wxh;

/// The opcodes of map 0F behind a VEX prefix that work on floating-point numbers.
///
/// @sdm vol. 2D, Table A-3 "Two-byte Opcode Map"
final class VexFloatMap extends VexMap {
    VexFloatMap() {
        super(OpcodeRow.VEX_0F);
        moves();
        halves();
        arithmetic();
        logicAndComparison();
        conversions();
        state();
    }

    private void moves() {
        avx(0x10, 0, Mnemonic.VMOVUPS, Vx, Wx);
        avx(0x11, 0, Mnemonic.VMOVUPS, Wx, Vx);
        avx(0x28, 0, Mnemonic.VMOVAPS, Vx, Wx).aligned();
        avx(0x29, 0, Mnemonic.VMOVAPS, Wx, Vx).aligned();
        avx(0x2b, 0, Mnemonic.VMOVNTPS, Mvx, Vx).aligned().memoryOnly();
        avx(0x50, 0, Mnemonic.VMOVMSKPS, Gd, Ux).registerOnly();
        avx(0x10, 0x66, Mnemonic.VMOVUPD, Vx, Wx);
        avx(0x11, 0x66, Mnemonic.VMOVUPD, Wx, Vx);
        avx(0x28, 0x66, Mnemonic.VMOVAPD, Vx, Wx).aligned();
        avx(0x29, 0x66, Mnemonic.VMOVAPD, Wx, Vx).aligned();
        avx(0x2b, 0x66, Mnemonic.VMOVNTPD, Mvx, Vx).aligned().memoryOnly();
        avx(0x50, 0x66, Mnemonic.VMOVMSKPD, Gd, Ux).registerOnly();
        // From memory what is above the element is cleared, between registers it comes from a third.
        scalar(0x10, 0xf3, Mnemonic.VMOVSS, V128, W32).memoryOnly();
        scalar(0x10, 0xf3, Mnemonic.VMOVSS, V128, H128, U128).registerOnly();
        scalar(0x11, 0xf3, Mnemonic.VMOVSS, W32, V128).memoryOnly();
        scalar(0x11, 0xf3, Mnemonic.VMOVSS, U128, H128, V128).registerOnly();
        scalar(0x10, 0xf2, Mnemonic.VMOVSD, V128, W64).memoryOnly();
        scalar(0x10, 0xf2, Mnemonic.VMOVSD, V128, H128, U128).registerOnly();
        scalar(0x11, 0xf2, Mnemonic.VMOVSD, W64, V128).memoryOnly();
        scalar(0x11, 0xf2, Mnemonic.VMOVSD, U128, H128, V128).registerOnly();
    }

    private void halves() {
        only128(0x12, 0, Mnemonic.VMOVLPS, V128, H128, Mq).memoryOnly();
        only128(0x12, 0, Mnemonic.VMOVHLPS, V128, H128, U128).registerOnly();
        only128(0x13, 0, Mnemonic.VMOVLPS, Mq, V128).memoryOnly();
        only128(0x16, 0, Mnemonic.VMOVHPS, V128, H128, Mq).memoryOnly();
        only128(0x16, 0, Mnemonic.VMOVLHPS, V128, H128, U128).registerOnly();
        only128(0x17, 0, Mnemonic.VMOVHPS, Mq, V128).memoryOnly();
        only128(0x12, 0x66, Mnemonic.VMOVLPD, V128, H128, Mq).memoryOnly();
        only128(0x13, 0x66, Mnemonic.VMOVLPD, Mq, V128).memoryOnly();
        only128(0x16, 0x66, Mnemonic.VMOVHPD, V128, H128, Mq).memoryOnly();
        only128(0x17, 0x66, Mnemonic.VMOVHPD, Mq, V128).memoryOnly();
        avx(0x12, 0xf3, Mnemonic.VMOVSLDUP, Vx, Wx);
        avx(0x16, 0xf3, Mnemonic.VMOVSHDUP, Vx, Wx);
        only128(0x12, 0xf2, Mnemonic.VMOVDDUP, V128, W64);
        only256(0x12, 0xf2, Mnemonic.VMOVDDUP, Vx, Wx);
        avx(0x14, 0, Mnemonic.VUNPCKLPS, Vx, Hx, Wx);
        avx(0x14, 0x66, Mnemonic.VUNPCKLPD, Vx, Hx, Wx);
        avx(0x15, 0, Mnemonic.VUNPCKHPS, Vx, Hx, Wx);
        avx(0x15, 0x66, Mnemonic.VUNPCKHPD, Vx, Hx, Wx);
        avx(0xc6, 0, Mnemonic.VSHUFPS, Vx, Hx, Wx, Ib);
        avx(0xc6, 0x66, Mnemonic.VSHUFPD, Vx, Hx, Wx, Ib);
    }

    private void arithmetic() {
        avx(0x58, 0, Mnemonic.VADDPS, Vx, Hx, Wx);
        avx(0x58, 0x66, Mnemonic.VADDPD, Vx, Hx, Wx);
        scalar(0x58, 0xf3, Mnemonic.VADDSS, V128, H128, W32);
        scalar(0x58, 0xf2, Mnemonic.VADDSD, V128, H128, W64);
        avx(0x59, 0, Mnemonic.VMULPS, Vx, Hx, Wx);
        avx(0x59, 0x66, Mnemonic.VMULPD, Vx, Hx, Wx);
        scalar(0x59, 0xf3, Mnemonic.VMULSS, V128, H128, W32);
        scalar(0x59, 0xf2, Mnemonic.VMULSD, V128, H128, W64);
        avx(0x5c, 0, Mnemonic.VSUBPS, Vx, Hx, Wx);
        avx(0x5c, 0x66, Mnemonic.VSUBPD, Vx, Hx, Wx);
        scalar(0x5c, 0xf3, Mnemonic.VSUBSS, V128, H128, W32);
        scalar(0x5c, 0xf2, Mnemonic.VSUBSD, V128, H128, W64);
        avx(0x5d, 0, Mnemonic.VMINPS, Vx, Hx, Wx);
        avx(0x5d, 0x66, Mnemonic.VMINPD, Vx, Hx, Wx);
        scalar(0x5d, 0xf3, Mnemonic.VMINSS, V128, H128, W32);
        scalar(0x5d, 0xf2, Mnemonic.VMINSD, V128, H128, W64);
        avx(0x5e, 0, Mnemonic.VDIVPS, Vx, Hx, Wx);
        avx(0x5e, 0x66, Mnemonic.VDIVPD, Vx, Hx, Wx);
        scalar(0x5e, 0xf3, Mnemonic.VDIVSS, V128, H128, W32);
        scalar(0x5e, 0xf2, Mnemonic.VDIVSD, V128, H128, W64);
        avx(0x5f, 0, Mnemonic.VMAXPS, Vx, Hx, Wx);
        avx(0x5f, 0x66, Mnemonic.VMAXPD, Vx, Hx, Wx);
        scalar(0x5f, 0xf3, Mnemonic.VMAXSS, V128, H128, W32);
        scalar(0x5f, 0xf2, Mnemonic.VMAXSD, V128, H128, W64);
        avx(0x51, 0, Mnemonic.VSQRTPS, Vx, Wx);
        avx(0x51, 0x66, Mnemonic.VSQRTPD, Vx, Wx);
        scalar(0x51, 0xf3, Mnemonic.VSQRTSS, V128, H128, W32);
        scalar(0x51, 0xf2, Mnemonic.VSQRTSD, V128, H128, W64);
        avx(0x52, 0, Mnemonic.VRSQRTPS, Vx, Wx);
        scalar(0x52, 0xf3, Mnemonic.VRSQRTSS, V128, H128, W32);
        avx(0x53, 0, Mnemonic.VRCPPS, Vx, Wx);
        scalar(0x53, 0xf3, Mnemonic.VRCPSS, V128, H128, W32);
        avx(0x7c, 0x66, Mnemonic.VHADDPD, Vx, Hx, Wx);
        avx(0x7c, 0xf2, Mnemonic.VHADDPS, Vx, Hx, Wx);
        avx(0x7d, 0x66, Mnemonic.VHSUBPD, Vx, Hx, Wx);
        avx(0x7d, 0xf2, Mnemonic.VHSUBPS, Vx, Hx, Wx);
        avx(0xd0, 0x66, Mnemonic.VADDSUBPD, Vx, Hx, Wx);
        avx(0xd0, 0xf2, Mnemonic.VADDSUBPS, Vx, Hx, Wx);
    }

    private void logicAndComparison() {
        avx(0x54, 0, Mnemonic.VANDPS, Vx, Hx, Wx);
        avx(0x54, 0x66, Mnemonic.VANDPD, Vx, Hx, Wx);
        avx(0x55, 0, Mnemonic.VANDNPS, Vx, Hx, Wx);
        avx(0x55, 0x66, Mnemonic.VANDNPD, Vx, Hx, Wx);
        avx(0x56, 0, Mnemonic.VORPS, Vx, Hx, Wx);
        avx(0x56, 0x66, Mnemonic.VORPD, Vx, Hx, Wx);
        avx(0x57, 0, Mnemonic.VXORPS, Vx, Hx, Wx);
        avx(0x57, 0x66, Mnemonic.VXORPD, Vx, Hx, Wx);
        avx(0xc2, 0, Mnemonic.VCMPPS, Vx, Hx, Wx, Ib);
        avx(0xc2, 0x66, Mnemonic.VCMPPD, Vx, Hx, Wx, Ib);
        scalar(0xc2, 0xf3, Mnemonic.VCMPSS, V128, H128, W32, Ib);
        scalar(0xc2, 0xf2, Mnemonic.VCMPSD, V128, H128, W64, Ib);
        scalar(0x2e, 0, Mnemonic.VUCOMISS, V128, W32);
        scalar(0x2e, 0x66, Mnemonic.VUCOMISD, V128, W64);
        scalar(0x2f, 0, Mnemonic.VCOMISS, V128, W32);
        scalar(0x2f, 0x66, Mnemonic.VCOMISD, V128, W64);
    }

    private void conversions() {
        scalar(0x2c, 0xf3, Mnemonic.VCVTTSS2SI, Gy, W32);
        scalar(0x2c, 0xf2, Mnemonic.VCVTTSD2SI, Gy, W64);
        scalar(0x2d, 0xf3, Mnemonic.VCVTSS2SI, Gy, W32);
        scalar(0x2d, 0xf2, Mnemonic.VCVTSD2SI, Gy, W64);
        scalar(0x2a, 0xf3, Mnemonic.VCVTSI2SS, V128, H128, Ey);
        scalar(0x2a, 0xf2, Mnemonic.VCVTSI2SD, V128, H128, Ey);
        avx(0x5a, 0, Mnemonic.VCVTPS2PD, Vx, Wxh);
        avx(0x5a, 0x66, Mnemonic.VCVTPD2PS, V128, Wx);
        scalar(0x5a, 0xf3, Mnemonic.VCVTSS2SD, V128, H128, W32);
        scalar(0x5a, 0xf2, Mnemonic.VCVTSD2SS, V128, H128, W64);
        avx(0x5b, 0, Mnemonic.VCVTDQ2PS, Vx, Wx);
        avx(0x5b, 0x66, Mnemonic.VCVTPS2DQ, Vx, Wx);
        avx(0x5b, 0xf3, Mnemonic.VCVTTPS2DQ, Vx, Wx);
        avx(0xe6, 0x66, Mnemonic.VCVTTPD2DQ, V128, Wx);
        avx(0xe6, 0xf3, Mnemonic.VCVTDQ2PD, Vx, Wxh);
        avx(0xe6, 0xf2, Mnemonic.VCVTPD2DQ, V128, Wx);
    }

    private void state() {
        only128(0x77, 0, Mnemonic.VZEROUPPER);
        only256(0x77, 0, Mnemonic.VZEROALL);
        group(0xae, 2, Mnemonic.VLDMXCSR, Md).feature(Feature.AVX).noPrefix().protectedOnly()
                .memoryOnly().l0();
        group(0xae, 3, Mnemonic.VSTMXCSR, Md).feature(Feature.AVX).noPrefix().protectedOnly()
                .memoryOnly().l0();
    }
}
