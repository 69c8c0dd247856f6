// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.javisor.vmm.VmExit;
import org.junit.jupiter.api.Test;

/// What is said of stops that no guest and no test brings about: the page that KVM would have filled is made up.
class KvmFailureTest {
    private static String described(int reason, int... words) {
        return ((VmExit.InternalError) exit(reason, words)).reason();
    }

    private static VmExit exit(int reason, int... words) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment run = arena.allocate(4096, 8);
            for (int n = 0; n < words.length; n++) {
                run.set(ValueLayout.JAVA_INT, RunLayout.UNION + 4L * n, words[n]);
            }
            return KvmFailure.exit(reason, 0x1000, run.address());
        }
    }

    @Test
    void anEntryThatFailsTellsTheProcessorsReason() {
        assertEquals(new VmExit.FailEntry(0x1000, 0x8000_0021L, 3), exit(RunLayout.EXIT_FAIL_ENTRY, 0x8000_0021, 0, 3));
    }

    @Test
    void anInternalErrorTellsItsKindAndData() {
        String text = described(RunLayout.EXIT_INTERNAL_ERROR, new int[] {1, 2, 0x1234, 0, 0x5678, 0});

        assertEquals("KVM's internal error: an instruction that KVM had to emulate and cannot, with 0x1234 0x5678",
                text);
    }

    @Test
    void noMoreDataIsReadThanThereIs() {
        String text = described(RunLayout.EXIT_INTERNAL_ERROR, new int[] {9, Integer.MAX_VALUE});

        assertTrue(text.startsWith("KVM's internal error: suberror 9, with 0x0 0x0"), text);
        assertEquals(16, text.split("0x0", -1).length - 1);
    }

    @Test
    void otherReasonsAreNamedByTheirNumbers() {
        assertTrue(described(RunLayout.EXIT_UNKNOWN, new int[] {0x77, 0}).contains("0x77"));
        assertTrue(described(99, new int[0]).contains("99"));
    }
}
