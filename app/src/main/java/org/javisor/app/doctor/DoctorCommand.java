// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.doctor;

import java.io.File;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.javisor.app.control.RuntimeDirectory;
import org.javisor.app.guest.Cache;
import org.javisor.app.json.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `javisor doctor`: what this machine offers Javisor, and what to do to have it better.
@Command(name = "doctor", mixinStandardHelpOptions = true,
        description = "Tells what this machine offers, and what to do to have it better.",
        footer = {"", "Exit status: 0 if Javisor can run here, else 2."})
public final class DoctorCommand implements Callable<Integer> {
    private static final int USABLE = 0, UNUSABLE = 2;

    @Option(names = "--json", description = "For programs.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    private final List<Check> checks;

    public DoctorCommand() {
        this(List.of(new JavaCheck(),
                new ProcessorCheck(HostFiles.HOST, System.getProperty("os.arch"),
                        Runtime.getRuntime().availableProcessors()),
                new CodeMemoryCheck(), new MemoryCheck(HostFiles.HOST), new EngineCheck(), new KvmCheck(HostFiles.HOST),
                new ConnectionsCheck(HostFiles.HOST, RuntimeDirectory.of(System.getenv())),
                new CacheCheck(Cache.of(System.getenv()).file("hot-code"), javaArguments()),
                new ToolsCheck(searchPath())));
    }

    DoctorCommand(List<Check> checks) {
        this.checks = checks;
    }

    private static List<String> javaArguments() {
        return List.of(ProcessHandle.current().info().arguments().orElse(new String[0]));
    }

    private static List<Path> searchPath() {
        String path = System.getenv().getOrDefault("PATH", "/usr/bin:/bin");
        return Arrays.stream(path.split(File.pathSeparator)).filter(name -> !name.isEmpty()).map(Path::of).toList();
    }

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        List<Finding> findings = new ArrayList<>();
        for (Check check : checks) {
            List<Finding> more = check.look();
            findings.addAll(more);
            if (!json) {
                more.forEach(finding -> print(out, finding));
            }
        }
        boolean usable = findings.stream().noneMatch(finding -> finding.level() == Finding.Level.BAD);
        out.println(json ? json(findings, usable).toString()
                : usable ? "Javisor runs on this machine." : "Javisor does not run on this machine.");
        out.flush();
        return usable ? USABLE : UNUSABLE;
    }

    /// At once: some take a moment to find out.
    private static void print(PrintWriter out, Finding finding) {
        out.printf(Locale.ROOT, "%-4s  %-13s %s%n", word(finding.level()), finding.what(), finding.text());
        if (finding.advice() != null) {
            out.printf(Locale.ROOT, "%-19s -> %s%n", "", finding.advice());
        }
        out.flush();
    }

    private static String word(Finding.Level level) {
        return level.name().toLowerCase(Locale.ROOT);
    }

    private static Json json(List<Finding> findings, boolean usable) {
        List<Json> list = new ArrayList<>();
        for (Finding finding : findings) {
            list.add(new Json().with("what", finding.what()).with("level", word(finding.level()))
                    .with("text", finding.text()).with("advice", finding.advice()));
        }
        return new Json().with("usable", usable).with("findings", list);
    }
}
