// SPDX-License-Identifier: Apache-2.0
package org.javisor.host;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;

/// A stream socket to another process on this host that can hand over open files, which Java's own cannot.
///
/// One thread at a time sends, one receives; [#shutdown] may be called by any thread and ends what others wait for.
public final class LocalSocket implements AutoCloseable {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
    // sys/socket.h and bits/socket.h on x86-64 Linux
    private static final int AF_UNIX = 1, SOCK_STREAM = 1, SOCK_CLOEXEC = 0x8_0000, SOL_SOCKET = 1, SCM_RIGHTS = 1,
            SO_RCVTIMEO = 20, SO_SNDTIMEO = 21, MSG_NOSIGNAL = 0x4000, SHUT_RDWR = 2;
    private static final int EINTR = 4, EAGAIN = 11;
    private static final int PATH_BYTES = 108, ADDRESS_BYTES = 2 + PATH_BYTES;
    // struct msghdr, struct iovec and a struct cmsghdr with one descriptor
    private static final int MSG_IOV = 16, MSG_IOVLEN = 24, MSG_CONTROL = 32, MSG_CONTROLLEN = 40, MSG_BYTES = 56;
    private static final int CONTROL_LEVEL = 8, CONTROL_TYPE = 12, CONTROL_DATA = 16, CONTROL_LENGTH = 20,
            CONTROL_BYTES = 24;

    private static final MethodHandle SOCKET = LibC.bind("socket", FunctionDescriptor.of(INT, INT, INT, INT));
    private static final MethodHandle CONNECT =
            LibC.bind("connect", FunctionDescriptor.of(INT, INT, ValueLayout.ADDRESS, INT));
    private static final MethodHandle SOCKETPAIR =
            LibC.bind("socketpair", FunctionDescriptor.of(INT, INT, INT, INT, ValueLayout.ADDRESS));
    private static final MethodHandle SEND =
            LibC.bind("send", FunctionDescriptor.of(LONG, INT, ValueLayout.ADDRESS, LONG, INT));
    private static final MethodHandle SENDMSG =
            LibC.bind("sendmsg", FunctionDescriptor.of(LONG, INT, ValueLayout.ADDRESS, INT));
    private static final MethodHandle RECV =
            LibC.bind("recv", FunctionDescriptor.of(LONG, INT, ValueLayout.ADDRESS, LONG, INT));
    private static final MethodHandle SETSOCKOPT =
            LibC.bind("setsockopt", FunctionDescriptor.of(INT, INT, INT, INT, ValueLayout.ADDRESS, INT));
    private static final MethodHandle SHUTDOWN = LibC.bind("shutdown", FunctionDescriptor.of(INT, INT, INT));

    private final int fd;
    private boolean closed;

    // SAFETY: every call below passes plain integers and segments that outlive it, with their true lengths.

    private LocalSocket(int fd) {
        this.fd = fd;
    }

    /// Connects to whoever listens at `path`.
    ///
    /// @throws IOException if nobody does
    public static LocalSocket connect(Path path) throws IOException {
        byte[] name = path.toString().getBytes(StandardCharsets.UTF_8);
        if (name.length >= PATH_BYTES) {
            throw new IOException("a path of " + name.length + " bytes, where a socket's has at most "
                    + (PATH_BYTES - 1));
        }
        LocalSocket socket = new LocalSocket((int) call("socket",
                e -> (int) SOCKET.invokeExact(e, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(ADDRESS_BYTES, 2);
            address.set(ValueLayout.JAVA_SHORT, 0, (short) AF_UNIX);
            MemorySegment.copy(name, 0, address, ValueLayout.JAVA_BYTE, 2, name.length);
            call("connect", e -> (int) CONNECT.invokeExact(e, socket.fd, address, ADDRESS_BYTES));
            return socket;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    /// Two ends of a new connection.
    public static LocalSocket[] pair() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ends = arena.allocate(8, 4);
            call("socketpair",
                    e -> (int) SOCKETPAIR.invokeExact(e, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
            return new LocalSocket[] {new LocalSocket(ends.get(INT, 0)), new LocalSocket(ends.get(INT, 4))};
        }
    }

    /// Bounds how long a [#send] or a [#receive] waits for the other side.
    public void patience(Duration duration) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment time = arena.allocate(16, 8);
            time.set(LONG, 0, duration.toSeconds());
            time.set(LONG, 8, duration.toNanosPart() / 1000);
            for (int option : new int[] {SO_RCVTIMEO, SO_SNDTIMEO}) {
                call("setsockopt", e -> (int) SETSOCKOPT.invokeExact(e, fd, SOL_SOCKET, option, time, 16));
            }
        }
    }

    /// Sends all of `bytes`.
    public void send(byte[] bytes) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
            for (long sent = 0; sent < bytes.length; ) {
                MemorySegment rest = copy.asSlice(sent);
                sent += call("send", e -> (long) SEND.invokeExact(e, fd, rest, rest.byteSize(), MSG_NOSIGNAL));
            }
        }
    }

    /// Sends `bytes` and a duplicate of another socket's descriptor with them.
    public void send(byte[] bytes, LocalSocket handedOver) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment content = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
            MemorySegment vector = arena.allocate(16, 8);
            vector.set(LONG, 0, content.address());
            vector.set(LONG, 8, bytes.length);
            MemorySegment control = arena.allocate(CONTROL_BYTES, 8);
            control.set(LONG, 0, CONTROL_LENGTH);
            control.set(INT, CONTROL_LEVEL, SOL_SOCKET);
            control.set(INT, CONTROL_TYPE, SCM_RIGHTS);
            control.set(INT, CONTROL_DATA, handedOver.fd);
            MemorySegment message = arena.allocate(MSG_BYTES, 8);
            message.set(LONG, MSG_IOV, vector.address());
            message.set(LONG, MSG_IOVLEN, 1);
            message.set(LONG, MSG_CONTROL, control.address());
            message.set(LONG, MSG_CONTROLLEN, CONTROL_BYTES);
            long sent = call("sendmsg", e -> (long) SENDMSG.invokeExact(e, fd, message, MSG_NOSIGNAL));
            if (sent != bytes.length) {
                throw new IOException("only " + sent + " of " + bytes.length + " bytes could be sent");
            }
        }
    }

    /// Fills `count` bytes of `bytes`.
    ///
    /// @throws EOFException if the other side ends before
    public void receive(byte[] bytes, int from, int count) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(Math.max(1, count));
            for (int done = 0; done < count; ) {
                long left = count - done;
                long received = call("recv", e -> (long) RECV.invokeExact(e, fd, buffer, left, 0));
                if (received == 0) {
                    throw new EOFException("the other side has closed the connection");
                }
                MemorySegment.copy(buffer, ValueLayout.JAVA_BYTE, 0, bytes, from + done, (int) received);
                done += (int) received;
            }
        }
    }

    private static long call(String what, LibC.Call call) throws IOException {
        while (true) {
            try {
                return LibC.check(what, call);
            } catch (HostException e) {
                if (e.errno() == EAGAIN) {
                    SocketTimeoutException late = new SocketTimeoutException("the other side does not answer");
                    late.initCause(e);
                    throw late;
                }
                if (e.errno() != EINTR) {
                    throw new IOException(e.getMessage(), e);
                }
            }
        }
    }

    /// Ends the connection in both directions: who waits gets an error.
    public synchronized void shutdown() {
        if (!closed) {
            try {
                call("shutdown", e -> (int) SHUTDOWN.invokeExact(e, fd, SHUT_RDWR));
            } catch (IOException _) {
                // The other side has gone already.
                return;
            }
        }
    }

    /// Closes it. No other thread may be using it.
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            LibC.close(fd);
        }
    }
}
