// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.host.PerfMap;

/// How a [BlockTranslator] is to work. Immutable: each `with` method gives another.
///
/// @param cacheBytes  how much host code there may be; of what is not used, nothing is backed by memory
/// @param perfMap     where host code is named for `perf`, or null; closed by who made it
/// @param translateAt the how-manieth execution of a block makes it worth translating
public record TranslatorConfig(long cacheBytes, PerfMap perfMap, int translateAt) {
    public static final TranslatorConfig DEFAULT = new TranslatorConfig(128 << 20, null, 60);

    public TranslatorConfig withCacheBytes(long bytes) {
        return new TranslatorConfig(bytes, perfMap, translateAt);
    }

    public TranslatorConfig withPerfMap(PerfMap map) {
        return new TranslatorConfig(cacheBytes, map, translateAt);
    }

    public TranslatorConfig withTranslateAt(int execution) {
        return new TranslatorConfig(cacheBytes, perfMap, execution);
    }
}
