// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.CpuLayout.RCX;
import static org.javisor.cpu.CpuLayout.RDI;
import static org.javisor.cpu.CpuLayout.RSI;
import static org.javisor.isa.Instruction.REP;
import static org.javisor.isa.Instruction.REPNE;

import org.javisor.isa.Mnemonic;

/// The I/O instruction behind which an SMI comes: what it was, and what it takes to execute it once more.
///
/// @amd vol. 2 §10.2.6 "I/O Instruction Restart"
final class TrappedIo {
    // Bits of the word that describes it; the port is above them.
    private static final int INPUT = 1, VALID = 1 << 1, STRING = 1 << 2, REPEATED = 1 << 3, SIZE_SHIFT = 4,
            SINGLE_STEPPED = 1 << 11, PORT_SHIFT = 16;

    private final Cpu cpu;
    /// 0 for none.
    private int word;
    private long rip, next;
    private long rcx, rsi, rdi;

    TrappedIo(Cpu cpu) {
        this.cpu = cpu;
    }

    void begins() {
        rcx = cpu.reg64(RCX);
        rsi = cpu.reg64(RSI);
        rdi = cpu.reg64(RDI);
    }

    void done(Insn insn, int port, int bytes, boolean input) {
        boolean string = insn.row.mnemonic() == Mnemonic.INS || insn.row.mnemonic() == Mnemonic.OUTS;
        next = cpu.pageRip + insn.end;
        rip = next - insn.length;
        word = port << PORT_SHIFT | VALID | bytes << SIZE_SHIFT | (input ? INPUT : 0) | (string ? STRING : 0)
                | (insn.has(REP | REPNE) ? REPEATED : 0)
                | ((cpu.systemFlags() & Flags.TF) != 0 ? SINGLE_STEPPED : 0);
    }

    /// Saves it if the processor is just behind it, or between two steps of it.
    void save(SaveArea area) {
        if (word != 0 && (cpu.rip() == next || cpu.rip() == rip)) {
            area.store(SaveArea.IO, 4, word);
            area.store(SaveArea.IO_RIP, 8, rip);
            area.store(SaveArea.IO_RCX, 8, rcx);
            area.store(SaveArea.IO_RSI, 8, rsi);
            area.store(SaveArea.IO_RDI, 8, rdi);
        }
        word = 0;
    }

    /// Has the instruction executed once more, in place of going on behind it.
    void restore(SaveArea area) {
        boolean valid = (area.load(SaveArea.IO, 4) & VALID) != 0;
        if (valid && area.load(SaveArea.IO_RESTART, 1) != 0) {
            cpu.rip(area.load(SaveArea.IO_RIP, 8));
            cpu.reg64(RCX, area.load(SaveArea.IO_RCX, 8));
            cpu.reg64(RSI, area.load(SaveArea.IO_RSI, 8));
            cpu.reg64(RDI, area.load(SaveArea.IO_RDI, 8));
        }
    }
}
