// SPDX-License-Identifier: Apache-2.0
package org.javisor.host;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.TimeUnit;

/// Names pieces of machine code for Linux's `perf`: a line for each, with address, size and name, in the file where
/// `perf` looks for what no executable file describes (linux/tools/perf/Documentation/jit-interface.txt).
///
/// HotSpot writes the same file when it ends with `-XX:+DumpPerfMapAtExit`, and would overwrite this one. Therefore
/// [#close] asks it for its own methods and adds them.
///
/// Safe for use by several threads.
public final class PerfMap implements AutoCloseable {
    private static final int SECONDS_FOR_METHODS = 10;

    private final Path file;
    private final BufferedWriter out;

    /// The map of this process.
    ///
    /// @throws UncheckedIOException if it cannot be written
    public static PerfMap ofThisProcess() {
        return new PerfMap(Path.of("/tmp/perf-" + ProcessHandle.current().pid() + ".map"));
    }

    PerfMap(Path file) {
        this.file = file;
        try {
            // Who could have put a link there must not choose what is written to.
            Files.deleteIfExists(file);
            out = Files.newBufferedWriter(file, StandardCharsets.US_ASCII, StandardOpenOption.CREATE_NEW,
                    StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw new UncheckedIOException("perf map " + file + ": " + e.getMessage(), e);
        }
    }

    public Path file() {
        return file;
    }

    /// Names the code at `hva`. What had a part of its bytes before has them no longer.
    public synchronized void add(long hva, long bytes, String name) {
        try {
            out.write(Long.toHexString(hva) + " " + Long.toHexString(bytes) + " " + name + "\n");
            // For `perf top`, which looks while the code runs.
            out.flush();
        } catch (IOException e) {
            throw new UncheckedIOException("perf map " + file + ": " + e.getMessage(), e);
        }
    }

    /// Adds the methods that HotSpot has compiled, and closes the file.
    @Override
    public synchronized void close() {
        try (out) {
            addMethods();
        } catch (IOException e) {
            throw new UncheckedIOException("perf map " + file + ": " + e.getMessage(), e);
        }
    }

    private void addMethods() throws IOException {
        Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
        if (!Files.isExecutable(jcmd)) {
            return;
        }
        Path methods = Files.createTempFile("javisor", ".map");
        try {
            Process process = new ProcessBuilder(jcmd.toString(), Long.toString(ProcessHandle.current().pid()),
                    "Compiler.perfmap", methods.toString()).redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
            if (!process.waitFor(SECONDS_FOR_METHODS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
            out.write(Files.readString(methods, StandardCharsets.UTF_8).replaceAll("[^\\x00-\\x7f]", "?"));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } finally {
            Files.delete(methods);
        }
    }
}
