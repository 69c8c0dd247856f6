// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

/// Rows of vector instructions behind a VEX prefix. Where both lengths exist there are two rows, as different
/// features may announce them; where the manual says LIG there is one. Operands are unaligned unless the row
/// says otherwise.
abstract class VexMap extends OpcodeMap {
    VexMap(int map) {
        super(map);
    }

    /// The two rows of an instruction that has vectors of either length.
    record Both(Row shorter, Row longer) {
        Both aligned() {
            shorter.aligned();
            longer.aligned();
            return this;
        }

        Both memoryOnly() {
            shorter.memoryOnly();
            longer.memoryOnly();
            return this;
        }

        Both registerOnly() {
            shorter.registerOnly();
            longer.registerOnly();
            return this;
        }

        Both w0() {
            shorter.w0();
            longer.w0();
            return this;
        }

        Both w1() {
            shorter.w1();
            longer.w1();
            return this;
        }

        Both feature(Feature announcedBy) {
            shorter.feature(announcedBy);
            longer.feature(announcedBy);
            return this;
        }
    }

    /// VEX.L is ignored.
    final Row scalar(int opcode, int mandatoryPrefix, Mnemonic mnemonic, OperandSpec... operands) {
        return define(opcode, mnemonic, operands).prefix(mandatoryPrefix).feature(Feature.AVX).noPrefix()
                .protectedOnly();
    }

    final Row only128(int opcode, int mandatoryPrefix, Mnemonic mnemonic, OperandSpec... operands) {
        return scalar(opcode, mandatoryPrefix, mnemonic, operands).l0();
    }

    final Row only256(int opcode, int mandatoryPrefix, Mnemonic mnemonic, OperandSpec... operands) {
        return scalar(opcode, mandatoryPrefix, mnemonic, operands).l1();
    }

    final Row avx2only128(int opcode, int mandatoryPrefix, Mnemonic mnemonic, OperandSpec... operands) {
        return only128(opcode, mandatoryPrefix, mnemonic, operands).feature(Feature.AVX2);
    }

    final Row avx2only256(int opcode, int mandatoryPrefix, Mnemonic mnemonic, OperandSpec... operands) {
        return only256(opcode, mandatoryPrefix, mnemonic, operands).feature(Feature.AVX2);
    }

    /// Both lengths are AVX's.
    final Both avx(int opcode, int mandatoryPrefix, Mnemonic mnemonic, OperandSpec... operands) {
        return new Both(only128(opcode, mandatoryPrefix, mnemonic, operands),
                only256(opcode, mandatoryPrefix, mnemonic, operands));
    }

    /// The longer form is AVX2's.
    final Both integer(int opcode, int mandatoryPrefix, Mnemonic mnemonic, OperandSpec... operands) {
        return new Both(only128(opcode, mandatoryPrefix, mnemonic, operands),
                avx2only256(opcode, mandatoryPrefix, mnemonic, operands));
    }

    /// Both lengths are AVX2's.
    final Both avx2(int opcode, int mandatoryPrefix, Mnemonic mnemonic, OperandSpec... operands) {
        return avx(opcode, mandatoryPrefix, mnemonic, operands).feature(Feature.AVX2);
    }
}
