// SPDX-License-Identifier: Apache-2.0
package org.javisor.host;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/// A file descriptor of the host's that is spoken to by [Ioctl]s: a device's special file, or what such a call made.
///
/// The caller answers for the arguments: a request that takes an address gets that of a structure as large as the
/// request says (or as the structure itself says), which outlives the call. Any thread may call, and may block in it:
/// its thread counts as in native code and holds off no safepoint.
public final class HostDevice implements AutoCloseable {
    private static final int O_RDWR = 2, O_CLOEXEC = 0x8_0000;

    // `ioctl` is variadic after its second parameter. Not `critical`: KVM_RUN runs for as long as the guest likes.
    private static final MethodHandle IOCTL = Linker.nativeLinker().downcallHandle(
            Linker.nativeLinker().defaultLookup().findOrThrow("ioctl"),
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_LONG),
            Linker.Option.captureCallState("errno"), Linker.Option.firstVariadicArg(2));
    /// Where `errno` is received: one place a thread, so that a call allocates nothing.
    private static final ThreadLocal<MemorySegment> CAPTURED =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(Linker.Option.captureStateLayout()));

    private final int fd;
    private final String name;
    private boolean closed;

    private HostDevice(int fd, String name) {
        this.fd = fd;
        this.name = name;
    }

    /// Opens a special file for reading and writing.
    ///
    /// @throws HostException if it is not there or may not be opened
    public static HostDevice open(Path file) {
        return new HostDevice(LibC.open(file.toString(), O_RDWR | O_CLOEXEC), file.toString());
    }

    /// Takes a descriptor that a call on another device has made.
    ///
    /// @param name what it is, for messages
    public static HostDevice of(int fd, String name) {
        return new HostDevice(fd, name);
    }

    /// For calls that name other descriptors.
    public int fd() {
        return fd;
    }

    /// Makes a request.
    ///
    /// @param argument a number, or the address of a structure
    /// @return what the host answers, 0 or more, or its error number, negated
    public int tryCall(Ioctl request, long argument) {
        MemorySegment captured = CAPTURED.get();
        try {
            // SAFETY: the argument is the caller's to answer for, as this class says; the kernel checks the descriptor.
            int result = (int) IOCTL.invokeExact(captured, fd, request.request() & 0xffff_ffffL, argument);
            return result == -1 ? -LibC.errno(captured) : result;
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError(request.name(), e);
        }
    }

    /// Makes a request.
    ///
    /// @throws HostException if the host refuses it
    public int call(Ioctl request, long argument) {
        int result = tryCall(request, argument);
        if (result < 0) {
            throw new HostException(request.name() + " on " + name, -result);
        }
        return result;
    }

    /// Maps the first `bytes` bytes of what the device shares, from `offset` on.
    ///
    /// @param bytes a positive multiple of [Mapping#PAGE_BYTES]
    public Mapping map(long offset, long bytes) {
        return Mapping.ofDevice(fd, offset, bytes);
    }

    /// Reads into `target` from `offset` on.
    ///
    /// @return how many bytes there were
    public long read(long offset, MemorySegment target) {
        return LibC.transfer(fd, target.address(), target.byteSize(), offset, false);
    }

    /// Closes the descriptor; no other thread may be using it.
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            LibC.close(fd);
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
