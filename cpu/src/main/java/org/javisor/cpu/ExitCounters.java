// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.util.Map;
import org.javisor.isa.Mnemonic;

/// Why one processor's host code stopped. Written by the processor's thread alone, plainly; who reads them from another
/// thread may see a count that is a little old.
final class ExitCounters {
    private static final Mnemonic[] MNEMONICS = Mnemonic.values();

    private final long[] kinds = new long[4];
    private final long[] untranslated = new long[MNEMONICS.length], stopped = new long[MNEMONICS.length];
    private long interpreted;

    /// Host code stopped with an exit of this kind.
    void exit(int kind) {
        kinds[kind]++;
    }

    /// It stopped before `mnemonic`.
    ///
    /// @param translated whether there is host code for the instruction, which could not go on this time
    void stoppedAt(Mnemonic mnemonic, boolean translated) {
        (translated ? stopped : untranslated)[mnemonic.ordinal()]++;
    }

    void interpreted(int instructions) {
        interpreted += instructions;
    }

    void addTo(long[] sumByKind, Map<Mnemonic, Long> sumUntranslated, Map<Mnemonic, Long> sumStopped) {
        for (int kind = 0; kind < kinds.length; kind++) {
            sumByKind[kind] += kinds[kind];
        }
        add(untranslated, sumUntranslated);
        add(stopped, sumStopped);
    }

    private static void add(long[] counts, Map<Mnemonic, Long> sum) {
        for (int i = 0; i < counts.length; i++) {
            if (counts[i] != 0) {
                sum.merge(MNEMONICS[i], counts[i], Long::sum);
            }
        }
    }

    long interpreted() {
        return interpreted;
    }
}
