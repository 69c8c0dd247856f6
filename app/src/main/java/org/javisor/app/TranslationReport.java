// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.javisor.cpu.TranslationStats;
import org.javisor.isa.Mnemonic;
import org.javisor.vmm.VcpuStats;

/// What `--stats` prints about the translator.
record TranslationReport(TranslationStats stats, VcpuStats processors) {
    private static final int MNEMONICS = 20;

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        line(text, "translations  %,d of %,d guest instructions, in %.3f s; %,d blocks could not be translated",
                stats.translations(), stats.instructions(), stats.nanos() / 1e9, stats.untranslated());
        line(text, "  grown       %,d of the second tier", stats.grown());
        line(text, "  kept        %,d from earlier runs", stats.restored());
        line(text, "  dropped     %,d, and %,d to make room", stats.dropped(), stats.evicted());
        line(text, "  code cache  %,d bytes in use, by %,d translations", stats.cacheBytes(), stats.present());
        line(text, "  links       %,d", stats.links());
        line(text, "interpreted   %,d instructions, %.2f %%", stats.interpreted(),
                100 * ratio(stats.interpreted(), processors.instructions()));
        line(text, "host code stopped                   times    a second");
        exits(text, "at an instruction", stats.exitsToInterpret());
        exits(text, "at an unlinked branch", stats.exitsToTarget());
        exits(text, "before a block", stats.exitsAtEntry());
        line(text, "  by instruction         not translated   could not go on");
        Set<Mnemonic> met = new HashSet<>(stats.stoppedAtUntranslated().keySet());
        met.addAll(stats.stoppedAtTranslated().keySet());
        met.stream().sorted((a, b) -> Long.compare(stops(b), stops(a))).limit(MNEMONICS)
                .forEach(m -> line(text, "  %-16s %,20d %,17d", m, count(stats.stoppedAtUntranslated(), m),
                        count(stats.stoppedAtTranslated(), m)));
        return text.toString();
    }

    private void exits(StringBuilder text, String why, long count) {
        line(text, "  %-24s %,14d %,11.0f", why, count, ratio(count, processors.guestNanos()) * 1e9);
    }

    private long stops(Mnemonic mnemonic) {
        return count(stats.stoppedAtUntranslated(), mnemonic) + count(stats.stoppedAtTranslated(), mnemonic);
    }

    private static long count(Map<Mnemonic, Long> counts, Mnemonic mnemonic) {
        return counts.getOrDefault(mnemonic, 0L);
    }

    private static double ratio(long part, long whole) {
        return whole == 0 ? 0 : (double) part / whole;
    }

    private static void line(StringBuilder text, String format, Object... values) {
        text.append(String.format(Locale.ROOT, format, values)).append('\n');
    }
}
