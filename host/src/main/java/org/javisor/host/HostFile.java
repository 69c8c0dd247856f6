// SPDX-License-Identifier: Apache-2.0
package org.javisor.host;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import java.nio.file.Path;

/// A file or block device, read and written at any place by any thread, with what only the operating system knows of
/// it: holes, and locks that other programs see.
///
/// Unlike a `FileChannel` it is not closed by an interrupt, keeps its locks while other descriptors of the file are
/// closed, and takes scattered memory. Everything throws [HostException] when the host refuses.
public final class HostFile implements AutoCloseable {
    // asm-generic/fcntl.h, linux/falloc.h, unistd.h, errno.h
    private static final int O_RDONLY = 0, O_RDWR = 2, O_CLOEXEC = 0x80000;
    private static final int FALLOC_FL_KEEP_SIZE = 1, FALLOC_FL_PUNCH_HOLE = 2, FALLOC_FL_ZERO_RANGE = 0x10;
    private static final int SEEK_END = 2, SEEK_DATA = 3, SEEK_HOLE = 4;
    private static final int F_OFD_GETLK = 36, F_OFD_SETLK = 37;
    private static final short F_RDLCK = 0, F_WRLCK = 1, F_UNLCK = 2;
    private static final int EINTR = 4, ENXIO = 6, EAGAIN = 11, EACCES = 13;

    /// limits.h, "IOV_MAX".
    private static final int MOST_PIECES = 1024;
    /// One call moves at most 2 GiB; less is no slower.
    private static final long MOST_BYTES = 1L << 30;

    private final int fd;
    private volatile boolean open = true;

    private HostFile(int fd) {
        this.fd = fd;
    }

    /// Opens what exists.
    public static HostFile open(Path file, boolean readOnly) {
        return new HostFile(LibC.open(file.toString(), (readOnly ? O_RDONLY : O_RDWR) | O_CLOEXEC));
    }

    /// How long it is, now.
    public long length() {
        return LibC.lseek(fd, 0, SEEK_END);
    }

    // ---- bytes ----

    /// Fills `target` from `offset` on, or as much of it as there is.
    ///
    /// @return how many bytes were there
    public long read(long offset, IoVector target) {
        return transfer(offset, target, false);
    }

    /// Stores all of `source` from `offset` on; the file becomes longer if it must.
    public void write(long offset, IoVector source) {
        transfer(offset, source, true);
    }

    private long transfer(long offset, IoVector memory, boolean writing) {
        long done = 0;
        while (done < memory.bytes()) {
            IoVector rest = memory.window(done, memory.bytes() - done);
            long moved = once(offset + done, rest, writing);
            if (moved == 0) {
                break;
            }
            done += moved;
        }
        Reference.reachabilityFence(memory);
        return done;
    }

    /// One system call, begun again when a signal came between.
    private long once(long offset, IoVector memory, boolean writing) {
        while (true) {
            try {
                if (memory.pieceBytes(0) >= memory.bytes()) {
                    return LibC.transfer(fd, memory.pieceAddress(0), Math.min(memory.bytes(), MOST_BYTES), offset,
                            writing);
                }
                return scattered(offset, memory, writing);
            } catch (HostException e) {
                if (e.errno() != EINTR) {
                    throw e;
                }
            }
        }
    }

    private long scattered(long offset, IoVector memory, boolean writing) {
        int pieces = 0;
        long total = 0;
        while (pieces < MOST_PIECES && total < Math.min(memory.bytes(), MOST_BYTES)) {
            total += memory.pieceBytes(pieces++);
        }
        // The last piece may reach beyond the window.
        long excess = Math.max(0, total - Math.min(memory.bytes(), MOST_BYTES));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment iovec = arena.allocate(16L * pieces, 8);
            for (int i = 0; i < pieces; i++) {
                iovec.set(ValueLayout.JAVA_LONG, 16L * i, memory.pieceAddress(i));
                iovec.set(ValueLayout.JAVA_LONG, 16L * i + 8, memory.pieceBytes(i) - (i == pieces - 1 ? excess : 0));
            }
            return LibC.transferVector(fd, iovec, pieces, offset, writing);
        }
    }

    /// Returns when all that was written would survive a crash of the host.
    public void sync() {
        LibC.fdatasync(fd);
    }

    /// Cuts it, or makes it longer by a hole.
    public void truncate(long bytes) {
        LibC.ftruncate(fd, bytes);
    }

    // ---- holes ----

    /// Makes a hole; the file keeps its length.
    ///
    /// @return whether the host can: not every file system has holes, and none has for a range without a byte
    public boolean punch(long offset, long bytes) {
        return allocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, bytes);
    }

    /// Makes a range read as zeros that keeps its space; the file keeps its length.
    ///
    /// @return whether the host can
    public boolean zero(long offset, long bytes) {
        return allocate(FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, offset, bytes);
    }

    /// Reserves the space of a range, which becomes part of the file.
    ///
    /// @return whether the host can
    public boolean reserve(long offset, long bytes) {
        return allocate(0, offset, bytes);
    }

    private boolean allocate(int mode, long offset, long bytes) {
        while (true) {
            try {
                LibC.fallocate(fd, mode, offset, bytes);
                return true;
            } catch (HostException e) {
                if (e.errno() != EINTR) {
                    return false;
                }
            }
        }
    }

    /// Where the first byte is, from `offset` on, that is in no hole; the file's length if there is none. `offset`
    /// itself where the host cannot tell.
    public long nextData(long offset) {
        try {
            return LibC.lseek(fd, offset, SEEK_DATA);
        } catch (HostException e) {
            return e.errno() == ENXIO ? length() : offset;
        }
    }

    /// Where the first hole begins, from `offset` on; the file's length if there is none, or the host cannot tell.
    public long nextHole(long offset) {
        try {
            return LibC.lseek(fd, offset, SEEK_HOLE);
        } catch (HostException _) {
            return length();
        }
    }

    // ---- locks ----

    /// Locks one byte, shared, until the file is closed. The byte need not exist. Others see the lock and set their
    /// own beside it: what it means is between the programs.
    ///
    /// @return false if somebody has locked the byte for themselves
    /// @throws HostException where the file system has no such locks
    public boolean lockShared(long at) {
        try {
            LibC.lock(fd, F_OFD_SETLK, F_RDLCK, at, 1);
            return true;
        } catch (HostException e) {
            if (e.errno() == EAGAIN || e.errno() == EACCES) {
                return false;
            }
            throw e;
        }
    }

    public void unlock(long at) {
        LibC.lock(fd, F_OFD_SETLK, F_UNLCK, at, 1);
    }

    /// Whether anybody else holds a lock on a byte.
    public boolean lockedByOthers(long at) {
        return LibC.lock(fd, F_OFD_GETLK, F_WRLCK, at, 1) != F_UNLCK;
    }

    @Override
    public synchronized void close() {
        if (open) {
            open = false;
            LibC.close(fd);
        }
    }
}
