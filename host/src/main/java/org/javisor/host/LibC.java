// SPDX-License-Identifier: Apache-2.0
package org.javisor.host;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/// The C library's functions that Javisor calls, each bound once, with `errno` captured in the same transition.
final class LibC {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final StructLayout CAPTURE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO = CAPTURE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

    private static final MethodHandle MMAP =
            bind("mmap", FunctionDescriptor.of(LONG, LONG, LONG, INT, INT, INT, LONG));
    private static final MethodHandle MUNMAP = bind("munmap", FunctionDescriptor.of(INT, LONG, LONG));
    private static final MethodHandle MADVISE = bind("madvise", FunctionDescriptor.of(INT, LONG, LONG, INT));
    private static final MethodHandle MEMFD_CREATE =
            bind("memfd_create", FunctionDescriptor.of(INT, ValueLayout.ADDRESS, INT));
    private static final MethodHandle FTRUNCATE = bind("ftruncate", FunctionDescriptor.of(INT, INT, LONG));
    private static final MethodHandle CLOSE = bind("close", FunctionDescriptor.of(INT, INT));
    private static final MethodHandle STRERROR = LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("strerror"), FunctionDescriptor.of(ValueLayout.ADDRESS, INT));

    private LibC() { }

    static MethodHandle bind(String name, FunctionDescriptor type) {
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), type,
                Linker.Option.captureCallState("errno"));
    }

    /// What only machines with disks need, bound when the first one is opened.
    private static final class Disk {
        // The mode, a variadic parameter, is not passed: nothing is created.
        static final MethodHandle OPEN = LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow("open"),
                FunctionDescriptor.of(INT, ValueLayout.ADDRESS, INT), Linker.Option.captureCallState("errno"),
                Linker.Option.firstVariadicArg(2));
        static final MethodHandle FALLOCATE =
                bind("fallocate", FunctionDescriptor.of(INT, INT, INT, LONG, LONG));
        static final MethodHandle PREAD = bind("pread", FunctionDescriptor.of(LONG, INT, LONG, LONG, LONG));
        static final MethodHandle PWRITE = bind("pwrite", FunctionDescriptor.of(LONG, INT, LONG, LONG, LONG));
        static final MethodHandle PREADV =
                bind("preadv", FunctionDescriptor.of(LONG, INT, ValueLayout.ADDRESS, INT, LONG));
        static final MethodHandle PWRITEV =
                bind("pwritev", FunctionDescriptor.of(LONG, INT, ValueLayout.ADDRESS, INT, LONG));
        static final MethodHandle FDATASYNC = bind("fdatasync", FunctionDescriptor.of(INT, INT));
        static final MethodHandle LSEEK = bind("lseek", FunctionDescriptor.of(LONG, INT, LONG, INT));
        static final MethodHandle FCNTL = LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow("fcntl"),
                FunctionDescriptor.of(INT, INT, INT, ValueLayout.ADDRESS),
                Linker.Option.captureCallState("errno"), Linker.Option.firstVariadicArg(2));

        // fcntl.h, "struct flock" on x86-64
        static final int FLOCK_TYPE = 0, FLOCK_WHENCE = 2, FLOCK_START = 8, FLOCK_LEN = 16, FLOCK_BYTES = 32;

        private Disk() { }
    }

    /// A call whose first parameter is the segment that receives `errno`.
    @FunctionalInterface
    interface Call {
        long invoke(MemorySegment captured) throws Throwable;
    }

    /// Runs `call`; a result of -1 becomes a [HostException] naming `what`.
    static long check(String what, Call call) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment captured = arena.allocate(CAPTURE);
            long result = call.invoke(captured);
            if (result == -1) {
                throw new HostException(what, errno(captured));
            }
            return result;
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError(what, e);
        }
    }

    // SAFETY: each function below passes plain integers, or a C string that outlives the call. What the mapping
    // functions do to the address space is answered for by Mapping, their only caller.

    static long mmap(long hint, long bytes, int protection, int flags, int fd, long offset) {
        return check("mmap of " + bytes + " bytes",
                e -> (long) MMAP.invokeExact(e, hint, bytes, protection, flags, fd, offset));
    }

    static void munmap(long hva, long bytes) {
        check("munmap of " + bytes + " bytes", e -> (int) MUNMAP.invokeExact(e, hva, bytes));
    }

    static void madvise(long hva, long bytes, int advice) {
        check("madvise of " + bytes + " bytes", e -> (int) MADVISE.invokeExact(e, hva, bytes, advice));
    }

    static int memfdCreate(String name, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment cName = arena.allocateFrom(name);
            return (int) check("memfd_create " + name, e -> (int) MEMFD_CREATE.invokeExact(e, cName, flags));
        }
    }

    static void ftruncate(int fd, long bytes) {
        check("ftruncate to " + bytes + " bytes", e -> (int) FTRUNCATE.invokeExact(e, fd, bytes));
    }

    static int open(String file, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment cName = arena.allocateFrom(file);
            return (int) check("open of " + file, e -> (int) Disk.OPEN.invokeExact(e, cName, flags));
        }
    }

    static void fallocate(int fd, int mode, long offset, long bytes) {
        check("fallocate of " + bytes + " bytes",
                e -> (int) Disk.FALLOCATE.invokeExact(e, fd, mode, offset, bytes));
    }

    // SAFETY of the transfers: the caller (HostFile) passes addresses that an IoVector's maker answers for.

    static long transfer(int fd, long hva, long bytes, long offset, boolean writing) {
        return check(writing ? "pwrite" : "pread",
                e -> writing ? (long) Disk.PWRITE.invokeExact(e, fd, hva, bytes, offset)
                        : (long) Disk.PREAD.invokeExact(e, fd, hva, bytes, offset));
    }

    static long transferVector(int fd, MemorySegment iovec, int pieces, long offset, boolean writing) {
        return check(writing ? "pwritev" : "preadv",
                e -> writing ? (long) Disk.PWRITEV.invokeExact(e, fd, iovec, pieces, offset)
                        : (long) Disk.PREADV.invokeExact(e, fd, iovec, pieces, offset));
    }

    static void fdatasync(int fd) {
        check("fdatasync", e -> (int) Disk.FDATASYNC.invokeExact(e, fd));
    }

    static long lseek(int fd, long offset, int whence) {
        return check("lseek", e -> (long) Disk.LSEEK.invokeExact(e, fd, offset, whence));
    }

    /// One of `fcntl`'s commands for locks.
    ///
    /// @return the type of lock that the host reports back
    static short lock(int fd, int command, short type, long start, long bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment flock = arena.allocate(Disk.FLOCK_BYTES, 8);
            flock.set(ValueLayout.JAVA_SHORT, Disk.FLOCK_TYPE, type);
            flock.set(ValueLayout.JAVA_SHORT, Disk.FLOCK_WHENCE, (short) 0);
            flock.set(LONG, Disk.FLOCK_START, start);
            flock.set(LONG, Disk.FLOCK_LEN, bytes);
            check("fcntl for a lock", e -> (int) Disk.FCNTL.invokeExact(e, fd, command, flock));
            return flock.get(ValueLayout.JAVA_SHORT, Disk.FLOCK_TYPE);
        }
    }

    static void close(int fd) {
        check("close of file descriptor " + fd, e -> (int) CLOSE.invokeExact(e, fd));
    }

    /// What a call left in the segment that it was given.
    static int errno(MemorySegment captured) {
        return (int) ERRNO.get(captured, 0L);
    }

    static String strerror(int errno) {
        try {
            MemorySegment text = (MemorySegment) STRERROR.invokeExact(errno);
            return text.reinterpret(Long.MAX_VALUE).getString(0);
        } catch (Throwable e) {
            throw new AssertionError("strerror", e);
        }
    }
}
