// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// Programs for guests, in C beside the tests, compiled by the host's gcc where there is one.
final class GuestProgram {
    private GuestProgram() { }

    /// Compiles a resource, linked statically.
    ///
    /// @param name      of the resource, without `.c`
    /// @param directory where there is room
    /// @return the program, or nothing without gcc
    static Optional<Path> compile(String name, Path directory) throws IOException, InterruptedException {
        Path source = directory.resolve(name + ".c");
        Path program = directory.resolve(name);
        try (InputStream in = GuestProgram.class.getResourceAsStream(name + ".c")) {
            Files.copy(in, source);
        }
        try {
            boolean compiled = new ProcessBuilder("gcc", "-O2", "-ffp-contract=off", "-static", "-pthread", "-o",
                    program.toString(), source.toString(), "-lm").inheritIO().start().waitFor() == 0;
            return compiled ? Optional.of(program) : Optional.empty();
        } catch (IOException _) {
            return Optional.empty(); // there is none
        }
    }
}
