// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.javisor.host.Errno;
import org.javisor.host.EventFd;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.InvalidSlotException;
import org.javisor.memory.MemorySlot;
import org.javisor.memory.Ram;
import org.javisor.vmm.Capability;
import org.javisor.vmm.EventWiring;
import org.javisor.vmm.InvalidRegisterException;
import org.javisor.vmm.Irqchip;
import org.javisor.vmm.MpState;
import org.javisor.vmm.Registers;
import org.javisor.vmm.VcpuBusyException;
import org.javisor.vmm.VmConfig;
import org.javisor.vmm.VmExit;
import org.javisor.vmm.kvm.KvmException;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Mistakes of who drives a machine: each is refused by an exception that says what is wrong, and afterwards the
/// machine is as it was, which its guest tells.
@Timeout(60)
class BadInputConformanceTest {
    private static final String ENGINES = "org.javisor.vmm.conformance.Engines#all";
    private static final int PAGE = GuestMemory.PAGE_BYTES;
    private static final long HIGH = 0x10_0000;
    /// Tells the byte at 1 MiB by port 0x80, and adds one to it.
    private static final String COUNT = """
            b8ffff        mov ax, 0xffff
            8ed8          mov ds, ax
            a01000        again: mov al, [0x10]
            e680          out 0x80, al
            fe061000      inc byte [0x10]
            ebf5          jmp again
            """;

    private static int told(Guest guest) {
        return ((VmExit.PortWrite) guest.run()).data8();
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void slotsThatCannotBeLeaveThoseThatAre(String engine) {
        try (Guest guest = new Guest(engine, COUNT); Ram ram = Ram.allocate(4 * PAGE)) {
            GuestMemory memory = guest.vm.memory();
            memory.addSlot(1, HIGH, ram, PAGE, 2 * PAGE, false);
            assertEquals(0, told(guest));
            MemorySlot[] before = memory.slots();
            Map<String, Executable> mistakes = Map.ofEntries(
                    Map.entry("overlaps", () -> memory.addSlot(2, HIGH + PAGE, ram)),
                    Map.entry("is within another", () -> memory.addSlot(2, 0x2000, ram, 0, PAGE, false)),
                    Map.entry("number taken", () -> memory.addSlot(1, 0x20_0000, ram)),
                    Map.entry("address unaligned", () -> memory.addSlot(2, 0x20_0010, ram)),
                    Map.entry("offset unaligned", () -> memory.addSlot(2, 0x20_0000, ram, 0x10, PAGE, false)),
                    Map.entry("length unaligned", () -> memory.addSlot(2, 0x20_0000, ram, 0, PAGE + 1, false)),
                    Map.entry("empty", () -> memory.addSlot(2, 0x20_0000, ram, 0, 0, false)),
                    Map.entry("outside its backing", () -> memory.addSlot(2, 0x20_0000, ram, PAGE, 4 * PAGE, false)),
                    Map.entry("before its backing", () -> memory.addSlot(2, 0x20_0000, ram, -PAGE, PAGE, false)),
                    Map.entry("beyond all addresses", () -> memory.addSlot(2, -PAGE, ram, 0, 2 * PAGE, false)),
                    Map.entry("moved onto another", () -> memory.moveSlot(1, 0xf_f000)),
                    Map.entry("moved unaligned", () -> memory.moveSlot(1, HIGH + 1)),
                    Map.entry("moved, not there", () -> memory.moveSlot(2, 0x20_0000)),
                    Map.entry("replaced by one too large", () -> memory.replaceSlot(1, HIGH, ram, 0, 5 * PAGE, false)),
                    Map.entry("removed, not there", () -> memory.removeSlot(2)));
            int expected = 1;
            for (Map.Entry<String, Executable> mistake : mistakes.entrySet()) {
                assertThrows(InvalidSlotException.class, mistake.getValue(), mistake.getKey());
                assertArrayEquals(before, memory.slots(), mistake.getKey());
                assertEquals(expected++, told(guest), mistake.getKey());
            }
        }
    }

    /// Two descriptors of one eventfd: right in themselves, but not for the host's kernel.
    @ParameterizedTest
    @MethodSource(ENGINES)
    void whatTheHostRefusesIsToldWithCallReasonAndMeaning(String engine) {
        Engines.assume(engine, Capability.KERNEL_IRQCHIP);
        VmConfig config = VmConfig.pc(1).withIrqchip(Irqchip.KERNEL).withExitsOnUnclaimed(true);
        try (Guest guest = new Guest(engine, config, COUNT); Ram ram = Ram.allocate(PAGE);
                EventFd trigger = new EventFd(); EventFd same = trigger.duplicate()) {
            guest.vm.memory().addSlot(1, HIGH, ram);
            assertEquals(0, told(guest));
            EventWiring.Connection connection = guest.vm.eventWiring().irqfd(trigger, 10);

            KvmException refusal = assertThrows(KvmException.class, () -> guest.vm.eventWiring().irqfd(same, 11));

            assertEquals("KVM_IRQFD", refusal.call());
            assertEquals(Errno.EBUSY.number, refusal.errno());
            assertTrue(refusal.getMessage().endsWith("EBUSY: the event descriptor is connected already"),
                    refusal.getMessage());
            assertEquals(1, told(guest));
            connection.close();
            guest.vm.eventWiring().irqfd(same, 11).close();
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void registersThatCannotBeLeaveTheProcessorAsItWas(String engine) {
        try (Guest guest = new Guest(engine, VmConfig.pc(1).withExitsOnUnclaimed(true), COUNT);
                Ram ram = Ram.allocate(PAGE)) {
            guest.vm.memory().addSlot(1, HIGH, ram);
            assertEquals(0, told(guest));
            Registers registers = guest.vcpu.registers();
            List<Executable> mistakes = List.of(
                    () -> registers.paging(new Registers.Paging(1L << 31, 0, 0, 0)),
                    () -> registers.paging(new Registers.Paging(1, 0, 1L << 45, 0)),
                    () -> registers.cr8(16),
                    () -> registers.debug(7, 1L << 32),
                    () -> registers.xcr0(2),
                    () -> registers.msr(0x1234_5678, 1),
                    () -> registers.xsave(new byte[100]));
            int expected = 1;
            for (Executable mistake : mistakes) {
                Registers.Paging paging = registers.paging();
                byte[] xsave = registers.xsave();
                assertThrows(InvalidRegisterException.class, mistake);
                assertEquals(paging, registers.paging());
                assertArrayEquals(xsave, registers.xsave());
                assertEquals(expected++, told(guest));
            }
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void whoRunsAProcessorThatRunsDisturbsNobody(String engine) throws InterruptedException {
        try (Guest guest = new Guest(engine, """
                fe061000      again: inc byte [0x10]
                ebfa          jmp again
                """)) {
            VmExit[] exit = new VmExit[1];
            Thread runner = Thread.ofPlatform().daemon().start(() -> exit[0] = guest.run());
            while (guest.vm.memory().loadByte(0x10) == 0) {
                Thread.onSpinWait();
            }

            for (int n = 0; n < 100; n++) {
                assertThrows(VcpuBusyException.class, guest::run);
            }

            byte at = guest.vm.memory().loadByte(0x10);
            while (guest.vm.memory().loadByte(0x10) == at) {
                Thread.onSpinWait();
            }
            guest.vcpu.kick();
            runner.join();
            assertEquals(VmExit.Interrupted.INSTANCE, exit[0]);
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void whoClosesAMachineThatRunsEndsItsRuns(String engine) {
        Guest guest = new Guest(engine, """
                fe061000      again: inc byte [0x10]
                ebfa          jmp again
                """);
        Running runner = new Running(guest.vcpu);
        runner.awaitMore(() -> guest.vm.memory().loadByte(0x10), 1);

        guest.vm.close();

        assertEquals(VmExit.Interrupted.INSTANCE, runner.stop());
        guest.vm.close();
        guest.close();
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void whatIsLeftOfAClosedMachineIsRefused(String engine) {
        Guest guest = new Guest(engine, VmConfig.pc(2), COUNT);
        Registers registers = guest.vcpu.registers();
        guest.vcpu.stats();
        guest.close();
        List<Executable> late = List.of(guest::run, registers::rip, () -> registers.general(0, 1), registers::xsave,
                () -> registers.msr(0x10), registers::paging, () -> registers.debug(7, 0), guest.vcpu::events,
                guest.vcpu::lapic, guest.vcpu::mpState, () -> guest.vcpu.mpState(MpState.RUNNABLE),
                () -> guest.vcpu.translate(0), () -> guest.vcpu.tscOffset(1), () -> guest.vm.createVcpu(1));
        for (int n = 0; n < late.size(); n++) {
            assertThrows(IllegalStateException.class, late.get(n), "operation " + n);
        }
        guest.vcpu.kick();
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void processorsAndWiresThatThereAreNotAreRefused(String engine) {
        try (Guest guest = new Guest(engine, VmConfig.pc(1).withExitsOnUnclaimed(true), COUNT);
                Ram ram = Ram.allocate(PAGE)) {
            guest.vm.memory().addSlot(1, HIGH, ram);
            assertThrows(IllegalArgumentException.class, () -> guest.vm.createVcpu(0));
            assertThrows(IllegalArgumentException.class, () -> guest.vm.createVcpu(1));
            assertThrows(IllegalArgumentException.class, () -> guest.vm.createVcpu(-1));
            assertThrows(IllegalArgumentException.class, () -> guest.vm.gsi(-1));
            assertThrows(IllegalArgumentException.class, () -> guest.vm.setClock(-1));
            assertEquals(List.of(guest.vcpu), guest.vm.vcpus());
            assertEquals(MpState.RUNNABLE, guest.vcpu.mpState());
            assertEquals(0, told(guest));
            assertEquals(1, told(guest));
        }
    }
}
