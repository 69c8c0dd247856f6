// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.XsaveLayout.CET_S;
import static org.javisor.cpu.XsaveLayout.CET_U;

/// The state components of control-flow enforcement, which XSAVES and XRSTORS alone know: IA32_U_CET with IA32_PL3_SSP,
/// and the pointers of the other levels.
final class ShadowState {
    private static final int USER = 3;

    private ShadowState() { }

    /// Those that are not in their initial configuration.
    static long inUse(Cpu cpu) {
        ShadowStack stack = cpu.shadowStack;
        boolean user = (cpu.enforcement.user() | stack.pointer(USER)) != 0;
        boolean supervisor = (stack.pointer(0) | stack.pointer(1) | stack.pointer(2)) != 0;
        return (user ? CET_U : 0) | (supervisor ? CET_S : 0);
    }

    static void save(Cpu cpu, LegacyRegion region, long written, long format) {
        if ((written & CET_U) != 0) {
            int at = XsaveLayout.offset(format, 11);
            region.store(at, 8, cpu.enforcement.user());
            region.store(at + 8, 8, cpu.shadowStack.pointer(USER));
        }
        if ((written & CET_S) != 0) {
            int at = XsaveLayout.offset(format, 12);
            for (int level = 0; level < USER; level++) {
                region.store(at + 8 * level, 8, cpu.shadowStack.pointer(level));
            }
        }
    }

    /// @throws GuestFault #GP(0) for a value that a register refuses
    static void restore(Cpu cpu, LegacyRegion region, long requested, long held, long format) {
        if ((requested & CET_U) != 0) {
            boolean loads = (held & CET_U) != 0;
            int at = XsaveLayout.offset(format, 11);
            require(cpu, cpu.shadowStack.pointer(USER, loads ? region.load(at + 8, 8) : 0));
            long control = loads ? region.load(at, 8) : 0;
            require(cpu, control == cpu.enforcement.user() || cpu.enforcement.user(control));
        }
        if ((requested & CET_S) != 0) {
            boolean loads = (held & CET_S) != 0;
            int at = XsaveLayout.offset(format, 12);
            for (int level = 0; level < USER; level++) {
                require(cpu, cpu.shadowStack.pointer(level, loads ? region.load(at + 8 * level, 8) : 0));
            }
        }
    }

    private static void require(Cpu cpu, boolean taken) {
        if (!taken) {
            throw cpu.gp(0);
        }
    }
}
