// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

import java.util.List;

/// One row of an opcode map: everything that holds for an instruction form before its operands are known.
///
/// @param map which opcode map: [#ONE_BYTE], [#TWO_BYTE], [#THREE_BYTE_38], [#THREE_BYTE_3A], [#X87], or one
///     of those behind a VEX prefix
/// @param opcode the last opcode byte; with [OperandSpec] register-in-opcode operands, the first of eight
/// @param extension ModRM.reg that selects this row (0 to 7), the whole ModRM byte that does (C0 to FF), or
///     -1
/// @param mandatoryPrefix 0, 0x66, 0xf3 or 0xf2
/// @param mnemonic       its name
/// @param operands       in the manual's order, destination first; at most four
/// @param feature        what announces it
/// @param attributes     bits of [Attribute]
/// @param undefinedFlags RFLAGS bits that the manual leaves undefined after it
public record OpcodeRow(int map, int opcode, int extension, int mandatoryPrefix, Mnemonic mnemonic,
                        List<OperandSpec> operands, Feature feature, int attributes, int undefinedFlags) {
    public static final int ONE_BYTE = 0, TWO_BYTE = 1, THREE_BYTE_38 = 2, THREE_BYTE_3A = 3, X87 = 4,
            VEX_0F = 5, VEX_38 = 6, VEX_3A = 7;

    /// What bytes that are no instruction decode to.
    public static final OpcodeRow UNDEFINED = new OpcodeRow(ONE_BYTE, 0, -1, 0, Mnemonic.UNDEFINED, List.of(),
            Feature.BASE, Attribute.ENDS_BLOCK, 0);

    /// Whether an operand is a vector register, or may be. Not a stream: translating asks for each instruction, mostly
    /// before HotSpot has compiled anything.
    public boolean hasVector() {
        for (int n = 0; n < operands.size(); n++) {
            if (operands.get(n).isVector()) {
                return true;
            }
        }
        return false;
    }

    /// Whether an operand is an MMX register, or may be.
    public boolean hasMmx() {
        for (int n = 0; n < operands.size(); n++) {
            if (operands.get(n).isMmx()) {
                return true;
            }
        }
        return false;
    }

    /// Whether a VEX prefix comes before the opcode.
    public boolean isVex() {
        return map >= VEX_0F;
    }

    public boolean has(int attribute) {
        return (attributes & attribute) != 0;
    }

    /// Properties of a row, as bits.
    public static final class Attribute {
        /// LOCK is allowed when the destination is memory.
        public static final int LOCKABLE = 1;
        /// Raises #GP(0) outside CPL 0 (and, where the manual says so, in virtual-8086 mode).
        public static final int PRIVILEGED = 1 << 1;
        /// May change RIP other than to the next instruction, or how instructions are decoded, translated or
        /// interrupted: no further instruction belongs to the same block.
        public static final int ENDS_BLOCK = 1 << 2;
        /// Operand size is 64 bits in 64-bit mode without REX.W (PUSH, near branches).
        public static final int DEFAULT_64 = 1 << 3;
        /// Operand size is 64 bits in 64-bit mode whatever the prefixes (near CALL and JMP on Intel
        /// processors).
        public static final int FORCE_64 = 1 << 4;
        /// Undefined in 64-bit mode.
        public static final int NOT_64 = 1 << 5;
        /// Defined in 64-bit mode alone.
        public static final int ONLY_64 = 1 << 6;
        /// A string instruction: REP and REPNE repeat it.
        public static final int STRING = 1 << 7;
        /// The memory operand must be aligned to its size (MOVAPS, PADDB with memory and the like): #GP(0) if
        /// not.
        public static final int ALIGNED = 1 << 8;
        /// The ModRM byte must name memory, else undefined.
        public static final int MEMORY_ONLY = 1 << 9;
        /// The ModRM byte must name a register, else undefined.
        public static final int REGISTER_ONLY = 1 << 10;
        /// The destination is written but not read.
        public static final int WRITES_ONLY = 1 << 11;
        /// The destination is read but not written (CMP, TEST, BT).
        public static final int READS_ONLY = 1 << 12;
        /// Undefined in real and virtual-8086 mode.
        public static final int PROTECTED_ONLY = 1 << 13;
        /// Undefined with any of the prefixes 66, F2, F3 but its mandatory one ("NP" in the manual).
        public static final int NO_PREFIX = 1 << 14;
        /// Undefined with the prefixes F2 and F3 ("NFx" in the manual).
        public static final int NO_REPEAT = 1 << 15;

        // Behind a VEX prefix, what its bits L and W must be; without these they are ignored.
        public static final int VEX_L0 = 1 << 16, VEX_L1 = 1 << 17, VEX_W0 = 1 << 18, VEX_W1 = 1 << 19;

        private Attribute() { }
    }
}
