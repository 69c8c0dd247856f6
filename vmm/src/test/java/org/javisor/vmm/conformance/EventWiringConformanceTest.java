// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.javisor.host.EventFd;
import org.javisor.host.HostException;
import org.javisor.vmm.Capability;
import org.javisor.vmm.CoalescedWrite;
import org.javisor.vmm.EventWiring;
import org.javisor.vmm.IoEvent;
import org.javisor.vmm.IoEvent.Space;
import org.javisor.vmm.VmConfig;
import org.javisor.vmm.VmExit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Eventfds that a machine is connected to, and writes that are gathered.
@Timeout(60)
class EventWiringConformanceTest {
    private static final String ENGINES = "org.javisor.vmm.conformance.Engines#all";
    private static final int GSI = 10;
    private static final long BEYOND = 0x10_0000;

    private static Guest listening(String engine, int elcr) {
        return PicGuest.listening(engine, VmConfig.pc(1), GSI, elcr);
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void aSignalledEventfdIsAnEdge(String engine) {
        try (Guest guest = listening(engine, 0); EventFd trigger = new EventFd()) {
            assertEquals(0xe1, ((VmExit.PortWrite) guest.run()).port());
            EventWiring.Connection connection = guest.vm.eventWiring().irqfd(trigger, GSI);
            for (int round = 0; round < 3; round++) {
                trigger.signal();
                assertEquals(0xe0, ((VmExit.PortWrite) guest.run()).port());
            }
            assertThrows(IllegalArgumentException.class, () -> guest.vm.eventWiring().irqfd(trigger, GSI));

            connection.close();
            connection.close();
            guest.vm.eventWiring().irqfd(trigger, GSI).close();
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void aResampledInterruptIsAssertedUntilTheGuestEndsIt(String engine) {
        try (Guest guest = listening(engine, 1 << (GSI & 7)); EventFd trigger = new EventFd();
                EventFd resample = new EventFd()) {
            assertEquals(0xe1, ((VmExit.PortWrite) guest.run()).port());
            guest.vm.eventWiring().irqfd(trigger, resample, GSI);
            for (int round = 0; round < 3; round++) {
                trigger.signal();
                assertEquals(0xe0, ((VmExit.PortWrite) guest.run()).port());
                assertEquals(0, resample.await(0), "not ended yet");
                guest.vcpu.kick();
                assertEquals(VmExit.Interrupted.INSTANCE, guest.run());
                Thread ender = Thread.ofPlatform().daemon().start(() -> {
                    resample.await(-1);
                    resample.signal();
                    guest.vcpu.kick();
                });
                assertEquals(VmExit.Interrupted.INSTANCE, guest.run());
                joined(ender);
                assertEquals(1, resample.await(0));
            }
        }
    }

    private static void joined(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void connectionsThatOutliveTheirMachineDoNothing(String engine) {
        EventWiring wiring;
        EventWiring.Connection doorbell;
        EventWiring.Connection zone;
        try (Guest guest = new Guest(engine, "f4 hlt"); EventFd bell = new EventFd()) {
            wiring = guest.vm.eventWiring();
            doorbell = wiring.ioeventfd(IoEvent.any(Space.PORT, 0x90, 1), bell);
            zone = wiring.coalesce(Space.PORT, 0x91, 1);
            assertEquals(VmExit.Halt.INSTANCE, guest.run());
        }

        doorbell.close();
        zone.close();

        assertEquals(List.of(), wiring.takeCoalesced());
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void aDoorbellTakesItsOwnWritesOnly(String engine) {
        try (Guest guest = new Guest(engine, """
                b042    mov al, 0x42
                e690    out 0x90, al
                b043    mov al, 0x43
                e690    out 0x90, al
                e790    out 0x90, ax
                e691    out 0x91, al
                e490    in al, 0x90
                f4      hlt
                """); EventFd matched = new EventFd(); EventFd any = new EventFd()) {
            guest.vm.eventWiring().ioeventfd(IoEvent.of(Space.PORT, 0x90, 1, 0x42), matched);
            guest.vm.eventWiring().ioeventfd(IoEvent.any(Space.PORT, 0x91, 0), any);

            assertEquals(new VmExit.PortWrite(0x90, 1, 0x43), guest.run());
            assertEquals(1, matched.await(0));
            assertEquals(new VmExit.PortWrite(0x90, 2, 0x43), guest.run());
            assertEquals(new VmExit.PortRead(0x90, 1), guest.run());
            assertEquals(1, any.await(0));
            assertEquals(0, matched.await(0));
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void aDoorbellInMemoryIsRungUntilItIsTakenDown(String engine) {
        try (Guest guest = new Guest(engine, """
                b8ffff        mov ax, 0xffff
                8ed8          mov ds, ax
                66b878563412  mov eax, 0x12345678
                66a31000      mov [0x10], eax
                66a31000      mov [0x10], eax
                ebf6          jmp back
                """); EventFd bell = new EventFd()) {
            EventWiring.Connection connection =
                    guest.vm.eventWiring().ioeventfd(IoEvent.of(Space.MMIO, BEYOND, 4, 0x1234_5678), bell);
            Thread listener = Thread.ofPlatform().daemon().start(() -> {
                bell.await(-1);
                guest.vcpu.kick();
            });
            assertEquals(VmExit.Interrupted.INSTANCE, guest.run());
            joined(listener);

            connection.close();

            assertEquals(new VmExit.MmioWrite(BEYOND, 4, 0x1234_5678), guest.run());
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void doorbellsThatOneWriteWouldRingTogetherAreRefused(String engine) {
        try (Guest guest = new Guest(engine, "f4 hlt"); EventFd bell = new EventFd()) {
            EventWiring wiring = guest.vm.eventWiring();
            wiring.ioeventfd(IoEvent.of(Space.PORT, 0x90, 2, 7), bell);
            wiring.ioeventfd(IoEvent.of(Space.PORT, 0x90, 2, 8), bell);

            assertThrows(IllegalArgumentException.class,
                    () -> wiring.ioeventfd(IoEvent.of(Space.PORT, 0x90, 2, 7), bell));
            assertThrows(IllegalArgumentException.class,
                    () -> wiring.ioeventfd(IoEvent.any(Space.PORT, 0x90, 2), bell));
            assertThrows(IllegalArgumentException.class, () -> IoEvent.any(Space.PORT, 0x90, 8));
            assertThrows(IllegalArgumentException.class, () -> IoEvent.of(Space.PORT, 0x90, 1, 0x100));
            assertThrows(IllegalArgumentException.class, () -> IoEvent.any(Space.PORT, 0x1_0000, 1));
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void aClosedEventfdIsRefusedAndOneThatClosesLaterDisturbsNobody(String engine) {
        try (Guest guest = listening(engine, 0); EventFd trigger = new EventFd()) {
            EventFd closed = new EventFd();
            closed.close();
            EventWiring wiring = guest.vm.eventWiring();
            assertThrows(HostException.class, () -> wiring.irqfd(closed, GSI));
            assertThrows(HostException.class, () -> wiring.ioeventfd(IoEvent.any(Space.PORT, 0x90, 1), closed));
            EventFd closing = new EventFd();
            wiring.irqfd(closing, GSI);
            wiring.irqfd(trigger, GSI);
            closing.close();

            assertEquals(0xe1, ((VmExit.PortWrite) guest.run()).port());
            trigger.signal();
            assertEquals(0xe0, ((VmExit.PortWrite) guest.run()).port());
        }
        try (Guest bare = new Guest(engine, "f4 hlt"); EventFd trigger = new EventFd()) {
            assertThrows(IllegalStateException.class, () -> bare.vm.eventWiring().irqfd(trigger, GSI));
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void writesToAZoneAreGatheredUntilSomethingElseLeaves(String engine) {
        try (Guest guest = new Guest(engine, """
                b042    mov al, 0x42
                e690    out 0x90, al
                e791    out 0x91, ax
                e793    out 0x93, ax
                e690    out 0x90, al
                f4      hlt
                """)) {
            EventWiring.Connection zone = guest.vm.eventWiring().coalesce(Space.PORT, 0x90, 4);

            assertEquals(new VmExit.PortWrite(0x93, 2, 0x42), guest.run(), "not wholly in the zone");
            assertEquals(List.of(new CoalescedWrite(Space.PORT, 0x90, 1, 0x42),
                    new CoalescedWrite(Space.PORT, 0x91, 2, 0x42)), guest.vm.eventWiring().takeCoalesced());
            zone.close();
            assertEquals(new VmExit.PortWrite(0x90, 1, 0x42), guest.run());
            assertEquals(List.of(), guest.vm.eventWiring().takeCoalesced());
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void writesToAZoneInMemoryAreGathered(String engine) {
        Engines.assume(engine, Capability.COALESCED_MMIO);
        try (Guest guest = new Guest(engine, """
                b8ffff        mov ax, 0xffff
                8ed8          mov ds, ax
                66b878563412  mov eax, 0x12345678
                66a31000      mov [0x10], eax
                a31600        mov [0x16], ax
                a31700        mov [0x17], ax
                66a31000      mov [0x10], eax
                """)) {
            EventWiring.Connection zone = guest.vm.eventWiring().coalesce(Space.MMIO, BEYOND, 8);

            assertEquals(new VmExit.MmioWrite(BEYOND + 7, 2, 0x5678), guest.run(), "not wholly in the zone");
            assertEquals(List.of(new CoalescedWrite(Space.MMIO, BEYOND, 4, 0x1234_5678),
                    new CoalescedWrite(Space.MMIO, BEYOND + 6, 2, 0x5678)), guest.vm.eventWiring().takeCoalesced());
            zone.close();
            assertEquals(new VmExit.MmioWrite(BEYOND, 4, 0x1234_5678), guest.run());
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void noMoreIsGatheredThanThereIsRoomFor(String engine) {
        try (Guest guest = new Guest(engine, """
                e690    out 0x90, al
                ebfc    jmp 0x1000
                """)) {
            guest.vm.eventWiring().coalesce(Space.PORT, 0x90, 1);

            assertEquals(new VmExit.PortWrite(0x90, 1, 0), guest.run());

            int gathered = guest.vm.eventWiring().takeCoalesced().size();
            assertTrue(gathered >= 100 && gathered < 1000, gathered + " writes");
        }
    }
}
