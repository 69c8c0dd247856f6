// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.util.Arrays;

/// The MTRRs and the PAT: kept and checked, but without effect, because guest memory is always coherent and
/// write-back.
///
/// @sdm vol. 3A §12.11 "Memory Type Range Registers (MTRRs)", §12.12 "Page Attribute Table (PAT)"
final class MemoryTypes {
    static final int MTRR_CAP = 0xfe, PHYS_BASE0 = 0x200, DEF_TYPE = 0x2ff;
    static final int VARIABLE_RANGES = 8;
    private static final int[] FIXED = {0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e,
            0x26f};

    private static final long CAP_FIXED = 1 << 8, CAP_WRITE_COMBINING = 1 << 10;
    private static final long DEF_TYPE_BITS = 0xff | 1 << 10 | 1 << 11;
    private static final long MASK_VALID = 1 << 11;
    private static final long PAT_AT_RESET = 0x0007_0406_0007_0406L;
    /// Uncacheable, write-combining, write-through, write-protected, write-back; 7 (UC-) in the PAT alone.
    private static final int TYPES = 1 | 1 << 1 | 1 << 4 | 1 << 5 | 1 << 6;
    private static final int PAT_TYPES = TYPES | 1 << 7;

    /// The bits of an address that a register holds.
    private final long address;
    private final long[] bases = new long[VARIABLE_RANGES];
    private final long[] masks = new long[VARIABLE_RANGES];
    private final long[] fixed = new long[FIXED.length];
    private long defType;
    private long pat = PAT_AT_RESET;

    /// @param physicalAddressBits MAXPHYADDR
    MemoryTypes(int physicalAddressBits) {
        address = (1L << physicalAddressBits) - 4096;
    }

    void reset() {
        defType = 0;
        pat = PAT_AT_RESET;
        Arrays.fill(masks, 0);
    }

    void define(MsrTable table) {
        table.define(MTRR_CAP, () -> VARIABLE_RANGES | CAP_FIXED | CAP_WRITE_COMBINING, MsrTable.READ_ONLY);
        table.define(DEF_TYPE, () -> defType, this::writeDefType);
        table.define(Msrs.PAT, () -> pat, this::writePat);
        for (int i = 0; i < VARIABLE_RANGES; i++) {
            int n = i;
            table.define(PHYS_BASE0 + 2 * i, () -> bases[n], value -> writeBase(n, value));
            table.define(PHYS_BASE0 + 2 * i + 1, () -> masks[n], value -> writeMask(n, value));
        }
        for (int i = 0; i < FIXED.length; i++) {
            int n = i;
            table.define(FIXED[i], () -> fixed[n], value -> writeFixed(n, value));
        }
    }

    private static boolean valid(long type, int types) {
        return type < 8 && (types >> type & 1) != 0;
    }

    private static boolean allValid(long value, int types) {
        for (int shift = 0; shift < 64; shift += 8) {
            if (!valid(value >>> shift & 0xff, types)) {
                return false;
            }
        }
        return true;
    }

    private boolean writeDefType(long value) {
        boolean ok = (value & ~DEF_TYPE_BITS) == 0 && valid(value & 0xff, TYPES);
        defType = ok ? value : defType;
        return ok;
    }

    private boolean writePat(long value) {
        boolean ok = allValid(value, PAT_TYPES);
        pat = ok ? value : pat;
        return ok;
    }

    private boolean writeBase(int n, long value) {
        boolean ok = (value & ~(address | 0xff)) == 0 && valid(value & 0xff, TYPES);
        bases[n] = ok ? value : bases[n];
        return ok;
    }

    private boolean writeMask(int n, long value) {
        boolean ok = (value & ~(address | MASK_VALID)) == 0;
        masks[n] = ok ? value : masks[n];
        return ok;
    }

    private boolean writeFixed(int n, long value) {
        boolean ok = allValid(value, TYPES);
        fixed[n] = ok ? value : fixed[n];
        return ok;
    }
}
