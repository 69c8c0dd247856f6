// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.javisor.isa.Feature;

/// What the host's processor can execute.
final class HostFeatures {
    private static final Path CPUINFO = Path.of("/proc/cpuinfo");

    private final Set<String> flags;

    HostFeatures() {
        flags = read();
    }

    private static Set<String> read() {
        try (var lines = Files.lines(CPUINFO)) {
            return lines.filter(line -> line.startsWith("flags")).findFirst().stream()
                    .flatMap(line -> Arrays.stream(line.substring(line.indexOf(':') + 1).strip().split(" ")))
                    .collect(Collectors.toUnmodifiableSet());
        } catch (IOException _) {
            // Only what every x86-64 processor has is used then.
            return Set.of();
        }
    }

    boolean has(Feature feature) {
        return switch (feature) {
            case BASE, CMOV, SSE, SSE2, CX8 -> true;
            case SSE3 -> flags.contains("pni");
            case LZCNT -> flags.contains("abm");
            case LAHF64 -> flags.contains("lahf_lm");
            case SHA -> flags.contains("sha_ni");
            default -> flags.contains(feature.name().toLowerCase(Locale.ROOT));
        };
    }
}
