// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.javisor.memory.Ram;
import org.javisor.vmm.conformance.Engines;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The face of the hypervisor, as somebody embeds it.
@Timeout(60)
class HypervisorTest {
    private static final String ENGINES = "org.javisor.vmm.conformance.Engines#all";

    @ParameterizedTest
    @MethodSource(ENGINES)
    void aGuestSaysHello(String engine) {
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        try (Hypervisor hypervisor = Engines.open(engine);
                Vm vm = hypervisor.createVm();
                Ram ram = Ram.allocate(1 << 20)) {
            vm.memory().addSlot(0, 0, ram);
            vm.memory().store(0x1000, GuestCode.HELLO);
            Vcpu vcpu = vm.createVcpu(0);
            vcpu.registers().realMode(0x1000);
            boolean running = true;
            while (running) {
                switch (vcpu.run()) {
                    case VmExit.PortWrite w when w.port() == 0x3f8 -> output.write(w.data8());
                    case VmExit.Halt _ -> running = false;
                    case VmExit other -> throw new AssertionError(other);
                }
            }
        }
        assertEquals("Hello", output.toString(StandardCharsets.US_ASCII));
    }

    /// One bare processor about to execute `listing` at 0x1000.
    private static VmExit[] exits(String engine, int count, String listing, long answer) {
        try (Hypervisor hypervisor = Engines.open(engine);
                Vm vm = hypervisor.createVm();
                Ram ram = Ram.allocate(1 << 20)) {
            vm.memory().addSlot(0, 0, ram);
            vm.memory().store(0x1000, GuestCode.of(listing));
            Vcpu vcpu = vm.createVcpu(0);
            vcpu.registers().realMode(0x1000);
            VmExit[] exits = new VmExit[count];
            for (int i = 0; i < count; i++) {
                exits[i] = vcpu.run();
                vcpu.completeRead(answer);
            }
            return exits;
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void aPortReadGetsItsAnswer(String engine) {
        VmExit[] exits = exits(engine, 3, """
                e540    in ax, 0x40
                e780    out 0x80, ax
                f4      hlt
                """, 0x1234);

        assertEquals(new VmExit.PortRead(0x40, 2), exits[0]);
        assertEquals(new VmExit.PortWrite(0x80, 2, 0x1234), exits[1]);
        assertEquals(VmExit.Halt.INSTANCE, exits[2]);
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void memoryThatNothingBacksExits(String engine) {
        VmExit[] exits = exits(engine, 3, """
                b8ffff        mov ax, 0xffff
                8ed8          mov ds, ax
                66a11000      mov eax, [0x10]
                66a31400      mov [0x14], eax
                f4            hlt
                """, 0xcafe_babeL);

        assertEquals(new VmExit.MmioRead(0x10_0000, 4), exits[0]);
        assertEquals(new VmExit.MmioWrite(0x10_0004, 4, 0xcafe_babeL), exits[1]);
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void runningAgainAfterHaltGoesOnBehindIt(String engine) {
        VmExit[] exits = exits(engine, 3, """
                f4      hlt
                e680    out 0x80, al
                f4      hlt
                """, 0);

        assertEquals(VmExit.Halt.INSTANCE, exits[0]);
        assertEquals(new VmExit.PortWrite(0x80, 1, 0), exits[1]);
        assertEquals(VmExit.Halt.INSTANCE, exits[2]);
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void aTripleFaultIsAShutdown(String engine) {
        Engines.assumeProcessor(engine);
        VmExit[] exits = exits(engine, 1, """
                0f011e1010    lidt [0x1010]
                cc            int3
                """, 0);

        assertInstanceOf(VmExit.Shutdown.class, exits[0]);
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void aKickBeforeARunInterruptsIt(String engine) {
        try (Hypervisor hypervisor = Engines.open(engine);
                Vm vm = hypervisor.createVm();
                Ram ram = Ram.allocate(1 << 20)) {
            vm.memory().addSlot(0, 0, ram);
            vm.memory().store(0x1000, GuestCode.of("ebfe jmp 0x1000"));
            Vcpu vcpu = vm.createVcpu(0);
            vcpu.registers().realMode(0x1000);

            vcpu.kick();

            assertEquals(VmExit.Interrupted.INSTANCE, vcpu.run());
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void aKickEndsARunThatIsUnderWay(String engine) throws InterruptedException {
        try (Hypervisor hypervisor = Engines.open(engine);
                Vm vm = hypervisor.createVm();
                Ram ram = Ram.allocate(1 << 20)) {
            vm.memory().addSlot(0, 0, ram);
            vm.memory().store(0x1000, GuestCode.of("""
                    c606002001    again: mov byte [0x2000], 1
                    ebf9          jmp again
                    """));
            Vcpu vcpu = vm.createVcpu(0);
            vcpu.registers().realMode(0x1000);
            Thread kicker = Thread.ofPlatform().daemon().start(() -> {
                while (vm.memory().loadByte(0x2000) == 0) {
                    Thread.onSpinWait();
                }
                vcpu.kick();
            });

            assertEquals(VmExit.Interrupted.INSTANCE, vcpu.run());
            kicker.join();
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void registersCanBeReadAndSet(String engine) {
        try (Hypervisor hypervisor = Engines.open(engine); Vm vm = hypervisor.createVm()) {
            Registers registers = vm.createVcpu(0).registers();
            assertEquals(0xfff0, registers.rip());
            assertEquals(0xffff_0000L, registers.segment(Registers.CS).base());

            registers.general(Registers.RSP, 0x1234_5678_9abc_def0L);
            registers.rflags(0x202);
            registers.segment(Registers.DS, Registers.Segment.realMode(0x40));

            assertEquals(0x1234_5678_9abc_def0L, registers.general(Registers.RSP));
            assertEquals(0x202, registers.rflags());
            assertEquals(0x400, registers.segment(Registers.DS).base());
            assertEquals(0, registers.cpl());
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void vcpusThatCannotBeAreRefused(String engine) {
        try (Hypervisor hypervisor = Engines.open(engine); Vm vm = hypervisor.createVm(VmConfig.pc(2))) {
            vm.createVcpu(1);

            assertThrows(IllegalArgumentException.class, () -> vm.createVcpu(1));
            assertThrows(IllegalArgumentException.class, () -> vm.createVcpu(2));
            assertThrows(IllegalArgumentException.class, () -> vm.createVcpu(-1));
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void aMachineWithoutChipsHasNoInterruptWires(String engine) {
        try (Hypervisor hypervisor = Engines.open(engine); Vm vm = hypervisor.createVm()) {
            assertThrows(IllegalStateException.class, () -> vm.gsi(4));
            assertThrows(IllegalStateException.class, vm::msi);
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void anInterruptOfItsThreadEndsARun(String engine) throws InterruptedException {
        try (Hypervisor hypervisor = Engines.open(engine);
                Vm vm = hypervisor.createVm();
                Ram ram = Ram.allocate(1 << 20)) {
            vm.memory().addSlot(0, 0, ram);
            vm.memory().store(0x1000, GuestCode.of("""
                    c606002001    again: mov byte [0x2000], 1
                    ebf9          jmp again
                    """));
            Vcpu vcpu = vm.createVcpu(0);
            vcpu.registers().realMode(0x1000);
            Thread runner = Thread.currentThread();
            Thread other = Thread.ofPlatform().daemon().start(() -> {
                while (vm.memory().loadByte(0x2000) == 0) {
                    Thread.onSpinWait();
                }
                runner.interrupt();
            });

            assertEquals(VmExit.Interrupted.INSTANCE, vcpu.run());
            assertEquals(VmExit.Interrupted.INSTANCE, vcpu.run(), "while it is interrupted");
            assertTrue(Thread.interrupted());
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void aKickAfterTheEndDoesNothing(String engine) {
        Vcpu vcpu;
        try (Hypervisor hypervisor = Engines.open(engine); Vm vm = hypervisor.createVm()) {
            vcpu = vm.createVcpu(0);
        }
        vcpu.kick();
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void stringInstructionsAreOneAccessAfterTheOther(String engine) {
        VmExit[] exits = exits(engine, 5, """
                be1010      mov si, 0x1010
                ba8000      mov dx, 0x80
                b90400      mov cx, 4
                f36e        rep outsb
                f4          hlt
                90909090    padding
                41424344    "ABCD"
                """, 0);

        for (int i = 0; i < 4; i++) {
            assertEquals(new VmExit.PortWrite(0x80, 1, 'A' + i), exits[i]);
        }
        assertEquals(VmExit.Halt.INSTANCE, exits[4]);
    }
}
