// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.guest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/// The modules of one kernel, found by name, with what each needs loaded before it.
///
/// A package brings no `modules.dep`: depmod makes it when the package is installed. What a module depends on stands in
/// the module itself, in its `.modinfo` section.
final class KernelModules {
    private static final String SUFFIX = ".ko";

    private final Map<String, Path> files = new TreeMap<>();
    private final Path directory;

    /// @param directory `lib/modules/VERSION` of an unpacked kernel package
    KernelModules(Path directory) {
        this.directory = directory;
        try (Stream<Path> found = Files.walk(directory)) {
            found.filter(f -> f.toString().endsWith(SUFFIX)).forEach(f -> files.put(name(f), f));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String name(Path file) {
        String name = file.getFileName().toString();
        return canonical(name.substring(0, name.length() - SUFFIX.length()));
    }

    private static String canonical(String name) {
        return name.replace('-', '_');
    }

    /// The kernel's version, by which it finds them.
    String version() {
        return directory.getFileName().toString();
    }

    /// Whether `name` is a module, or one that the kernel has built in.
    boolean has(String name) {
        return files.containsKey(canonical(name)) || builtIn().anyMatch(canonical(name)::equals);
    }

    private Stream<String> builtIn() {
        Path list = directory.resolve("modules.builtin");
        try {
            return Files.exists(list) ? Files.readAllLines(list).stream().map(line -> name(Path.of(line)))
                    : Stream.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The content of the named modules and of all that they need, each behind what it needs. Names that are no module
    /// are left out: the kernel has them built in.
    Map<String, byte[]> closure(List<String> names) {
        Map<String, byte[]> ordered = new LinkedHashMap<>();
        names.forEach(name -> add(canonical(name), ordered));
        return ordered;
    }

    private void add(String name, Map<String, byte[]> ordered) {
        Path file = files.get(name);
        if (file == null || ordered.containsKey(name)) {
            return;
        }
        byte[] content;
        try {
            content = Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        dependencies(content).forEach(dependency -> add(dependency, ordered));
        ordered.put(name, content);
    }

    /// The names behind `depends=` in a module's `.modinfo` section.
    static List<String> dependencies(byte[] module) {
        String text = new String(module, StandardCharsets.ISO_8859_1);
        int at = text.indexOf("\0depends=");
        if (at < 0) {
            return List.of();
        }
        int start = at + "\0depends=".length();
        String value = text.substring(start, text.indexOf('\0', start));
        return Arrays.stream(value.split(",")).filter(s -> !s.isEmpty()).map(KernelModules::canonical).toList();
    }
}
