// SPDX-License-Identifier: Apache-2.0
package org.javisor.testkit;

import java.util.ArrayList;
import java.util.List;
import org.javisor.isa.Mnemonic;
import org.javisor.isa.OpcodeRow;
import org.javisor.isa.OpcodeRow.Attribute;
import org.javisor.isa.OperandSpec;

/// One of the ways to encode a row of the opcode maps for 64-bit or 32-bit code: with a register or memory,
/// an operand size, LOCK or REP.
///
/// @param codeBits 64 or 32
/// @param row    what is encoded
/// @param memory whether ModRM names memory
/// @param bytes  operand size, by 66 and REX.W: 2, 4 or 8; 0 if the row has no use for them
/// @param prefix 0, F0 (LOCK), F3 (REP) or F2 (REPNE)
public record InstructionForm(int codeBits, OpcodeRow row, boolean memory, int bytes, int prefix) {
    /// All forms of a row that is valid in such code.
    public static List<InstructionForm> of(OpcodeRow row, int codeBits) {
        List<InstructionForm> forms = new ArrayList<>();
        for (int bytes : codeBits == 64 ? sizes64(row) : sizes32(row)) {
            boolean hasRm = row.operands().stream().anyMatch(OperandSpec::canBeMemory);
            if (!hasRm || !row.has(Attribute.MEMORY_ONLY)) {
                forms.add(new InstructionForm(codeBits, row, false, bytes, 0));
            }
            if (hasRm && !row.has(Attribute.REGISTER_ONLY)) {
                forms.add(new InstructionForm(codeBits, row, true, bytes, 0));
                if (row.has(Attribute.LOCKABLE) && row.operands().getFirst().canBeMemory()) {
                    forms.add(new InstructionForm(codeBits, row, true, bytes, 0xf0));
                }
            }
            if (row.has(Attribute.STRING)) {
                forms.add(new InstructionForm(codeBits, row, false, bytes, 0xf3));
                forms.add(new InstructionForm(codeBits, row, false, bytes, 0xf2));
            }
        }
        return forms;
    }

    private static boolean hasOperandSize(OpcodeRow row) {
        return implied(row.mnemonic()) || row.operands().stream().anyMatch(OperandSpec::hasOperandSize)
                || row.has(Attribute.DEFAULT_64);
    }

    /// Near branches stay 32 bits wide: 16-bit ones lead to the first 64 KiB.
    private static int[] sizes32(OpcodeRow row) {
        return hasOperandSize(row) && !row.has(Attribute.FORCE_64) ? new int[] {2, 4} : new int[] {0};
    }

    private static int[] sizes64(OpcodeRow row) {
        if (row.has(Attribute.FORCE_64)) {
            return new int[] {0};
        }
        if (hasOperandSize(row)) {
            return row.has(Attribute.DEFAULT_64) ? new int[] {2, 8} : new int[] {2, 4, 8};
        }
        boolean byRexW = impliedByRexW(row.mnemonic())
                || row.operands().stream().anyMatch(OperandSpec::dependsOnRexW);
        return byRexW ? new int[] {4, 8} : new int[] {0};
    }

    /// Instructions without operands whose width follows the operand size.
    private static boolean implied(Mnemonic mnemonic) {
        return switch (mnemonic) {
            case CBW, CWD, PUSHA, POPA, PUSHF, POPF, LEAVE, ENTER, FLDENV, FNSTENV, FRSTOR, FNSAVE -> true;
            default -> false;
        };
    }

    private static boolean impliedByRexW(Mnemonic mnemonic) {
        return switch (mnemonic) {
            case PCMPESTRI, PCMPESTRM, FXSAVE, FXRSTOR, XSAVE, XSAVEC, XRSTOR -> true;
            default -> false;
        };
    }

    @Override
    public String toString() {
        String lead = prefix == 0xf0 ? "LOCK " : prefix == 0xf3 ? "REP " : prefix == 0xf2 ? "REPNE " : "";
        return lead + row.mnemonic() + " " + row.operands() + (bytes == 0 ? "" : " " + 8 * bytes + "-bit")
                + (memory ? " memory" : "") + (codeBits == 32 ? " in 32-bit code" : "");
    }
}
