// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.function.Supplier;
import org.javisor.host.HostThread;
import org.javisor.memory.Ram;
import org.javisor.vmm.Capability;
import org.javisor.vmm.EnabledCaps;
import org.javisor.vmm.Registers;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.VcpuEvents;
import org.javisor.vmm.VmConfig;
import org.javisor.vmm.VmExit;
import org.javisor.vmm.stats.Statistic;
import org.javisor.vmm.stats.Statistics;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What concerns a machine as a whole: memory that is exchanged, messages, hypercalls, pauses, and what it tells of
/// itself.
@Timeout(60)
class WholeMachineConformanceTest {
    private static final String ENGINES = "org.javisor.vmm.conformance.Engines#all";

    @ParameterizedTest
    @MethodSource(ENGINES)
    void aSlotIsExchangedInOneStep(String engine) {
        try (Guest guest = new Guest(engine, """
                b80020    mov ax, 0x2000
                8ed8      mov ds, ax
                a00000    mov al, [0]
                e680      out 0x80, al
                ebf9      jmp to mov al
                """); Ram first = Ram.allocate(0x1000); Ram second = Ram.allocate(0x1000)) {
            guest.vm.memory().moveSlot(0, 0);
            guest.vm.memory().removeSlot(0);
            guest.vm.memory().addSlot(0, 0, guest.ram, 0, 0x2_0000, false);
            guest.vm.memory().addSlot(1, 0x2_0000, first);
            guest.vm.memory().storeByte(0x2_0000, (byte) 'A');
            assertEquals('A', ((VmExit.PortWrite) guest.run()).data8());

            guest.vm.memory().replaceSlot(1, 0x2_0000, second, 0, 0x1000, false);
            guest.vm.memory().storeByte(0x2_0000, (byte) 'B');

            assertEquals('B', ((VmExit.PortWrite) guest.run()).data8());
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void linearAddressesAreTranslatedWithTheGuestsTables(String engine) {
        try (Guest guest = new Guest(engine, "f4 hlt")) {
            int presentWritable = 3;
            guest.vm.memory().storeLong(0x1_0000, 0x1_1000 | presentWritable);
            guest.vm.memory().storeLong(0x1_1000, 0x1_2000 | presentWritable);
            guest.vm.memory().storeLong(0x1_2000, 0x1_3000 | presentWritable);
            guest.vm.memory().storeLong(0x1_3000 + 8L * 0x40, 0x5_0000 | presentWritable);
            assertEquals(0x4_0123, guest.vcpu.translate(0x4_0123), "without paging");
            Registers registers = guest.vcpu.registers();

            // Long mode.
            registers.paging(new Registers.Paging(0x8000_0011L, 0x1_0000, 0x20, 0x500));

            assertEquals(0x5_0123, guest.vcpu.translate(0x4_0123));
            assertEquals(-1, guest.vcpu.translate(0x4_1000));
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void aMessageInterrupts(String engine) {
        try (Guest guest = Guest.sleeping(engine, VmConfig.pc(1).withExitsOnUnclaimed(true)).handling(0x41, 0x1800, """
                e6e0          out 0xe0, al
                """)) {
            assertEquals(0xe1, ((VmExit.PortWrite) guest.run()).port());

            guest.vm.msi().send(0xfee0_0000L, 0x41);

            assertEquals(0xe0, ((VmExit.PortWrite) guest.run()).port());
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void whoLooksForWorkBeforeSleepingFindsIt(String engine) {
        Engines.assume(engine, Capability.HALT_POLL);
        VmConfig config = VmConfig.pc(1).withExitsOnUnclaimed(true)
                .withCaps(EnabledCaps.NONE.withHaltPoll(EnabledCaps.LONGEST_POLL));
        try (Guest guest = new Guest(engine, config, """
                f4          hlt
                """).handling(2, 0x1800, """
                e6e0        out 0xe0, al
                cf          iret
                """)) {
            for (int round = 0; round < 20; round++) {
                guest.vcpu.registers().rip(Guest.CODE);
                Thread waker = Thread.ofPlatform().daemon().start(guest.vcpu::injectNmi);
                assertEquals(0xe0, ((VmExit.PortWrite) guest.run()).port());
                HostThread.join(waker);
                guest.vcpu.events(VcpuEvents.NONE);
            }
            assertThrows(IllegalArgumentException.class, () -> EnabledCaps.NONE.withHaltPoll(-1));
        }
    }

    /// A bare machine's hypercalls are its owner's on software; KVM answers that it knows none by this number.
    @ParameterizedTest
    @MethodSource(ENGINES)
    void aHypercallIsToldOrAnswered(String engine) {
        Engines.assumeProcessor(engine);
        try (Guest guest = new Guest(engine, """
                66b834120000  mov eax, 0x1234
                0f01c1        vmcall
                66e780        out 0x80, eax
                """)) {
            if (engine.equals("software")) {
                assertEquals(new VmExit.Hypercall(0x1234), guest.run());
                guest.vcpu.registers().general(Registers.RAX, -1000);
            }
            assertEquals(-1000, ((VmExit.PortWrite) guest.run()).value());
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void aPausedMachineExecutesNothing(String engine) {
        try (Guest guest = new Guest(engine, """
                66ff060020  again: inc dword [0x2000]
                ebf9        jmp again
                """)) {
            Thread runner = Thread.ofPlatform().daemon().start(guest::run);
            awaitChange(guest, 0);

            guest.vm.pause();
            int at = guest.vm.memory().loadInt(0x2000);
            long ran = guest.vcpu.stats().guestNanos();
            Thread.onSpinWait();
            assertEquals(at, guest.vm.memory().loadInt(0x2000));
            assertTrue(ran > 0);
            guest.vm.resume();

            awaitChange(guest, at);
            guest.vcpu.kick();
            HostThread.join(runner);
        }
    }

    private static void awaitChange(Guest guest, int from) {
        while (guest.vm.memory().loadIntAcquire(0x2000) == from) {
            Thread.onSpinWait();
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void aMachineHasAsManyProcessorsAsItsConfigurationTells(String engine) {
        int count = 64;
        try (Guest guest = new Guest(engine, VmConfig.pc(count), "f4 hlt")) {
            for (int id = count - 1; id > 0; id--) {
                Vcpu vcpu = guest.vm.createVcpu(id);
                assertEquals(id, vcpu.registers().cpuid(1, 0).ebx() >>> 24);
                assertEquals(id, vcpu.registers().cpuid(0xb, 0).edx());
                assertEquals(id, vcpu.lapic().register(0x20) >>> 24);
            }
            assertEquals(count, guest.vm.vcpus().size());
            assertThrows(IllegalArgumentException.class, () -> guest.vm.createVcpu(count));
            assertThrows(IllegalArgumentException.class, () -> guest.vm.createVcpu(1));
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void statisticsDescribeThemselvesAndOnlyGrow(String engine) {
        try (Guest guest = new Guest(engine, VmConfig.pc(1).withExitsOnUnclaimed(true), """
                e680    again: out 0x80, al
                ebfc    jmp again
                """)) {
            guest.run();
            for (Supplier<Statistics> source : List.<Supplier<Statistics>>of(guest.vm::statistics,
                    guest.vcpu::statistics)) {
                Statistics before = source.get();
                guest.run();
                Statistics after = source.get();
                assertEquals(before.descriptors(), after.descriptors(), "they stay the same");
                assertEquals(after.descriptors().size(),
                        after.descriptors().stream().map(Statistic::name).distinct().count(), "names are their own");
                for (Statistic each : after.descriptors()) {
                    long[] was = before.values(each.name());
                    long[] is = after.values(each.name());
                    assertEquals(each.values(), is.length, each.name());
                    for (int n = 0; n < is.length && each.kind() != Statistic.Kind.INSTANT; n++) {
                        assertTrue(is[n] >= was[n], each.name());
                    }
                    if (each.unit() == Statistic.Unit.BOOLEAN) {
                        assertTrue(is[0] == 0 || is[0] == 1, each.name());
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void whatItDidIsCounted(String engine) {
        try (Guest guest = new Guest(engine, """
                e680    again: out 0x80, al
                ebfc    jmp again
                """)) {
            long before = guest.vcpu.statistics().value("exits");
            for (int i = 0; i < 10; i++) {
                assertInstanceOf(VmExit.PortWrite.class, guest.run());
            }

            assertEquals(10, guest.vcpu.stats().exits().get("PORT_WRITE"));
            assertEquals(10, guest.vm.stats().exits().get("PORT_WRITE"));
            assertTrue(guest.vcpu.statistics().value("exits") >= before + 10);
            assertEquals(0, guest.vm.statistics().value("resets"));
        }
    }
}
