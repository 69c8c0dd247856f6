// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.javisor.vmm.VmExit;
import org.javisor.vmm.pv.HvStatus;
import org.junit.jupiter.api.Test;

/// What is made of what KVM tells of Hyper-V's interface, and of the events that come by it.
class KvmHypervTest {
    private static final int RUN_BYTES = 256;

    private static CpuidTable.Entry leaf(int number, int eax, int ebx, int edx) {
        return new CpuidTable.Entry(number, 0, 0, eax, ebx, 0, edx);
    }

    @Test
    void guestsAreToldWhatBothCanDo() {
        CpuidTable supported = new CpuidTable(List.of(leaf(0x4000_0000, 0x4000_0082, 1, 2), leaf(0x4000_0001, 3, 0, 0),
                leaf(0x4000_0003, 1 << 1 | 1 << 30, 1 << 4 | 1 << 31, 1 << 10 | 1 << 27),
                leaf(0x4000_0004, 1 << 5 | 1 << 14, 0, 0), leaf(0x4000_0005, 0, 0, 0), leaf(0x4000_0080, 7, 7, 7)));

        List<CpuidTable.Entry> told = KvmHyperv.leaves(supported, 6);

        assertEquals(List.of(leaf(0x4000_0000, 0x4000_0005, 1, 2), leaf(0x4000_0001, 3, 0, 0),
                leaf(0x4000_0003, 1 << 1, 1 << 4, 1 << 10), leaf(0x4000_0004, 1 << 5, 0xfff, 0),
                leaf(0x4000_0005, 6, 6, 0)), told, "and nothing of a debugger");
    }

    @Test
    void callsOfConnectionsFindNone() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment run = arena.allocate(RUN_BYTES, Long.BYTES);
            run.set(ValueLayout.JAVA_INT, RunLayout.HYPERV_TYPE, RunLayout.HYPERV_CALL);

            assertNull(KvmHyperv.answer(run.address()));

            assertEquals(HvStatus.INVALID_CONNECTION_ID, run.get(ValueLayout.JAVA_LONG, RunLayout.HYPERV_CALL_RESULT));
        }
    }

    @Test
    void whatTheSynicIsTellsNothingToAnswer() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment run = arena.allocate(RUN_BYTES, Long.BYTES);
            run.set(ValueLayout.JAVA_INT, RunLayout.HYPERV_TYPE, RunLayout.HYPERV_SYNIC);

            assertNull(KvmHyperv.answer(run.address()));

            assertEquals(0, run.get(ValueLayout.JAVA_LONG, RunLayout.HYPERV_CALL_RESULT));
        }
    }

    @Test
    void systemEventsAreToldWithTheirData() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment run = arena.allocate(RUN_BYTES, Long.BYTES);
            run.set(ValueLayout.JAVA_INT, RunLayout.SYSTEM_EVENT_TYPE, RunLayout.SYSTEM_CRASH);
            run.set(ValueLayout.JAVA_INT, RunLayout.SYSTEM_EVENT_COUNT, 2);
            run.set(ValueLayout.JAVA_LONG, RunLayout.SYSTEM_EVENT_DATA, 5);
            run.set(ValueLayout.JAVA_LONG, RunLayout.SYSTEM_EVENT_DATA + 8, 6);

            assertEquals(new VmExit.SystemEvent(VmExit.SystemEvent.Kind.CRASH, List.of(5L, 6L)),
                    KvmSystemEvent.read(run.address()));
            run.set(ValueLayout.JAVA_INT, RunLayout.SYSTEM_EVENT_TYPE, 99);
            run.set(ValueLayout.JAVA_INT, RunLayout.SYSTEM_EVENT_COUNT, -1);
            assertEquals(new VmExit.SystemEvent(VmExit.SystemEvent.Kind.OTHER, List.of()),
                    KvmSystemEvent.read(run.address()));
        }
    }
}
