// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.VectorForms.shift;

import org.javisor.isa.Mnemonic;

/// MMX and SSE shifts.
final class SimdShift {
    private SimdShift() { }

    static void bind(Bindings.Binder b) {
        b.bind(Mnemonic.PSLLW, (cpu, insn) -> shift(cpu, insn, LaneShift::leftWords))
                .bind(Mnemonic.PSLLD, (cpu, insn) -> shift(cpu, insn, LaneShift::leftDwords))
                .bind(Mnemonic.PSLLQ, (cpu, insn) -> shift(cpu, insn, LaneShift::leftQwords))
                .bind(Mnemonic.PSRLW, (cpu, insn) -> shift(cpu, insn, LaneShift::rightWords))
                .bind(Mnemonic.PSRLD, (cpu, insn) -> shift(cpu, insn, LaneShift::rightDwords))
                .bind(Mnemonic.PSRLQ, (cpu, insn) -> shift(cpu, insn, LaneShift::rightQwords))
                .bind(Mnemonic.PSRAW, (cpu, insn) -> shift(cpu, insn, LaneShift::arithmeticWords))
                .bind(Mnemonic.PSRAD, (cpu, insn) -> shift(cpu, insn, LaneShift::arithmeticDwords))
                .bind(Mnemonic.PSLLDQ, SimdShift::pslldq)
                .bind(Mnemonic.PSRLDQ, SimdShift::psrldq);
    }

    private static void pslldq(Cpu cpu, Insn insn) {
        VectorForms.vectorFirst(cpu, insn, VectorShuffle::leftBytes);
    }

    private static void psrldq(Cpu cpu, Insn insn) {
        VectorForms.vectorFirst(cpu, insn, VectorShuffle::rightBytes);
    }
}
