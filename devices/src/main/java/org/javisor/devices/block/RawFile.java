// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.javisor.host.FileHoles;
import org.javisor.host.HostException;
import org.javisor.memory.ConfigurationException;

/// A file or block device that holds a disk byte by byte.
///
/// While open it is locked: one writer, or any number of readers, on the whole host as far as they lock too.
///
/// What is discarded becomes a hole, where the host's file system has any.
public final class RawFile implements BlockBackend {
    private static final MemorySegment ZEROES = Arena.global().allocate(1 << 20);

    private final FileChannel channel;
    private final long bytes;
    private final boolean readOnly;
    /// Null when the file is read-only.
    private final FileHoles holes;

    private RawFile(FileChannel channel, long bytes, FileHoles holes) {
        this.channel = channel;
        this.bytes = bytes;
        this.readOnly = holes == null;
        this.holes = holes;
    }

    /// Opens and locks `file`.
    ///
    /// @throws ConfigurationException if it cannot be opened, is empty, or is in use
    public static RawFile open(Path file, boolean readOnly) {
        if (Files.isDirectory(file)) {
            throw new ConfigurationException("disk " + file
                    + ": is a directory; name a disk image or a block device");
        }
        FileChannel channel = openChannel(file, readOnly);
        try {
            lock(channel, file, readOnly);
            long bytes = channel.size();
            if (bytes == 0) {
                throw new ConfigurationException("disk " + file + ": is empty; make one with `truncate -s 1G "
                        + file + "`");
            }
            return new RawFile(channel, bytes, readOnly ? null : FileHoles.open(file));
        } catch (IOException | HostException e) {
            close(channel);
            throw new ConfigurationException("disk " + file + ": " + e.getMessage(), e);
        } catch (ConfigurationException e) {
            close(channel);
            throw e;
        }
    }

    private static FileChannel openChannel(Path file, boolean readOnly) {
        OpenOption[] options = readOnly ? new OpenOption[] {StandardOpenOption.READ}
                : new OpenOption[] {StandardOpenOption.READ, StandardOpenOption.WRITE};
        try {
            return FileChannel.open(file, options);
        } catch (NoSuchFileException e) {
            throw new ConfigurationException("disk " + file + ": no such file", e);
        } catch (AccessDeniedException e) {
            throw new ConfigurationException("disk " + file + ": permission denied"
                    + (readOnly ? "" : "; it can be opened read-only if it can be read"), e);
        } catch (IOException e) {
            throw new ConfigurationException("disk " + file + ": " + e.getMessage(), e);
        }
    }

    private static void lock(FileChannel channel, Path file, boolean readOnly) throws IOException {
        boolean locked;
        try {
            locked = channel.tryLock(0, Long.MAX_VALUE, readOnly) != null;
        } catch (OverlappingFileLockException _) {
            locked = false;
        }
        if (!locked) {
            throw new ConfigurationException("disk " + file
                    + ": is in use by another machine or program; stop that first"
                    + (readOnly ? "" : ", or open it read-only in both"));
        }
    }

    private static void close(FileChannel channel) {
        try {
            channel.close();
        } catch (IOException _) {
            // Nothing is lost: what the guest wanted kept, it has flushed.
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
    public void read(long offset, MemorySegment target) throws IOException {
        ByteBuffer buffer = target.asByteBuffer();
        while (buffer.hasRemaining()) {
            if (channel.read(buffer, offset + buffer.position()) < 0) {
                target.asSlice(buffer.position()).fill((byte) 0);
                return;
            }
        }
    }

    @Override
    public void write(long offset, MemorySegment source) throws IOException {
        ByteBuffer buffer = source.asByteBuffer();
        while (buffer.hasRemaining()) {
            channel.write(buffer, offset + buffer.position());
        }
    }

    @Override
    public void flush() throws IOException {
        channel.force(false);
    }

    @Override
    public void discard(long offset, long length) {
        holes.punch(offset, length);
    }

    @Override
    public void writeZeroes(long offset, long length, boolean mayUnmap) throws IOException {
        if (mayUnmap && holes.punch(offset, length)) {
            return;
        }
        for (long done = 0; done < length; ) {
            long piece = Math.min(length - done, ZEROES.byteSize());
            write(offset + done, ZEROES.asSlice(0, piece));
            done += piece;
        }
    }

    @Override
    public void close() {
        close(channel);
        if (holes != null) {
            holes.close();
        }
    }
}
