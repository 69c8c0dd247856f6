// SPDX-License-Identifier: Apache-2.0
package org.javisor.bench.conformance;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Stream;

/// The page `docs/conformance.md`.
final class ConformanceReport {
    private static final String HEAD = """
            # Conformance

            [kvm-unit-tests](https://gitlab.com/kvm-unit-tests/kvm-unit-tests) are the tests by which KVM's developers \
            judge KVM. They are
            no part of this project. This page is written by `bench/conformance`, which runs every configuration of \
            their
            `unittests.cfg` except those of nested virtualization ([testing.md](testing.md#conformance)): do not edit \
            it.

            A number in parentheses is how many checks a program made. Seconds are processor time, of our translator \
            with the JVM's
            own threads. The standard is KVM on real hardware, which passes nearly all; QEMU's TCG stands beside for \
            comparison. A program
            that has used 60 seconds, or what its configuration allows if that is more, is stopped, in both; the \
            interpreter has
            600 for `access`, `access_fep`, `asyncpf`, `kvmclock_test` and `sieve`.
            """;

    private static final String KVM_HEAD = """

            ## On KVM

            The KVM engine can do what the host's KVM can. This was made on a host where that has no hardware behind \
            it: it emulates 1.5
            million instructions a second, knows few that are not in the integer set, and gives up at others. QEMU, by \
            the same KVM,
            stands beside. A program has 4 seconds of processor time, or what its configuration allows.
            """;

    private final Results results;
    private final Properties reasons = new Properties();
    private final StringBuilder text = new StringBuilder();

    private ConformanceReport(Results results) {
        this.results = results;
        try (InputStream file = ConformanceReport.class.getResourceAsStream("reasons.properties")) {
            reasons.load(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String of(List<Configuration> x86, List<Configuration> i386, Results results) {
        ConformanceReport report = new ConformanceReport(results);
        report.text.append(HEAD);
        report.table("64-bit programs", x86);
        report.table("32-bit programs", i386);
        report.kvm(Stream.concat(x86.stream(), i386.stream()).toList());
        return report.text.toString();
    }

    private void table(String title, List<Configuration> configurations) {
        text.append("\n## ").append(title).append("\n\n").append(summary(configurations)).append('\n').append("""

                | configuration | interpreter | translator | s | QEMU TCG | why |
                |---|---|---|---:|---|---|
                """);
        configurations.forEach(this::row);
    }

    private String summary(List<Configuration> configurations) {
        return String.join(", ", counted(configurations, "interpreter"), counted(configurations, "translator"),
                counted(configurations, "qemu")) + " of " + configurations.size() + " configurations pass.";
    }

    private String counted(List<Configuration> configurations, String judge) {
        return judge + ": " + configurations.stream().flatMap(c -> results.get(c, judge).stream())
                .filter(v -> v.kind() == Verdict.Kind.PASS).count();
    }

    private void row(Configuration configuration) {
        Optional<Verdict> translated = results.get(configuration, "translator");
        Optional<Verdict> interpreted = results.get(configuration, "interpreter");
        String seconds = translated.map(v -> String.format(Locale.ROOT, "%.1f", v.seconds())).orElse("");
        text.append("| ").append(String.join(" | ", configuration.name(), brief(interpreted), brief(translated),
                seconds, brief(results.get(configuration, "qemu")), why(configuration, translated.or(() ->
                        interpreted), interpreted))).append(" |\n");
    }

    /// What the host's KVM made of them, by our engine and by QEMU.
    private void kvm(List<Configuration> configurations) {
        List<Configuration> ran = configurations.stream().filter(c -> results.get(c, "kvm").isPresent()).toList();
        if (ran.isEmpty()) {
            return;
        }
        text.append(KVM_HEAD).append('\n').append(counted(ran, "kvm")).append(", ").append(counted(ran, "qemu-kvm"))
                .append(" of ").append(ran.size()).append("""
                         configurations pass.

                        | configuration | KVM engine | QEMU, KVM | why |
                        |---|---|---|---|
                        """);
        ran.forEach(configuration -> {
            Optional<Verdict> ours = results.get(configuration, "kvm");
            text.append("| ").append(String.join(" | ", label(configuration), brief(ours),
                    brief(results.get(configuration, "qemu-kvm")),
                    passed(ours) ? "" : ours.map(Verdict::detail).orElse("").replace("|", "\\|"))).append(" |\n");
        });
    }

    private static String label(Configuration configuration) {
        boolean narrow = configuration.tree().getFileName().toString().endsWith("i386");
        return configuration.name() + (narrow ? " (32 bits)" : "");
    }

    private static String brief(Optional<Verdict> verdict) {
        return verdict.map(Verdict::brief).orElse("");
    }

    /// What we know of it, else what the program said, if it did not pass.
    private String why(Configuration configuration, Optional<Verdict> verdict, Optional<Verdict> interpreted) {
        boolean passed = passed(verdict);
        String said = passed ? "" : verdict.map(Verdict::detail).orElse("").replace("|", "\\|");
        return passed && passed(interpreted) ? "" : reasons.getProperty(configuration.name(), said);
    }

    private static boolean passed(Optional<Verdict> verdict) {
        return verdict.isPresent() && verdict.get().kind() == Verdict.Kind.PASS;
    }
}
