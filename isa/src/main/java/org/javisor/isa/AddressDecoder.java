// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

import static org.javisor.isa.Instruction.ABSENT;
import static org.javisor.isa.Instruction.RIP;
import static org.javisor.isa.Instruction.SEGMENT_OVERRIDE;
import static org.javisor.isa.Instruction.SS;

/// Reads SIB byte and displacement behind a ModRM byte that names memory.
///
/// @sdm vol. 2A §2.1.5 "Addressing-Mode Encoding of ModR/M and SIB Bytes"
final class AddressDecoder {
    private static final int RBX = 3, RSP = 4, RBP = 5, RSI = 6, RDI = 7;

    // By ModRM.rm, with 16-bit addresses.
    private static final byte[] BASES_16 = {RBX, RBX, RBP, RBP, RSI, RDI, RBP, RBX};
    private static final byte[] INDEXES_16 = {RSI, RDI, RSI, RDI, ABSENT, ABSENT, ABSENT, ABSENT};

    private AddressDecoder() { }

    static void decode(byte[] code, int start, int rex, Instruction into) {
        // The address size is that of the mode and prefix; the row has no say in it.
        boolean is16 = into.addressBytes == 2;
        if (is16) {
            decode16(code, start, into);
        } else {
            decode32(code, start, rex, into);
        }
        if ((into.base == RSP || into.base == RBP) && !into.has(SEGMENT_OVERRIDE)) {
            into.segment = SS;
        }
    }

    private static void decode16(byte[] code, int start, Instruction into) {
        int mod = into.modrm >> 6;
        int rm = into.modrm & 7;
        if (mod == 0 && rm == 6) {
            into.displacement = Bytes.take16(code, start, into);
            return;
        }
        into.base = BASES_16[rm];
        into.index = INDEXES_16[rm];
        if (mod == 1) {
            into.displacement = Bytes.take8(code, start, into);
        } else if (mod == 2) {
            into.displacement = Bytes.take16(code, start, into);
        }
    }

    private static void decode32(byte[] code, int start, int rex, Instruction into) {
        int mod = into.modrm >> 6;
        int rm = into.modrm & 7;
        boolean displacementOnly;
        if (rm == 4) {
            displacementOnly = decodeSib(code, start, rex, into);
        } else {
            displacementOnly = mod == 0 && rm == 5;
            if (displacementOnly) {
                into.base = (byte) (into.codeBits == 64 ? RIP : ABSENT);
            } else {
                into.base = (byte) (rm | (rex & 1) << 3);
            }
        }
        if (mod == 2 || displacementOnly) {
            into.displacement = Bytes.take32(code, start, into);
        } else if (mod == 1) {
            into.displacement = Bytes.take8(code, start, into);
        }
    }

    /// @return whether there is no base but a 32-bit displacement
    private static boolean decodeSib(byte[] code, int start, int rex, Instruction into) {
        int sib = code[start + into.length++] & 0xff;
        into.scaleShift = (byte) (sib >> 6);
        int index = sib >> 3 & 7 | (rex & 2) << 2;
        into.index = (byte) (index == RSP ? ABSENT : index);
        boolean baseless = (sib & 7) == RBP && into.modrm >> 6 == 0;
        into.base = (byte) (baseless ? ABSENT : sib & 7 | (rex & 1) << 3);
        return baseless;
    }
}
