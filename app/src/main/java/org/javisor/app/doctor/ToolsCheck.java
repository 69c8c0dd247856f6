// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.doctor;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Programs of others that Javisor, or its tests, can do something with.
final class ToolsCheck implements Check {
    /// @param names all of them are needed
    /// @param use   what for
    /// @param from  Debian's packages
    private record Tools(List<String> names, String use, String from) { }

    private static final List<Tools> WANTED = List.of(
            new Tools(List.of("apt-get", "apt-cache", "dpkg-deb"), "download the default guest and firmware",
                    "apt, dpkg"),
            new Tools(List.of("mvn"), "build and test Javisor", "maven"),
            new Tools(List.of("objdump", "as"), "compare decoder and assembler in tests", "binutils"),
            new Tools(List.of("gcc"), "build guests' programs for tests", "gcc"),
            new Tools(List.of("qemu-img"), "compare disk images in tests", "qemu-utils"),
            new Tools(List.of("swtpm"), "give guests a TPM (--tpm)", "swtpm"),
            new Tools(List.of("gdb"), "debug guests (--gdb)", "gdb"),
            new Tools(List.of("perf"), "profile translated code (--perf-map)", "linux-perf"));

    private final List<Path> path;

    /// @param path where programs are looked for
    ToolsCheck(List<Path> path) {
        this.path = path;
    }

    @Override
    public List<Finding> look() {
        List<Finding> findings = new ArrayList<>();
        List<String> there = new ArrayList<>();
        for (Tools tools : WANTED) {
            List<String> missing = tools.names.stream().filter(name -> !isThere(name)).toList();
            if (missing.isEmpty()) {
                there.addAll(tools.names);
            } else {
                findings.add(Finding.note("tools", "no " + String.join(", ", missing) + ": would " + tools.use,
                        "Debian's packages: " + tools.from));
            }
        }
        if (!there.isEmpty()) {
            findings.addFirst(Finding.ok("tools", String.join(", ", there)));
        }
        return findings;
    }

    private boolean isThere(String name) {
        return path.stream().anyMatch(directory -> Files.isExecutable(directory.resolve(name)));
    }
}
