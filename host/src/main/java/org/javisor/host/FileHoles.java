// SPDX-License-Identifier: Apache-2.0
package org.javisor.host;

import java.nio.file.Path;

/// Gives parts of a file, or of a block device, back to where its space came from. They read as zeros then.
///
/// It has a file descriptor of its own. As every descriptor of a file, closing it releases all of the
/// process's locks on that file.
public final class FileHoles implements AutoCloseable {
    // asm-generic/fcntl.h, linux/falloc.h
    private static final int O_RDWR = 2, O_CLOEXEC = 0x80000;
    private static final int FALLOC_FL_KEEP_SIZE = 1, FALLOC_FL_PUNCH_HOLE = 2;

    private final int fd;
    private boolean open = true;

    private FileHoles(int fd) {
        this.fd = fd;
    }

    /// @throws HostException if the file cannot be opened for writing
    public static FileHoles open(Path file) {
        return new FileHoles(LibC.open(file.toString(), O_RDWR | O_CLOEXEC));
    }

    /// Makes a hole; the file keeps its length.
    ///
    /// @return whether the host can: not every file system has holes, and none has for a range without a byte
    public boolean punch(long offset, long bytes) {
        try {
            LibC.fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, bytes);
            return true;
        } catch (HostException _) {
            return false;
        }
    }

    @Override
    public void close() {
        if (open) {
            open = false;
            LibC.close(fd);
        }
    }
}
