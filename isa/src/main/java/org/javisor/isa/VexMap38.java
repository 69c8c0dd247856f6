// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

import static org.javisor.isa.Mnemonic.ANDN;
import static org.javisor.isa.Mnemonic.BEXTR;
import static org.javisor.isa.Mnemonic.BLSI;
import static org.javisor.isa.Mnemonic.BLSMSK;
import static org.javisor.isa.Mnemonic.BLSR;
import static org.javisor.isa.Mnemonic.BZHI;
import static org.javisor.isa.Mnemonic.MULX;
import static org.javisor.isa.Mnemonic.PDEP;
import static org.javisor.isa.Mnemonic.PEXT;
import static org.javisor.isa.Mnemonic.SARX;
import static org.javisor.isa.Mnemonic.SHLX;
import static org.javisor.isa.Mnemonic.SHRX;
import static org.javisor.isa.OperandSpec.By;
import static org.javisor.isa.OperandSpec.Ey;
import static org.javisor.isa.OperandSpec.Gy;

/// The opcodes of map 0F 38 behind a VEX prefix that work on general registers.
///
/// @sdm vol. 2D, Table A-4 "Three-byte Opcode Map: 08H - FFH (First Two Bytes are 0F 38H)"
final class VexMap38 extends OpcodeMap {
    VexMap38() {
        super(OpcodeRow.VEX_38);
        bmi1();
        bmi2();
    }

    private Row vex(Feature feature, int opcode, int prefix, Mnemonic mnemonic, OperandSpec... operands) {
        return define(opcode, mnemonic, operands).prefix(prefix).feature(feature).noPrefix()
                .protectedOnly().writesOnly();
    }

    private void bmi1() {
        vex(Feature.BMI1, 0xf2, 0, ANDN, Gy, By, Ey).undefinedFlags(AF | PF);
        lowestBit(1, BLSR);
        lowestBit(2, BLSMSK);
        lowestBit(3, BLSI);
        vex(Feature.BMI1, 0xf7, 0, BEXTR, Gy, Ey, By).undefinedFlags(AF | SF | PF);
    }

    private void lowestBit(int extension, Mnemonic mnemonic) {
        group(0xf3, extension, mnemonic, By, Ey).feature(Feature.BMI1).noPrefix().protectedOnly().writesOnly()
                .undefinedFlags(AF | PF);
    }

    private void bmi2() {
        vex(Feature.BMI2, 0xf5, 0, BZHI, Gy, Ey, By).undefinedFlags(AF | PF);
        vex(Feature.BMI2, 0xf5, 0xf2, PDEP, Gy, By, Ey);
        vex(Feature.BMI2, 0xf5, 0xf3, PEXT, Gy, By, Ey);
        // Writes both registers; RDX is the other factor.
        vex(Feature.BMI2, 0xf6, 0xf2, MULX, Gy, By, Ey);
        vex(Feature.BMI2, 0xf7, 0xf3, SARX, Gy, Ey, By);
        vex(Feature.BMI2, 0xf7, 0x66, SHLX, Gy, Ey, By);
        vex(Feature.BMI2, 0xf7, 0xf2, SHRX, Gy, Ey, By);
    }
}
