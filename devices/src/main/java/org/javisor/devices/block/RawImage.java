// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.javisor.host.IoVector;
import org.javisor.memory.ConfigurationException;

/// A disk that is in its file byte by byte.
///
/// What is discarded becomes a hole, where the host's file system has any.
public final class RawImage implements BlockBackend {
    /// Looks at what is about to become the beginning of the file.
    @FunctionalInterface
    public interface Guard {
        /// @throws IOException to keep it from being written
        void check(MemorySegment beginning) throws IOException;
    }

    private static final MemorySegment ZEROES = Arena.global().allocate(1 << 20);

    private final ImageFile file;
    private final long bytes;
    private final boolean readOnly;
    private final Guard guard;
    private final int guarded;

    public RawImage(ImageFile file, boolean readOnly) throws IOException {
        this(file, readOnly, 0, null);
    }

    /// @param guarded how many bytes at the beginning `guard` looks at before they change
    public RawImage(ImageFile file, boolean readOnly, int guarded, Guard guard) throws IOException {
        this.file = file;
        this.bytes = file.length();
        this.readOnly = readOnly;
        this.guarded = guarded;
        this.guard = guard;
    }

    /// Opens and locks a file.
    ///
    /// @throws org.javisor.memory.ConfigurationException if it cannot be opened, or is in use
    public static RawImage open(Path path, boolean readOnly) {
        HostImageFile file = HostImageFile.open(path, readOnly);
        try {
            return new RawImage(file, readOnly);
        } catch (IOException e) {
            file.close();
            throw new ConfigurationException("disk " + e.getMessage(), e);
        }
    }

    @Override
    public long bytes() {
        return bytes;
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    @Override
    public void read(long offset, IoVector target) throws IOException {
        file.read(offset, target);
    }

    @Override
    public void write(long offset, IoVector source) throws IOException {
        if (offset < guarded) {
            guard(offset, source);
        }
        file.write(offset, source);
    }

    private void guard(long offset, IoVector source) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment beginning = arena.allocate(guarded);
            file.read(0, IoVector.of(beginning));
            long changed = Math.min(guarded - offset, source.bytes());
            source.window(0, changed).copyTo(beginning.asSlice(offset));
            guard.check(beginning);
        }
    }

    @Override
    public void flush() throws IOException {
        file.sync();
    }

    @Override
    public void discard(long offset, long length) throws IOException {
        file.punch(offset, length);
    }

    @Override
    public void writeZeroes(long offset, long length, boolean mayUnmap) throws IOException {
        if (mayUnmap ? file.punch(offset, length) : file.zero(offset, length)) {
            return;
        }
        for (long done = 0; done < length; ) {
            long piece = Math.min(length - done, ZEROES.byteSize());
            file.write(offset + done, IoVector.of(ZEROES.asSlice(0, piece)));
            done += piece;
        }
    }

    @Override
    public long zeroesAt(long offset, long length) throws IOException {
        return offset >= bytes ? length : Math.min(length, file.hole(offset));
    }

    @Override
    public void close() {
        file.close();
    }
}
