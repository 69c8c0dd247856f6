// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.util.function.Consumer;
import org.javisor.isa.Decoder;
import org.javisor.memory.GuestMemory;

/// What makes host code of blocks, and runs it. One for each [CpuGroup]; from any of its processors' threads.
///
/// Host code works on the processor's block ([CpuLayout]) and leaves it as the interpreter would at the instruction
/// that it stops before. Why it stopped is packed into an exit: the number of the [Translation] it was in, one of the
/// kinds below, and an index.
public interface BlockTranslator extends AutoCloseable {
    /// The instruction with the index is to be interpreted; those before it are done.
    int INTERPRET = 0;
    /// Goes on at the target of the exit with this index, within the page; [#link] makes it do so by itself.
    int TARGET = 1;
    /// Goes on at the instruction with the index, the first of a piece: there is a call for attention, or the
    /// translation has been unlinked.
    int ENTRY = 2;
    /// Goes on at RIP, which has been set, in the page that PAGE_RIP tells: nothing was known of what is there.
    int REACHED = 3;
    /// What exits have room for.
    int MAX_NUMBER = 1 << 20, MAX_INDEX = (1 << 10) - 1;
    /// The last offset in a page that jumps of that page are linked to. An instruction behind it may end in the next
    /// page, so that it has to be looked up each time.
    int MAX_LINKED = GuestMemory.PAGE_BYTES - Decoder.MAX_BYTES;

    /// What came of an attempt to translate.
    enum Outcome {
        /// The translation is complete.
        DONE,
        /// Its first instruction stays interpreted, or it is too large.
        IMPOSSIBLE,
        /// There will be room when the oldest translations have gone.
        NO_ROOM
    }

    /// Host code that has no place yet. Only for the translator that made it.
    interface Draft { }

    /// Makes host code as [#translate] does, without a place for it; holds nobody else up.
    ///
    /// @param translation of the blocks that the code will be for; its number does not matter
    /// @return null if that is impossible
    Draft draft(Translation translation, boolean logged, boolean counted);

    /// Completes a translation with what was made for its blocks.
    Outcome place(Translation translation, Draft draft);

    /// Translates the blocks of a translation, or as much of the beginning of each as possible.
    ///
    /// @param logged  whether stores are noted in UNDO
    /// @param counted whether executed instructions are counted in INSTRUCTIONS
    Outcome translate(Translation translation, boolean logged, boolean counted);

    /// Runs host code from `entry` until it stops.
    ///
    /// @return the exit
    long enter(long state, long entry);

    /// Has exit `index` of `from` lead straight to `to` from now on.
    void link(Translation from, int index, Translation to);

    /// Has nothing lead to `translation` any more; who gets there nevertheless stops with [#ENTRY].
    void unlink(Translation translation);

    /// The next translation that has to be unlinked so that there will be room, or null if none needs to be now.
    Translation victim();

    /// Whether there is code to be freed when no processor can execute it any more: all of it is unlinked.
    boolean isUnsettled();

    /// Frees what [#isUnsettled] spoke of: each processor has left host code since, and knows no entry.
    void settle();

    /// The host code of a translation in hexadecimal, for reports.
    String describe(Translation translation);

    /// Guest code from RIP `from` to `to`, where it was first found, beside its host code; needs
    /// [TranslatorConfig#listed].
    String list(long from, long to);

    /// Bytes of host code.
    long bytes();

    /// How many translations earlier runs had made.
    long restored();

    /// How many links were made.
    long links();

    /// How many translations were unlinked.
    long dropped();

    @Override
    void close();

    /// Makes translators; found as a service, so that nothing depends on there being one.
    interface Provider {
        /// @param whyNot told in a few words why the host cannot run it
        /// @return null where it cannot
        BlockTranslator create(TranslatorConfig config, Consumer<String> whyNot);

        default BlockTranslator create(TranslatorConfig config) {
            return create(config, _ -> { });
        }

        /// @param bytes how much host code there may be
        default BlockTranslator create(long bytes) {
            return create(TranslatorConfig.DEFAULT.withCacheBytes(bytes));
        }
    }

    /// A 32-bit value.

    static long exit(int number, int kind, int index) {
        return (long) number << 12 | kind << 10 | index;
    }

    static int number(long exit) {
        return (int) (exit >>> 12);
    }

    static int kind(long exit) {
        return (int) exit >>> 10 & 3;
    }

    static int index(long exit) {
        return (int) exit & 0x3ff;
    }
}
