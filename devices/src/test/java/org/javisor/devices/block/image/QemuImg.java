// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// QEMU's own tool, as a judge of images; tests that need it are skipped where it is not installed (Debian:
/// `qemu-utils`).
public final class QemuImg {
    private QemuImg() { }

    /// What the tool said, and its exit status.
    public record Result(int status, String output) { }

    public static boolean installed() {
        return Arrays.stream(System.getenv().getOrDefault("PATH", "").split(":"))
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, "qemu-img")));
    }

    public static void assumeInstalled() {
        assumeTrue(installed(), "qemu-img is not installed");
    }

    public static Result run(Object... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("qemu-img"));
        Arrays.stream(arguments).map(Object::toString).forEach(command::add);
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            return new Result(process.waitFor(), output);
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    public static String succeed(Object... arguments) throws IOException {
        Result result = run(arguments);
        assertEquals(0, result.status, () -> "qemu-img " + Arrays.toString(arguments) + ": " + result.output);
        return result.output;
    }

    /// That an image has neither errors nor leaks, if anybody is there to tell.
    public static void requireClean(Path image) throws IOException {
        if (installed()) {
            succeed("check", image);
        }
    }
}
