// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

/// The constants of FLDPI and its relatives: their last bit depends on the rounding control.
public enum Float80Constant {
    ONE(0x3fff, 0x8000_0000_0000_0000L, 0),
    LOG2_10(0x4000, 0xd49a_784b_cd1b_8afeL, 0x492b_f6ff_4daf_db4cL),
    LOG2_E(0x3fff, 0xb8aa_3b29_5c17_f0bbL, 0xbe87_fed0_691d_3e88L),
    PI(0x4000, 0xc90f_daa2_2168_c234L, 0xc4c6_628b_80dc_1cd1L),
    LOG10_2(0x3ffd, 0x9a20_9a84_fbcf_f798L, 0x8f89_59ac_0b7c_9178L),
    LN_2(0x3ffe, 0xb172_17f7_d1cf_79abL, 0xc9e3_b398_03f2_f6afL),
    ZERO(0, 0, 0);

    private final int se;
    private final long high, low;

    Float80Constant(int se, long high, long low) {
        this.se = se;
        this.high = high;
        this.low = low;
    }

    /// Leaves the constant in the context; raises nothing.
    public void load(Float80Context c) {
        boolean up = Float80Rounding.roundsUp(c.rounding(), 0, (high & 1) != 0, low);
        c.result(se, up ? high + 1 : high);
    }
}
