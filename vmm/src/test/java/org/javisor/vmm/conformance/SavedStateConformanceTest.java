// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import java.util.Set;
import org.javisor.vmm.ClockReading;
import org.javisor.vmm.MachineCheckError;
import org.javisor.vmm.MpState;
import org.javisor.vmm.Registers;
import org.javisor.vmm.VcpuEvents;
import org.javisor.vmm.VcpuState;
import org.javisor.vmm.VmConfig;
import org.javisor.vmm.VmExit;
import org.javisor.vmm.VmState;
import org.javisor.vmm.VmTime;
import org.javisor.vmm.irq.LapicState;
import org.javisor.vmm.pv.GuestInterface;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// A machine goes on with what another one held.
@Timeout(60)
class SavedStateConformanceTest {
    private static final String ENGINES = "org.javisor.vmm.conformance.Engines#all";
    private static final VmConfig TWO =
            VmConfig.pc(2).withExitsOnUnclaimed(true).withInterfaces(Set.of(GuestInterface.KVM));
    private static final int SYSTEM_TIME = 0x4b56_4d01, STAR = 0xc000_0081, KERNEL_GS_BASE = 0xc000_0102,
            PERF_GLOBAL_STATUS = 0x38e;

    private static VmState saved(Guest guest) {
        guest.vm.pause();
        try {
            return VmState.of(guest.vm);
        } finally {
            guest.vm.resume();
        }
    }

    private static void apply(VmState state, Guest guest) {
        guest.vm.pause();
        try {
            state.applyTo(guest.vm);
        } finally {
            guest.vm.resume();
        }
    }

    private static void fill(Guest guest) {
        Registers registers = guest.vcpu.registers();
        for (int number = 0; number < 16; number++) {
            registers.general(number, 0x0101_0101_0101_0101L * (number + 1));
        }
        registers.rip(0x1234);
        registers.rflags(0x8d7);
        registers.segment(Registers.DS, new Registers.Segment(0x1230, 0x1_2300, 0xffff, 0x93));
        registers.gdt(0x5000, 0x7f);
        registers.idt(0x6000, 0x3ff);
        registers.debug(0, 0x1111);
        registers.debug(3, 0x3333);
        registers.cr2(0x2222);
        registers.xcr0(7);
        registers.vector(3, 1, 0x3141_5926L);
        registers.msr(STAR, 0x0013_0008_0000_0000L);
        registers.msr(KERNEL_GS_BASE, 0x1234_5678L);
        registers.msr(SYSTEM_TIME, 0x2001);
        // What guests can only clear: an error in a bank, a counter that has overflowed.
        guest.vcpu.injectMachineCheck(new MachineCheckError(4, MachineCheckError.VALID | 0x136, 0, 0, 0));
        if (guest.vm.engine().equals("software")) {
            registers.msr(PERF_GLOBAL_STATUS, 1L << 33);
            registers.ssp(0x7ff8);
        }
        int timer = 0x320, initialCount = 0x380, taskPriority = 0x80, spurious = 0xf0, inRequest = 0x200 + 16 * 2;
        guest.vcpu.lapic(guest.vcpu.lapic().with(spurious, 0x1ff).with(taskPriority, 0x50).with(inRequest, 1 << 3)
                .with(timer, 0x1_0040).with(initialCount, 0));
        guest.vcpu.events(VcpuEvents.NONE.withException(6, Optional.empty()));
    }

    private static void assertSame(VcpuState expected, VcpuState actual) {
        assertEquals(expected.general(), actual.general());
        assertEquals(expected.rip(), actual.rip());
        assertEquals(expected.rflags(), actual.rflags());
        assertEquals(expected.segments(), actual.segments());
        assertEquals(expected.gdt(), actual.gdt());
        assertEquals(expected.idt(), actual.idt());
        assertEquals(expected.debug(), actual.debug());
        assertEquals(expected.paging(), actual.paging());
        assertEquals(expected.ssp(), actual.ssp());
        assertEquals(expected.cr2(), actual.cr2());
        assertEquals(expected.xcr0(), actual.xcr0());
        assertArrayEquals(expected.xsave(), actual.xsave());
        assertEquals(expected.msrs(), actual.msrs());
        assertEquals(expected.tscKhz(), actual.tscKhz());
        assertEquals(expected.events(), actual.events());
        assertEquals(expected.mpState(), actual.mpState());
        assertEquals(expected.smi(), actual.smi());
        assertArrayEquals(expected.lapic().map(LapicState::registers).orElse(null),
                actual.lapic().map(LapicState::registers).orElse(null));
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void allThatProcessorsHoldIsInTheOtherMachine(String engine) {
        try (Guest guest = new Guest(engine, TWO, "f4 hlt"); Guest other = new Guest(engine, TWO, "f4 hlt")) {
            guest.vm.createVcpu(1).mpState(MpState.INIT_RECEIVED);
            other.vm.createVcpu(1);
            fill(guest);
            VmState state = saved(guest);

            apply(state, other);

            VmState again = saved(other);
            for (int n = 0; n < 2; n++) {
                assertSame(state.vcpus().get(n), again.vcpus().get(n));
            }
            assertEquals(0x2001, again.vcpus().getFirst().msrs().get(SYSTEM_TIME));
            assertEquals(state.chips(), again.chips());
        }
    }

    /// It has come to a processor that does not run, and is not lost.
    @ParameterizedTest
    @MethodSource(ENGINES)
    void anInitThatWaitsIsTakenBeforeAProcessorIsSaved(String engine) {
        try (Guest guest = new Guest(engine, TWO, """
                66b91b000000  mov ecx, 0x1b
                0f32          rdmsr
                660d000c0000  or eax, 0xc00
                0f30          wrmsr
                66b930080000  mov ecx, 0x830
                66ba01000000  mov edx, 1
                66b800450000  mov eax, 0x4500
                0f30          wrmsr
                e680          out 0x80, al
                """)) {
            var second = guest.vm.createVcpu(1);
            second.mpState(MpState.RUNNABLE);
            second.registers().rip(0x1234);
            assertInstanceOf(VmExit.PortWrite.class, guest.run());

            VcpuState state = saved(guest).vcpus().get(1);

            assertEquals(MpState.INIT_RECEIVED, state.mpState());
            assertEquals(0xfff0, state.rip());
        }
    }

    /// The guest is at an instruction in the middle of its work, and does not see that it is in another machine.
    @ParameterizedTest
    @MethodSource(ENGINES)
    void aGuestGoesOnWhereItWas(String engine) {
        String program = """
                6631c9        xor ecx, ecx
                6641          again: inc ecx
                e680          out 0x80, al
                6683f90a      cmp ecx, 10
                75f6          jne again
                f4            hlt
                """;
        Guest guest = new Guest(engine, program);
        for (int round = 0; round < 10; round++) {
            assertInstanceOf(VmExit.PortWrite.class, guest.run());
            guest.vcpu.kick();
            assertEquals(VmExit.Interrupted.INSTANCE, guest.run(), "the access is done");
            Guest next = new Guest(engine, program);
            apply(saved(guest), next);
            guest.close();
            guest = next;
        }
        assertEquals(VmExit.Halt.INSTANCE, guest.run());
        assertEquals(10, guest.vcpu.registers().general(Registers.RCX));
        guest.close();
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void clocksGoOnFromWhereTheyStood(String engine) {
        try (Guest guest = new Guest(engine, TWO, "f4 hlt"); Guest other = new Guest(engine, TWO, "f4 hlt")) {
            guest.vm.createVcpu(1);
            other.vm.createVcpu(1);
            long hour = 3_600_000_000_000L;
            guest.vm.setClock(5 * hour);
            VmState state = saved(guest);

            apply(state, other);

            ClockReading now = other.vm.clockReading();
            ClockReading then = state.time().reading();
            for (long passed : new long[] {now.nanos() - then.nanos(), now.wallNanos() - then.wallNanos(),
                    now.tsc() - then.tsc(), other.vm.clock().nanos() - state.time().nanos()}) {
                assertTrue(passed >= 0 && passed < hour, now + " after " + then);
            }
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void theStateOfAnotherKindOfMachineIsRefused(String engine) {
        try (Guest two = new Guest(engine, TWO, "f4 hlt"); Guest one = new Guest(engine, VmConfig.pc(1), "f4 hlt");
                Guest bare = new Guest(engine, "f4 hlt")) {
            two.vm.createVcpu(1);
            VmState state = saved(two);

            assertThrows(IllegalArgumentException.class, () -> apply(state, one));
            assertThrows(IllegalArgumentException.class, () -> apply(saved(one), bare));
            assertThrows(IllegalArgumentException.class, () -> apply(saved(bare), one));
        }
    }

    @Test
    void noMachinesClocksStandThere() {
        ClockReading reading = new ClockReading(1, 1, 1, 1);

        assertThrows(IllegalArgumentException.class, () -> new VmTime(-1, reading));
        assertThrows(IllegalArgumentException.class, () -> new VmTime(0, reading), "a counter from before power-on");
        assertThrows(IllegalArgumentException.class, () -> new VmTime(1, new ClockReading(-1, 1, 1, 1)));
    }
}
