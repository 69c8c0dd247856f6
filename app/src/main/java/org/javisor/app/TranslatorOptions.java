// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.util.List;
import org.javisor.app.guest.Cache;
import org.javisor.cpu.TranslatorConfig;
import org.javisor.host.PerfMap;
import picocli.CommandLine.Option;

/// The options of `javisor run` about translated code. What is learned of it is kept from one run to the next.
final class TranslatorOptions implements AutoCloseable {
    @Option(names = "--code-cache", paramLabel = "SIZE", converter = ByteSize.Converter.class,
            description = "Memory for translated code: 128M (the default), or 1M to 1G. What was translated first makes"
            + " room when it is full.")
    private ByteSize codeCache = new ByteSize(TranslatorConfig.DEFAULT.cacheBytes());

    @Option(names = "--fresh-code", description = "Translate all code anew: use nothing of what earlier runs"
            + " translated, and keep nothing for later ones.")
    private boolean fresh;

    @Option(names = "--disassemble", paramLabel = "RANGE", converter = AddressRange.Converter.class,
            description = "At the end, print guest code at these addresses, as in 401000-402000 or 401000+20,"
            + " beside the host code that it was translated to; repeatable.")
    private List<AddressRange> disassembled = List.of();

    @Option(names = "--perf-map", description = "Name translated code for Linux's perf, in /tmp/perf-PID.map.")
    private boolean perfMap;

    private PerfMap map;
    private HotCodeFile hot;
    private KeptCodeFile kept;

    List<AddressRange> disassembled() {
        return disassembled;
    }

    /// What is asked for. To be closed when the machine has been.
    ///
    /// @param counted whether instructions are counted
    TranslatorConfig config(boolean counted) {
        TranslatorConfig config = TranslatorConfig.DEFAULT.withCacheBytes(codeCache.bytes()).withCounted(counted)
                .withListed(!disassembled.isEmpty());
        if (perfMap) {
            map = PerfMap.ofThisProcess();
            config = config.withPerfMap(map);
        }
        if (!fresh) {
            Cache cache = Cache.of(System.getenv());
            hot = new HotCodeFile(cache.file("hot-code"));
            kept = new KeptCodeFile(cache.file("host-code"));
            config = config.withHotCode(hot.code()).withKeptCode(kept.code());
        }
        return config;
    }

    @Override
    public void close() {
        if (map != null) {
            map.close();
        }
        if (kept != null) {
            hot.close();
            kept.close();
        }
    }
}
