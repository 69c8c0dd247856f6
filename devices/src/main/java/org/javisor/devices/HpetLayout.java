// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

/// The registers of an IA-PC HPET, all 64 bits wide, and their bits.
///
/// ```
/// 0x000 capabilities   0x010 configuration   0x020 interrupt status   0x0f0 main counter
/// 0x100 + 0x20 * n: timer n's configuration, comparator, FSB route
/// ```
///
/// @datasheet IA-PC HPET 1.0a "Hardware Registers"
final class HpetLayout {
    static final int CAPABILITIES = 0, CONFIGURATION = 0x10, STATUS = 0x20, COUNTER = 0xf0, TIMERS = 0x100,
            TIMER_BYTES = 0x20, COMPARATOR = 8, FSB_ROUTE = 0x10;

    static final long ENABLE_CNF = 1, LEG_RT_CNF = 2;

    static final int TN_INT_TYPE_CNF = 2, TN_INT_ENB_CNF = 4, TN_TYPE_CNF = 8, TN_PER_INT_CAP = 0x10,
            TN_SIZE_CAP = 0x20, TN_VAL_SET_CNF = 0x40, TN_32MODE_CNF = 0x100, TN_FSB_EN_CNF = 0x4000,
            TN_FSB_INT_DEL_CAP = 0x8000;
    static final int TN_INT_ROUTE_SHIFT = 9, TN_INT_ROUTE_MASK = 0x3e00;
    static final int TN_WRITABLE = TN_INT_TYPE_CNF | TN_INT_ENB_CNF | TN_TYPE_CNF | TN_32MODE_CNF
            | TN_INT_ROUTE_MASK
            | TN_FSB_EN_CNF;

    private HpetLayout() { }
}
