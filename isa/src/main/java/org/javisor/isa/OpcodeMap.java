// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

import java.util.ArrayList;
import java.util.List;
import org.javisor.isa.OpcodeRow.Attribute;

/// One opcode map, or a part of one, while it is being written down: each subclass defines its rows in its
/// constructor.
///
/// A row without modifiers is an unprivileged instruction of every x86-64 processor that ignores the prefixes
/// 66, F2, F3 (or takes 66 as its operand size) and leaves no flag undefined.
abstract class OpcodeMap {
    // Bits of RFLAGS, for undefinedFlags.
    static final int CF = 1, PF = 1 << 2, AF = 1 << 4, ZF = 1 << 6, SF = 1 << 7, OF = 1 << 11;

    private final int map;
    private final List<Row> rows = new ArrayList<>();

    OpcodeMap(int map) {
        this.map = map;
    }

    /// An opcode that means one thing.
    final Row define(int opcode, Mnemonic mnemonic, OperandSpec... operands) {
        return group(opcode, -1, mnemonic, operands);
    }

    /// An opcode whose meaning ModRM.reg selects (`extension` 0 to 7), or the whole ModRM byte (C0 to FF).
    final Row group(int opcode, int extension, Mnemonic mnemonic, OperandSpec... operands) {
        Row row = new Row(map, opcode, extension, mnemonic, List.of(operands));
        rows.add(row);
        return row;
    }

    final List<OpcodeRow> rows() {
        List<OpcodeRow> built = new ArrayList<>(rows.size());
        for (Row row : rows) {
            built.add(row.build());
        }
        return built;
    }

    /// A row with its modifiers.
    static final class Row {
        private final int map;
        private final int opcode;
        private final int extension;
        private final Mnemonic mnemonic;
        private final List<OperandSpec> operands;
        private int mandatoryPrefix;
        private Feature feature = Feature.BASE;
        private int attributes;
        private int undefinedFlags;

        private Row(int map, int opcode, int extension, Mnemonic mnemonic, List<OperandSpec> operands) {
            this.map = map;
            this.opcode = opcode;
            this.extension = extension;
            this.mnemonic = mnemonic;
            this.operands = operands;
        }

        private OpcodeRow build() {
            return new OpcodeRow(map, opcode, extension, mandatoryPrefix, mnemonic, operands, feature,
                    attributes, undefinedFlags);
        }

        private Row with(int attribute) {
            attributes |= attribute;
            return this;
        }

        Row prefix(int mandatory) {
            mandatoryPrefix = mandatory;
            return this;
        }

        Row feature(Feature announcedBy) {
            feature = announcedBy;
            return this;
        }

        Row undefinedFlags(int flags) {
            undefinedFlags = flags;
            return this;
        }

        Row lockable() {
            return with(Attribute.LOCKABLE);
        }

        Row privileged() {
            return with(Attribute.PRIVILEGED);
        }

        Row endsBlock() {
            return with(Attribute.ENDS_BLOCK);
        }

        Row default64() {
            return with(Attribute.DEFAULT_64);
        }

        Row force64() {
            return with(Attribute.FORCE_64);
        }

        Row not64() {
            return with(Attribute.NOT_64);
        }

        Row only64() {
            return with(Attribute.ONLY_64);
        }

        Row string() {
            return with(Attribute.STRING);
        }

        Row aligned() {
            return with(Attribute.ALIGNED);
        }

        Row memoryOnly() {
            return with(Attribute.MEMORY_ONLY);
        }

        Row registerOnly() {
            return with(Attribute.REGISTER_ONLY);
        }

        Row writesOnly() {
            return with(Attribute.WRITES_ONLY);
        }

        Row readsOnly() {
            return with(Attribute.READS_ONLY);
        }

        Row protectedOnly() {
            return with(Attribute.PROTECTED_ONLY);
        }

        Row noPrefix() {
            return with(Attribute.NO_PREFIX);
        }

        Row l0() {
            return with(Attribute.VEX_L0);
        }

        Row l1() {
            return with(Attribute.VEX_L1);
        }

        Row w0() {
            return with(Attribute.VEX_W0);
        }

        Row w1() {
            return with(Attribute.VEX_W1);
        }

        Row noRepeat() {
            return with(Attribute.NO_REPEAT);
        }
    }
}
