// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.io.PrintWriter;
import java.io.UncheckedIOException;
import org.javisor.app.control.KvmStatCommand;
import org.javisor.app.doctor.DoctorCommand;
import org.javisor.app.image.ImageCommand;
import org.javisor.memory.ConfigurationException;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine;

/// The `javisor` command. Its exit statuses are in [ExitStatus].
@Command(name = "javisor", mixinStandardHelpOptions = true, version = "javisor 0.1.0",
        description = "Runs x86-64 operating systems.")
public final class Main implements Runnable {
    private static final String RUN = "run";

    public static void main(String[] arguments) {
        boolean runs = arguments.length > 0 && arguments[0].equals(RUN);
        if (runs) {
            Rehearsal.begin();
        }
        System.exit((runs ? commandLine(RunCommand.class) : commandLine()).execute(arguments));
    }

    static CommandLine commandLine() {
        return commandLine(DisassembleCommand.class, DoctorCommand.class, ImageCommand.class, KvmStatCommand.class,
                RunCommand.class, ScreenshotCommand.class);
    }

    /// With these subcommands alone: to read what annotations say of all of them takes longer than all else that is to
    /// be done before a guest runs.
    private static CommandLine commandLine(Class<?>... subcommands) {
        CommandLine commandLine = new CommandLine(new Main());
        for (Class<?> subcommand : subcommands) {
            commandLine.addSubcommand(subcommand);
        }
        commandLine.setParameterExceptionHandler(Main::reportUsage);
        commandLine.setExecutionExceptionHandler((e, failed, _) -> report(e, failed.getErr()));
        commandLine.setCaseInsensitiveEnumValuesAllowed(true);
        return commandLine;
    }

    private static int reportUsage(ParameterException e, String[] arguments) {
        String command = e.getCommandLine().getCommandSpec().qualifiedName(" ");
        e.getCommandLine().getErr().println("javisor: " + e.getMessage().lines().findFirst().orElse("bad usage")
                + " (see " + command + " --help)");
        return ExitStatus.USAGE;
    }

    /// A user's mistake or a refusing host is one line; anything else is a bug of ours and shows its trace.
    private static int report(Exception e, PrintWriter err) throws Exception {
        if (e instanceof ConfigurationException || e instanceof UncheckedIOException
                || e instanceof org.javisor.host.HostException) {
            err.println("javisor: " + e.getMessage());
            return ExitStatus.USAGE;
        }
        throw e;
    }

    @Override
    public void run() {
        CommandLine.usage(this, System.out);
    }
}
