// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.javisor.host.HostException;
import org.javisor.host.HostFile;
import org.javisor.host.IoVector;
import org.javisor.memory.ConfigurationException;

/// An image's file on the host.
///
/// While it is open it is locked as QEMU does it: one writer, or any number of readers, on the whole host as far as
/// they look.
public final class HostImageFile implements ImageFile {
    // errno.h
    private static final int EACCES = 13, ENOENT = 2, EROFS = 30, ENOSPC = 28, EDQUOT = 122;

    // sys/stat.h
    private static final int S_IFMT = 0xf000, S_IFREG = 0x8000, S_IFBLK = 0x6000, S_IFDIR = 0x4000;

    private final String name;
    private final HostFile file;
    private final boolean regular;
    private final boolean lasting;

    private HostImageFile(String name, HostFile file, boolean regular, boolean lasting) {
        this.name = name;
        this.file = file;
        this.regular = regular;
        this.lasting = lasting;
    }

    /// Opens and locks a file.
    ///
    /// @throws ConfigurationException if it cannot be opened, or is in use
    public static HostImageFile open(Path path, boolean readOnly) {
        return open(path, readOnly, true);
    }

    /// Opens a file that others may be changing: for a look at it.
    public static HostImageFile openUnlocked(Path path) {
        return open(path, true, false);
    }

    /// A new file without a name, gone when it is closed or the process ends.
    ///
    /// @param directory where its space comes from
    public static HostImageFile temporary(Path directory) {
        try {
            Path path = Files.createTempFile(directory, "javisor-", ".tmp");
            try {
                return new HostImageFile("temporary file in " + directory, HostFile.open(path, false), true, false);
            } finally {
                Files.delete(path);
            }
        } catch (IOException | HostException e) {
            throw new ConfigurationException("cannot make a temporary file in " + directory + ": " + e.getMessage(), e);
        }
    }

    private static HostImageFile open(Path path, boolean readOnly, boolean lock) {
        requireKind(path);
        HostFile file = open(path, readOnly ? "" : "; it can be opened read-only if it can be read", readOnly);
        try {
            if (lock) {
                ImageLock.take(path, file, readOnly);
            }
            return new HostImageFile(path.toString(), file, Files.isRegularFile(path), true);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /// To open a pipe would be to wait for its other end.
    private static void requireKind(Path path) {
        try {
            int kind = (int) Files.getAttribute(path, "unix:mode") & S_IFMT;
            if (kind != S_IFREG && kind != S_IFBLK) {
                throw new ConfigurationException("disk " + path + ": is "
                        + (kind == S_IFDIR ? "a directory" : "no file") + "; name a disk image or a block device");
            }
        } catch (IOException | UnsupportedOperationException _) {
            // Whoever opens it will be told why that cannot be.
        }
    }

    private static HostFile open(Path path, String remedy, boolean readOnly) {
        try {
            return HostFile.open(path, readOnly);
        } catch (HostException e) {
            throw new ConfigurationException("disk " + path + ": " + switch (e.errno()) {
                case ENOENT -> "no such file";
                case EACCES -> "permission denied" + remedy;
                case EROFS -> "is on a read-only file system" + remedy;
                default -> e.getMessage();
            }, e);
        }
    }

    @Override
    public String name() {
        return name;
    }

    private IOException failed(HostException e) {
        String message = name + ": " + e.getMessage();
        return e.errno() == ENOSPC || e.errno() == EDQUOT ? new NoSpaceException(message, e)
                : new IOException(message, e);
    }

    @Override
    public long length() throws IOException {
        try {
            return file.length();
        } catch (HostException e) {
            throw failed(e);
        }
    }

    @Override
    public void read(long offset, IoVector target) throws IOException {
        try {
            long there = file.read(offset, target);
            if (there < target.bytes()) {
                target.window(there, target.bytes() - there).zero();
            }
        } catch (HostException e) {
            throw failed(e);
        }
    }

    @Override
    public void write(long offset, IoVector source) throws IOException {
        try {
            file.write(offset, source);
        } catch (HostException e) {
            throw failed(e);
        }
    }

    @Override
    public void sync() throws IOException {
        if (!lasting) {
            return;
        }
        try {
            file.sync();
        } catch (HostException e) {
            throw failed(e);
        }
    }

    @Override
    public void truncate(long bytes) throws IOException {
        try {
            file.truncate(bytes);
        } catch (HostException e) {
            throw failed(e);
        }
    }

    @Override
    public boolean punch(long offset, long bytes) {
        return file.punch(offset, bytes);
    }

    @Override
    public boolean zero(long offset, long bytes) {
        return regular && file.zero(offset, bytes);
    }

    @Override
    public long hole(long offset) {
        return regular ? file.nextData(offset) - offset : 0;
    }

    /// How many bytes it takes on the host, as far as that can be told: without its holes.
    public long allocated() {
        long end = file.length();
        long taken = 0;
        for (long at = regular ? file.nextData(0) : end; at < end; ) {
            long hole = Math.max(at + 1, file.nextHole(at));
            taken += hole - at;
            at = Math.max(hole, file.nextData(hole));
        }
        return regular ? taken : end;
    }

    @Override
    public void close() {
        file.close();
    }
}
