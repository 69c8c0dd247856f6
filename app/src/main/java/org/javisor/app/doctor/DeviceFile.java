// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.doctor;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// Whether a device of the host's can be opened.
enum DeviceFile {
    MISSING,
    FORBIDDEN,
    /// It is there, but what is behind it is not.
    DEAD,
    OPENS;

    static DeviceFile look(Path file) {
        if (!Files.exists(file)) {
            return MISSING;
        }
        try (FileChannel _ = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            return OPENS;
        } catch (AccessDeniedException _) {
            return FORBIDDEN;
        } catch (IOException _) {
            return DEAD;
        }
    }
}
