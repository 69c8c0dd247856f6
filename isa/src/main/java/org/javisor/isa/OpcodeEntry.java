// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

import java.util.Arrays;
import java.util.List;
import org.javisor.isa.OpcodeRow.Attribute;

/// What one opcode byte of a map means in one kind of mode: its rows, laid out so that prefix and ModRM byte index the
/// right one.
final class OpcodeEntry {
    /// Numbers of mandatory prefixes, as [#select] takes them.
    static final int NO_PREFIX = 0, PREFIX_66 = 1, PREFIX_F3 = 2, PREFIX_F2 = 3;

    private static final int[] PREFIXES = {0, 0x66, 0xf3, 0xf2};

    static final OpcodeEntry UNDEFINED = new OpcodeEntry(List.of());

    /// Whether a ModRM byte follows.
    final boolean hasModrm;

    /// Layouts of a quarter of [#rows]: one row; by ModRM.reg, memory before registers; by ModRM.reg of memory forms,
    /// then by the whole byte of register forms.
    private enum Layout { SINGLE, BY_REG, BY_BYTE }

    private final Layout layout;
    /// Distance between the rows of two prefixes; 0 if prefixes do not matter.
    private final int stride;
    private final OpcodeRow[] rows;

    /// @param candidates the rows that this opcode has in this mode
    OpcodeEntry(List<OpcodeRow> candidates) {
        hasModrm = candidates.stream().anyMatch(OpcodeEntry::usesModrm);
        layout = layoutOf(candidates);
        int size = switch (layout) {
            case SINGLE -> 1;
            case BY_REG -> 16;
            case BY_BYTE -> 8 + 64;
        };
        boolean byPrefix = candidates.stream().anyMatch(row -> row.mandatoryPrefix() != 0
                || row.has(Attribute.NO_PREFIX | Attribute.NO_REPEAT));
        stride = byPrefix ? size : 0;
        rows = new OpcodeRow[byPrefix ? 4 * size : size];
        Arrays.fill(rows, OpcodeRow.UNDEFINED);
        for (int prefix = 0; prefix < (byPrefix ? 4 : 1); prefix++) {
            for (int slot = 0; slot < size; slot++) {
                rows[prefix * size + slot] = rowFor(candidates, prefix, slot);
            }
        }
    }

    private static boolean usesModrm(OpcodeRow row) {
        return row.extension() >= 0 || row.has(Attribute.MEMORY_ONLY | Attribute.REGISTER_ONLY)
                || row.operands().stream().anyMatch(spec -> spec.place.inModrm());
    }

    private static Layout layoutOf(List<OpcodeRow> candidates) {
        if (candidates.stream().anyMatch(row -> row.extension() >= 0xc0)) {
            return Layout.BY_BYTE;
        }
        return candidates.stream().anyMatch(row -> row.extension() >= 0
                || row.has(Attribute.MEMORY_ONLY | Attribute.REGISTER_ONLY)) ? Layout.BY_REG : Layout.SINGLE;
    }

    /// The row for a prefix and a slot of the layout: one with exactly this prefix, else one that does not mind it.
    private OpcodeRow rowFor(List<OpcodeRow> candidates, int prefix, int slot) {
        OpcodeRow found = OpcodeRow.UNDEFINED;
        for (OpcodeRow row : candidates) {
            if (covers(row, slot) && row.mandatoryPrefix() == PREFIXES[prefix]) {
                if (found != OpcodeRow.UNDEFINED) {
                    throw new AssertionError(row + " and " + found + " share an encoding");
                }
                found = row;
            }
        }
        if (found == OpcodeRow.UNDEFINED) {
            for (OpcodeRow row : candidates) {
                if (covers(row, slot) && ignores(row, prefix)) {
                    found = row;
                }
            }
        }
        return found;
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
