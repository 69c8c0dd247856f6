// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.javisor.memory.InterruptLine;
import org.javisor.memory.Ram;
import org.javisor.vmm.VmRunner.Outcome;
import org.javisor.vmm.conformance.Engines;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/// Whole machines with chips, on threads of their own, with each engine that the host has.
@Timeout(60)
@ParameterizedClass
@MethodSource("org.javisor.vmm.conformance.Engines#all")
class VmRunnerTest {
    private static final int END_PORT = 0xe1;
    /// A message's address, and its data.
    private static final long TO_SECOND = 0xfee0_1000L;
    private static final String COUNTED = "KVM tells nobody how many instructions and halts there were";
    private static final int INIT = 5 << 8, STARTUP = 6 << 8;

    private final String engine;
    private final Hypervisor hypervisor;
    private final Ram ram = Ram.allocate(1 << 20);
    private final BlockingQueue<VmExit> exits = new LinkedBlockingQueue<>();
    private Vm vm;
    private VmRunner runner;

    VmRunnerTest(String engine) {
        this.engine = engine;
        this.hypervisor = Engines.open(engine);
    }

    /// Where halts and interrupts are the kernel's, nobody here counts them.
    private boolean countsEvents() {
        return engine.equals("software");
    }

    @AfterEach
    void close() {
        hypervisor.close();
        ram.close();
    }

    /// A machine whose first processor is about to execute real-mode code at 0x1000. A write to port 0xe1 ends it.
    private void machine(int cpus, ExitHandler handler) {
        vm = hypervisor.createVm(VmConfig.pc(cpus).withExitsOnUnclaimed(true));
        vm.memory().addSlot(0, 0, ram);
        for (int id = 0; id < cpus; id++) {
            vm.createVcpu(id);
        }
        boot();
        runner = new VmRunner(vm, handler);
    }

    private void boot() {
        vm.vcpus().getFirst().registers().realMode(0x1000);
    }

    private class Recorder implements ExitHandler {
        @Override
        public void exit(Vcpu vcpu, VmExit exit) {
            exits.add(exit);
            if (exit instanceof VmExit.PortWrite w && w.port() == END_PORT) {
                runner.stop(new Outcome.Stopped(w.value(), "guest"));
            }
        }

        @Override
        public void reset() {
            boot();
        }
    }

    @Test
    void haltWaitsForTheTimersInterrupts() {
        machine(1, new Recorder());
        vm.memory().store(0x1000, GuestCode.FIVE_TICKS);

        Outcome outcome = runner.run();

        List<Integer> ticks = exits.stream().filter(e -> e instanceof VmExit.PortWrite w && w.port() == 0xe0)
                .map(e -> ((VmExit.PortWrite) e).value()).toList();
        // A host that is late delivers several before the guest looks.
        int last = ticks.getLast();
        assertTrue(last >= 5);
        assertEquals(IntStream.rangeClosed(1, last).boxed().toList(), ticks);
        assertEquals(new Outcome.Stopped(last, "guest"), outcome);
        if (countsEvents()) {
            VcpuStats stats = vm.stats();
            assertEquals(last, stats.interrupts()[0x20]);
            assertTrue(stats.haltNanos() > 0);
            assertTrue(stats.instructions() > 20);
        }
    }

    @Test
    void processorsStartAndInterruptEachOther() {
        machine(2, new Recorder());
        vm.memory().store(0x1000, GuestCode.PING);
        vm.memory().store(0x2000, GuestCode.PONG);

        Outcome outcome = runner.run();

        assertEquals(new Outcome.Stopped(1000, "guest"), outcome);
        if (countsEvents()) {
            assertEquals(1000, vm.vcpus().get(1).stats().interrupts()[0x42]);
        }
    }

    @Test
    void stopEndsAMachineThatSleepsForEver() {
        machine(2, new Recorder());
        vm.memory().store(0x1000, GuestCode.of("""
                e680    out 0x80, al
                fa      cli
                f4      hlt
                ebfd    jmp $-1
                """));
        Thread.ofPlatform().daemon().start(() -> {
            take();
            runner.stop(new Outcome.Stopped(7, "test"));
        });

        assertEquals(new Outcome.Stopped(7, "test"), runner.run());
    }

    /// The guest writes to port 0xe0, behind which it must not go on; woken, it begins at 0x2000.
    @Test
    void aMachineThatSleepsStopsAtOnceAndGoesOnWhenWoken() {
        machine(2, new Recorder() {
            @Override
            public void exit(Vcpu vcpu, VmExit exit) {
                super.exit(vcpu, exit);
                if (exit instanceof VmExit.PortWrite w && w.port() == 0xe0) {
                    runner.sleep();
                    runner.wake();
                }
            }

            @Override
            public void wake() {
                vm.vcpus().getFirst().registers().realMode(0x2000);
            }
        });
        vm.memory().store(0x1000, GuestCode.of("""
                31c0      xor ax, ax
                e6e0      out 0xe0, al
                40        inc ax
                ebfd      jmp $-1
                """));
        vm.memory().store(0x2000, GuestCode.of("""
                b009      mov al, 9
                e6e1      out 0xe1, al
                """));

        assertEquals(new Outcome.Stopped(9, "guest"), runner.run());
    }

    @Test
    void aMachineThatSleepsCanBeStoppedAndReset() {
        AtomicInteger boots = new AtomicInteger();
        machine(1, new Recorder() {
            @Override
            public void exit(Vcpu vcpu, VmExit exit) {
                runner.sleep();
                if (boots.get() == 0) {
                    runner.reset();
                } else {
                    runner.stop(new Outcome.Stopped(3, "test"));
                }
            }

            @Override
            public void reset() {
                boots.incrementAndGet();
                super.reset();
            }
        });
        vm.memory().store(0x1000, GuestCode.of("""
                e6e0      out 0xe0, al
                ebfc      jmp $-2
                """));

        assertEquals(new Outcome.Stopped(3, "test"), runner.run());
        assertEquals(1, boots.get());
    }

    private VmExit take() {
        try {
            return exits.take();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aTripleFaultResetsOrEndsAsTheHandlerSays() {
        Engines.assumeProcessor(engine);
        AtomicInteger shutdowns = new AtomicInteger();
        machine(1, new Recorder() {
            @Override
            public OnShutdown shutdown(Vcpu vcpu, VmExit.Shutdown exit) {
                return shutdowns.incrementAndGet() < 3 ? OnShutdown.RESET : OnShutdown.STOP;
            }
        });
        vm.memory().store(0x1000, GuestCode.of("""
                0f011e1010    lidt [0x1010]
                cc            int3
                """));

        assertInstanceOf(Outcome.TripleFault.class, runner.run());
        assertEquals(3, shutdowns.get());
    }

    @Test
    void aResetTakesEverythingBackToPowerOn() {
        AtomicInteger boots = new AtomicInteger();
        machine(2, new Recorder() {
            @Override
            public void exit(Vcpu vcpu, VmExit exit) {
                super.exit(vcpu, exit);
                if (exit instanceof VmExit.PortWrite w && w.port() == 0xe2) {
                    if (boots.incrementAndGet() < 3) {
                        runner.reset();
                    } else {
                        runner.stop(new Outcome.Stopped(0, "enough"));
                    }
                }
            }
        });
        vm.memory().store(0x1000, GuestCode.of("""
                b0fb    mov al, 0xfb
                e621    out 0x21, al
                e6e2    out 0xe2, al
                fa      cli
                f4      hlt
                ebfd    jmp $-1
                """));

        runner.run();

        assertEquals(3, boots.get());
    }

    @Test
    void whilePausedNothingRunsAndTimeStandsStill() {
        assumeTrue(countsEvents(), COUNTED);
        machine(1, new Recorder());
        vm.memory().store(0x1000, GuestCode.of("""
                e680    out 0x80, al
                40      inc ax
                ebfd    jmp $-1
                """));
        Thread thread = Thread.ofPlatform().daemon().start(runner::run);
        take();

        vm.pause();
        long ax = vm.vcpus().getFirst().registers().general(Registers.RAX);
        long instructions = vm.stats().instructions();
        long nanos = vm.clock().nanos();
        assertEquals(ax, vm.vcpus().getFirst().registers().general(Registers.RAX));
        assertEquals(instructions, vm.stats().instructions());
        assertEquals(nanos, vm.clock().nanos());
        vm.resume();

        while (vm.stats().instructions() == instructions) {
            Thread.onSpinWait();
        }
        runner.stop(new Outcome.Stopped(0, "test"));
        join(thread);
        assertTrue(vm.clock().nanos() > nanos);
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aVcpusOwnThreadCannotPause() {
        machine(1, new Recorder());
        vm.ports().attach(0xe3, 1, new org.javisor.memory.BusDevice() {
            @Override
            public long read(long offset, int size) {
                assertThrows(IllegalStateException.class, vm::pause);
                return 1;
            }

            @Override
            public void write(long offset, int size, long value) { }
        }, "pauses");
        vm.memory().store(0x1000, GuestCode.of("""
                e4e3    in al, 0xe3
                b400    mov ah, 0
                e7e1    out 0xe1, ax
                f4      hlt
                """));

        assertEquals(new Outcome.Stopped(1, "guest"), runner.run());
    }

    @Test
    void pausingAgainAndAgainDisturbsNobody() {
        machine(2, new Recorder());
        vm.memory().store(0x1000, GuestCode.PING);
        vm.memory().store(0x2000, GuestCode.PONG);
        Thread pauser = Thread.ofPlatform().daemon().start(() -> {
            for (int i = 0; i < 200; i++) {
                vm.pause();
                vm.resume();
            }
        });

        assertEquals(new Outcome.Stopped(1000, "guest"), runner.run());
        join(pauser);
    }

    @Test
    void aHaltedProcessorIsNotWokenByAPause() {
        machine(1, new Recorder());
        vm.memory().store(0x1000, GuestCode.of("""
                e680    out 0x80, al
                f4      hlt
                e7e1    out 0xe1, ax
                """));
        Thread thread = Thread.ofPlatform().daemon().start(runner::run);
        take();

        for (int i = 0; i < 100; i++) {
            vm.pause();
            vm.resume();
        }
        runner.stop(new Outcome.Stopped(0, "test"));
        join(thread);

        assertTrue(exits.isEmpty());
    }

    @Test
    void anInterruptThatWentAwayDoesNotEndHalt() {
        assumeTrue(countsEvents(), COUNTED);
        machine(1, new Recorder() {
            @Override
            public void exit(Vcpu vcpu, VmExit exit) {
                super.exit(vcpu, exit);
                if (exit instanceof VmExit.PortWrite w && w.port() == 0xe2) {
                    InterruptLine line = vm.gsi(3);
                    line.set(true);
                    line.set(false);
                }
            }
        });
        vm.memory().store(0x1000, GuestCode.of("""
                bad004  mov dx, 0x4d0
                b008    mov al, 8
                ee      out dx, al
                e6e2    out 0xe2, al
                fb      sti
                f4      hlt
                e7e1    out 0xe1, ax
                """));
        Thread.ofPlatform().daemon().start(() -> {
            while (!vm.stats().exits().containsKey("HALT")) {
                Thread.onSpinWait();
            }
            runner.stop(new Outcome.Stopped(0, "test"));
        });

        assertEquals(new Outcome.Stopped(0, "test"), runner.run());
    }

    @Test
    void anNmiEndsHalt() {
        assumeTrue(countsEvents(), COUNTED);
        machine(1, new Recorder());
        vm.memory().store(0x1000, GuestCode.of("""
                c70608000011  mov word [8], 0x1100
                c7060a000000  mov word [10], 0
                f4            hlt
                e7e1          out 0xe1, ax
                """));
        vm.memory().store(0x1100, GuestCode.of("""
                b82a00        mov ax, 42
                cf            iret
                """));
        Thread.ofPlatform().daemon().start(() -> {
            while (!vm.stats().exits().containsKey("HALT")) {
                Thread.onSpinWait();
            }
            vm.vcpus().getFirst().injectNmi();
        });

        assertEquals(new Outcome.Stopped(42, "guest"), runner.run());
    }

    /// The host lets its thread look only when both have come.
    @Test
    void aHaltedProcessorIsStartedByAnInitAndAStartupThatComeTogether() {
        assumeTrue(countsEvents(), COUNTED);
        machine(2, new Recorder());
        vm.memory().store(0x1000, GuestCode.of("""
                e680    out 0x80, al
                fa      cli
                f4      hlt
                ebfd    jmp $-1
                """));
        vm.memory().store(0x2000, GuestCode.of("""
                b82a00  mov ax, 42
                e7e1    out 0xe1, ax
                """));
        Vcpu second = vm.vcpus().get(1);
        second.mpState(MpState.RUNNABLE);
        second.registers().realMode(0x1000);
        Thread.ofPlatform().daemon().start(() -> {
            while (!second.stats().exits().containsKey("HALT")) {
                Thread.onSpinWait();
            }
            vm.pause();
            vm.msi().send(TO_SECOND, INIT);
            vm.msi().send(TO_SECOND, STARTUP | 2);
            vm.resume();
        });

        assertEquals(new Outcome.Stopped(42, "guest"), runner.run());
    }

    @Test
    void theTimeStampCountersStartTogether() {
        machine(2, new Recorder());

        vm.pause();
        vm.reset();
        long now = vm.clockReading().tsc();
        vm.resume();

        assertEquals(0, now);
    }
}
