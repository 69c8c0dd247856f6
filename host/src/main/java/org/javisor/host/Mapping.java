// SPDX-License-Identifier: Apache-2.0
package org.javisor.host;

import java.lang.foreign.MemorySegment;

/// A range of the host's address space, mapped for as long as this object is open.
///
/// The range never moves. Closing it while somebody still reads it through [HostMemory] is a crash of the process: the
/// owner closes only after every user has stopped.
public final class Mapping implements AutoCloseable {
    /// The host's page size; Linux on x86-64 has no other.
    public static final int PAGE_BYTES = 4096;

    // asm-generic/mman-common.h, asm-generic/mman.h, linux/memfd.h
    private static final int PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4;
    private static final int MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_ANONYMOUS = 0x20, MAP_32BIT = 0x40,
            MAP_NORESERVE = 0x4000;
    private static final int MADV_HUGEPAGE = 14, MADV_DONTDUMP = 16;
    private static final int MFD_CLOEXEC = 1;

    private final long hva;
    private final long bytes;
    private final int fd;
    private boolean open = true;

    private Mapping(long hva, long bytes, int fd) {
        this.hva = hva;
        this.bytes = bytes;
        this.fd = fd;
    }

    /// Zeroed memory behind a memfd, so that another process can map it too. No page is touched.
    ///
    /// @param bytes a positive multiple of [#PAGE_BYTES]
    public static Mapping shared(String name, long bytes) {
        requirePages(bytes);
        int fd = LibC.memfdCreate(name, MFD_CLOEXEC);
        try {
            LibC.ftruncate(fd, bytes);
            long hva = LibC.mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
            // Guest memory is most of the process and of no use in a core file.
            LibC.madvise(hva, bytes, MADV_DONTDUMP);
            return new Mapping(hva, bytes, fd);
        } catch (HostException e) {
            LibC.close(fd);
            throw e;
        }
    }

    /// Zeroed private memory. No page is touched.
    ///
    /// @param bytes a positive multiple of [#PAGE_BYTES]
    public static Mapping anonymous(long bytes) {
        requirePages(bytes);
        long hva = LibC.mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        return new Mapping(hva, bytes, -1);
    }

    /// Zeroed memory that may be written and executed.
    ///
    /// @throws HostException where the host's policy refuses such memory
    public static Mapping executable(long bytes) {
        requirePages(bytes);
        long hva = LibC.mmap(0, bytes, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return new Mapping(hva, bytes, -1);
    }

    /// Another mapping of a [#shared] mapping's memory, which may be executed but not written.
    ///
    /// @throws HostException where the host's policy refuses such memory
    Mapping executableTwin() {
        long twin = LibC.mmap(0, bytes, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_NORESERVE, fd, 0);
        return new Mapping(twin, bytes, -1);
    }

    /// As [#executable], below 2 GiB, where 32-bit addresses reach it.
    ///
    /// @throws HostException also where there is no room
    public static Mapping executableBelow2GiB(long bytes) {
        requirePages(bytes);
        long hva = LibC.mmap(0, bytes, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT,
                -1, 0);
        return new Mapping(hva, bytes, -1);
    }

    /// What a device shares with who has it open, from `offset` on.
    static Mapping ofDevice(int fd, long offset, long bytes) {
        requirePages(bytes);
        return new Mapping(LibC.mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset), bytes, -1);
    }

    private static void requirePages(long bytes) {
        if (bytes <= 0 || bytes % PAGE_BYTES != 0) {
            throw new IllegalArgumentException(
                    "a mapping of " + bytes + " bytes: not a positive multiple of " + PAGE_BYTES);
        }
    }

    /// Asks for huge pages; a host without them ignores it.
    public void adviseHugePages() {
        try {
            LibC.madvise(hva, bytes, MADV_HUGEPAGE);
        } catch (HostException _) {
            // Only speed is lost: the kernel was built without transparent huge pages.
        }
    }

    /// The host virtual address of the first byte.
    public long hva() {
        return hva;
    }

    public long bytes() {
        return bytes;
    }

    /// The memfd behind a [#shared] mapping, -1 for the others.
    public int fd() {
        return fd;
    }

    /// A view bounded to this mapping.
    public MemorySegment segment() {
        return HostMemory.segment(hva, bytes);
    }

    @Override
    public void close() {
        if (open) {
            open = false;
            LibC.munmap(hva, bytes);
            if (fd >= 0) {
                LibC.close(fd);
            }
        }
    }
}
