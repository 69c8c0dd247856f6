// SPDX-License-Identifier: Apache-2.0
package org.javisor.host;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// Machine code of the project's own, as functions that Java can call.
public final class HostCode {
    private HostCode() { }

    /// The code at `hva` as a function of two `long`s that returns one, by the host's C calling convention. It may
    /// run for long: while it does, its thread counts as in native code and holds off no safepoint.
    ///
    /// The caller answers for the code: that it keeps the registers the convention says, leaves the stack as it was,
    /// and reaches only memory that it may.
    public static MethodHandle function(long hva) {
        // SAFETY: as the caller's; the descriptor passes plain integers.
        return Linker.nativeLinker().downcallHandle(MemorySegment.ofAddress(hva),
                FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
    }
}
