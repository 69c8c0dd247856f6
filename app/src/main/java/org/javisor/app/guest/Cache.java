// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.guest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Map;

/// The directory where downloads are kept: `$JAVISOR_CACHE`, else `$XDG_CACHE_HOME/javisor`, else `~/.cache/javisor`.
///
/// An entry is a directory that appears whole or not at all: it is made under another name and renamed. One process
/// makes entries at a time; others wait.
public final class Cache {
    /// Makes an entry's content in an empty directory.
    @FunctionalInterface
    public interface Maker {
        void make(Path directory) throws IOException;
    }

    private final Path root;

    public Cache(Path root) {
        this.root = root;
    }

    /// The cache that the environment names.
    public static Cache of(Map<String, String> environment) {
        String own = environment.get("JAVISOR_CACHE");
        if (own != null && !own.isEmpty()) {
            return new Cache(Path.of(own));
        }
        String xdg = environment.get("XDG_CACHE_HOME");
        Path base = xdg != null && !xdg.isEmpty() ? Path.of(xdg) : Path.of(System.getProperty("user.home"), ".cache");
        return new Cache(base.resolve("javisor"));
    }

    /// Where a file is kept beside the entries, if it is.
    public Path file(String name) {
        return root.resolve(name);
    }

    /// The directory of entry `name`, made by `maker` if it does not exist.
    public Path entry(String name, Maker maker) {
        Path entry = root.resolve(name);
        if (Files.isDirectory(entry)) {
            return entry;
        }
        try {
            Files.createDirectories(root);
            try (FileChannel channel = FileChannel.open(root.resolve("lock"), StandardOpenOption.CREATE,
                    StandardOpenOption.WRITE); FileLock _ = channel.lock()) {
                if (!Files.isDirectory(entry)) {
                    Path draft = root.resolve(name + ".draft");
                    delete(draft);
                    Files.createDirectories(draft);
                    maker.make(draft);
                    Files.move(draft, entry, StandardCopyOption.ATOMIC_MOVE);
                }
            }
            return entry;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot keep downloads in " + root + ": " + e.getMessage(), e);
        }
    }

    private static void delete(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        Files.walkFileTree(directory, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, IOException failure) throws IOException {
                Files.delete(visited);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
