// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CacheTest {
    @TempDir
    private Path directory;

    @Test
    void anEntryIsMadeOnce() throws IOException {
        Cache cache = new Cache(directory);
        cache.entry("thing", into -> Files.writeString(into.resolve("file"), "first"));

        Path entry = cache.entry("thing", _ -> {
            throw new AssertionError("made twice");
        });

        assertEquals("first", Files.readString(entry.resolve("file")));
    }

    @Test
    void aMakerThatFailsLeavesNoEntryAndCanBeTriedAgain() throws IOException {
        Cache cache = new Cache(directory);
        assertThrows(UncheckedIOException.class, () -> cache.entry("thing", into -> {
            Files.writeString(into.resolve("half"), "");
            throw new IOException("no network");
        }));
        assertFalse(Files.exists(directory.resolve("thing")));

        Path entry = cache.entry("thing", into -> Files.writeString(into.resolve("whole"), ""));

        assertFalse(Files.exists(entry.resolve("half")));
    }

    @Test
    void theEnvironmentNamesTheDirectory() {
        Path made = Cache.of(Map.of("JAVISOR_CACHE", directory.resolve("own").toString(), "XDG_CACHE_HOME", "/nowhere"))
                .entry("x", _ -> { });

        assertEquals(directory.resolve("own/x"), made);
    }
}
