// SPDX-License-Identifier: Apache-2.0
package org.javisor.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;

/// What the host's processor can execute, by Linux's names: what its kernel lets programs use, too.
public final class ProcessorFlags {
    private static final Path CPUINFO = Path.of("/proc/cpuinfo");
    private static final Set<String> FLAGS = read();

    private ProcessorFlags() { }

    private static Set<String> read() {
        try (var lines = Files.lines(CPUINFO)) {
            return lines.filter(line -> line.startsWith("flags")).findFirst().stream()
                    .flatMap(line -> Arrays.stream(line.substring(line.indexOf(':') + 1).strip().split(" ")))
                    .collect(Collectors.toUnmodifiableSet());
        } catch (IOException _) {
            // Only what every processor of its kind has is used then.
            return Set.of();
        }
    }

    /// Whether the kernel tells of `flag`, as in `avx2`.
    public static boolean has(String flag) {
        return FLAGS.contains(flag);
    }
}
