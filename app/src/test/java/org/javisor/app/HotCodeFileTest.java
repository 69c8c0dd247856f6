// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HotCodeFileTest {
    @TempDir
    private Path directory;

    @Test
    void aRunThatLearnsNothingWritesNothing() {
        Path file = directory.resolve("hot-code");

        new HotCodeFile(file).close();

        assertFalse(Files.exists(file));
    }

    @Test
    void whatIsInAFileIsReadAgain() throws IOException {
        Path file = directory.resolve("hot-code");
        Files.write(file, new byte[] {'H', 'O', 'T', 'C', 'O', 'D', 'E', 1, 0, 0, 0, 0, 0, 0, 1, 7});

        assertArrayEquals(new long[] {0x107}, new HotCodeFile(file).code().entries());
    }

    @Test
    void whatWasLearnedIsWritten() {
        Path file = directory.resolve("made").resolve("hot-code");
        try (HotCodeFile hot = new HotCodeFile(file)) {
            for (int n = 1; n <= 100; n++) {
                hot.code().learn(n * 0x9e37_79b9_7f4a_7c15L, n);
            }
        }

        assertEquals(100, new HotCodeFile(file).code().entries().length);
    }

    @Test
    void aDirectoryThatCannotBeWrittenIsNoError() throws IOException {
        Path notADirectory = Files.writeString(directory.resolve("text"), "text");
        try (HotCodeFile hot = new HotCodeFile(notADirectory.resolve("hot-code"))) {
            hot.code().learn(0x1234_5678_9abc_def0L, 60);
        }

        assertEquals("text", Files.readString(notADirectory));
    }

    @Test
    void whatIsNoSuchFileIsIgnored() throws IOException {
        Path file = directory.resolve("hot-code");
        for (byte[] content : new byte[][] {{}, {1, 2, 3}, new byte[64], "HOTCODE and then text".getBytes()}) {
            Files.write(file, content);

            assertEquals(0, new HotCodeFile(file).code().entries().length);
        }
    }
}
