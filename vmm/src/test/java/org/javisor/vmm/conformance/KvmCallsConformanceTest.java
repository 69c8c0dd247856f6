// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Set;
import org.javisor.vmm.Capability;
import org.javisor.vmm.EnabledCaps;
import org.javisor.vmm.Registers;
import org.javisor.vmm.VmConfig;
import org.javisor.vmm.VmExit;
import org.javisor.vmm.pv.GuestInterface;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Calls by KVM's interface: what bad ones get, and those that the machine's owner answers.
///
/// @linux Documentation/virt/kvm/x86/hypercalls.rst
@Timeout(60)
class KvmCallsConformanceTest {
    private static final String ENGINES = "org.javisor.vmm.conformance.Engines#all";
    private static final int VAPIC_POLL_IRQ = 1, KICK_CPU = 5, CLOCK_PAIRING = 9, SEND_IPI = 10, SCHED_YIELD = 11,
            MAP_GPA_RANGE = 12;
    private static final int NO_SUCH_CALL = -1000, NOT_PERMITTED = -1, BAD_ADDRESS = -14, INVALID = -22,
            NOT_SUPPORTED = -95;
    private static final int FEATURES = 0x4000_0001, HAS_MAP_GPA_RANGE = 1 << 16;
    private static final String CALL = """
            0f01c1        vmcall
            e680          out 0x80, al
            """;

    private static Guest calling(String engine, EnabledCaps caps, GuestInterface... offered) {
        VmConfig config = VmConfig.pc(1).withExitsOnUnclaimed(true).withInterfaces(Set.of(offered)).withCaps(caps);
        return new Guest(engine, config, CALL);
    }

    private static Guest calling(String engine) {
        Engines.assumeProcessor(engine);
        return calling(engine, EnabledCaps.NONE, GuestInterface.KVM);
    }

    private static void prepare(Guest guest, long number, long... arguments) {
        Registers registers = guest.vcpu.registers();
        int[] order = {Registers.RBX, Registers.RCX, Registers.RDX, Registers.RSI};
        registers.general(Registers.RAX, number);
        for (int n = 0; n < order.length; n++) {
            registers.general(order[n], n < arguments.length ? arguments[n] : 0);
        }
        registers.rip(Guest.CODE);
    }

    private static long called(Guest guest, long number, long... arguments) {
        prepare(guest, number, arguments);
        assertEquals(0x80, ((VmExit.PortWrite) guest.run()).port());
        return guest.vcpu.registers().general(Registers.RAX);
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void callsThatThereAreNotAreRefusedByNumber(String engine) {
        try (Guest guest = calling(engine).inLongMode()) {
            assertEquals(0, called(guest, VAPIC_POLL_IRQ));
            for (long number : new long[] {0, 2, 6, 13, 0x1234, -1, 0x1_0000_0001L}) {
                assertEquals(NO_SUCH_CALL, called(guest, number), "call " + number);
            }
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void badParametersGetKvmsAnswers(String engine) {
        try (Guest guest = calling(engine).inLongMode()) {
            assertEquals(INVALID, called(guest, SEND_IPI, 1, 0, 0, 0x8fd), "a logical destination");
            assertEquals(INVALID, called(guest, SEND_IPI, 1, 0, 0, 0x4_00fd), "a shorthand");
            assertEquals(0, called(guest, SEND_IPI, 1, 0, 7, 0xfd), "nobody");
            assertEquals(0, called(guest, SEND_IPI, 1, 0, 0xffff_ffffL, 0xfd), "nobody");
            assertEquals(NOT_SUPPORTED, called(guest, CLOCK_PAIRING, 0x2000, 1), "another clock");
            assertEquals(0, called(guest, KICK_CPU, 0, 99));
            assertEquals(0, called(guest, SCHED_YIELD, 99));
        }
    }

    /// A host whose own clock is not its counter pairs nothing.
    @ParameterizedTest
    @MethodSource(ENGINES)
    void clocksArePairedWhereThereIsMemoryForThat(String engine) {
        try (Guest guest = calling(engine).inLongMode()) {
            long paired = called(guest, CLOCK_PAIRING, 0x2000, 0);
            if (paired == 0) {
                assertEquals(BAD_ADDRESS, called(guest, CLOCK_PAIRING, 0x4000_0000L, 0));
            } else {
                assertEquals(NOT_SUPPORTED, paired);
            }
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void callsAreTheKernels(String engine) {
        try (Guest guest = calling(engine).inProtectedMode(3)) {
            for (int number : new int[] {VAPIC_POLL_IRQ, SEND_IPI, 0x1234}) {
                assertEquals(NOT_PERMITTED & 0xffff_ffffL, called(guest, number));
            }
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void whatHasAFeatureBitNeedsTheInterface(String engine) {
        Engines.assumeProcessor(engine);
        try (Guest guest = calling(engine, EnabledCaps.NONE).inLongMode()) {
            for (int number : new int[] {KICK_CPU, SEND_IPI, SCHED_YIELD, MAP_GPA_RANGE}) {
                assertEquals(NO_SUCH_CALL, called(guest, number, 0x1000, 1), "call " + number);
            }
            assertEquals(0, called(guest, VAPIC_POLL_IRQ));
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void theOwnerAnswersForRangesOfPages(String engine) {
        Engines.assume(engine, Capability.EXIT_HYPERCALL);
        Engines.assumeProcessor(engine);
        try (Guest guest = calling(engine, EnabledCaps.NONE.withHypercallExits(), GuestInterface.KVM).inLongMode()) {
            assertEquals(HAS_MAP_GPA_RANGE, guest.vcpu.registers().cpuid(FEATURES, 0).eax() & HAS_MAP_GPA_RANGE);
            prepare(guest, MAP_GPA_RANGE, 0x20_0000, 512, 0x11);
            assertEquals(new VmExit.MapGpaRange(0x20_0000, 512, 0x11), guest.run());
            guest.vcpu.completeRead(INVALID);
            assertEquals(0x80, ((VmExit.PortWrite) guest.run()).port());
            assertEquals(INVALID, guest.vcpu.registers().general(Registers.RAX));

            prepare(guest, MAP_GPA_RANGE, 0x1000, 1, 0);
            assertEquals(new VmExit.MapGpaRange(0x1000, 1, 0), guest.run());
            assertEquals(0x80, ((VmExit.PortWrite) guest.run()).port(), "without an answer");
            assertEquals(0, guest.vcpu.registers().general(Registers.RAX));

            for (long[] wrong : new long[][] {{0x1001, 1}, {0x1000, 0}, {0x1000, -1}}) {
                assertEquals(INVALID, called(guest, MAP_GPA_RANGE, wrong));
            }
        }
    }
}
