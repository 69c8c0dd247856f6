// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

import static org.javisor.isa.Mnemonic.ADCX;
import static org.javisor.isa.Mnemonic.ADOX;
import static org.javisor.isa.Mnemonic.AESDEC;
import static org.javisor.isa.Mnemonic.AESDECLAST;
import static org.javisor.isa.Mnemonic.AESENC;
import static org.javisor.isa.Mnemonic.AESENCLAST;
import static org.javisor.isa.Mnemonic.AESIMC;
import static org.javisor.isa.Mnemonic.BLENDVPD;
import static org.javisor.isa.Mnemonic.BLENDVPS;
import static org.javisor.isa.Mnemonic.CRC32;
import static org.javisor.isa.Mnemonic.INVPCID;
import static org.javisor.isa.Mnemonic.MOVBE;
import static org.javisor.isa.Mnemonic.MOVNTDQA;
import static org.javisor.isa.Mnemonic.PABSB;
import static org.javisor.isa.Mnemonic.PABSD;
import static org.javisor.isa.Mnemonic.PABSW;
import static org.javisor.isa.Mnemonic.PACKUSDW;
import static org.javisor.isa.Mnemonic.PBLENDVB;
import static org.javisor.isa.Mnemonic.PCMPEQQ;
import static org.javisor.isa.Mnemonic.PCMPGTQ;
import static org.javisor.isa.Mnemonic.PHADDD;
import static org.javisor.isa.Mnemonic.PHADDSW;
import static org.javisor.isa.Mnemonic.PHADDW;
import static org.javisor.isa.Mnemonic.PHMINPOSUW;
import static org.javisor.isa.Mnemonic.PHSUBD;
import static org.javisor.isa.Mnemonic.PHSUBSW;
import static org.javisor.isa.Mnemonic.PHSUBW;
import static org.javisor.isa.Mnemonic.PMADDUBSW;
import static org.javisor.isa.Mnemonic.PMAXSB;
import static org.javisor.isa.Mnemonic.PMAXSD;
import static org.javisor.isa.Mnemonic.PMAXUD;
import static org.javisor.isa.Mnemonic.PMAXUW;
import static org.javisor.isa.Mnemonic.PMINSB;
import static org.javisor.isa.Mnemonic.PMINSD;
import static org.javisor.isa.Mnemonic.PMINUD;
import static org.javisor.isa.Mnemonic.PMINUW;
import static org.javisor.isa.Mnemonic.PMOVSXBD;
import static org.javisor.isa.Mnemonic.PMOVSXBQ;
import static org.javisor.isa.Mnemonic.PMOVSXBW;
import static org.javisor.isa.Mnemonic.PMOVSXDQ;
import static org.javisor.isa.Mnemonic.PMOVSXWD;
import static org.javisor.isa.Mnemonic.PMOVSXWQ;
import static org.javisor.isa.Mnemonic.PMOVZXBD;
import static org.javisor.isa.Mnemonic.PMOVZXBQ;
import static org.javisor.isa.Mnemonic.PMOVZXBW;
import static org.javisor.isa.Mnemonic.PMOVZXDQ;
import static org.javisor.isa.Mnemonic.PMOVZXWD;
import static org.javisor.isa.Mnemonic.PMOVZXWQ;
import static org.javisor.isa.Mnemonic.PMULDQ;
import static org.javisor.isa.Mnemonic.PMULHRSW;
import static org.javisor.isa.Mnemonic.PMULLD;
import static org.javisor.isa.Mnemonic.PSHUFB;
import static org.javisor.isa.Mnemonic.PSIGNB;
import static org.javisor.isa.Mnemonic.PSIGND;
import static org.javisor.isa.Mnemonic.PSIGNW;
import static org.javisor.isa.Mnemonic.PTEST;
import static org.javisor.isa.Mnemonic.SHA1MSG1;
import static org.javisor.isa.Mnemonic.SHA1MSG2;
import static org.javisor.isa.Mnemonic.SHA1NEXTE;
import static org.javisor.isa.Mnemonic.SHA256MSG1;
import static org.javisor.isa.Mnemonic.SHA256MSG2;
import static org.javisor.isa.Mnemonic.SHA256RNDS2;
import static org.javisor.isa.Mnemonic.WRSS;
import static org.javisor.isa.Mnemonic.WRUSS;
import static org.javisor.isa.OperandSpec.Eb;
import static org.javisor.isa.OperandSpec.Ev;
import static org.javisor.isa.OperandSpec.Ey;
import static org.javisor.isa.OperandSpec.Gm;
import static org.javisor.isa.OperandSpec.Gv;
import static org.javisor.isa.OperandSpec.Gy;
import static org.javisor.isa.OperandSpec.M128;
import static org.javisor.isa.OperandSpec.Mv;
import static org.javisor.isa.OperandSpec.My;
import static org.javisor.isa.OperandSpec.Pq;
import static org.javisor.isa.OperandSpec.Qq;
import static org.javisor.isa.OperandSpec.V128;
import static org.javisor.isa.OperandSpec.W128;
import static org.javisor.isa.OperandSpec.W16;
import static org.javisor.isa.OperandSpec.W32;
import static org.javisor.isa.OperandSpec.W64;
import static org.javisor.isa.OperandSpec.XMM0;

/// The three-byte opcodes 0F 38 xx.
///
/// @sdm vol. 2D, Table A-4 "Three-byte Opcode Map: 08H - FFH (First Two Bytes are 0F 38H)"
final class ThreeByteMap38 extends OpcodeMap {
    ThreeByteMap38() {
        super(OpcodeRow.THREE_BYTE_38);
        ssse3();
        extensions();
        minimaAndMaxima();
        sse4();
        cryptography();
        integer();
    }

    /// An SSSE3 operation on MMX and XMM registers.
    private void both(int opcode, Mnemonic mnemonic) {
        define(opcode, mnemonic, Pq, Qq).feature(Feature.SSSE3).noPrefix();
        define(opcode, mnemonic, V128, W128).prefix(0x66).feature(Feature.SSSE3).noPrefix().aligned();
    }

    private Row p66(Feature feature, int opcode, Mnemonic mnemonic, OperandSpec... operands) {
        return define(opcode, mnemonic, operands).prefix(0x66).feature(feature).noPrefix();
    }

    private void ssse3() {
        both(0x00, PSHUFB);
        both(0x01, PHADDW);
        both(0x02, PHADDD);
        both(0x03, PHADDSW);
        both(0x04, PMADDUBSW);
        both(0x05, PHSUBW);
        both(0x06, PHSUBD);
        both(0x07, PHSUBSW);
        both(0x08, PSIGNB);
        both(0x09, PSIGNW);
        both(0x0a, PSIGND);
        both(0x0b, PMULHRSW);
        both(0x1c, PABSB);
        both(0x1d, PABSW);
        both(0x1e, PABSD);
    }

    private void extensions() {
        p66(Feature.SSE4_1, 0x20, PMOVSXBW, V128, W64).writesOnly();
        p66(Feature.SSE4_1, 0x21, PMOVSXBD, V128, W32).writesOnly();
        p66(Feature.SSE4_1, 0x22, PMOVSXBQ, V128, W16).writesOnly();
        p66(Feature.SSE4_1, 0x23, PMOVSXWD, V128, W64).writesOnly();
        p66(Feature.SSE4_1, 0x24, PMOVSXWQ, V128, W32).writesOnly();
        p66(Feature.SSE4_1, 0x25, PMOVSXDQ, V128, W64).writesOnly();
        p66(Feature.SSE4_1, 0x30, PMOVZXBW, V128, W64).writesOnly();
        p66(Feature.SSE4_1, 0x31, PMOVZXBD, V128, W32).writesOnly();
        p66(Feature.SSE4_1, 0x32, PMOVZXBQ, V128, W16).writesOnly();
        p66(Feature.SSE4_1, 0x33, PMOVZXWD, V128, W64).writesOnly();
        p66(Feature.SSE4_1, 0x34, PMOVZXWQ, V128, W32).writesOnly();
        p66(Feature.SSE4_1, 0x35, PMOVZXDQ, V128, W64).writesOnly();
    }

    private void minimaAndMaxima() {
        p66(Feature.SSE4_1, 0x38, PMINSB, V128, W128).aligned();
        p66(Feature.SSE4_1, 0x39, PMINSD, V128, W128).aligned();
        p66(Feature.SSE4_1, 0x3a, PMINUW, V128, W128).aligned();
        p66(Feature.SSE4_1, 0x3b, PMINUD, V128, W128).aligned();
        p66(Feature.SSE4_1, 0x3c, PMAXSB, V128, W128).aligned();
        p66(Feature.SSE4_1, 0x3d, PMAXSD, V128, W128).aligned();
        p66(Feature.SSE4_1, 0x3e, PMAXUW, V128, W128).aligned();
        p66(Feature.SSE4_1, 0x3f, PMAXUD, V128, W128).aligned();
        p66(Feature.SSE4_1, 0x41, PHMINPOSUW, V128, W128).aligned().writesOnly();
    }

    private void sse4() {
        p66(Feature.SSE4_1, 0x10, PBLENDVB, V128, W128, XMM0).aligned();
        p66(Feature.SSE4_1, 0x14, BLENDVPS, V128, W128, XMM0).aligned();
        p66(Feature.SSE4_1, 0x15, BLENDVPD, V128, W128, XMM0).aligned();
        p66(Feature.SSE4_1, 0x17, PTEST, V128, W128).aligned().readsOnly();
        p66(Feature.SSE4_1, 0x28, PMULDQ, V128, W128).aligned();
        p66(Feature.SSE4_1, 0x29, PCMPEQQ, V128, W128).aligned();
        p66(Feature.SSE4_1, 0x2a, MOVNTDQA, V128, M128).memoryOnly().aligned().writesOnly();
        p66(Feature.SSE4_1, 0x2b, PACKUSDW, V128, W128).aligned();
        p66(Feature.SSE4_2, 0x37, PCMPGTQ, V128, W128).aligned();
        p66(Feature.SSE4_1, 0x40, PMULLD, V128, W128).aligned();
    }

    private Row sha(int opcode, Mnemonic mnemonic, OperandSpec... operands) {
        return define(opcode, mnemonic, operands).feature(Feature.SHA).noPrefix().aligned();
    }

    private void cryptography() {
        sha(0xc8, SHA1NEXTE, V128, W128);
        sha(0xc9, SHA1MSG1, V128, W128);
        sha(0xca, SHA1MSG2, V128, W128);
        sha(0xcb, SHA256RNDS2, V128, W128, XMM0);
        sha(0xcc, SHA256MSG1, V128, W128);
        sha(0xcd, SHA256MSG2, V128, W128);
        p66(Feature.AES, 0xdb, AESIMC, V128, W128).aligned().writesOnly();
        p66(Feature.AES, 0xdc, AESENC, V128, W128).aligned();
        p66(Feature.AES, 0xdd, AESENCLAST, V128, W128).aligned();
        p66(Feature.AES, 0xde, AESDEC, V128, W128).aligned();
        p66(Feature.AES, 0xdf, AESDECLAST, V128, W128).aligned();
    }

    private void integer() {
        p66(Feature.INVPCID, 0x82, INVPCID, Gm, M128).memoryOnly().privileged().readsOnly().endsBlock();
        define(0xf0, MOVBE, Gv, Mv).feature(Feature.MOVBE).memoryOnly().noRepeat().writesOnly();
        define(0xf1, MOVBE, Mv, Gv).feature(Feature.MOVBE).memoryOnly().noRepeat().writesOnly();
        // 66 beside F2 is the operand size.
        define(0xf0, CRC32, Gy, Eb).prefix(0xf2).feature(Feature.SSE4_2);
        define(0xf1, CRC32, Gy, Ev).prefix(0xf2).feature(Feature.SSE4_2);
        define(0xf6, WRSS, My, Gy).feature(Feature.CET_SS).noPrefix().memoryOnly();
        p66(Feature.CET_SS, 0xf5, WRUSS, My, Gy).memoryOnly().privileged();
        p66(Feature.ADX, 0xf6, ADCX, Gy, Ey);
        define(0xf6, ADOX, Gy, Ey).prefix(0xf3).feature(Feature.ADX).noPrefix();
    }
}
