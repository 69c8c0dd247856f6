// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// Rules that hold for every class of the house, read from the class files.
class ArchitectureTest {
    /// HotSpot never compiles a method of more than 8,000 bytes of bytecode.
    private static final int LARGEST_METHOD = 7_000;
    private static final List<String> MODULES =
            List.of("host", "memory", "isa", "cpu", "translator", "vmm", "devices", "passthrough", "machine", "app");

    /// The checkout: tests run in their module's directory.
    private static final Path ROOT = Path.of("").toAbsolutePath().getParent();

    private final List<ClassModel> classes = MODULES.stream().flatMap(ArchitectureTest::read).toList();

    private static Stream<ClassModel> read(String module) {
        try (Stream<Path> files = Files.walk(ROOT.resolve(module + "/target/classes"))) {
            return files.filter(f -> f.toString().endsWith(".class")).map(ArchitectureTest::parse).toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ClassModel parse(Path file) {
        try {
            return ClassFile.of().parse(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String packageOf(String internalName) {
        int slash = internalName.lastIndexOf('/');
        return slash < 0 ? "" : internalName.substring(0, slash).replace('/', '.');
    }

    @Test
    void everyModuleIsLookedAt() {
        Set<String> packages = new HashSet<>();
        classes.forEach(c -> packages.add(packageOf(c.thisClass().asInternalName())));
        MODULES.forEach(module -> assertTrue(
                packages.stream().anyMatch(name -> name.startsWith("org.javisor." + module)), module));
    }

    @Test
    void noMethodIsTooLargeToBeCompiled() {
        List<String> large = new ArrayList<>();
        for (ClassModel model : classes) {
            for (MethodModel method : model.methods()) {
                int bytes = method.findAttribute(Attributes.code()).map(code -> code.codeLength()).orElse(0);
                // Static initialisers, and what makes an enum's array of values for them, run once.
                boolean runsOnce = method.methodName().equalsString("<clinit>")
                        || method.methodName().equalsString("$values");
                if (bytes > LARGEST_METHOD && !runsOnce) {
                    large.add(model.thisClass().asInternalName() + "." + method.methodName() + ": " + bytes);
                }
            }
        }
        assertEquals(List.of(), large);
    }

    @Test
    void packagesDependOnEachOtherInOneDirection() {
        Map<String, Set<String>> uses = new HashMap<>();
        for (ClassModel model : classes) {
            String from = packageOf(model.thisClass().asInternalName());
            for (PoolEntry entry : model.constantPool()) {
                if (entry instanceof ClassEntry used) {
                    String to = packageOf(used.asInternalName());
                    if (to.startsWith("org.javisor.") && !to.equals(from)) {
                        uses.computeIfAbsent(from, _ -> new TreeSet<>()).add(to);
                    }
                }
            }
        }
        Set<String> cycles = new TreeSet<>();
        uses.keySet().forEach(start -> findCycle(start, start, uses, new HashSet<>(), cycles));
        assertEquals(Set.of(), cycles);
    }

    private static void findCycle(String start, String at, Map<String, Set<String>> uses, Set<String> seen,
                                  Set<String> cycles) {
        for (String next : uses.getOrDefault(at, Set.of())) {
            if (next.equals(start)) {
                cycles.add(start + " <- " + at);
            } else if (seen.add(next)) {
                findCycle(start, next, uses, seen, cycles);
            }
        }
    }

    @Test
    void lowerStoreysNeedNoThirdParty() {
        Set<String> foreign = new TreeSet<>();
        for (ClassModel model : classes) {
            String from = packageOf(model.thisClass().asInternalName());
            if (from.startsWith("org.javisor.app")) {
                continue;
            }
            for (PoolEntry entry : model.constantPool()) {
                if (entry instanceof ClassEntry used && !used.asInternalName().startsWith("[")) {
                    String to = packageOf(used.asInternalName());
                    if (!to.isEmpty() && !to.startsWith("java.") && !to.equals("jdk.jfr")
                            && !to.startsWith("org.javisor.")) {
                        foreign.add(from + " uses " + to);
                    }
                }
            }
        }
        assertEquals(Set.of(), foreign);
    }

    @Test
    void sourcesNameTheirLicenceAndKeepTheirLinesShort() throws IOException {
        List<String> wrong = new ArrayList<>();
        for (String module : Stream.concat(MODULES.stream(), Stream.of("testkit", "bench", "samples")).toList()) {
            try (Stream<Path> files = Files.walk(ROOT.resolve(module + "/src"))) {
                for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
                    check(file, wrong);
                }
            }
        }
        assertEquals(List.of(), wrong);
    }

    private static void check(Path file, List<String> wrong) throws IOException {
        List<String> lines = Files.readAllLines(file);
        if (!lines.getFirst().equals("// SPDX-License-Identifier: Apache-2.0")) {
            wrong.add(ROOT.relativize(file) + ": no licence line");
        }
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).length() > 120 || lines.get(i).contains("\t")) {
                wrong.add(ROOT.relativize(file) + ":" + (i + 1) + ": longer than 120 columns, or a tab");
            }
        }
    }
}
