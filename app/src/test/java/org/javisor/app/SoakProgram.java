// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A program that is executed on the host and in the guest, and has to print the same there. `--list` has it name its
/// rows; with a row's name it does that work and prints a checksum as the last word. It reads `/dev/vda`, or the file
/// that `SOAK_DISK` names.
///
/// That of the repository is `soak.c`, compiled by the host's gcc. `-Djavisor.soak.program=FILE` names another one,
/// linked statically.
final class SoakProgram {
    /// What stands for a checksum that the host cannot give, because it does not have what the guest has.
    static final String UNKNOWN = "-";

    private final Path file;
    private final Path disk;

    /// @param disk what the guest has as `/dev/vda`
    private SoakProgram(Path file, Path disk) {
        this.file = file;
        this.disk = disk;
    }

    /// @param directory where there is room
    /// @return nothing if the program is not given and cannot be compiled
    static Optional<SoakProgram> in(Path directory, Path disk) throws Exception {
        String given = System.getProperty("javisor.soak.program");
        if (given != null) {
            return Optional.of(new SoakProgram(Path.of(given), disk));
        }
        return GuestProgram.compile("soak", directory).map(program -> new SoakProgram(program, disk));
    }

    byte[] bytes() throws IOException {
        return Files.readAllBytes(file);
    }

    /// Its rows with what they give on the host, as words `ROW=CHECKSUM`.
    List<String> expected() throws Exception {
        List<String> rows = new ArrayList<>();
        for (String row : output("--list").lines().toList()) {
            rows.add(row + "=" + checksum(output(row)));
        }
        return rows;
    }

    /// @return what it printed, or nothing if it complained
    private String output(String argument) throws Exception {
        Path errors = Files.createTempFile("soak", ".errors");
        try {
            ProcessBuilder builder = new ProcessBuilder(file.toString(), argument)
                    .redirectError(errors.toFile());
            builder.environment().put("SOAK_DISK", disk.toString());
            Process process = builder.start();
            String output = new String(process.getInputStream().readAllBytes());
            return process.waitFor() == 0 && Files.size(errors) == 0 ? output : "";
        } finally {
            Files.delete(errors);
        }
    }

    private static String checksum(String output) {
        String[] words = output.isBlank() ? new String[] {UNKNOWN} : output.trim().split("\\s+");
        return words[words.length - 1];
    }
}
