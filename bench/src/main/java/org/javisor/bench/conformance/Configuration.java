// SPDX-License-Identifier: Apache-2.0
package org.javisor.bench.conformance;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// One section of `unittests.cfg`, for one of the built trees.
///
/// @param tree      the directory of the tree that `file` was built in
/// @param name      the section's
/// @param file      the program's name in the tree's directory `x86`
/// @param arguments the program's command line
/// @param options   what QEMU would be called with beside the program: words, quotes taken away
/// @param timeout   what the section allows, zero if it says nothing
record Configuration(Path tree, String name, String file, int cpus, String arguments, List<String> options,
                     Duration timeout, Set<String> groups) {
    /// The one thing of a shell that the file makes use of.
    private static final String SECONDS_SINCE_1970 = "`date +%s`";

    /// The command line for a run that begins now.
    @Override
    public String arguments() {
        return arguments.replace(SECONDS_SINCE_1970, Long.toString(Instant.now().getEpochSecond()));
    }

    private static final long DEFAULT_RAM = 512L << 20;
    /// Nested virtualization is judged when there is some.
    private static final Set<String> NESTED = Set.of("vmx", "svm", "nested_exception");

    Configuration {
        options = List.copyOf(options);
        groups = Set.copyOf(groups);
    }

    Path program() {
        return tree.resolve("x86").resolve(file);
    }

    boolean nested() {
        return file.startsWith("vmx") || file.startsWith("svm") || groups.stream().anyMatch(NESTED::contains);
    }

    /// The word behind the option `name`, if it is there.
    Optional<String> option(String option) {
        int at = options.indexOf(option);
        return at < 0 || at + 1 == options.size() ? Optional.empty() : Optional.of(options.get(at + 1));
    }

    /// As QEMU reads `-m`: mebibytes, or a number with its unit.
    long ramBytes() {
        return option("-m").map(Configuration::bytes).orElse(DEFAULT_RAM);
    }

    private static long bytes(String text) {
        char unit = Character.toLowerCase(text.charAt(text.length() - 1));
        String digits = Character.isDigit(unit) ? text : text.substring(0, text.length() - 1);
        return Long.parseLong(digits) << (unit == 'g' ? 30 : 20);
    }
}
