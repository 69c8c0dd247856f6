// SPDX-License-Identifier: Apache-2.0
package org.javisor.bench.conformance;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// QEMU's TCG, called as the suite's own scripts call it.
final class QemuJudge implements Judge {
    @Override
    public String name() {
        return "qemu";
    }

    @Override
    public Verdict run(Configuration configuration, Duration limit) throws IOException, InterruptedException {
        Path output = Files.createTempFile("qemu", ".log");
        try {
            long start = System.nanoTime();
            Process qemu = new ProcessBuilder(command(configuration)).redirectErrorStream(true)
                    .redirectOutput(output.toFile()).redirectInput(ProcessBuilder.Redirect.from(new java.io.File(
                            "/dev/null"))).start();
            boolean ended = qemu.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
            qemu.destroyForcibly().waitFor();
            double seconds = (System.nanoTime() - start) / 1e9;
            String log = Files.readString(output, StandardCharsets.ISO_8859_1);
            return ended ? verdict(qemu.exitValue(), log, seconds)
                    : Verdict.of(Verdict.Kind.TIMEOUT, log, "", seconds);
        } finally {
            Files.delete(output);
        }
    }

    private static Verdict verdict(int status, String log, double seconds) {
        // An odd status comes from the debug exit port, but for 1, which is QEMU's own too.
        boolean refused = (status & 1) == 0 || status == 1 && log.startsWith("qemu-system");
        return refused ? Verdict.of(Verdict.Kind.CRASH, log, log.lines().findFirst().orElse("reset"), seconds)
                : Verdict.ofExit(status, log, seconds);
    }

    private static List<String> command(Configuration configuration) {
        List<String> command = new ArrayList<>(List.of("qemu-system-x86_64", "--no-reboot", "-nodefaults",
                "-device", "pc-testdev", "-device", "isa-debug-exit,iobase=0xf4,iosize=0x4", "-display", "none",
                "-serial", "stdio", "-device", "pci-testdev", "-accel", "tcg",
                "-kernel", configuration.program().toString(), "-smp", Integer.toString(configuration.cpus())));
        if (!configuration.arguments().isEmpty()) {
            command.addAll(List.of("-append", configuration.arguments()));
        }
        for (String option : configuration.options()) {
            if (!option.equals("-enable-kvm")) {
                // TCG has no host to copy.
                command.add(option.replaceFirst("^host(,.*)?$", "max"));
            }
        }
        return command;
    }
}
