// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.lang.invoke.VarHandle;
import org.javisor.isa.Mnemonic;

/// Instructions about caches and memory order, and those that do nothing.
///
/// Guest memory is always coherent, so that there is nothing to prefetch or to write back; but flushing a
/// line checks its address as a load does.
///
/// @sdm vol. 1 §10.4.6 "Cacheability Control, Prefetch, and Memory Ordering Instructions"
final class CacheControl {
    private static final Handler NOTHING = (_, _) -> { };
    private static final Handler FENCE = (_, _) -> VarHandle.fullFence();

    private CacheControl() { }

    static void bind(Bindings.Binder binder) {
        for (Mnemonic mnemonic : new Mnemonic[] {Mnemonic.NOP, Mnemonic.HINT_NOP, Mnemonic.PREFETCH,
                Mnemonic.PREFETCHW, Mnemonic.PREFETCHNTA, Mnemonic.PREFETCHT0, Mnemonic.PREFETCHT1,
                Mnemonic.PREFETCHT2}) {
            binder.bind(mnemonic, NOTHING);
        }
        for (Mnemonic mnemonic : new Mnemonic[] {Mnemonic.LFENCE, Mnemonic.MFENCE, Mnemonic.SFENCE,
                Mnemonic.SERIALIZE}) {
            binder.bind(mnemonic, FENCE);
        }
        binder.bind(Mnemonic.CLWB, CacheControl::writeBack)
                .bind(Mnemonic.CLFLUSH, CacheControl::flush)
                .bind(Mnemonic.CLFLUSHOPT, CacheControl::flush);
        binder.bind(Mnemonic.PAUSE, (cpu, _) -> cpu.environment.spinning());
    }

    private static void writeBack(Cpu cpu, Insn insn) {
        cpu.probe(insn.segment, cpu.effectiveAddress(insn), 1, false);
    }

    private static void flush(Cpu cpu, Insn insn) {
        writeBack(cpu, insn);
        cpu.monitor.cacheMissed();
    }
}
