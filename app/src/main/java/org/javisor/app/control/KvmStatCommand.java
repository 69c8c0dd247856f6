// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.control;

import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.javisor.app.control.RuntimeDirectory.Entry;
import org.javisor.memory.ConfigurationException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `javisor kvm-stat`: what makes the processors of a running machine leave guest code, while they do.
@Command(name = "kvm-stat", mixinStandardHelpOptions = true,
        description = "Shows why, how often and for how long a running machine's processors leave guest code.",
        footer = {"", "Ends with the machine, after --count, or by Ctrl-C. Extremes are those since the machine",
            "began."})
public final class KvmStatCommand implements Callable<Integer> {
    private static final String CLEAR = "\033[H\033[2J";

    @Parameters(paramLabel = "MACHINE", arity = "0..1", description = "Process id, or what --name called it; not needed"
            + " where only one runs.")
    private String wanted;

    @Option(names = {"-l", "--list"}, description = "Tell which machines run.")
    private boolean list;

    @Option(names = "--once", description = "Show all since the machine began, and end.")
    private boolean once;

    @Option(names = {"-i", "--interval"}, paramLabel = "SECONDS", description = "Between two looks (default 1).")
    private double interval = 1;

    @Option(names = {"-n", "--count"}, paramLabel = "N", description = "End after so many looks.")
    private int count = Integer.MAX_VALUE;

    @Option(names = "--vcpu", paramLabel = "N", description = "One processor; all together if not given.")
    private int vcpu = -1;

    @Option(names = "--json", description = "For programs: counters since the machine began, an object a look.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    private final RuntimeDirectory directory;

    public KvmStatCommand() {
        this(RuntimeDirectory.of(System.getenv()));
    }

    KvmStatCommand(RuntimeDirectory directory) {
        this.directory = directory;
    }

    @Override
    public Integer call() {
        if (!(interval >= 0.01 && interval <= 1e6)) {
            throw new ParameterException(spec.commandLine(), "--interval takes 0.01 seconds or more, not " + interval);
        }
        if (count < 1) {
            throw new ParameterException(spec.commandLine(), "--count takes 1 or more, not " + count);
        }
        List<Entry> running = ControlClient.running(directory);
        if (list) {
            running.forEach(entry -> out().println(entry));
            out().flush();
            return 0;
        }
        try (ControlClient client = ControlClient.connect(chosen(running))) {
            show(client);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return 0;
    }

    private PrintWriter out() {
        return spec.commandLine().getOut();
    }

    private Entry chosen(List<Entry> running) {
        List<Entry> meant = running.stream().filter(entry -> wanted == null || entry.isCalled(wanted)).toList();
        if (meant.size() == 1) {
            return meant.getFirst();
        }
        String which = wanted == null ? "" : " " + wanted;
        if (meant.isEmpty()) {
            throw new ConfigurationException("no machine" + which + " runs that may be asked"
                    + (running.isEmpty() ? "" : "; these do: " + names(running)));
        }
        throw new ConfigurationException("several machines run, say which: " + names(meant));
    }

    private static String names(List<Entry> entries) {
        return entries.stream().map(Entry::toString).collect(Collectors.joining(", "));
    }

    private void show(ControlClient client) throws InterruptedException {
        boolean screen = System.console() != null && System.console().isTerminal() && !json && !once;
        MachineReading before = null;
        MachineReading now = client.read();
        for (int looks = 0; now != null && looks < (once ? 1 : count); looks++) {
            if (!once && !json) {
                before = now;
                Thread.sleep((long) (interval * 1_000));
                now = client.read();
            } else if (looks > 0) {
                Thread.sleep((long) (interval * 1_000));
                now = client.read();
            }
            if (now != null) {
                check(now);
                out().print(json ? json(client, now) : (screen ? CLEAR : "") + title(client, now)
                        + StatTable.of(before, now, vcpu));
                out().flush();
            }
        }
        if (now == null) {
            throw new ConfigurationException("the machine has ended");
        }
    }

    private void check(MachineReading reading) {
        if (vcpu >= 0 && reading.processors().stream().noneMatch(p -> p.id() == vcpu)) {
            throw new ConfigurationException("--vcpu " + vcpu + ": the machine has processors 0 to "
                    + (reading.processors().size() - 1));
        }
    }

    private String json(ControlClient client, MachineReading now) {
        var object = StatJson.of(client.entry(), now);
        return (once ? object.toString() : object.onOneLine()) + "\n";
    }

    private static String title(ControlClient client, MachineReading now) {
        return String.format("%nmachine %s, %s, %d processors, for %s%n", client.entry(), now.engine(),
                now.processors().size(), StatTable.duration(now.nanos()));
    }
}
