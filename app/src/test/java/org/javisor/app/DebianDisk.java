// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.javisor.app.guest.Cache;
import org.junit.jupiter.api.Assumptions;

/// The disks that `samples/debian-disk/build` makes, as qcow2 images in the cache; made on first use, which takes
/// minutes.
final class DebianDisk {
    private static final Path SCRIPT = Path.of("../samples/debian-disk/build");
    private static final int TOOLS_MISSING = 2;

    private DebianDisk() { }

    /// A throw-away layer on top of an image, which stays as it is. Skips the test where the image cannot be made.
    ///
    /// @param signed whether UEFI starts what is signed
    static Path layer(Path directory, boolean signed) throws IOException {
        Path file = directory.resolve("debian.qcow2");
        image("create", "-f", "qcow2", "-b", image(signed).toString(), "-F", "qcow2", file.toString());
        return file;
    }

    private static Path image(boolean signed) {
        Path script = Files.exists(SCRIPT) ? SCRIPT : Path.of("samples/debian-disk/build");
        return Cache.of(System.getenv()).entry(signed ? "debian-disk-signed" : "debian-disk",
                into -> make(script, signed, into)).resolve("debian.qcow2");
    }

    private static void make(Path script, boolean signed, Path into) throws IOException {
        Path raw = into.resolve("debian.raw");
        Path log = Files.createTempFile("debian-disk", ".log");
        try {
            ProcessBuilder command = new ProcessBuilder(script.toAbsolutePath().toString(), raw.toString());
            if (signed) {
                command.environment().put("SECURE", "1");
            }
            Process build = command.redirectErrorStream(true).redirectOutput(log.toFile()).start();
            boolean ended = build.waitFor(30, TimeUnit.MINUTES);
            String said = Files.readString(log);
            Assumptions.assumeFalse(ended && build.exitValue() == TOOLS_MISSING, said);
            assertEquals(0, ended ? build.exitValue() : -1, said);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        } finally {
            Files.deleteIfExists(log);
        }
        image("convert", "-O", "qcow2", raw.toString(), into.resolve("debian.qcow2").toString());
        Files.delete(raw);
    }

    /// `javisor image`, which must not complain.
    static void image(String... arguments) {
        String[] all = new String[arguments.length + 1];
        all[0] = "image";
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        assertEquals(0, TestCommand.commandLine().execute(all), String.join(" ", all));
    }
}
