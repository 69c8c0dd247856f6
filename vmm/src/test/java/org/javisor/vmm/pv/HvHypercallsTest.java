// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import static org.javisor.vmm.pv.HvStatus.INSUFFICIENT_BUFFERS;
import static org.javisor.vmm.pv.HvStatus.INVALID_ALIGNMENT;
import static org.javisor.vmm.pv.HvStatus.INVALID_CONNECTION_ID;
import static org.javisor.vmm.pv.HvStatus.INVALID_HYPERCALL_CODE;
import static org.javisor.vmm.pv.HvStatus.INVALID_HYPERCALL_INPUT;
import static org.javisor.vmm.pv.HvStatus.INVALID_PARAMETER;
import static org.javisor.vmm.pv.HvStatus.INVALID_PORT_ID;
import static org.javisor.vmm.pv.HvStatus.SUCCESS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Every call, and every way of calling it wrongly. The machine has processors 0 to 3.
class HvHypercallsTest {
    private static final int SPACE = 0x02, LIST = 0x03, SPIN = 0x08, IPI = 0x0b, SPACE_EX = 0x13, LIST_EX = 0x14,
            IPI_EX = 0x15, POST = 0x5c, SIGNAL = 0x5d;
    private static final long ALL_PROCESSORS = 1, SPARSE = 0, EVERYBODY = 1;
    private static final long EXTENDED_RANGES = 1 << 3;
    private static final long OUTSIDE = FakeMachine.RAM_BYTES - 8;

    private final HvRig rig = new HvRig();

    @AfterEach
    void close() {
        rig.close();
    }

    private static long done(int reps) {
        return (long) reps << 32;
    }

    private static List<String> forget(Integer... who) {
        return List.of("forget " + List.of(who));
    }

    // ---- the input value ----

    @Test
    void whatIsNoCallSaysSo() {
        for (int code : new int[] {0, 1, 4, 0x0a, 0x50, 0x69, 0x8001, 0xffff}) {
            assertEquals(INVALID_HYPERCALL_CODE, rig.slow(code, 0, 0));
            assertEquals(INVALID_HYPERCALL_CODE, rig.fast(code, 3, 7, 0, 0));
        }
    }

    @Test
    void bitsWithoutAMeaningAreInvalid() {
        for (int bit : new int[] {27, 31, 44, 47, 60, 63}) {
            for (int code : new int[] {SPIN, SPACE, 0xffff}) {
                assertEquals(INVALID_HYPERCALL_INPUT, rig.raw(code | 1L << bit, HvRig.PARAMETERS), "bit " + bit);
            }
        }
        assertEquals(List.of(), rig.asked());
    }

    @Test
    void callsWithoutListsTakeNone() {
        for (int code : new int[] {SPACE, SPIN, IPI, POST, SIGNAL, SPACE_EX, IPI_EX}) {
            assertEquals(INVALID_HYPERCALL_INPUT, rig.slow(code, 0, 1), "repetitions of " + code);
            assertEquals(INVALID_HYPERCALL_INPUT, rig.raw(code | 1L << 48, HvRig.PARAMETERS), "a start of " + code);
        }
        for (int code : new int[] {SPACE, SPIN, IPI, POST, SIGNAL, LIST}) {
            assertEquals(INVALID_HYPERCALL_INPUT, rig.slow(code, 1, code == LIST ? 1 : 0), "a header of " + code);
        }
        for (int code : new int[] {LIST, LIST_EX}) {
            assertEquals(INVALID_HYPERCALL_INPUT, rig.slow(code, 0, 0), "no repetitions of " + code);
            assertEquals(INVALID_HYPERCALL_INPUT, rig.raw(code | 2L << 32 | 1L << 48, HvRig.PARAMETERS), "a start");
        }
        assertEquals(List.of(), rig.asked());
    }

    @Test
    void parametersOutsideMemoryAreInvalid() {
        for (int code : new int[] {SPACE, IPI, SPACE_EX, IPI_EX, POST}) {
            assertEquals(INVALID_HYPERCALL_INPUT, rig.at(OUTSIDE, code, 0, 0));
            assertEquals(INVALID_HYPERCALL_INPUT, rig.at(-8, code, 0, 0));
        }
        assertEquals(INVALID_HYPERCALL_INPUT, rig.at(FakeMachine.RAM_BYTES - 32, LIST, 0, 2));
        assertEquals(List.of(), rig.asked());
    }

    @Test
    void aLongWaitIsGivenWayTo() {
        assertEquals(SUCCESS, rig.fast(SPIN, 0, 0, 4095, 0));
    }

    // ---- translations ----

    @Test
    void translationsOfThoseInTheMaskAreForgotten() {
        assertEquals(SUCCESS, rig.slow(SPACE, 0, 0, 0x1234, 0, 0b1010));
        assertEquals(forget(1, 3), rig.asked());
        assertEquals(SUCCESS, rig.fast(SPACE, 0, 0, 0x1234, 0, 0b0101));
        assertEquals(forget(0, 2), rig.asked());
        assertEquals(SUCCESS, rig.slow(SPACE, 0, 0, 0, ALL_PROCESSORS, 1));
        assertEquals(forget(0, 1, 2, 3), rig.asked());
        assertEquals(SUCCESS, rig.slow(SPACE, 0, 0, 0, 0, 0), "no processor is every processor");
        assertEquals(forget(0, 1, 2, 3), rig.asked());
    }

    @Test
    void listsOfAddressesAreDone() {
        assertEquals(done(3), rig.slow(LIST, 0, 3, 0, 0, 0b1000, 0x1000, 0x2001, 0x3fff));
        assertEquals(forget(3), rig.asked());
        assertEquals(done(2), rig.slow(LIST, 0, 2, 0, 0, 0b1000, 0x1000, 0x2001));
        assertEquals(List.of("forget [3] at [1000, 2000, 3000]"), rig.asked());
        assertEquals(done(2), rig.slow(LIST, 0, 2, 0, EXTENDED_RANGES, 0b1000, 0x1000, 0x20_0801));
        assertEquals(forget(3), rig.asked(), "large pages");
        assertEquals(done(11), rig.fast(LIST, 0, 11, 0, 0, 1));
        assertEquals(List.of("forget [0] at [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]"), rig.asked());
        assertEquals(INVALID_HYPERCALL_INPUT, rig.fast(LIST, 0, 12, 0, 0, 1), "there are 12 halves, one for the mask");
        assertEquals(done(4095), rig.slow(LIST, 0, 4095, 0, 0, 1));
    }

    @Test
    void sparseSetsNameProcessorsByBanks() {
        assertEquals(SUCCESS, rig.slow(SPACE_EX, 1, 0, 0, 0, SPARSE, 1, 0b0110));
        assertEquals(forget(1, 2), rig.asked());
        assertEquals(SUCCESS, rig.slow(SPACE_EX, 2, 0, 0, 0, SPARSE, 0b11, 0b1000, -1));
        assertEquals(forget(3), rig.asked());
        assertEquals(SUCCESS, rig.slow(SPACE_EX, 1, 0, 0, 0, SPARSE, 1L << 63, -1));
        assertEquals(forget(), rig.asked());
        assertEquals(SUCCESS, rig.slow(SPACE_EX, 0, 0, 0, 0, SPARSE, 0));
        assertEquals(forget(), rig.asked(), "an empty set");
        assertEquals(SUCCESS, rig.slow(SPACE_EX, 0, 0, 0, 0, EVERYBODY, 0));
        assertEquals(forget(0, 1, 2, 3), rig.asked());
        assertEquals(SUCCESS, rig.slow(SPACE_EX, 64, 0, 0, 0, SPARSE, -1, 0b1));
        assertEquals(forget(0), rig.asked(), "all banks there are");
        assertEquals(done(2), rig.slow(LIST_EX, 1, 2, 0, 0, SPARSE, 1, 1, 0x1000, 0x2000));
        assertEquals(List.of("forget [0] at [1000, 2000]"), rig.asked());
        assertEquals(SUCCESS, rig.fast(SPACE_EX, 1, 0, 0, 0, SPARSE, 1, 0b0100));
        assertEquals(forget(2), rig.asked());
    }

    @Test
    void setsThatContradictThemselvesAreInvalid() {
        assertEquals(INVALID_HYPERCALL_INPUT, rig.slow(SPACE_EX, 1, 0, 0, 0, SPARSE, 0b11, 1, 1), "too short");
        assertEquals(INVALID_HYPERCALL_INPUT, rig.slow(SPACE_EX, 3, 0, 0, 0, SPARSE, 0b11, 1, 1), "too long");
        assertEquals(INVALID_HYPERCALL_INPUT, rig.slow(SPACE_EX, 1, 0, 0, 0, EVERYBODY, 0, 1), "of everybody, too");
        assertEquals(INVALID_HYPERCALL_INPUT, rig.slow(SPACE_EX, 1023, 0, 0, 0, SPARSE, -1));
        assertEquals(INVALID_HYPERCALL_INPUT, rig.fast(SPACE_EX, 11, 0, 0, 0, SPARSE, 0x7ff), "two halves are taken");
        assertEquals(INVALID_HYPERCALL_INPUT, rig.fast(LIST_EX, 1, 10, 0, 0, SPARSE, 1, 1), "and another for a bank");
        assertEquals(INVALID_HYPERCALL_INPUT, rig.at(FakeMachine.RAM_BYTES - 32, SPACE_EX, 1, 0));
        assertEquals(List.of(), rig.asked());
    }

    /// Only one format has banks for a flush, and only one means everybody for an interrupt.
    @Test
    void formatsThatThereAreNotAreTakenAsKvmTakesThem() {
        assertEquals(SUCCESS, rig.slow(SPACE_EX, 1, 0, 0, 0, 2, 1, 1));
        assertEquals(forget(0, 1, 2, 3), rig.asked());
        assertEquals(SUCCESS, rig.slow(IPI_EX, 1, 0, 0xfb, 2, 1, 0b0100));
        assertEquals(List.of("interrupt 2 40fb"), rig.asked());
    }

    // ---- interrupts ----

    @Test
    void interruptsGoToThoseInTheMask() {
        assertEquals(SUCCESS, rig.fast(IPI, 0, 0, 0xfb, 0b1001));
        assertEquals(List.of("interrupt 0 40fb", "interrupt 3 40fb"), rig.asked());
        assertEquals(SUCCESS, rig.slow(IPI, 0, 0, 0xf0, 0b0010));
        assertEquals(List.of("interrupt 1 40f0"), rig.asked());
        assertEquals(SUCCESS, rig.fast(IPI_EX, 1, 0, 0xfb, SPARSE, 1, 0b0100));
        assertEquals(List.of("interrupt 2 40fb"), rig.asked());
        assertEquals(SUCCESS, rig.slow(IPI_EX, 0, 0, 0xfb, EVERYBODY, 0));
        assertEquals(4, rig.asked().size());
        assertEquals(SUCCESS, rig.slow(IPI_EX, 0, 0, 0xfb, SPARSE, 0));
        assertEquals(SUCCESS, rig.fast(IPI, 0, 0, 0xfb, ~0xfL));
        assertEquals(SUCCESS, rig.slow(IPI_EX, 0, 0, 0, SPARSE, 0), "whatever the vector");
        assertEquals(List.of(), rig.asked(), "nobody");
    }

    @Test
    void interruptsHaveLegalVectors() {
        for (long vector : new long[] {0, 0xf, 0x100, 0xffff_ffffL}) {
            assertEquals(INVALID_HYPERCALL_INPUT, rig.fast(IPI, 0, 0, vector, 1));
            assertEquals(INVALID_HYPERCALL_INPUT, rig.slow(IPI_EX, 0, 0, vector, EVERYBODY, 0));
        }
        assertEquals(INVALID_HYPERCALL_INPUT, rig.fast(IPI, 0, 0, 1L << 32 | 0x50, 1), "reserved");
        assertEquals(INVALID_HYPERCALL_INPUT, rig.fast(IPI_EX, 2, 0, 0x50, SPARSE, 1, 1));
        assertEquals(INVALID_HYPERCALL_INPUT, rig.fast(IPI_EX, 12, 0, 0x50, SPARSE, 0xfff));
        assertEquals(List.of(), rig.asked());
    }

    // ---- connections ----

    @Test
    void messagesGoThroughConnections() {
        List<HvMessage> received = new ArrayList<>();
        assertTrue(rig.partition.connections().connect(0x123456, message -> {
            received.add(message);
            return INSUFFICIENT_BUFFERS;
        }));
        assertFalse(rig.partition.connections().connect(0x123456, message -> SUCCESS), "taken");

        assertEquals(INSUFFICIENT_BUFFERS, rig.slow(POST, 0, 0, 0x123456, 9L << 32 | 0x777, 0x0807060504030201L, 9));

        assertEquals(List.of(new HvMessage(0x777, 0x123456, new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9})), received);
        rig.partition.connections().disconnectMessages(0x123456);
        assertEquals(INVALID_CONNECTION_ID, rig.slow(POST, 0, 0, 0x123456, 9L << 32 | 0x777));
        assertThrows(IllegalArgumentException.class,
                () -> rig.partition.connections().connect(1 << 24, message -> SUCCESS));
    }

    @Test
    void messagesThatAreNoneAreRefused() {
        rig.partition.connections().connect(1, message -> SUCCESS);
        assertEquals(SUCCESS, rig.slow(POST, 0, 0, 1, 240L << 32 | 1));
        assertEquals(INVALID_HYPERCALL_INPUT, rig.slow(POST, 0, 0, 1, 241L << 32 | 1));
        assertEquals(INVALID_HYPERCALL_INPUT, rig.slow(POST, 0, 0, 1, -1L << 32 | 1));
        assertEquals(INVALID_PARAMETER, rig.slow(POST, 0, 0, 1, 8L << 32));
        assertEquals(INVALID_PARAMETER, rig.slow(POST, 0, 0, 1, 8L << 32 | 0x8000_0010L), "the hypervisor's own");
        assertEquals(INVALID_HYPERCALL_CODE, rig.fast(POST, 0, 0, 1, 1));
        assertEquals(INVALID_ALIGNMENT, rig.at(HvRig.PARAMETERS + 4, POST, 0, 0));
        assertEquals(INVALID_HYPERCALL_INPUT, rig.at(FakeMachine.RAM_BYTES - 248, POST, 0, 0));
    }

    @Test
    void signalsGoThroughConnections() {
        int[] signals = {0};
        assertTrue(rig.partition.connections().connect(7, () -> {
            signals[0]++;
            return SUCCESS;
        }));
        assertEquals(SUCCESS, rig.fast(SIGNAL, 0, 0, 7, 0));
        assertEquals(SUCCESS, rig.slow(SIGNAL, 0, 0, 7));
        assertEquals(2, signals[0]);
        assertEquals(INVALID_CONNECTION_ID, rig.fast(SIGNAL, 0, 0, 8, 0));
        assertEquals(INVALID_PORT_ID, rig.fast(SIGNAL, 0, 0, 1L << 32 | 7, 0), "there is one flag");
        assertEquals(INVALID_HYPERCALL_INPUT, rig.fast(SIGNAL, 0, 0, 1L << 48 | 7, 0));
        assertEquals(INVALID_HYPERCALL_INPUT, rig.fast(SIGNAL, 0, 0, 1 << 24 | 7, 0));
        assertEquals(INVALID_ALIGNMENT, rig.at(HvRig.PARAMETERS + 1, SIGNAL, 0, 0));
        assertEquals(INVALID_ALIGNMENT, rig.at(FakeMachine.RAM_BYTES, SIGNAL, 0, 0));
        rig.partition.connections().disconnectEvents(7);
        assertEquals(INVALID_CONNECTION_ID, rig.fast(SIGNAL, 0, 0, 7, 0));
        assertEquals(2, signals[0]);
    }
}
