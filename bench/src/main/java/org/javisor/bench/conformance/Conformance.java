// SPDX-License-Identifier: Apache-2.0
package org.javisor.bench.conformance;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.javisor.vmm.Execution;

/// The command: `conformance --suite DIR [--engine ENGINE,...] [--only REGEX] [--timeout SECONDS] [--verbose]
/// [--report FILE]`, of the engines `translator`, `interpreter`, `kvm`, `qemu` (its TCG) and `qemu-kvm`. `DIR` holds
/// the built trees `kvm-unit-tests` and `kvm-unit-tests-i386`; what is found is kept in `DIR/results.tsv`. Exits with 1
/// if anything that ran did not pass.
public final class Conformance {
    private static final String USAGE = "usage: conformance --suite DIR"
            + " [--engine translator,interpreter,kvm,qemu,qemu-kvm] [--only REGEX] [--timeout SECONDS] [--verbose]"
            + " [--report FILE]";

    private Path suite;
    private List<String> engines = List.of();
    private Pattern only = Pattern.compile(".*");
    private Duration limit = Duration.ofSeconds(60);
    private boolean verbose;
    private Path report;
    private boolean allPassed = true;

    private Conformance(List<String> arguments) {
        for (int at = 0; at < arguments.size(); at++) {
            switch (arguments.get(at)) {
                case "--suite" -> suite = Path.of(arguments.get(++at));
                case "--engine" -> engines = List.of(arguments.get(++at).split(","));
                case "--only" -> only = Pattern.compile(arguments.get(++at));
                case "--timeout" -> limit = Duration.ofSeconds(Integer.parseInt(arguments.get(++at)));
                case "--verbose" -> verbose = true;
                case "--report" -> report = Path.of(arguments.get(++at));
                default -> throw new IllegalArgumentException(arguments.get(at));
            }
        }
        if (suite == null) {
            throw new IllegalArgumentException("no --suite");
        }
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        Conformance conformance;
        try {
            conformance = new Conformance(List.of(arguments));
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            System.err.println("conformance: " + e.getMessage() + "\n" + USAGE);
            System.exit(2);
            return;
        }
        conformance.execute();
        System.exit(conformance.allPassed ? 0 : 1);
    }

    /// The configurations of the tree in `suite` that are ours to run.
    static List<Configuration> configurations(Path suite, String architecture) throws IOException {
        Path tree = suite.resolve(architecture.equals("i386") ? "kvm-unit-tests-i386" : "kvm-unit-tests");
        return Files.isDirectory(tree) ? UnitTestsFile.read(tree, architecture).stream()
                .filter(c -> !c.nested() && Files.exists(c.program())).toList() : List.of();
    }

    private void execute() throws IOException, InterruptedException {
        List<Configuration> x86 = configurations(suite, "x86_64");
        List<Configuration> i386 = configurations(suite, "i386");
        Results results = Results.open(suite.resolve("results.tsv"));
        for (Configuration configuration : Stream.concat(x86.stream(), i386.stream()).toList()) {
            if (only.matcher(label(configuration)).find()) {
                for (Judge judge : judges()) {
                    run(configuration, judge, results);
                }
            }
        }
        if (report != null) {
            Files.writeString(report, ConformanceReport.of(x86, i386, results));
        }
    }

    private static String label(Configuration configuration) {
        return configuration.tree().getFileName() + "/" + configuration.name();
    }

    private List<Judge> judges() {
        List<Judge> judges = new ArrayList<>();
        for (String engine : engines) {
            judges.add(switch (engine) {
                case "qemu" -> new QemuJudge(QemuJudge.TCG);
                case "qemu-kvm" -> new QemuJudge("kvm");
                default -> new OurJudge(Execution.valueOf(engine.toUpperCase(Locale.ROOT)),
                        verbose ? System.out : null);
            });
        }
        return judges;
    }

    private void run(Configuration configuration, Judge judge, Results results)
            throws IOException, InterruptedException {
        Verdict verdict = judge.run(configuration, allowed(configuration));
        results.put(configuration, judge.name(), verdict);
        allPassed &= verdict.kind() == Verdict.Kind.PASS;
        System.out.printf(Locale.ROOT, "%-45s %-12s %-18s %6.1f s  %s%n", label(configuration), judge.name(),
                verdict.brief(), verdict.seconds(), verdict.detail());
    }

    /// Who wrote the configuration may know that it takes longer than others.
    private Duration allowed(Configuration configuration) {
        return configuration.timeout().compareTo(limit) > 0 ? configuration.timeout() : limit;
    }
}
