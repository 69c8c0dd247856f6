// SPDX-License-Identifier: Apache-2.0
package org.javisor.bench.conformance;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Reads a tree's `x86/unittests.cfg`: sections in brackets, of lines `key = value`.
final class UnitTestsFile {
    private final Path tree;
    private final String architecture;
    private final List<Configuration> configurations = new ArrayList<>();
    private String section;
    private final Map<String, String> values = new HashMap<>();

    private UnitTestsFile(Path tree, String architecture) {
        this.tree = tree;
        this.architecture = architecture;
    }

    /// The configurations of `tree` that are for `architecture`, `x86_64` or `i386`, in the file's order.
    static List<Configuration> read(Path tree, String architecture) throws IOException {
        return parse(tree, architecture, Files.readAllLines(tree.resolve("x86/unittests.cfg")));
    }

    static List<Configuration> parse(Path tree, String architecture, List<String> lines) {
        UnitTestsFile file = new UnitTestsFile(tree, architecture);
        lines.forEach(line -> file.line(line.strip()));
        file.endSection();
        return file.configurations;
    }

    private void line(String line) {
        int equals = line.indexOf('=');
        if (line.startsWith("[") && line.endsWith("]")) {
            endSection();
            section = line.substring(1, line.length() - 1);
        } else if (!line.startsWith("#") && equals > 0) {
            values.put(line.substring(0, equals).strip(), line.substring(equals + 1).strip());
        }
    }

    private void endSection() {
        if (section != null && values.containsKey("file")
                && values.getOrDefault("arch", architecture).equals(architecture)) {
            configurations.add(configuration());
        }
        section = null;
        values.clear();
    }

    private Configuration configuration() {
        return new Configuration(tree, section, values.get("file"),
                Integer.parseInt(values.getOrDefault("smp", "1")),
                unquoted(values.getOrDefault("test_args", "")),
                words(values.getOrDefault("qemu_params", values.getOrDefault("extra_params", ""))),
                Duration.ofSeconds(Integer.parseInt(values.getOrDefault("timeout", "0"))),
                Set.copyOf(words(values.getOrDefault("groups", ""))));
    }

    private static List<String> words(String text) {
        return text.isBlank() ? List.of() : List.of(text.strip().split("\\s+"));
    }

    private static String unquoted(String text) {
        boolean quoted = text.length() > 1 && "'\"".indexOf(text.charAt(0)) >= 0
                && text.charAt(0) == text.charAt(text.length() - 1);
        return quoted ? text.substring(1, text.length() - 1) : text;
    }
}
