// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.isa.Feature;
import org.javisor.isa.Instruction;

/// What translated code needs of VECTORS to execute an instruction: bits of [CpuLayout].
public final class VectorNeed {
    private static final int XMM = CpuLayout.VECTORS_USABLE;
    private static final int YMM = XMM | CpuLayout.VECTORS_WIDE_USABLE;

    private VectorNeed() { }

    /// With a VEX prefix, all but the instructions of BMI work on vector registers, or need the same permission.
    public static int of(Instruction insn) {
        if (insn.row.isVex()) {
            Feature feature = insn.row.feature();
            return feature == Feature.BMI1 || feature == Feature.BMI2 ? 0 : YMM;
        }
        return switch (insn.mnemonic()) {
            case LDMXCSR, STMXCSR -> XMM;
            default -> insn.row.hasVector() ? XMM : 0;
        };
    }
}
