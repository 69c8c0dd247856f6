// SPDX-License-Identifier: Apache-2.0
package org.javisor.host;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// Machine code of the project's own, as functions that Java can call.
public final class HostCode {
    // Without an address bound to it, so that there is one handle, which the JVM compiles calls of to plain calls.
    private static final MethodHandle CALL = Linker.nativeLinker().downcallHandle(
            FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));

    private final MemorySegment function;

    private HostCode(long hva) {
        function = MemorySegment.ofAddress(hva);
    }

    /// The code at `hva` as a function of two `long`s that returns one, by the host's C calling convention. It may
    /// run for long: while it does, its thread counts as in native code and holds off no safepoint.
    ///
    /// The caller answers for the code: that it keeps the registers the convention says, leaves the stack as it was,
    /// and reaches only memory that it may.
    public static HostCode function(long hva) {
        return new HostCode(hva);
    }

    public long call(long first, long second) {
        try {
            // SAFETY: as the caller's of `function`; plain integers are passed.
            return (long) CALL.invokeExact(function, first, second);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }
}
