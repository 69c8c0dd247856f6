// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.util.Map;
import org.javisor.isa.Mnemonic;

/// What the translator of a machine did so far: a reading of counters that go on.
///
/// How often host code finds its way through an [EntryCache] is not among them: counting it would cost an access to
/// memory at each return and indirect jump. What is not found there ends in an exit, which is counted.
///
/// @param translations  blocks translated
/// @param grown         those of the second tier
/// @param present       those that have not been dropped and freed
/// @param untranslated  blocks that begin with what cannot be translated, or came when there was no room
/// @param instructions  guest instructions of the translations
/// @param cacheBytes    host code in the code cache, that of dropped translations among it
/// @param restored      translations whose host code an earlier run had made
/// @param links         jumps that were made to lead straight from one translation to another
/// @param dropped       translations whose guest code was changed or forgotten
/// @param evicted       translations that made room for others
/// @param nanos         time spent translating
/// @param interpreted   guest instructions that were interpreted
/// @param exitsToInterpret      how often host code stopped at an instruction to be interpreted, ...
/// @param exitsToTarget         ... at the end of a block without a link, ...
/// @param exitsAtEntry          ... and before a block: for a request, or because the block was dropped
/// @param stoppedAtUntranslated of the exits to the interpreter, those at instructions without host code
/// @param stoppedAtTranslated   and those whose host code could not go on: the page was not in the TLB, the target not
///     in the entry cache
public record TranslationStats(long translations, long grown, long present, long untranslated, long instructions,
        long cacheBytes, long restored, long links, long dropped, long evicted, long nanos, long interpreted,
        long exitsToInterpret, long exitsToTarget, long exitsAtEntry, Map<Mnemonic, Long> stoppedAtUntranslated,
        Map<Mnemonic, Long> stoppedAtTranslated) { }
