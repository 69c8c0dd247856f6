// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.guest;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;
import org.apache.commons.compress.archivers.cpio.CpioArchiveEntry;
import org.apache.commons.compress.archivers.cpio.CpioArchiveOutputStream;
import org.apache.commons.compress.archivers.cpio.CpioConstants;

/// A root file system in the form that Linux unpacks at boot: a cpio archive, not compressed, because unpacking costs
/// the guest more than reading costs the host. Parent directories are added as needed.
///
/// @linux Documentation/driver-api/early-userspace/buffer-format.rst
public final class Initramfs {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final CpioArchiveOutputStream archive = new CpioArchiveOutputStream(bytes, CpioConstants.FORMAT_NEW);
    private final Set<String> directories = new HashSet<>();
    private long inode = 1;

    @FunctionalInterface
    private interface Write {
        void run() throws IOException;
    }

    private static void unchecked(Write write) {
        try {
            write.run();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private CpioArchiveEntry entry(String path, long mode, long size) {
        CpioArchiveEntry entry = new CpioArchiveEntry(CpioConstants.FORMAT_NEW, path, size);
        entry.setMode(mode);
        entry.setInode(inode++);
        entry.setNumberOfLinks(1);
        entry.setTime(0);
        return entry;
    }

    private void put(CpioArchiveEntry entry, byte[] content) {
        unchecked(() -> {
            archive.putArchiveEntry(entry);
            archive.write(content);
            archive.closeArchiveEntry();
        });
    }

    private void addParents(String path) {
        for (int slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
            directory(path.substring(0, slash));
        }
    }

    /// @param path relative to the root, without a leading slash, here and below
    public Initramfs directory(String path) {
        addParents(path);
        if (directories.add(path)) {
            put(entry(path, CpioConstants.C_ISDIR | 0755, 0), new byte[0]);
        }
        return this;
    }

    public Initramfs file(String path, int permissions, byte[] content) {
        addParents(path);
        put(entry(path, CpioConstants.C_ISREG | permissions, content.length), content);
        return this;
    }

    public Initramfs file(String path, int permissions, String content) {
        return file(path, permissions, content.getBytes(StandardCharsets.UTF_8));
    }

    public Initramfs symbolicLink(String path, String target) {
        addParents(path);
        byte[] content = target.getBytes(StandardCharsets.UTF_8);
        put(entry(path, CpioConstants.C_ISLNK | 0777, content.length), content);
        return this;
    }

    public Initramfs characterDevice(String path, int permissions, int major, int minor) {
        addParents(path);
        CpioArchiveEntry entry = entry(path, CpioConstants.C_ISCHR | permissions, 0);
        entry.setRemoteDeviceMaj(major);
        entry.setRemoteDeviceMin(minor);
        put(entry, new byte[0]);
        return this;
    }

    /// The archive. Nothing can be added afterwards.
    public byte[] build() {
        unchecked(archive::close);
        return bytes.toByteArray();
    }
}
