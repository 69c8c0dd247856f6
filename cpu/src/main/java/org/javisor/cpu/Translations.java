// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.javisor.isa.Mnemonic;

/// The translations of a machine by number. Lookups take no lock.
final class Translations {
    private volatile Translation[] table = new Translation[1024];
    private int count;
    private long translated;
    private long untranslated;
    private long instructions;
    private long nanos;

    Translation get(int number) {
        return table[number];
    }

    /// Translates a block, unless another processor has been faster.
    ///
    /// @param rip where it was found
    void translate(Block block, long rip, CpuGroup group) {
        Translation translation;
        synchronized (this) {
            if (block.translation != null) {
                return;
            }
            long start = System.nanoTime();
            translation = new Translation(count, block, rip);
            if (group.translator.translate(translation, group.checked, group.counted)) {
                add(translation);
                translated++;
                instructions += translation.count();
            } else {
                untranslated++;
            }
            nanos += System.nanoTime() - start;
            block.translation = translation;
        }
        VarHandle.fullFence();
        if (!block.valid && translation.entry() != 0) {
            group.translator.unlink(translation);
            group.callAttention();
        }
    }

    private void add(Translation translation) {
        if (count == table.length) {
            table = Arrays.copyOf(table, 2 * count);
        }
        table[count++] = translation;
    }

    /// What was translated so far, and what became of it.
    synchronized TranslationStats stats(BlockTranslator translator, List<ExitCounters> processors) {
        long[] kinds = new long[4];
        long interpreted = 0;
        Map<Mnemonic, Long> stoppedAtUntranslated = new EnumMap<>(Mnemonic.class);
        Map<Mnemonic, Long> stoppedAtTranslated = new EnumMap<>(Mnemonic.class);
        for (ExitCounters counters : processors) {
            counters.addTo(kinds, stoppedAtUntranslated, stoppedAtTranslated);
            interpreted += counters.interpreted();
        }
        return new TranslationStats(translated, untranslated, instructions, translator.bytes(), translator.links(),
                translator.dropped(), nanos, interpreted, kinds[BlockTranslator.INTERPRET],
                kinds[BlockTranslator.TARGET], kinds[BlockTranslator.ENTRY], stoppedAtUntranslated,
                stoppedAtTranslated);
    }
}
