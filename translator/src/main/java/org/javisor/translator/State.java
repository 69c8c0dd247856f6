// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import org.javisor.cpu.CpuLayout;

/// Where guest state is while translated code runs.
///
/// | guest | host |
/// |---|---|
/// | RAX RCX RDX RBX RBP RSI RDI R8-R11 | the same |
/// | RSP | R12 |
/// | R12-R15 | memory |
/// | the processor's block, at byte [#BIAS] | R13 |
/// | | R14, R15 are scratch; RSP is the native stack |
final class State {
    static final int BASE = Assembler.R13;
    static final int GUEST_RSP = Assembler.R12;
    /// Brings what is used most into the reach of 8-bit displacements.
    static final int BIAS = 128;
    private static final int RSP = 4;

    private State() { }

    static Address at(int offset) {
        return Address.of(BASE, offset - BIAS);
    }

    /// Where general register `reg` is in memory: always for 12 to 15, for others outside translated code.
    static Address general(int reg) {
        return at(CpuLayout.GPR + 8 * reg);
    }

    static Address vector(int reg) {
        return at(CpuLayout.XMM + 32 * reg);
    }

    static boolean inRegister(int reg) {
        return reg < 12 || reg >= 16;
    }

    /// The host register of a general register (0 to 11, or 16 to 19 for AH to BH).
    static int host(int reg) {
        return reg == RSP ? GUEST_RSP : reg;
    }
}
