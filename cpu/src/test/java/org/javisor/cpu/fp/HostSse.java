// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.HexFormat;
import org.javisor.host.HostMemory;
import org.javisor.host.Mapping;

/// One instruction of the host's processor on the low halves of XMM0 and XMM1, or RAX, with a chosen MXCSR
/// whose exceptions are all masked.
final class HostSse implements AutoCloseable {
    private static final int A = 0, B = 8, MXCSR = 16, MXCSR_AFTER = 20, RESULT = 24, RAX = 32,
            DEFAULT_MXCSR = 40, C = 48;
    // movq xmm0,[rdi]; movq xmm1,[rdi+8]; mov rax,[rdi+8]; ldmxcsr [rdi+16]
    private static final String ENTRY = "f30f7e07 f30f7e4f08 488b4708 0fae5710";
    // stmxcsr [rdi+20]; movq [rdi+24],xmm0; mov [rdi+32],rax; ldmxcsr [rdi+40]; ret
    private static final String EXIT = "0fae5f14 660fd64718 48894720 0fae5728 c3";

    private static final MethodHandle CALL = Linker.nativeLinker().downcallHandle(
            FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG), Linker.Option.critical(false));

    private final Mapping code = Mapping.executable(Mapping.PAGE_BYTES);
    private final Mapping block = Mapping.anonymous(Mapping.PAGE_BYTES);
    private final MemorySegment entry = MemorySegment.ofAddress(code.hva());

    /// @param instruction in hexadecimal
    HostSse(String instruction) {
        byte[] bytes = HexFormat.of().parseHex((ENTRY + instruction + EXIT).replace(" ", ""));
        for (int i = 0; i < bytes.length; i++) {
            HostMemory.storeByte(code.hva() + i, bytes[i]);
        }
        HostMemory.storeInt(block.hva() + DEFAULT_MXCSR, 0x1f80);
    }

    static boolean isAvailable() {
        return System.getProperty("os.arch").equals("amd64") && System.getProperty("os.name").equals("Linux");
    }

    void run(long a, long b, int mxcsr) {
        run(a, b, 0, mxcsr);
    }

    /// @param c what the instruction finds at RDI + 48
    void run(long a, long b, long c, int mxcsr) {
        HostMemory.storeLong(block.hva() + C, c);
        HostMemory.storeLong(block.hva() + A, a);
        HostMemory.storeLong(block.hva() + B, b);
        HostMemory.storeInt(block.hva() + MXCSR, mxcsr);
        // SAFETY: the code above keeps all registers that the ABI says a function keeps, and touches the
        // block alone.
        try {
            CALL.invokeExact(entry, block.hva());
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    long xmm() {
        return HostMemory.loadLong(block.hva() + RESULT);
    }

    long rax() {
        return HostMemory.loadLong(block.hva() + RAX);
    }

    int mxcsr() {
        return HostMemory.loadInt(block.hva() + MXCSR_AFTER);
    }

    @Override
    public void close() {
        code.close();
        block.close();
    }
}
