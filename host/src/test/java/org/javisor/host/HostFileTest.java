// SPDX-License-Identifier: Apache-2.0
package org.javisor.host;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostFileTest {
    private final Arena arena = Arena.ofConfined();
    @TempDir
    private Path directory;

    @AfterEach
    void freeMemory() {
        arena.close();
    }

    private Path file(byte[] bytes) throws IOException {
        return Files.write(directory.resolve("file"), bytes);
    }

    private IoVector memory(byte... bytes) {
        return IoVector.of(arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes));
    }

    @Test
    void readsAndWritesWhereItIsTold() throws IOException {
        Path path = file(new byte[] {1, 2, 3, 4});
        try (HostFile file = HostFile.open(path, false)) {
            file.write(1, memory((byte) 8, (byte) 9));
            file.write(6, memory((byte) 7));
            file.sync();

            assertEquals(7, file.length());
        }
        assertArrayEquals(new byte[] {1, 8, 9, 4, 0, 0, 7}, Files.readAllBytes(path));
    }

    @Test
    void aReadEndsWhereTheFileDoes() throws IOException {
        try (HostFile file = HostFile.open(file(new byte[] {1, 2, 3}), true)) {
            MemorySegment target = arena.allocate(5);

            assertEquals(2, file.read(1, IoVector.of(target)));
            assertArrayEquals(new byte[] {2, 3, 0, 0, 0}, target.toArray(ValueLayout.JAVA_BYTE));
        }
    }

    /// More pieces than one system call takes, of odd lengths, through windows of odd places.
    @Test
    void scatteredMemoryIsOneRunOfBytes() throws IOException {
        long seed = Long.getLong("javisor.seed", System.nanoTime());
        Random random = new Random(seed);
        MemorySegment memory = arena.allocate(1 << 20);
        IoVector vector = new IoVector();
        byte[] expected = new byte[1 << 20];
        int length = 0;
        for (int at = 0; at < 1 << 20 && vector.bytes() < 400_000; ) {
            int piece = random.nextInt(200);
            byte[] bytes = new byte[piece];
            random.nextBytes(bytes);
            MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, at, piece);
            System.arraycopy(bytes, 0, expected, length, piece);
            vector.add(memory.address() + at, piece);
            length += piece;
            at += piece + random.nextInt(100);
        }
        Path path = file(new byte[0]);
        int from = random.nextInt(length / 2);
        int count = 1 + random.nextInt(length - from - 1);
        try (HostFile file = HostFile.open(path, false)) {
            file.write(3, vector.window(from / 2, length - from / 2).window(from - from / 2, count));
        }

        byte[] written = Files.readAllBytes(path);
        assertArrayEquals(Arrays.copyOfRange(expected, from, from + count),
                Arrays.copyOfRange(written, 3, written.length), () -> "-Djavisor.seed=" + seed);
    }

    @Test
    void aHoleReadsAsZerosAndTheFileKeepsItsLength() throws IOException {
        byte[] bytes = new byte[64 << 10];
        Arrays.fill(bytes, (byte) 1);
        Path path = file(bytes);

        try (HostFile file = HostFile.open(path, false)) {
            assumeTrue(file.punch(1000, 40_000), "no holes in this file system");
            assertTrue(file.punch(60_000, 1 << 20));
        }

        Arrays.fill(bytes, 1000, 41_000, (byte) 0);
        Arrays.fill(bytes, 60_000, bytes.length, (byte) 0);
        assertEquals(-1, Arrays.mismatch(bytes, Files.readAllBytes(path)));
    }

    @Test
    void anEmptyHoleIsRefused() throws IOException {
        try (HostFile file = HostFile.open(file(new byte[10]), false)) {
            assertFalse(file.punch(0, 0));
        }
    }

    @Test
    void dataAndHolesAreFound() throws IOException {
        try (HostFile file = HostFile.open(file(new byte[1]), false)) {
            file.truncate(1 << 20);
            file.write(512 << 10, memory((byte) 1));
            assumeTrue(file.nextData(64 << 10) != 64 << 10, "this file system does not tell of holes");

            assertEquals(512 << 10, file.nextData(64 << 10));
            assertEquals(1 << 20, file.nextData(768 << 10));
            assertTrue(file.nextHole(512 << 10) <= 576 << 10);
        }
    }

    @Test
    void locksAreSeenByOtherDescriptorsAndEndWithTheirOwn() throws IOException {
        Path path = file(new byte[1]);
        HostFile one = HostFile.open(path, true);
        try (HostFile other = HostFile.open(path, false)) {
            assertTrue(one.lockShared(100));
            assertTrue(one.lockShared(101));
            assertTrue(other.lockedByOthers(100));
            assertFalse(one.lockedByOthers(100));
            assertTrue(other.lockShared(100));
            one.unlock(100);
            assertFalse(other.lockedByOthers(100));

            HostFile.open(path, true).close();
            assertTrue(other.lockedByOthers(101));
            one.close();
            assertFalse(other.lockedByOthers(101));
        }
    }

    @Test
    void whatTheHostRefusesHasItsNumber() throws IOException {
        Path missing = directory.resolve("missing");
        HostException e = assertThrows(HostException.class, () -> HostFile.open(missing, true));
        assertTrue(e.errno() == 2 && e.getMessage().contains(missing.toString()), e.getMessage());

        try (HostFile file = HostFile.open(file(new byte[1]), true)) {
            assertEquals(9, assertThrows(HostException.class, () -> file.write(0, memory((byte) 1))).errno());
        }
    }
}
