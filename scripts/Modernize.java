// SPDX-License-Identifier: Apache-2.0

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFileVersion;
import java.lang.classfile.ClassTransform;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collections;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;

/// Gives the classes of libraries that were compiled for Java 5 or older the form of later ones, with stack maps:
/// Java's AOT cache takes no others, so that they would be read and verified, slowly, at each start.
///
/// Run by the launcher with the JAR files as arguments, which are in the class path, too: what has no old class stays
/// as it is.
final class Modernize {
    /// The last version without stack maps that Java would not insist on, and the one that classes get: Java 17's.
    private static final int LAST_OLD = 49, MODERN = 61;
    private static final ClassFile CLASS_FILE = ClassFile.of(ClassFile.StackMapsOption.GENERATE_STACK_MAPS,
            ClassFile.ConstantPoolSharingOption.NEW_POOL);
    /// Method bodies are taken apart and put together again, which is when stack maps are made.
    private static final ClassTransform TRANSFORM = ((ClassTransform) (builder, element) -> {
        if (element instanceof ClassFileVersion) {
            builder.withVersion(MODERN, 0);
        } else {
            builder.with(element);
        }
    }).andThen(ClassTransform.transformingMethodBodies((builder, element) -> builder.with(element)));

    private Modernize() { }

    public static void main(String[] arguments) throws IOException {
        for (String argument : arguments) {
            Path file = Path.of(argument);
            boolean old;
            try (JarFile jar = new JarFile(file.toFile())) {
                old = isOld(jar);
            }
            if (old) {
                modernize(file);
            }
        }
    }

    /// Whether there are old classes, and no signatures that would not be true any more.
    private static boolean isOld(JarFile jar) throws IOException {
        boolean old = false;
        for (JarEntry entry : Collections.list(jar.entries())) {
            if (entry.getName().matches("META-INF/[^/]*\\.(SF|DSA|RSA|EC)")) {
                return false;
            }
            old |= entry.getName().endsWith(".class") && isOld(jar.getInputStream(entry).readNBytes(8));
        }
        return old;
    }

    private static boolean isOld(byte[] code) {
        return ((code[6] & 0xff) << 8 | code[7] & 0xff) <= LAST_OLD;
    }

    private static void modernize(Path file) throws IOException {
        Path draft = file.resolveSibling(file.getFileName() + ".draft");
        try (JarFile jar = new JarFile(file.toFile());
                JarOutputStream out = new JarOutputStream(Files.newOutputStream(draft))) {
            for (JarEntry entry : Collections.list(jar.entries())) {
                JarEntry copy = new JarEntry(entry.getName());
                copy.setTime(entry.getTime());
                out.putNextEntry(copy);
                byte[] bytes = jar.getInputStream(entry).readAllBytes();
                boolean old = entry.getName().endsWith(".class") && isOld(bytes);
                out.write(old ? CLASS_FILE.transformClass(CLASS_FILE.parse(bytes), TRANSFORM) : bytes);
            }
        } catch (IOException | RuntimeException e) {
            Files.delete(draft);
            throw e;
        }
        Files.move(draft, file, StandardCopyOption.REPLACE_EXISTING);
    }
}
