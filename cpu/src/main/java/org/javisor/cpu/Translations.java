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
    private static final int MAX_PATIENCE = 10;

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
    /// @return what it is translated to, which may not have host code
    Translation translate(Block block, long rip, CpuGroup group) {
        Translation translation;
        synchronized (this) {
            translation = block.translation;
            if (translation != null) {
                return translation;
            }
            long start = System.nanoTime();
            translation = new Translation(count, Region.of(block, group.translateAt), rip);
            if (count < BlockTranslator.MAX_NUMBER
                    && group.translator.translate(translation, group.checked, group.counted)) {
                add(translation);
                for (Block part : translation.blocks()) {
                    part.join(translation);
                }
                translated++;
                instructions += translation.count();
            } else {
                untranslated++;
            }
            nanos += System.nanoTime() - start;
            block.translation = translation;
        }
        VarHandle.fullFence();
        if (translation.entry() != 0 && !translation.blocks().stream().allMatch(b -> b.valid)) {
            drop(translation, group);
        }
        return translation;
    }

    /// Has nothing lead to a translation any more, because guest code that it was made from has changed. Its first
    /// block, if that is not what changed, has to earn another one; each time by more.
    void drop(Translation translation, CpuGroup group) {
        drop(translation, true, group);
    }

    /// Has accesses of an instruction checked alone from now on: its block is translated again.
    void separate(Translation translation, int index, CpuGroup group) {
        translation.head().page.separate(translation.offset(index));
        drop(translation, false, group);
    }

    private void drop(Translation translation, boolean changed, CpuGroup group) {
        synchronized (this) {
            if (translation.dropped) {
                return;
            }
            translation.dropped = true;
            translation.blocks().forEach(b -> b.part(translation));
            Block head = translation.head();
            head.interpreted = changed ? -group.translateAt << Math.min(head.lost++, MAX_PATIENCE) : group.translateAt;
            head.translation = null;
        }
        group.translator.unlink(translation);
        // Others may be in a loop of it.
        group.callAttention();
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
