// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.javisor.memory.Ram;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The face of the hypervisor, as somebody embeds it.
@Timeout(60)
class HypervisorTest {
    @Test
    void aGuestSaysHello() {
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        try (Hypervisor hypervisor = Hypervisor.open();
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
    private static VmExit[] exits(int count, String listing, long answer) {
        try (Hypervisor hypervisor = Hypervisor.open();
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

    @Test
    void aPortReadGetsItsAnswer() {
        VmExit[] exits = exits(3, """
                e540    in ax, 0x40
                e780    out 0x80, ax
                f4      hlt
                """, 0x1234);

        assertEquals(new VmExit.PortRead(0x40, 2), exits[0]);
        assertEquals(new VmExit.PortWrite(0x80, 2, 0x1234), exits[1]);
        assertEquals(VmExit.Halt.INSTANCE, exits[2]);
    }

    @Test
    void memoryThatNothingBacksExits() {
        VmExit[] exits = exits(3, """
                b8ffff        mov ax, 0xffff
                8ed8          mov ds, ax
                66a11000      mov eax, [0x10]
                66a31400      mov [0x14], eax
                f4            hlt
                """, 0xcafe_babeL);

        assertEquals(new VmExit.MmioRead(0x10_0000, 4), exits[0]);
        assertEquals(new VmExit.MmioWrite(0x10_0004, 4, 0xcafe_babeL), exits[1]);
    }

    @Test
    void runningAgainAfterHaltGoesOnBehindIt() {
        VmExit[] exits = exits(3, """
                f4      hlt
                e680    out 0x80, al
                f4      hlt
                """, 0);

        assertEquals(VmExit.Halt.INSTANCE, exits[0]);
        assertEquals(new VmExit.PortWrite(0x80, 1, 0), exits[1]);
        assertEquals(VmExit.Halt.INSTANCE, exits[2]);
    }

    @Test
    void aTripleFaultIsAShutdown() {
        VmExit[] exits = exits(1, """
                0f011e1010    lidt [0x1010]
                cc            int3
                """, 0);

        assertInstanceOf(VmExit.Shutdown.class, exits[0]);
    }

    @Test
    void aKickBeforeARunInterruptsIt() {
        try (Hypervisor hypervisor = Hypervisor.open();
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

    @Test
    void aKickEndsARunThatIsUnderWay() throws InterruptedException {
        try (Hypervisor hypervisor = Hypervisor.open();
                Vm vm = hypervisor.createVm();
                Ram ram = Ram.allocate(1 << 20)) {
            vm.memory().addSlot(0, 0, ram);
            vm.memory().store(0x1000, GuestCode.of("""
                    e680    out 0x80, al
                    ebfe    jmp $
                    """));
            Vcpu vcpu = vm.createVcpu(0);
            vcpu.registers().realMode(0x1000);
            assertEquals(new VmExit.PortWrite(0x80, 1, 0), vcpu.run());
            Thread kicker = Thread.ofPlatform().daemon().start(() -> {
                while (vcpu.registers().rip() != 0x1002) {
                    Thread.onSpinWait();
                }
                vcpu.kick();
            });

            assertEquals(VmExit.Interrupted.INSTANCE, vcpu.run());
            kicker.join();
        }
    }

    @Test
    void registersCanBeReadAndSet() {
        try (Hypervisor hypervisor = Hypervisor.open(); Vm vm = hypervisor.createVm()) {
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

    @Test
    void vcpusThatCannotBeAreRefused() {
        try (Hypervisor hypervisor = Hypervisor.open(); Vm vm = hypervisor.createVm(VmConfig.pc(2))) {
            vm.createVcpu(1);

            assertThrows(IllegalArgumentException.class, () -> vm.createVcpu(1));
            assertThrows(IllegalArgumentException.class, () -> vm.createVcpu(2));
            assertThrows(IllegalArgumentException.class, () -> vm.createVcpu(-1));
        }
    }

    @Test
    void aMachineWithoutChipsHasNoInterruptWires() {
        try (Hypervisor hypervisor = Hypervisor.open(); Vm vm = hypervisor.createVm()) {
            assertThrows(IllegalStateException.class, () -> vm.gsi(4));
            assertThrows(IllegalStateException.class, vm::msi);
        }
    }
}
