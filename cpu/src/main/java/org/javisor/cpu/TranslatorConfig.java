// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.host.CodeMapping;
import org.javisor.host.PerfMap;

/// How a [BlockTranslator] is to work. Immutable: each `with` method gives another.
///
/// @param cacheBytes  how much host code there may be, whole pages; of what is not used, nothing is backed by memory
/// @param mapping     how memory for it is made, or null for what the host permits
/// @param perfMap     where host code is named for `perf`, or null; closed by who made it
/// @param translateAt the how-manieth execution of a block makes it worth translating
/// @param counted     whether translated code counts the instructions that it executes, which costs it time; if not,
///     counts are of interpreted instructions alone
/// @param listed      whether it is noted which host code was made of which instruction
/// @param hotCode     what is worth translating at once, and who learns what was; or null
/// @param keptCode    host code of earlier runs, and who keeps that of this one; or null
public record TranslatorConfig(long cacheBytes, CodeMapping.Kind mapping, PerfMap perfMap, int translateAt,
        boolean counted, boolean listed, HotCode hotCode, KeptCode keptCode) {
    public static final TranslatorConfig DEFAULT = new TranslatorConfig(128 << 20, null, null, 60, false, false, null,
            null);
    /// Jumps reach 2 GiB.
    public static final long MIN_CACHE_BYTES = 1 << 20, MAX_CACHE_BYTES = 1 << 30;

    public TranslatorConfig withCacheBytes(long bytes) {
        return new TranslatorConfig(bytes, mapping, perfMap, translateAt, counted, listed, hotCode, keptCode);
    }

    public TranslatorConfig withMapping(CodeMapping.Kind kind) {
        return new TranslatorConfig(cacheBytes, kind, perfMap, translateAt, counted, listed, hotCode, keptCode);
    }

    public TranslatorConfig withPerfMap(PerfMap map) {
        return new TranslatorConfig(cacheBytes, mapping, map, translateAt, counted, listed, hotCode, keptCode);
    }

    public TranslatorConfig withTranslateAt(int execution) {
        return new TranslatorConfig(cacheBytes, mapping, perfMap, execution, counted, listed, hotCode, keptCode);
    }

    public TranslatorConfig withCounted(boolean count) {
        return new TranslatorConfig(cacheBytes, mapping, perfMap, translateAt, count, listed, hotCode, keptCode);
    }

    public TranslatorConfig withHotCode(HotCode code) {
        return new TranslatorConfig(cacheBytes, mapping, perfMap, translateAt, counted, listed, code, keptCode);
    }

    public TranslatorConfig withListed(boolean list) {
        return new TranslatorConfig(cacheBytes, mapping, perfMap, translateAt, counted, list, hotCode, keptCode);
    }

    public TranslatorConfig withKeptCode(KeptCode code) {
        return new TranslatorConfig(cacheBytes, mapping, perfMap, translateAt, counted, listed, hotCode, code);
    }
}
