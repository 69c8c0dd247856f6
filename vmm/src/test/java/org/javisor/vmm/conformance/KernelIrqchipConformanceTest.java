// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Stream;
import org.javisor.host.EventFd;
import org.javisor.memory.InterruptLine;
import org.javisor.vmm.EventWiring;
import org.javisor.vmm.Irqchip;
import org.javisor.vmm.VmConfig;
import org.javisor.vmm.VmExit;
import org.javisor.vmm.irq.GsiRoute;
import org.javisor.vmm.irq.I8254;
import org.javisor.vmm.irq.InterruptChips;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Machines whose interrupt chips are the engine's: in the kernel, with KVM.
@Timeout(60)
class KernelIrqchipConformanceTest {
    private static final String ENGINES = "org.javisor.vmm.conformance.Engines#all";
    private static final int GSI = 11;

    private static Guest listening(String engine, int elcr) {
        return PicGuest.listening(engine, VmConfig.pc(1).withIrqchip(Irqchip.KERNEL), GSI, elcr);
    }

    private static int port(Guest guest) {
        return ((VmExit.PortWrite) guest.run()).port();
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void aWireInterruptsByThePic(String engine) {
        try (Guest guest = listening(engine, 0)) {
            assertEquals(0xe1, port(guest));
            InterruptLine wire = guest.vm.gsi(GSI);
            for (int round = 0; round < 3; round++) {
                wire.set(true);
                assertEquals(0xe0, port(guest));
                wire.set(false);
            }
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void anEventfdIsAnEdge(String engine) {
        try (Guest guest = listening(engine, 0); EventFd trigger = new EventFd()) {
            assertEquals(0xe1, port(guest));
            EventWiring.Connection connection = guest.vm.eventWiring().irqfd(trigger, GSI);
            for (int round = 0; round < 3; round++) {
                trigger.signal();
                assertEquals(0xe0, port(guest));
            }
            assertThrows(IllegalArgumentException.class, () -> guest.vm.eventWiring().irqfd(trigger, GSI));
            connection.close();
            guest.vm.eventWiring().irqfd(trigger, GSI).close();
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void theEndOfAResampledInterruptIsTold(String engine) {
        try (Guest guest = listening(engine, 1 << (GSI & 7)); EventFd trigger = new EventFd();
                EventFd resample = new EventFd()) {
            assertEquals(0xe1, port(guest));
            guest.vm.eventWiring().irqfd(trigger, resample, GSI);
            for (int round = 0; round < 3; round++) {
                trigger.signal();
                assertEquals(0xe0, port(guest));
                assertEquals(0, resample.await(0), "not ended yet");
                Thread ender = Thread.ofPlatform().daemon().start(() -> {
                    resample.await(-1);
                    guest.vcpu.kick();
                });
                assertEquals(VmExit.Interrupted.INSTANCE, guest.run());
                join(ender);
            }
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void whatChipsHoldIsReadAndGivenBack(String engine) {
        int elcr = 1 << (GSI & 7);
        try (Guest guest = listening(engine, elcr)) {
            assertEquals(0xe1, port(guest));
            InterruptChips.State saved = guest.vm.chips().save();
            assertEquals(0x28, saved.pic().slave().vectorBase());
            assertEquals(0xf7, saved.pic().slave().imr());
            assertEquals(elcr, saved.pic().slave().elcr());
            assertEquals(7, saved.pic().master().lowest());
            assertEquals(0, saved.pic().master().step());

            guest.vm.reset();
            assertEquals(0, guest.vm.chips().save().pic().slave().vectorBase());
            guest.vm.chips().restore(saved);

            assertEquals(saved.pic(), guest.vm.chips().save().pic());
            assertEquals(saved.ioApic(), guest.vm.chips().save().ioApic());
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void theTimerIsReadAndGivenBack(String engine) {
        try (Guest guest = new Guest(engine, VmConfig.pc(1).withIrqchip(Irqchip.KERNEL).withExitsOnUnclaimed(true), """
                b034    mov al, 0x34
                e643    out 0x43, al
                b00b    mov al, 0x0b
                e640    out 0x40, al
                b0e9    mov al, 0xe9
                e640    out 0x40, al
                e6e1    out 0xe1, al
                """)) {
            assertEquals(0xe1, port(guest));
            InterruptChips.State saved = guest.vm.chips().save();
            assertEquals(0x34, saved.pit().channels().getFirst().control());
            assertEquals(0xe90b, saved.pit().channels().getFirst().written());
            assertTrue(saved.pit().channels().getFirst().running());

            guest.vm.reset();
            guest.vm.chips().restore(saved);

            assertEquals(0x34, guest.vm.chips().save().pit().channels().getFirst().control());
            assertEquals(0xe90b, guest.vm.chips().save().pit().channels().getFirst().written());
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void aWireLeadsWhereItIsRouted(String engine) {
        try (Guest guest = listening(engine, 0)) {
            assertEquals(0xe1, port(guest));
            guest.vm.routing(guest.vm.routing().with(100, new GsiRoute.Pic(GSI)));

            guest.vm.gsi(100).set(true);

            assertEquals(0xe0, port(guest));
            assertThrows(IllegalArgumentException.class,
                    () -> guest.vm.routing(guest.vm.routing().with(1000, new GsiRoute.Pic(GSI))));
        }
    }

    static List<Arguments> enginesAndChips() {
        return Engines.all().flatMap(engine -> Stream.of(Irqchip.FULL, Irqchip.KERNEL)
                .map(chips -> Arguments.of(engine, chips))).toList();
    }

    /// As a machine of KVM's for which `KVM_CREATE_PIT2` has not been called.
    @ParameterizedTest
    @MethodSource("enginesAndChips")
    void withoutAPitItsPortsAreTheOwnersAndStateGoesOn(String engine, Irqchip chips) {
        VmConfig config = VmConfig.pc(1).withIrqchip(chips).withExitsOnUnclaimed(true);
        String program = """
                b034    mov al, 0x34
                e643    out 0x43, al
                e461    in al, 0x61
                e621    out 0x21, al
                e6e1    out 0xe1, al
                """;
        InterruptChips.State ofPit;
        try (Guest guest = new Guest(engine, config, program)) {
            assertEquals(0xe1, port(guest));
            ofPit = guest.vm.chips().save();
            assertEquals(0x34, ofPit.pit().channels().getFirst().control());
        }
        try (Guest guest = new Guest(engine, config.withoutPit(), program)) {
            I8254.State untouched = guest.vm.chips().save().pit();
            assertEquals(new VmExit.PortWrite(0x43, 1, 0x34), guest.run());
            assertEquals(new VmExit.PortRead(0x61, 1), guest.run());
            guest.vcpu.completeRead(0x5a);
            assertEquals(new VmExit.PortWrite(0xe1, 1, 0x5a), guest.run());
            assertEquals(untouched.channels().getFirst().control(),
                    guest.vm.chips().save().pit().channels().getFirst().control());
            assertEquals(0x5a, guest.vm.chips().save().pic().master().imr());

            guest.vm.chips().restore(ofPit);

            assertEquals(ofPit.pic(), guest.vm.chips().save().pic());
            guest.vm.reset();
        }
    }
}
