// SPDX-License-Identifier: Apache-2.0
package org.javisor.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PerfMapTest {
    @TempDir
    private Path directory;

    @Test
    void whatIsNamedCanBeReadAtOnce() throws IOException {
        Path file = directory.resolve("perf.map");
        try (PerfMap map = new PerfMap(file)) {
            map.add(0x7f00_1234_5000L, 0x40, "guest_1000+5");

            assertEquals(List.of("7f0012345000 40 guest_1000+5"), Files.readAllLines(file));
        }
    }

    @Test
    void closingAddsHotSpotsMethodsBehindIt() throws IOException {
        Path file = directory.resolve("perf.map");
        try (PerfMap map = new PerfMap(file)) {
            map.add(0x1000, 1, "first");
        }

        List<String> lines = Files.readAllLines(file);
        assertEquals("1000 1 first", lines.getFirst());
        assertTrue(lines.stream().anyMatch(line -> line.contains("java.lang.")), () -> lines.size() + " lines");
        assertTrue(lines.stream().allMatch(line -> line.matches("(0x)?[0-9a-f]+ (0x)?[0-9a-f]+ .+")));
    }

    @Test
    void aLinkInItsPlaceIsNotFollowed() throws IOException {
        Path file = directory.resolve("perf.map");
        Path precious = Files.writeString(directory.resolve("precious"), "kept");
        Files.createSymbolicLink(file, precious);
        try (PerfMap map = new PerfMap(file)) {
            map.add(0x1000, 1, "first");
        }

        assertEquals("kept", Files.readString(precious));
    }
}
