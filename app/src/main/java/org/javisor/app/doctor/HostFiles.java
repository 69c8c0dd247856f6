// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.doctor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The files in which the host's kernel describes the host; tests have others.
///
/// @param root `/`
record HostFiles(Path root) {
    static final HostFiles HOST = new HostFiles(Path.of("/"));

    Path path(String name) {
        return root.resolve(name.substring(1));
    }

    /// The first line of a file; null if it cannot be read.
    String line(String name) {
        List<String> lines = lines(name);
        return lines.isEmpty() ? null : lines.getFirst().strip();
    }

    /// All lines of a file, none if it cannot be read.
    List<String> lines(String name) {
        try {
            return Files.readAllLines(path(name));
        } catch (IOException _) {
            return List.of();
        }
    }

    /// What a file with lines of the form `NAME: VALUE` has for `name`; null if nothing.
    String value(String file, String name) {
        for (String line : lines(file)) {
            int colon = line.indexOf(':');
            if (colon > 0 && line.substring(0, colon).strip().equals(name)) {
                return line.substring(colon + 1).strip();
            }
        }
        return null;
    }
}
