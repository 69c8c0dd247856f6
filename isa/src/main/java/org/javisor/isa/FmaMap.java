// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

import static org.javisor.isa.OperandSpec.H128;
import static org.javisor.isa.OperandSpec.Hx;
import static org.javisor.isa.OperandSpec.V128;
import static org.javisor.isa.OperandSpec.Vx;
import static org.javisor.isa.OperandSpec.W32;
import static org.javisor.isa.OperandSpec.W64;
import static org.javisor.isa.OperandSpec.Wx;

/// The fused multiply-add instructions: in map 0F 38 behind a VEX prefix, three orders of operands in rows 9,
/// A and B, each with the same ten operations from column 6 on. VEX.W chooses the precision.
///
/// @sdm vol. 2D, Table A-4 "Three-byte Opcode Map: 08H - FFH (First Two Bytes are 0F 38H)"
final class FmaMap extends VexMap {
    private static final String[] ORDERS = {"132", "213", "231"};

    FmaMap() {
        super(OpcodeRow.VEX_38);
        for (int order = 0; order < ORDERS.length; order++) {
            int row = 0x90 + 0x10 * order;
            packed(row | 6, "VFMADDSUB" + ORDERS[order]);
            packed(row | 7, "VFMSUBADD" + ORDERS[order]);
            packedAndScalar(row | 8, "VFMADD" + ORDERS[order]);
            packedAndScalar(row | 0xa, "VFMSUB" + ORDERS[order]);
            packedAndScalar(row | 0xc, "VFNMADD" + ORDERS[order]);
            packedAndScalar(row | 0xe, "VFNMSUB" + ORDERS[order]);
        }
    }

    private void packed(int opcode, String name) {
        avx(opcode, 0x66, Mnemonic.valueOf(name + "PS"), Vx, Hx, Wx).w0().feature(Feature.FMA);
        avx(opcode, 0x66, Mnemonic.valueOf(name + "PD"), Vx, Hx, Wx).w1().feature(Feature.FMA);
    }

    private void packedAndScalar(int opcode, String name) {
        packed(opcode, name);
        scalar(opcode + 1, 0x66, Mnemonic.valueOf(name + "SS"), V128, H128, W32).w0().feature(Feature.FMA);
        scalar(opcode + 1, 0x66, Mnemonic.valueOf(name + "SD"), V128, H128, W64).w1().feature(Feature.FMA);
    }
}
