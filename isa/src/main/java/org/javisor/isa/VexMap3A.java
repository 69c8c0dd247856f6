// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

import static org.javisor.isa.Mnemonic.RORX;
import static org.javisor.isa.OperandSpec.Ey;
import static org.javisor.isa.OperandSpec.Gy;
import static org.javisor.isa.OperandSpec.Ib;

/// The opcodes of map 0F 3A behind a VEX prefix that work on general registers.
///
/// @sdm vol. 2D, Table A-5 "Three-byte Opcode Map: 00H - FFH (First Two Bytes are 0F 3AH)"
final class VexMap3A extends OpcodeMap {
    VexMap3A() {
        super(OpcodeRow.VEX_3A);
        define(0xf0, RORX, Gy, Ey, Ib).prefix(0xf2).feature(Feature.BMI2).noPrefix()
                .protectedOnly().writesOnly();
    }
}
