// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.javisor.memory.ConfigurationException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RawFileTest {
    @TempDir
    private Path directory;
    private Path file;

    @BeforeEach
    void makeFile() throws IOException {
        file = directory.resolve("disk.img");
        Files.write(file, new byte[] {1, 2, 3, 4, 5, 6, 7, 8});
    }

    private String refusal(Path path, boolean readOnly) {
        return assertThrows(ConfigurationException.class, () -> RawFile.open(path, readOnly)).getMessage();
    }

    @Test
    void readsAndWritesWhereItIsTold() throws IOException {
        try (RawFile disk = RawFile.open(file, false); Arena arena = Arena.ofConfined()) {
            disk.write(2, arena.allocateFrom(ValueLayout.JAVA_BYTE, (byte) 9, (byte) 10));
            MemorySegment target = arena.allocate(4);
            disk.read(1, target);
            disk.flush();

            assertArrayEquals(new byte[] {2, 9, 10, 5}, target.toArray(ValueLayout.JAVA_BYTE));
        }
    }

    @Test
    void whatIsBeyondTheEndReadsAsZeros() throws IOException {
        try (RawFile disk = RawFile.open(file, true); Arena arena = Arena.ofConfined()) {
            MemorySegment target = arena.allocate(4).fill((byte) 0xff);

            disk.read(6, target);

            assertArrayEquals(new byte[] {7, 8, 0, 0}, target.toArray(ValueLayout.JAVA_BYTE));
        }
    }

    @Test
    void zeroesAreWritten() throws IOException {
        try (RawFile disk = RawFile.open(file, false)) {
            disk.writeZeroes(1, 2, false);
            disk.writeZeroes(5, 2, true);
        }

        assertArrayEquals(new byte[] {1, 0, 0, 4, 5, 0, 0, 8}, Files.readAllBytes(file));
    }

    @Test
    void discardingKeepsTheLengthAndTheRest() throws IOException {
        try (RawFile disk = RawFile.open(file, false)) {
            disk.discard(2, 100);
        }

        byte[] left = Files.readAllBytes(file);
        assertEquals(8, left.length);
        assertEquals(2, left[1]);
    }

    @Test
    void aFileInUseIsRefusedByName() {
        try (RawFile _ = RawFile.open(file, false)) {
            String message = refusal(file, false);

            assertTrue(message.contains(file.toString()) && message.contains("in use"), message);
        }
    }

    @Test
    void aClosedFileCanBeOpenedAgain() {
        RawFile.open(file, false).close();
        RawFile disk = RawFile.open(file, false);

        assertEquals(8, disk.bytes());
        disk.close();
    }

    @Test
    void missingEmptyAndOtherThingsAreRefusedByName() throws IOException {
        Path missing = directory.resolve("missing.img");
        Path empty = Files.createFile(directory.resolve("empty.img"));

        assertTrue(refusal(missing, true).contains(missing + ": no such file"));
        assertTrue(refusal(empty, true).contains(empty + ": is empty"));
        assertTrue(refusal(directory, true).contains(directory + ": is a directory"));
    }
}
