// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.lang.invoke.VarHandle;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.javisor.isa.Mnemonic;

/// The translations of a machine by number. Lookups take no lock.
final class Translations {
    private static final int MAX_PATIENCE = 10;

    /// How many translations are dropped to make room, for each that is made.
    private static final int VICTIMS = 4;
    /// So many dropped translations are forgotten together.
    private static final int MAX_RETIRED = 4096;
    /// Executions after which a block is tried again for which there was no room.
    private static final int RETRY_AFTER = 20;

    private volatile Translation[] table = new Translation[1024];
    private int count;
    /// Numbers below [#count] that are free.
    private final Deque<Integer> free = new ArrayDeque<>();
    /// Dropped; their exits may still come.
    private List<Translation> retired = new ArrayList<>();
    /// Those of them whose exits will have come when all processors have answered what they were asked, or null.
    private List<Translation> settling;
    /// Whether code can be freed then.
    private boolean unsettled;
    private long translated;
    private long grown;
    private long untranslated;
    private long evicted;
    private long instructions;
    private long nanos;

    Translation get(int number) {
        return table[number];
    }

    /// Translates a block with those that it leads to, unless another processor has been faster.
    ///
    /// @param region of the block
    /// @param rip where it was found
    /// @return what it is translated to, which may not have host code
    Translation translate(Region region, long rip, CpuGroup group) {
        List<Block> blocks = region.blocks();
        Block block = blocks.getFirst();
        Translation translation;
        synchronized (this) {
            translation = block.translation;
            if (translation != null) {
                return translation;
            }
            long start = System.nanoTime();
            makeRoom(VICTIMS, group);
            int number = free.isEmpty() ? count : free.peek();
            translation = new Translation(number, blocks, rip, region.kept(), group.busLocksLeave, false);
            switch (number == BlockTranslator.MAX_NUMBER ? BlockTranslator.Outcome.NO_ROOM
                    : group.translator.translate(translation, group.checked, group.counted)) {
                case DONE -> {
                    add(translation);
                    publish(translation, group);
                }
                case IMPOSSIBLE -> {
                    untranslated++;
                    block.translation = translation;
                }
                case NO_ROOM -> {
                    block.interpreted = group.translateAt - RETRY_AFTER;
                    makeRoom(RETRY_AFTER * VICTIMS, group);
                }
            }
            nanos += System.nanoTime() - start;
        }
        if (group.hotCode != null && block.translation == translation) {
            learn(blocks, group);
        }
        return translation;
    }

    /// Has a translation entered from now on, unless guest code that it was made from has changed. Who changes
    /// it from now on finds the translation and has to drop it, for which this lock is needed: so nobody enters code
    /// that they have changed themselves, however long this thread is kept waiting.
    private void publish(Translation translation, CpuGroup group) {
        VarHandle.fullFence();
        if (translation.isValid()) {
            translation.head().translation = translation;
        } else {
            drop(translation, group);
        }
    }

    /// Makes a translation again, as one of the second tier, and puts that in its place. Who executes the first one
    /// goes on until attention is called for.
    void grow(Translation first, CpuGroup group) {
        List<Block> blocks = Region.grown(first.head(), group).blocks();
        long start = System.nanoTime();
        BlockTranslator.Draft draft = group.translator.draft(new Translation(0, blocks, first.rip(), null,
                group.busLocksLeave, true), group.checked, group.counted);
        if (draft != null) {
            replace(first, blocks, draft, start, group);
        }
    }

    private synchronized void replace(Translation first, List<Block> blocks, BlockTranslator.Draft draft,
            long start, CpuGroup group) {
        makeRoom(VICTIMS, group);
        int number = free.isEmpty() ? count : free.peek();
        if (first.dropped || number == BlockTranslator.MAX_NUMBER) {
            return;
        }
        Translation second = new Translation(number, blocks, first.rip(), null, group.busLocksLeave, true);
        if (group.translator.place(second, draft) != BlockTranslator.Outcome.DONE) {
            return;
        }
        add(second);
        grown++;
        retire(first, group);
        publish(second, group);
        nanos += System.nanoTime() - start;
    }

    private static void learn(List<Block> blocks, CpuGroup group) {
        long head = blocks.getFirst().hash;
        group.hotCode.learn(head, group.translateAt);
        for (Block part : blocks.subList(1, blocks.size())) {
            group.hotCode.learn(HotCode.part(head, part.start), part.interpreted);
        }
    }

    private void add(Translation translation) {
        if (translation.number() == count) {
            if (count == table.length) {
                table = Arrays.copyOf(table, 2 * count);
            }
            count++;
        } else {
            free.pop();
        }
        table[translation.number()] = translation;
        for (Block part : translation.blocks()) {
            part.join(translation);
        }
        translated++;
        instructions += translation.count();
    }

    // ---- dropping ----

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
            Block head = translation.head();
            head.interpreted = changed ? -group.translateAt << Math.min(head.lost++, MAX_PATIENCE) : group.translateAt;
            retire(translation, group);
        }
        // Others may be in a loop of it.
        group.callAttention();
    }

    /// Has nothing lead to a translation any more. Its blocks know it until then: who changes one meanwhile waits.
    private void retire(Translation translation, CpuGroup group) {
        translation.dropped = true;
        translation.head().translation = null;
        group.translator.unlink(translation);
        translation.blocks().forEach(b -> b.part(translation));
        retired.add(translation);
    }

    /// Drops some of the oldest translations if the code cache is about to be full, and frees what was dropped before
    /// once no processor can be in it. Waits for nobody.
    private void makeRoom(int victims, CpuGroup group) {
        BlockTranslator translator = group.translator;
        for (int i = 0; i < victims; i++) {
            Translation victim = translator.victim();
            if (victim == null) {
                break;
            }
            // What is executed often is to have code again soon.
            victim.head().interpreted = group.translateAt - RETRY_AFTER;
            evicted++;
            retire(victim, group);
        }
        if (settling == null && (retired.size() >= MAX_RETIRED || translator.isUnsettled())) {
            settling = retired;
            retired = new ArrayList<>();
            unsettled = translator.isUnsettled();
            group.askToForget();
        }
        if (settling != null && group.hasForgotten()) {
            settling.forEach(this::free);
            settling = null;
            if (unsettled) {
                translator.settle();
            }
        }
    }

    private void free(Translation translation) {
        table[translation.number()] = null;
        free.push(translation.number());
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
        return new TranslationStats(translated, grown, count - free.size(), untranslated, instructions,
                translator.bytes(), translator.restored(), translator.links(), translator.dropped() - evicted,
                evicted, nanos, interpreted, kinds[BlockTranslator.INTERPRET],
                kinds[BlockTranslator.TARGET] + kinds[BlockTranslator.REACHED],
                kinds[BlockTranslator.ENTRY], stoppedAtUntranslated,
                stoppedAtTranslated);
    }
}
