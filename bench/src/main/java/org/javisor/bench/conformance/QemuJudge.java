// SPDX-License-Identifier: Apache-2.0
package org.javisor.bench.conformance;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/// QEMU, called as the suite's own scripts call it.
///
/// @param accelerator `tcg`, or `kvm`
record QemuJudge(String accelerator) implements Judge {
    static final String TCG = "tcg";
    private static final ProcessBuilder.Redirect NOTHING = ProcessBuilder.Redirect.from(new File("/dev/null"));

    /// What a process has used so far; when it has ended, what it had when it was last asked for.
    private static final class ProcessorTime implements Supplier<Duration> {
        private final Process process;
        private Duration last = Duration.ZERO;

        ProcessorTime(Process process) {
            this.process = process;
        }

        @Override
        public Duration get() {
            last = process.info().totalCpuDuration().orElse(last);
            return last;
        }
    }

    @Override
    public String name() {
        return accelerator.equals(TCG) ? "qemu" : "qemu-" + accelerator;
    }

    @Override
    public Verdict run(Configuration configuration, Duration limit) throws IOException, InterruptedException {
        Path output = Files.createTempFile("qemu", ".log");
        try {
            Process qemu = new ProcessBuilder(command(configuration)).redirectErrorStream(true)
                    .redirectOutput(output.toFile()).redirectInput(NOTHING).start();
            TimeLimit time = new TimeLimit(limit, new ProcessorTime(qemu));
            boolean ended = false;
            while (!ended && !time.exceeded()) {
                ended = qemu.waitFor(250, TimeUnit.MILLISECONDS);
            }
            double seconds = time.seconds();
            qemu.destroyForcibly().waitFor();
            String log = Files.readString(output, StandardCharsets.ISO_8859_1);
            return ended ? verdict(qemu.exitValue(), log, seconds)
                    : Verdict.of(Verdict.Kind.TIMEOUT, log, "", seconds);
        } finally {
            Files.delete(output);
        }
    }

    private static Verdict verdict(int status, String log, double seconds) {
        Optional<String> complaint = log.lines().filter(line -> line.startsWith("qemu-system")
                && !line.contains(" warning: ")).findFirst();
        // An odd status comes from the debug exit port, but for 1, which is QEMU's own too.
        boolean refused = (status & 1) == 0 || status == 1 && complaint.isPresent();
        return refused ? Verdict.of(Verdict.Kind.CRASH, log, complaint.orElse("reset"), seconds)
                : Verdict.ofExit(status, log, seconds);
    }

    private List<String> command(Configuration configuration) {
        List<String> command = new ArrayList<>(List.of("qemu-system-x86_64", "--no-reboot", "-nodefaults",
                "-device", "pc-testdev", "-device", "isa-debug-exit,iobase=0xf4,iosize=0x4", "-display", "none",
                "-serial", "stdio", "-device", "pci-testdev", "-accel", accelerator,
                "-kernel", configuration.program().toString(), "-smp", Integer.toString(configuration.cpus())));
        if (!configuration.arguments().isEmpty()) {
            command.addAll(List.of("-append", configuration.arguments()));
        }
        for (String option : configuration.options()) {
            if (!option.equals("-enable-kvm")) {
                // TCG has no host to copy.
                command.add(accelerator.equals(TCG) ? option.replaceFirst("^host(,.*)?$", "max") : option);
            }
        }
        return command;
    }
}
