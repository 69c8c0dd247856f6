// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.control;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.javisor.memory.ConfigurationException;

/// Where running machines have their sockets: `$XDG_RUNTIME_DIR/javisor`, else `javisor-UID` in the directory for
/// temporary files. Only its owner gets in, so whoever can connect may.
public record RuntimeDirectory(Path path) {
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rwx------");
    private static final Pattern SOCKET = Pattern.compile("(\\d+)(?:-([A-Za-z0-9._-]+))?\\.socket");

    /// A machine that has, or had, a socket.
    ///
    /// @param name the person's, or null
    public record Entry(long pid, String name, Path socket) {
        boolean isCalled(String wanted) {
            return wanted.equals(name) || wanted.equals(Long.toString(pid));
        }

        @Override
        public String toString() {
            return name == null ? Long.toString(pid) : pid + " (" + name + ")";
        }
    }

    /// The directory that the environment names; it need not exist.
    public static RuntimeDirectory of(Map<String, String> environment) {
        String xdg = environment.get("XDG_RUNTIME_DIR");
        if (xdg != null && Files.isDirectory(Path.of(xdg)) && Files.isWritable(Path.of(xdg))) {
            return new RuntimeDirectory(Path.of(xdg, "javisor"));
        }
        return new RuntimeDirectory(Path.of(System.getProperty("java.io.tmpdir"), "javisor-" + ownUser()));
    }

    /// The user that this process acts for: what it makes is this user's.
    private static Integer ownUser() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
            // Real, effective, saved and file system's.
            return lines.filter(line -> line.startsWith("Uid:")).findFirst()
                    .map(line -> Integer.valueOf(line.split("\\s+")[2])).orElse(-1);
        } catch (IOException _) {
            return -1;
        }
    }

    private static Object owner(Path file) throws IOException {
        return Files.getAttribute(file, "unix:uid", LinkOption.NOFOLLOW_LINKS);
    }

    /// Where this process's socket is to be; makes the directory.
    ///
    /// @param name the person's, or null
    /// @throws IOException if others could get in
    Path socket(String name) throws IOException {
        try {
            Files.createDirectory(path, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
        } catch (FileAlreadyExistsException _) {
            Set<PosixFilePermission> others = EnumSet.copyOf(
                    Files.getPosixFilePermissions(path, LinkOption.NOFOLLOW_LINKS));
            others.removeAll(OWNER_ONLY);
            if (!others.isEmpty() || !owner(path).equals(ownUser())
                    || !Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
                throw new IOException(path + " is not a directory that only its owner can use");
            }
        }
        return path.resolve(ProcessHandle.current().pid() + (name == null ? "" : "-" + name) + ".socket");
    }

    /// The sockets that are there, the oldest process first.
    List<Entry> entries() {
        List<Entry> found = new ArrayList<>();
        if (!Files.isDirectory(path)) {
            return found;
        }
        try (DirectoryStream<Path> files = Files.newDirectoryStream(path, "*.socket")) {
            for (Path file : files) {
                Matcher name = SOCKET.matcher(file.getFileName().toString());
                if (name.matches()) {
                    found.add(new Entry(Long.parseLong(name.group(1)), name.group(2), file));
                }
            }
        } catch (IOException e) {
            throw new ConfigurationException("cannot read " + path + ": " + e.getMessage(), e);
        }
        found.sort(Comparator.comparingLong(Entry::pid));
        return found;
    }
}
