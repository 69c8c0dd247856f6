// SPDX-License-Identifier: Apache-2.0
package org.javisor.host;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// A signal that does nothing but end the system call that its thread is in, with `EINTR`.
///
/// A signal that is ignored ends no call, so this one has a handler: the C library's `abs`, a function of an `int`, as
/// handlers are, that touches neither memory nor `errno`. So no machine code of our own is needed, and a signal that
/// reaches a thread late, or another thread that has got its number since, does no harm.
///
/// The signal is a real-time one that nobody in this process handles; the JVM uses none below the last few.
public final class KickSignal {
    // signal.h: the first real-time signals are the C library's own.
    private static final int FIRST = 40, LAST = 60;
    private static final long SIG_DFL = 0;
    private static final int SA_RESTART = 0x1000_0000;
    // struct sigaction as the C library has it on x86-64: handler, mask of 128 bytes, flags, restorer
    private static final int HANDLER = 0, FLAGS = 136, ACTION_BYTES = 152;
    // asm/unistd_64.h
    private static final long SYS_GETTID = 186, SYS_TGKILL = 234;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle SIGACTION = LibC.bind("sigaction",
            FunctionDescriptor.of(INT, INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS));
    private static final MethodHandle SYSCALL = LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow("syscall"),
            FunctionDescriptor.of(LONG, LONG, LONG, LONG, LONG), Linker.Option.captureCallState("errno"),
            Linker.Option.firstVariadicArg(1));

    private static final int NUMBER = install();
    private static final int PROCESS = (int) ProcessHandle.current().pid();

    private KickSignal() { }

    private static int install() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment action = arena.allocate(ACTION_BYTES, 8);
            for (int number = FIRST; number <= LAST; number++) {
                if (handlerOf(number, action) == SIG_DFL) {
                    action.fill((byte) 0);
                    action.set(LONG, HANDLER, LINKER.defaultLookup().findOrThrow("abs").address());
                    // Calls that can go on behind a signal do; KVM_RUN is none of them.
                    action.set(INT, FLAGS, SA_RESTART);
                    sigaction(number, action, MemorySegment.NULL);
                    return number;
                }
            }
        }
        throw new HostException("a search for a signal that nobody handles", Errno.EBUSY.number);
    }

    private static long handlerOf(int number, MemorySegment action) {
        sigaction(number, MemorySegment.NULL, action);
        return action.get(LONG, HANDLER);
    }

    private static void sigaction(int number, MemorySegment wanted, MemorySegment old) {
        // SAFETY: the structures are of the C library's size; the handler is one of its functions, safe at any time.
        LibC.check("sigaction", e -> (int) SIGACTION.invokeExact(e, number, wanted, old));
    }

    /// The signal's number.
    public static int number() {
        return NUMBER;
    }

    /// The calling thread's number in the host's kernel, for [#send].
    public static int thread() {
        // SAFETY: gettid takes nothing.
        return (int) LibC.check("gettid", e -> (long) SYSCALL.invokeExact(e, SYS_GETTID, 0L, 0L, 0L));
    }

    /// Sends the signal to a thread of this process; one that has ended is no error.
    public static void send(int thread) {
        try {
            // SAFETY: tgkill checks that the thread is this process's; the handler does nothing.
            LibC.check("tgkill",
                    e -> (long) SYSCALL.invokeExact(e, SYS_TGKILL, (long) PROCESS, (long) thread, (long) NUMBER));
        } catch (HostException e) {
            if (e.errno() != Errno.ESRCH.number) {
                throw e;
            }
        }
    }
}
