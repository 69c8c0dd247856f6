// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// The registers that are neither time nor SynIC, and the leaves of CPUID.
class HvProcessorTest {
    private static final long PAGE = 0x7000;
    private static final int LINUX = 0x8100;

    private final HvRig rig = new HvRig();

    @AfterEach
    void close() {
        rig.close();
    }

    private static int[] leaf(int number) {
        int[] answer = new int[4];
        new HvLeaves(6).answer(number, 0, answer);
        return answer;
    }

    @Test
    void leavesTellWhoAndWhat() {
        int[] vendor = leaf(0x4000_0000);
        StringBuilder name = new StringBuilder();
        for (int n = 1; n < 4; n++) {
            for (int shift = 0; shift < 32; shift += 8) {
                name.append((char) (vendor[n] >>> shift & 0xff));
            }
        }
        assertEquals("Microsoft Hv", name.toString());
        assertEquals(0x4000_000a, vendor[0]);
        assertEquals(0x3123_7648, leaf(0x4000_0001)[0], "Hv#1");
        assertEquals(0x2eff, leaf(0x4000_0003)[0]);
        assertEquals(6, leaf(0x4000_0005)[0]);
        assertEquals(0, leaf(0x4000_0080)[0]);
    }

    @Test
    void thePageOfCallsAppearsOnceTheGuestHasSaidWhoItIs() {
        assertFalse(rig.partition.takesCalls());
        assertTrue(rig.write(HvProcessor.HYPERCALL, PAGE | 1));
        assertEquals(0, rig.read(HvProcessor.HYPERCALL));
        rig.write(HvProcessor.GUEST_OS_ID, LINUX);
        assertTrue(rig.partition.takesCalls());

        assertTrue(rig.write(HvProcessor.HYPERCALL, PAGE | 1));

        assertEquals(PAGE | 1, rig.read(HvProcessor.HYPERCALL));
        assertEquals(0xc3c1_010f, rig.memory().loadInt(PAGE), "vmcall; ret");
        assertFalse(rig.write(HvProcessor.HYPERCALL, FakeMachine.RAM_BYTES | 1));
        assertEquals(PAGE | 1, rig.read(HvProcessor.HYPERCALL));
        rig.write(HvProcessor.GUEST_OS_ID, 0);
        assertEquals(PAGE, rig.read(HvProcessor.HYPERCALL));
        assertFalse(rig.partition.takesCalls());
    }

    @Test
    void guestsOfAnAmdProcessorCallByVmmcall() {
        try (HvRig amd = new HvRig(true)) {
            amd.write(HvProcessor.GUEST_OS_ID, LINUX);
            amd.write(HvProcessor.HYPERCALL, PAGE | 1);
            assertEquals(0xc3d9_010f, amd.memory().loadInt(PAGE));
        }
    }

    @Test
    void processorsKnowTheirIndexAndWhatTheyExecuted() {
        assertEquals(0, rig.read(HvProcessor.VP_INDEX));
        assertEquals(1, rig.secondProcessor().read(HvProcessor.VP_INDEX));
        assertFalse(rig.write(HvProcessor.VP_INDEX, 0));
        rig.it.executed = 123_400;
        assertEquals(1_234, rig.read(HvProcessor.VP_RUNTIME));
        rig.it.executed = 0;
        assertEquals(1_234, rig.read(HvProcessor.VP_RUNTIME), "never goes back");
        assertFalse(rig.write(HvProcessor.VP_RUNTIME, 5));
        rig.it.owner = true;
        assertTrue(rig.write(HvProcessor.VP_RUNTIME, 9_999));
        assertEquals(9_999, rig.read(HvProcessor.VP_RUNTIME));
        assertEquals(1_000_000_000, rig.read(HvProcessor.TSC_FREQUENCY));
        assertEquals(1_000_000_000, rig.read(HvProcessor.APIC_FREQUENCY));
        assertFalse(rig.write(HvProcessor.TSC_FREQUENCY, 1));
    }

    @Test
    void theLocalApicIsReachedByRegisters() {
        assertTrue(rig.write(HvProcessor.EOI, 0));
        assertEquals(List.of("end of interrupt"), rig.asked());
        assertFalse(rig.write(HvProcessor.EOI, 1L << 32));
        assertTrue(rig.write(HvProcessor.ICR, 1L << 56 | 0x40fb));
        assertEquals(1L << 56 | 0x40fb, rig.it.command);
        for (int bit : new int[] {13, 16, 17, 20, 31}) {
            assertFalse(rig.write(HvProcessor.ICR, 1L << bit | 0x40fb), "bit " + bit);
        }
        assertEquals(1L << 56 | 0x40fb, rig.it.command);
        assertTrue(rig.write(HvProcessor.TPR, 0x80));
        assertEquals(0x80, rig.read(HvProcessor.TPR));
        assertFalse(rig.write(HvProcessor.TPR, 1L << 32));
        rig.read(HvProcessor.GUEST_IDLE);
        assertEquals(List.of("idle"), rig.asked());
        assertFalse(rig.write(HvProcessor.GUEST_IDLE, 0));
    }

    @Test
    void endsOfInterruptsGoThroughTheAssistPage() {
        rig.memory().storeLong(PAGE, -1);
        assertTrue(rig.write(HvProcessor.VP_ASSIST_PAGE, PAGE | 1));
        assertEquals(0xffff_ffff_0000_0000L, rig.memory().loadLong(PAGE), "the rest of the page is the guest's");
        assertTrue(rig.it.lazyEoi.set());
        assertEquals(1, rig.memory().loadInt(PAGE));
        assertTrue(rig.it.lazyEoi.clear());
        assertFalse(rig.write(HvProcessor.VP_ASSIST_PAGE, FakeMachine.RAM_BYTES | 1));
        assertNotNull(rig.it.lazyEoi);
        rig.write(HvProcessor.VP_ASSIST_PAGE, 0);
        assertNull(rig.it.lazyEoi);
    }

    @Test
    void aCrashIsToldOnceInOneLine() {
        for (int n = 0; n < 5; n++) {
            rig.write(HvProcessor.CRASH_P0 + n, 0xd1 + n);
        }
        assertEquals(0xd3, rig.read(HvProcessor.CRASH_P0 + 2));
        assertEquals(3L << 62, rig.read(HvProcessor.CRASH_CTL));
        assertTrue(rig.write(HvProcessor.CRASH_CTL, 0));
        assertEquals(List.of(), rig.events);
        rig.write(HvProcessor.CRASH_CTL, 1L << 63);
        rig.write(HvProcessor.CRASH_CTL, 1L << 63);
        assertEquals(List.of("0xd1 0xd2 0xd3 0xd4 0xd5"), rig.events);
    }

    @Test
    void whatACrashedGuestLeavesToBeReadIsRead() {
        rig.memory().store(PAGE, "Oops:\n\u0007 0002".getBytes(StandardCharsets.ISO_8859_1));
        rig.write(HvProcessor.CRASH_P0 + 3, PAGE);
        rig.write(HvProcessor.CRASH_P0 + 4, 12);
        rig.write(HvProcessor.CRASH_CTL, 3L << 62);
        assertEquals(List.of("0x0 0x0 0x0 0x7000 0xc: Oops: 0002"), rig.events);
    }

    @Test
    void aTextOutsideMemoryOrWithoutEndIsNone() {
        rig.write(HvProcessor.CRASH_P0 + 3, -1);
        rig.write(HvProcessor.CRASH_P0 + 4, -1);
        rig.write(HvProcessor.CRASH_CTL, 3L << 62);
        rig.partition.reset();
        rig.write(HvProcessor.CRASH_P0 + 3, FakeMachine.RAM_BYTES - 16);
        rig.write(HvProcessor.CRASH_P0 + 4, Long.MAX_VALUE);
        rig.write(HvProcessor.CRASH_CTL, 3L << 62);
        assertEquals(2, rig.events.size());
        assertTrue(rig.events.stream().noneMatch(line -> line.contains(":")), rig.events.toString());
    }

    @Test
    void aResetIsAsked() {
        rig.write(HvProcessor.RESET, 2);
        assertEquals(List.of(), rig.events);
        rig.write(HvProcessor.RESET, 1);
        assertEquals(List.of("reset"), rig.events);
        assertEquals(0, rig.read(HvProcessor.RESET));
        rig.it.owner = true;
        assertTrue(rig.write(HvProcessor.RESET, 1));
        assertTrue(rig.write(HvProcessor.CRASH_CTL, 1L << 63));
        assertEquals(1, rig.events.size(), "whoever saves and restores asks for nothing");
    }

    @Test
    void registersOfMigrationHoldWhatIsWritten() {
        assertTrue(rig.write(HvProcessor.REENLIGHTENMENT_CONTROL, 0x1_00ee));
        assertTrue(rig.write(HvProcessor.TSC_EMULATION_CONTROL, 1));
        assertEquals(0x1_00ee, rig.secondProcessor().read(HvProcessor.REENLIGHTENMENT_CONTROL));
        assertEquals(1, rig.read(HvProcessor.TSC_EMULATION_CONTROL));
        assertFalse(rig.write(HvProcessor.TSC_EMULATION_STATUS, 1));
        assertTrue(rig.write(HvProcessor.TSC_EMULATION_STATUS, 0));
        assertFalse(rig.write(HvProcessor.TSC_INVARIANT_CONTROL, 2));
        assertTrue(rig.write(HvProcessor.TSC_INVARIANT_CONTROL, 1));
        assertFalse(rig.write(HvProcessor.TSC_INVARIANT_CONTROL, 0), "not taken back");
        assertEquals(1, rig.read(HvProcessor.TSC_INVARIANT_CONTROL));
    }

    @Test
    void impossibleStatesAreRefused() {
        HvPartition.State good = rig.partition.save();
        assertThrows(IllegalArgumentException.class, () -> new HvPartition.State(0, 1, good.time(), good.crash(),
                false, 0, 0, 0), "calls of nobody");
        assertThrows(IllegalArgumentException.class, () -> new HvPartition.State(0, 0, good.time(), List.of(1L),
                false, 0, 0, 0));
        HvProcessor.State processor = rig.processor.save();
        assertThrows(IllegalArgumentException.class,
                () -> new HvProcessor.State(0, -1, processor.synic()));
        assertThrows(IllegalArgumentException.class,
                () -> rig.processor.load(new HvProcessor.State(FakeMachine.RAM_BYTES | 1, 0, processor.synic())));
    }
}
