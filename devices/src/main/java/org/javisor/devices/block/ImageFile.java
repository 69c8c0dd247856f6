// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.javisor.host.IoVector;

/// What an image format keeps its bytes in: a file of the host's. For any thread.
///
/// What was written is there for everybody who opens the file afterwards, even when this process is killed; after
/// [#sync], even when the host is.
public interface ImageFile extends AutoCloseable {
    /// How its user knows it: for messages.
    String name();

    long length() throws IOException;

    /// Fills `target` from `offset` on; zeros beyond the end.
    void read(long offset, IoVector target) throws IOException;

    /// Stores all of `source` from `offset` on; the file becomes longer if it must.
    ///
    /// @throws NoSpaceException if there is no room for it
    void write(long offset, IoVector source) throws IOException;

    void sync() throws IOException;

    /// Cuts the file, or makes it longer by zeros.
    void truncate(long bytes) throws IOException;

    /// Gives a range's space back; it reads as zeros then.
    ///
    /// @return false where that is not possible: nothing has changed
    boolean punch(long offset, long bytes);

    /// Makes a range within the file read as zeros without writing them.
    ///
    /// @return false where that is not possible: nothing has changed
    boolean zero(long offset, long bytes);

    /// How many bytes from `offset` on are known to be a hole.
    default long hole(long offset) throws IOException {
        return 0;
    }

    /// The `bytes` bytes from `offset` on, big-endian; zeros beyond the end.
    default ByteBuffer load(long offset, int bytes) throws IOException {
        MemorySegment memory = Arena.ofAuto().allocate(bytes);
        read(offset, IoVector.of(memory));
        return memory.asByteBuffer();
    }

    /// Stores a few bytes.
    default void store(long offset, byte[] bytes) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(bytes.length);
            MemorySegment.copy(MemorySegment.ofArray(bytes), 0, memory, 0, bytes.length);
            write(offset, IoVector.of(memory));
        }
    }

    @Override
    void close();
}
