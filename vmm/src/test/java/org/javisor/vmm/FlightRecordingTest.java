// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import jdk.jfr.EventType;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.javisor.cpu.events.ExceptionEvent;
import org.javisor.cpu.events.ExitEvent;
import org.javisor.cpu.events.PageFaultEvent;
import org.javisor.cpu.events.TlbFillEvent;
import org.javisor.host.HostThread;
import org.javisor.memory.Ram;
import org.javisor.testkit.ManualClock;
import org.javisor.vmm.events.HaltEvent;
import org.javisor.vmm.events.InterruptDeliveredEvent;
import org.javisor.vmm.events.InterruptInjectedEvent;
import org.javisor.vmm.events.PauseEvent;
import org.javisor.vmm.events.ResetEvent;
import org.javisor.vmm.kvm.KvmProbe;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What Flight Recorder is told.
@Timeout(60)
class FlightRecordingTest {
    private static final List<Class<? extends jdk.jfr.Event>> EVENTS = List.of(ExitEvent.class, ExceptionEvent.class,
            PageFaultEvent.class, TlbFillEvent.class, HaltEvent.class, InterruptDeliveredEvent.class,
            InterruptInjectedEvent.class, PauseEvent.class, ResetEvent.class);

    /// A little more than the guest's timer takes, in nanoseconds.
    private static final long TICK = 1_100_000;

    @TempDir
    private Path directory;

    /// What is recorded while `listing` runs at 0x1000 to an OUT to port 0xe1, on a bare processor.
    private List<RecordedEvent> recorded(byte[] code) throws IOException {
        return recorded(EngineKind.SOFTWARE, code);
    }

    private List<RecordedEvent> recorded(EngineKind engine, byte[] code) throws IOException {
        try (Recording recording = new Recording()) {
            EVENTS.forEach(recording::enable);
            recording.start();
            run(engine, code);
            recording.stop();
            Path file = directory.resolve("recording");
            recording.dump(file);
            return RecordingFile.readAllEvents(file);
        }
    }

    private static void run(EngineKind engine, byte[] code) {
        try (Hypervisor hypervisor = Hypervisor.open(engine); Vm vm = hypervisor.createVm();
                Ram ram = Ram.allocate(1 << 20)) {
            vm.memory().addSlot(0, 0, ram);
            vm.memory().store(0x1000, code);
            Vcpu vcpu = vm.createVcpu(0);
            vcpu.registers().realMode(0x1000);
            VmExit exit = vcpu.run();
            while (!(exit instanceof VmExit.PortWrite write && write.port() == 0xe1)) {
                assertTrue(!(exit instanceof VmExit.PortWrite write && write.port() == 0x80 && write.value() != 0xaa),
                        exit.toString());
                vcpu.completeRead(0xaa);
                exit = vcpu.run();
            }
            vm.pause();
            vm.reset();
            vm.resume();
        }
    }

    /// What is recorded of a guest that waits for five ticks of its timer, each of which comes when it waits: the clock
    /// goes on only then.
    private List<RecordedEvent> recordedTicks() throws IOException {
        ManualClock clock = new ManualClock();
        try (Recording recording = new Recording(); Hypervisor hypervisor = Hypervisor.open(EngineKind.SOFTWARE);
                Vm vm = hypervisor.createVm(VmConfig.pc(1).withExitsOnUnclaimed(true).withClock(clock));
                Ram ram = Ram.allocate(1 << 20)) {
            EVENTS.forEach(recording::enable);
            recording.start();
            vm.memory().addSlot(0, 0, ram);
            vm.memory().store(0x1000, GuestCode.FIVE_TICKS);
            Vcpu vcpu = vm.createVcpu(0);
            vcpu.registers().realMode(0x1000);
            Thread time = Thread.ofPlatform().daemon().start(() -> {
                while (!Thread.currentThread().isInterrupted()) {
                    long waited = vcpu.stats().haltNanos();
                    if (vcpu.stats().haltNanos() != waited) {
                        clock.advance(TICK);
                    }
                }
            });
            while (!(vcpu.run() instanceof VmExit.PortWrite write && write.port() == 0xe1)) {
                vcpu.completeRead(0xaa);
            }
            time.interrupt();
            HostThread.join(time);
            vm.pause();
            vm.reset();
            vm.resume();
            recording.stop();
            Path file = directory.resolve("recording");
            recording.dump(file);
            return RecordingFile.readAllEvents(file);
        }
    }

    private static List<RecordedEvent> named(List<RecordedEvent> events, String name) {
        return events.stream().filter(e -> e.getEventType().getName().equals("org.javisor." + name)).toList();
    }

    /// A guest that writes what it has read.
    private static final String READ_AND_WRITE = """
            e460    in al, 0x60
            e680    out 0x80, al
            e6e1    out 0xe1, al
            """;

    @ParameterizedTest
    @EnumSource(names = {"SOFTWARE", "KVM"})
    void exitsSayWhy(EngineKind engine) throws IOException {
        KvmProbe probe = engine == EngineKind.KVM ? KvmProbe.result() : null;
        assumeTrue(probe == null || probe.instructionsPerSecond() > 0, () -> "KVM: " + probe.reason());

        List<RecordedEvent> exits = named(recorded(engine, GuestCode.of(READ_AND_WRITE)), "Exit");

        assertEquals(List.of("PORT_READ", "PORT_WRITE"),
                exits.subList(0, 2).stream().map(e -> e.getString("reason")).toList());
        assertEquals(0, exits.getFirst().getInt("vcpu"));
    }

    @Test
    void exitsSayWhere() throws IOException {
        List<RecordedEvent> events = recorded(GuestCode.of(READ_AND_WRITE));

        RecordedEvent exit = named(events, "Exit").get(1);
        assertEquals(0x80, exit.getLong("address"));
        assertEquals(1, exit.getInt("bytes"));
        assertEquals(0xaa, exit.getLong("value"));
        assertEquals(0x1002, exit.getLong("rip"));
        RecordedEvent fill = named(events, "TlbFill").getFirst();
        assertEquals(0x1000, fill.getLong("gpa"));
        assertEquals("fetch", fill.getString("access"));
        assertTrue(fill.getBoolean("backed"));
    }

    @Test
    void exceptionsSayWhere() throws IOException {
        List<RecordedEvent> events = recorded(GuestCode.of("""
                c70618001010   mov word [0x18], 0x1010
                c7061a000000   mov word [0x1a], 0
                90             nop
                90             nop
                0f0b           ud2
                e6e1           out 0xe1, al
                """));

        RecordedEvent exception = named(events, "Exception").getFirst();
        assertEquals(6, exception.getInt("vector"));
        assertEquals(0x100e, exception.getLong("rip"));
    }

    @Test
    void interruptsAndHaltsAreRecorded() throws IOException {
        List<RecordedEvent> events = recordedTicks();

        List<RecordedEvent> delivered = named(events, "InterruptDelivered");
        assertTrue(delivered.size() >= 5, delivered.toString());
        assertEquals(0x20, delivered.getFirst().getInt("vector"));
        assertEquals("PIC", delivered.getFirst().getString("source"));
        RecordedEvent halt = named(events, "Halt").getFirst();
        assertTrue(halt.getDuration().isPositive());
        assertTrue(named(events, "Exit").stream().anyMatch(e -> e.getString("reason").equals("HALT")));
        assertEquals(1, named(events, "Reset").size());
        assertEquals(1, named(events, "Pause").size());
    }

    @Test
    void everythingIsOffUnlessARecordingNamesIt() {
        assertFalse(ExitEvent.on() || ExceptionEvent.on() || PageFaultEvent.on() || TlbFillEvent.on() || HaltEvent.on()
                || InterruptDeliveredEvent.on() || InterruptInjectedEvent.on());
        for (EventType type : FlightRecorder.getFlightRecorder().getEventTypes()) {
            assertFalse(type.getName().startsWith("org.javisor.") && type.isEnabled(), type.getName());
        }
    }
}
