// SPDX-License-Identifier: Apache-2.0
package org.javisor.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CodeMappingTest {
    /// lea rax, [rdi + rsi]; ret
    private static final long SUM = 0xc3_3704_8d48L;
    /// lea rax, [rdi + 2 * rsi]; ret
    private static final long SUM_TWICE = 0xc3_7704_8d48L;

    @ParameterizedTest
    @EnumSource(CodeMapping.Kind.class)
    void codeRunsWhereItWasNotWritten(CodeMapping.Kind kind) throws IOException {
        assumeTrue(System.getProperty("os.arch").equals("amd64"), "the code is x86-64's");
        try (CodeMapping mapping = CodeMapping.open(8192, kind)) {
            assertEquals(kind, mapping.kind());
            long at = mapping.hva() + 4096;
            HostMemory.storeLong(at + mapping.toWritable(), SUM);
            assertEquals(42, HostCode.function(at).call(40, 2));

            HostMemory.storeLong(at + mapping.toWritable(), SUM_TWICE);
            assertEquals(44, HostCode.function(at).call(40, 2));
        }
    }

    @Test
    void noMappingOfTwoIsWritableAndExecutable() throws IOException {
        try (CodeMapping mapping = CodeMapping.open(4096, CodeMapping.Kind.TWO)) {
            assertEquals("r-xs", permissions(mapping.hva()));
            assertEquals("rw-s", permissions(mapping.hva() + mapping.toWritable()));
        }
    }

    private static String permissions(long hva) throws IOException {
        String start = Long.toHexString(hva) + "-";
        return Files.readAllLines(Path.of("/proc/self/maps")).stream().filter(line -> line.startsWith(start))
                .map(line -> line.split(" ")[1]).findFirst().orElse("none");
    }

    @Test
    void ofWhatTheHostRefusesBothReasonsAreKnown() {
        HostException e = assertThrows(HostException.class, () -> CodeMapping.open(1L << 60));

        assertTrue(e.getSuppressed().length == 1, e.toString());
    }
}
