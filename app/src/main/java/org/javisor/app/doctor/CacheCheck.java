// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.doctor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// What earlier runs left for later ones: downloads, notes of hot guest code, Java's cache of its classes.
final class CacheCheck implements Check {
    private static final List<String> DOWNLOADS = List.of("busybox-static", "ipxe-qemu", "linux-image-amd64",
            "linux-image-cloud-amd64", "ovmf", "seabios");

    private final Path directory;
    private final Path hotCode;
    private final List<String> javaArguments;

    /// @param hotCode       file of notes, in the directory where downloads are kept
    /// @param javaArguments that this Java was started with
    CacheCheck(Path hotCode, List<String> javaArguments) {
        this.directory = hotCode.getParent();
        this.hotCode = hotCode;
        this.javaArguments = javaArguments;
    }

    @Override
    public List<Finding> look() {
        List<Finding> findings = new ArrayList<>();
        if (!writable(directory)) {
            findings.add(Finding.note("downloads", directory + " cannot be written",
                    "name a directory that can in JAVISOR_CACHE"));
        } else {
            List<String> there = DOWNLOADS.stream()
                    .filter(name -> Files.isDirectory(directory.resolve(name))).toList();
            findings.add(there.isEmpty()
                    ? Finding.ok("downloads", "none in " + directory + " yet: the first run fetches what it needs")
                    : Finding.ok("downloads", "in " + directory + ": " + String.join(", ", there)));
        }
        findings.add(Finding.ok("hot code", Files.isRegularFile(hotCode) ? size(hotCode) + " in " + hotCode
                : "none yet: the first guest starts more slowly"));
        findings.add(startCache());
        return findings;
    }

    /// Whether what does not exist yet could be made counts.
    private static boolean writable(Path directory) {
        Path there = directory.toAbsolutePath();
        while (!Files.exists(there) && there.getParent() != null) {
            there = there.getParent();
        }
        return Files.isWritable(there);
    }

    private Finding startCache() {
        for (String argument : javaArguments) {
            if (argument.startsWith("-XX:AOTCache=")) {
                Path file = Path.of(argument.substring(argument.indexOf('=') + 1));
                return Files.isRegularFile(file) ? Finding.ok("start cache", size(file) + " in " + file)
                        : Finding.note("start cache", file + " is gone", "the next javisor run makes another");
            }
        }
        return Finding.note("start cache", "none: starts take a second longer",
                "the first javisor run after a build makes one in the background");
    }

    private static String size(Path file) {
        try {
            return String.format(Locale.ROOT, "%,d KiB", Files.size(file) >> 10);
        } catch (IOException e) {
            return e.getMessage();
        }
    }
}
