// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

import java.util.Arrays;
import java.util.List;
import org.javisor.isa.OpcodeRow.Attribute;

/// What one opcode byte of a map means in one kind of mode: its rows, laid out so that prefix and ModRM byte
/// index the right one.
final class OpcodeEntry {
    /// Numbers of mandatory prefixes, as [#select] takes them.
    static final int NO_PREFIX = 0, PREFIX_66 = 1, PREFIX_F3 = 2, PREFIX_F2 = 3;

    private static final int[] PREFIXES = {0, 0x66, 0xf3, 0xf2};

    static final OpcodeEntry UNDEFINED = new OpcodeEntry(List.of());

    /// Whether a ModRM byte follows.
    final boolean hasModrm;

    /// Layouts of a quarter of [#rows]: one row; by ModRM.reg, memory before registers; by ModRM.reg of
    /// memory forms, then by the whole byte of register forms.
    private enum Layout {
        SINGLE(1), BY_REG(2 * 8), BY_BYTE(8 + 64);

        final int size;

        Layout(int size) {
            this.size = size;
        }
    }

    private final Layout layout;
    /// Distance between the rows of two prefixes; 0 if prefixes do not matter.
    private final int stride;
    private final OpcodeRow[] rows;

    /// @param candidates the rows that this opcode has in this mode
    OpcodeEntry(List<OpcodeRow> candidates) {
        boolean modrm = false;
        boolean byPrefix = false;
        Layout wanted = Layout.SINGLE;
        for (OpcodeRow row : candidates) {
            modrm |= usesModrm(row);
            byPrefix |= row.mandatoryPrefix() != 0 || row.has(Attribute.NO_PREFIX | Attribute.NO_REPEAT);
            Layout needed = layoutOf(row);
            wanted = needed.compareTo(wanted) > 0 ? needed : wanted;
        }
        hasModrm = modrm;
        layout = wanted;
        stride = byPrefix ? layout.size : 0;
        rows = new OpcodeRow[byPrefix ? PREFIXES.length * layout.size : layout.size];
        Arrays.fill(rows, OpcodeRow.UNDEFINED);
        for (int prefix = 0; prefix < rows.length / layout.size; prefix++) {
            fill(candidates, prefix);
        }
    }

    private static boolean usesModrm(OpcodeRow row) {
        boolean uses = layoutOf(row) != Layout.SINGLE;
        for (OperandSpec spec : row.operands()) {
            uses |= spec.place.inModrm();
        }
        return uses;
    }

    private static Layout layoutOf(OpcodeRow row) {
        boolean splitByMod = row.has(Attribute.MEMORY_ONLY | Attribute.REGISTER_ONLY);
        return row.extension() >= 0xc0 ? Layout.BY_BYTE
                : row.extension() >= 0 || splitByMod ? Layout.BY_REG : Layout.SINGLE;
    }

    /// Enters the rows for a prefix: those that do not mind it, and then in front of them those with exactly
    /// it.
    private void fill(List<OpcodeRow> candidates, int prefix) {
        for (OpcodeRow row : candidates) {
            if (row.mandatoryPrefix() != PREFIXES[prefix] && ignores(row, prefix)) {
                enter(row, prefix);
            }
        }
        for (OpcodeRow row : candidates) {
            if (row.mandatoryPrefix() == PREFIXES[prefix]) {
                enter(row, prefix);
            }
        }
    }

    private void enter(OpcodeRow row, int prefix) {
        for (int slot = 0; slot < layout.size; slot++) {
            if (covers(row, slot)) {
                int at = prefix * layout.size + slot;
                if (rows[at].mandatoryPrefix() == row.mandatoryPrefix() && rows[at] != OpcodeRow.UNDEFINED) {
                    throw new AssertionError(row + " and " + rows[at] + " share an encoding");
                }
                rows[at] = row;
            }
        }
    }

    private static boolean ignores(OpcodeRow row, int prefix) {
        int refusing = prefix == PREFIX_66 ? Attribute.NO_PREFIX : Attribute.NO_PREFIX | Attribute.NO_REPEAT;
        return row.mandatoryPrefix() == 0 && !row.has(refusing);
    }

    private boolean covers(OpcodeRow row, int slot) {
        if (layout == Layout.SINGLE) {
            return true;
        }
        boolean memory = slot < 8;
        if (row.has(memory ? Attribute.REGISTER_ONLY : Attribute.MEMORY_ONLY)) {
            return false;
        }
        if (row.extension() >= 0xc0) {
            return !memory && slot - 8 == row.extension() - 0xc0;
        }
        int reg = memory ? slot : layout == Layout.BY_REG ? slot - 8 : slot - 8 >> 3;
        return row.extension() < 0 || row.extension() == reg;
    }

    /// @param modrm the ModRM byte, or anything if there is none
    OpcodeRow select(int prefix, int modrm) {
        int slot = switch (layout) {
            case SINGLE -> 0;
            case BY_REG -> (modrm >> 3 & 7) + (modrm >= 0xc0 ? 8 : 0);
            case BY_BYTE -> modrm >= 0xc0 ? modrm - 0xc0 + 8 : modrm >> 3 & 7;
        };
        return rows[prefix * stride + slot];
    }
}
