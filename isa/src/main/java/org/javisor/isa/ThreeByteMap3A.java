// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

import static org.javisor.isa.Mnemonic.AESKEYGENASSIST;
import static org.javisor.isa.Mnemonic.BLENDPD;
import static org.javisor.isa.Mnemonic.BLENDPS;
import static org.javisor.isa.Mnemonic.DPPD;
import static org.javisor.isa.Mnemonic.DPPS;
import static org.javisor.isa.Mnemonic.EXTRACTPS;
import static org.javisor.isa.Mnemonic.INSERTPS;
import static org.javisor.isa.Mnemonic.MPSADBW;
import static org.javisor.isa.Mnemonic.PALIGNR;
import static org.javisor.isa.Mnemonic.PBLENDW;
import static org.javisor.isa.Mnemonic.PCLMULQDQ;
import static org.javisor.isa.Mnemonic.PCMPESTRI;
import static org.javisor.isa.Mnemonic.PCMPESTRM;
import static org.javisor.isa.Mnemonic.PCMPISTRI;
import static org.javisor.isa.Mnemonic.PCMPISTRM;
import static org.javisor.isa.Mnemonic.PEXTRB;
import static org.javisor.isa.Mnemonic.PEXTRD;
import static org.javisor.isa.Mnemonic.PEXTRW;
import static org.javisor.isa.Mnemonic.PINSRB;
import static org.javisor.isa.Mnemonic.PINSRD;
import static org.javisor.isa.Mnemonic.ROUNDPD;
import static org.javisor.isa.Mnemonic.ROUNDPS;
import static org.javisor.isa.Mnemonic.ROUNDSD;
import static org.javisor.isa.Mnemonic.ROUNDSS;
import static org.javisor.isa.Mnemonic.SHA1RNDS4;
import static org.javisor.isa.OperandSpec.Ed;
import static org.javisor.isa.OperandSpec.Ey;
import static org.javisor.isa.OperandSpec.Ib;
import static org.javisor.isa.OperandSpec.Pq;
import static org.javisor.isa.OperandSpec.Qq;
import static org.javisor.isa.OperandSpec.RdMb;
import static org.javisor.isa.OperandSpec.RdMw;
import static org.javisor.isa.OperandSpec.V128;
import static org.javisor.isa.OperandSpec.W128;
import static org.javisor.isa.OperandSpec.W32;
import static org.javisor.isa.OperandSpec.W64;

/// The three-byte opcodes 0F 3A xx; all have an immediate byte.
///
/// @sdm vol. 2D, Table A-5 "Three-byte Opcode Map: 00H - FFH (First Two Bytes are 0F 3AH)"
final class ThreeByteMap3A extends OpcodeMap {
    ThreeByteMap3A() {
        super(OpcodeRow.THREE_BYTE_3A);
        blendsAndRounding();
        elements();
        sums();
        strings();
        cryptography();
    }

    private Row p66(Feature feature, int opcode, Mnemonic mnemonic, OperandSpec... operands) {
        return define(opcode, mnemonic, operands).prefix(0x66).feature(feature).noPrefix();
    }

    private void blendsAndRounding() {
        p66(Feature.SSE4_1, 0x08, ROUNDPS, V128, W128, Ib).aligned().writesOnly();
        p66(Feature.SSE4_1, 0x09, ROUNDPD, V128, W128, Ib).aligned().writesOnly();
        p66(Feature.SSE4_1, 0x0a, ROUNDSS, V128, W32, Ib);
        p66(Feature.SSE4_1, 0x0b, ROUNDSD, V128, W64, Ib);
        p66(Feature.SSE4_1, 0x0c, BLENDPS, V128, W128, Ib).aligned();
        p66(Feature.SSE4_1, 0x0d, BLENDPD, V128, W128, Ib).aligned();
        p66(Feature.SSE4_1, 0x0e, PBLENDW, V128, W128, Ib).aligned();
        define(0x0f, PALIGNR, Pq, Qq, Ib).feature(Feature.SSSE3).noPrefix();
        p66(Feature.SSSE3, 0x0f, PALIGNR, V128, W128, Ib).aligned();
    }

    private void elements() {
        p66(Feature.SSE4_1, 0x14, PEXTRB, RdMb, V128, Ib).writesOnly();
        p66(Feature.SSE4_1, 0x15, PEXTRW, RdMw, V128, Ib).writesOnly();
        p66(Feature.SSE4_1, 0x16, PEXTRD, Ey, V128, Ib).writesOnly();
        p66(Feature.SSE4_1, 0x17, EXTRACTPS, Ed, V128, Ib).writesOnly();
        p66(Feature.SSE4_1, 0x20, PINSRB, V128, RdMb, Ib);
        // From a register, any of its four elements may be the source.
        p66(Feature.SSE4_1, 0x21, INSERTPS, V128, W32, Ib);
        p66(Feature.SSE4_1, 0x22, PINSRD, V128, Ey, Ib);
    }

    private void sums() {
        p66(Feature.SSE4_1, 0x40, DPPS, V128, W128, Ib).aligned();
        p66(Feature.SSE4_1, 0x41, DPPD, V128, W128, Ib).aligned();
        p66(Feature.SSE4_1, 0x42, MPSADBW, V128, W128, Ib).aligned();
    }

    /// Their memory operand needs no alignment. With REX.W the lengths are 64-bit registers.
    private void strings() {
        p66(Feature.SSE4_2, 0x60, PCMPESTRM, V128, W128, Ib).readsOnly();
        p66(Feature.SSE4_2, 0x61, PCMPESTRI, V128, W128, Ib).readsOnly();
        p66(Feature.SSE4_2, 0x62, PCMPISTRM, V128, W128, Ib).readsOnly();
        p66(Feature.SSE4_2, 0x63, PCMPISTRI, V128, W128, Ib).readsOnly();
    }

    private void cryptography() {
        p66(Feature.PCLMULQDQ, 0x44, PCLMULQDQ, V128, W128, Ib).aligned();
        define(0xcc, SHA1RNDS4, V128, W128, Ib).feature(Feature.SHA).noPrefix().aligned();
        p66(Feature.AES, 0xdf, AESKEYGENASSIST, V128, W128, Ib).aligned().writesOnly();
    }
}
