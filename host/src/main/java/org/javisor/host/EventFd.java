// SPDX-License-Identifier: Apache-2.0
package org.javisor.host;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.BitSet;
import java.util.List;

/// A counter of the kernel's that both the kernel and threads here can add to and wait for: how `irqfd` and `ioeventfd`
/// are told of events.
///
/// @see <a href="https://man7.org/linux/man-pages/man2/eventfd.2.html">eventfd(2)</a>
public final class EventFd implements AutoCloseable {
    private static final int EFD_CLOEXEC = 0x8_0000;
    private static final int POLLIN = 1;
    /// struct pollfd: where the descriptor, the events asked for and those that have come are.
    private static final int POLL_FD = 0, POLL_EVENTS = 4, POLL_RETURNED = 6, POLL_BYTES = 8;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

    private static final MethodHandle EVENTFD = LibC.bind("eventfd", FunctionDescriptor.of(INT, INT, INT));
    private static final MethodHandle READ = LibC.bind("read", FunctionDescriptor.of(LONG, INT, LONG, LONG));
    private static final MethodHandle WRITE = LibC.bind("write", FunctionDescriptor.of(LONG, INT, LONG, LONG));
    private static final MethodHandle POLL =
            LibC.bind("poll", FunctionDescriptor.of(INT, ValueLayout.ADDRESS, LONG, INT));

    private static final MethodHandle DUP = LibC.bind("dup", FunctionDescriptor.of(INT, INT));

    private final int fd;
    private boolean closed;

    // SAFETY: each call passes plain integers and a segment of the size it says, which outlives it.

    /// A counter at zero.
    public EventFd() {
        fd = (int) LibC.check("eventfd", e -> (int) EVENTFD.invokeExact(e, 0, EFD_CLOEXEC));
    }

    private EventFd(int fd) {
        this.fd = fd;
    }

    public int fd() {
        return fd;
    }

    /// The same counter by another descriptor, which stays when this one is closed.
    ///
    /// @throws HostException if this one is closed
    public synchronized EventFd duplicate() {
        if (closed) {
            throw new HostException("dup of an eventfd that is closed", Errno.EBADF.number);
        }
        return new EventFd((int) LibC.check("dup of an eventfd", e -> (int) DUP.invokeExact(e, fd)));
    }

    /// Waits until a counter is not zero.
    ///
    /// @return the places in the list of those that are not; they keep their values
    public static BitSet awaitAny(List<EventFd> counters) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment polls = arena.allocate(POLL_BYTES * counters.size(), 4);
            for (int i = 0; i < counters.size(); i++) {
                polls.set(INT, POLL_BYTES * i + POLL_FD, counters.get(i).fd);
                polls.set(ValueLayout.JAVA_SHORT, POLL_BYTES * i + POLL_EVENTS, (short) POLLIN);
            }
            retried(() -> LibC.check("poll of eventfds",
                    e -> (int) POLL.invokeExact(e, polls, (long) counters.size(), -1)));
            BitSet ready = new BitSet();
            for (int i = 0; i < counters.size(); i++) {
                ready.set(i, polls.get(ValueLayout.JAVA_SHORT, POLL_BYTES * i + POLL_RETURNED) != 0);
            }
            return ready;
        }
    }

    /// Adds one: wakes whoever waits.
    public void signal() {
        transfer(WRITE, "write to an eventfd", 1);
    }

    /// Waits until the counter is not zero, or the time is over.
    ///
    /// @param millis -1 to wait for as long as it takes
    /// @return what the counter was; it is zero now
    public long await(int millis) {
        return ready(millis) ? transfer(READ, "read of an eventfd", 0) : 0;
    }

    private boolean ready(int millis) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment poll = arena.allocate(POLL_BYTES, 4);
            poll.set(INT, POLL_FD, fd);
            poll.set(ValueLayout.JAVA_SHORT, POLL_EVENTS, (short) POLLIN);
            return retried(() -> LibC.check("poll of an eventfd",
                    e -> (int) POLL.invokeExact(e, poll, 1L, millis))) > 0;
        }
    }

    private long transfer(MethodHandle function, String what, long value) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment counter = arena.allocate(LONG);
            counter.set(LONG, 0, value);
            retried(() -> LibC.check(what,
                    e -> (long) function.invokeExact(e, fd, counter.address(), counter.byteSize())));
            return counter.get(LONG, 0);
        }
    }

    @FunctionalInterface
    private interface Attempt {
        long make();
    }

    private static long retried(Attempt attempt) {
        while (true) {
            try {
                return attempt.make();
            } catch (HostException e) {
                if (e.errno() != Errno.EINTR.number) {
                    throw e;
                }
            }
        }
    }

    /// Closes it. No thread here may be using it; a machine that it is connected to lets go of it by itself.
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            LibC.close(fd);
        }
    }
}
