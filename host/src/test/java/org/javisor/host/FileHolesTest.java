// SPDX-License-Identifier: Apache-2.0
package org.javisor.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileHolesTest {
    @TempDir
    private Path directory;

    @Test
    void aHoleReadsAsZerosAndTheFileKeepsItsLength() throws IOException {
        byte[] bytes = new byte[64 << 10];
        Arrays.fill(bytes, (byte) 1);
        Path file = Files.write(directory.resolve("file"), bytes);

        try (FileHoles holes = FileHoles.open(file)) {
            assumeTrue(holes.punch(1000, 40_000), "no holes in this file system");
            assertTrue(holes.punch(60_000, 1 << 20));
        }

        Arrays.fill(bytes, 1000, 41_000, (byte) 0);
        Arrays.fill(bytes, 60_000, bytes.length, (byte) 0);
        assertEquals(-1, Arrays.mismatch(bytes, Files.readAllBytes(file)));
    }

    @Test
    void anEmptyHoleIsRefused() throws IOException {
        Path file = Files.write(directory.resolve("file"), new byte[10]);

        try (FileHoles holes = FileHoles.open(file)) {
            assertFalse(holes.punch(0, 0));
        }
    }

    @Test
    void aMissingFileIsNamed() {
        Path missing = directory.resolve("missing");

        String message = assertThrows(HostException.class, () -> FileHoles.open(missing)).getMessage();

        assertTrue(message.contains(missing.toString()), message);
    }
}
