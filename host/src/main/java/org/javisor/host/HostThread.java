// SPDX-License-Identifier: Apache-2.0
package org.javisor.host;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// The calling thread: what the host's kernel is told about it, and its wait for another's end.
public final class HostThread {
    // linux/prctl.h
    private static final int PR_SET_TIMERSLACK = 29;
    // sys/resource.h
    private static final int PRIO_PROCESS = 0;
    private static final int NICE = 5;

    private HostThread() { }

    /// Has the calling thread sleep no longer than it asks to: Linux adds up to 50 microseconds otherwise, so that one
    /// interrupt of its timer wakes several threads. Where there is no such wish nothing happens.
    public static void wakePunctually() {
        Linker linker = Linker.nativeLinker();
        linker.defaultLookup().find("prctl").ifPresent(function -> {
            MethodHandle prctl = linker.downcallHandle(function, FunctionDescriptor.of(ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG), Linker.Option.firstVariadicArg(1));
            try {
                // SAFETY: an integer of the thread's own is set; a kernel that does not know it returns an error.
                int _ = (int) prctl.invokeExact(PR_SET_TIMERSLACK, 1L);
            } catch (Throwable e) {
                throw new AssertionError("prctl", e);
            }
        });
    }

    /// Waits until `thread` has ended; keeps the calling thread's interrupt status for later.
    public static void join(Thread thread) {
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /// Has other threads run before the calling one does. Where that cannot be nothing happens.
    public static void giveWay() {
        Linker linker = Linker.nativeLinker();
        linker.defaultLookup().find("setpriority").ifPresent(function -> {
            MethodHandle setPriority = linker.downcallHandle(function, FunctionDescriptor.of(ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
            try {
                // SAFETY: integers alone; to Linux the process 0 is the calling thread.
                int _ = (int) setPriority.invokeExact(PRIO_PROCESS, 0, NICE);
            } catch (Throwable e) {
                throw new AssertionError("setpriority", e);
            }
        });
    }
}
