// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.software;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumSet;
import java.util.Set;
import org.javisor.memory.Ram;
import org.javisor.vmm.Execution;
import org.javisor.vmm.GuestCode;
import org.javisor.vmm.Hypervisor;
import org.javisor.vmm.Registers;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.Vm;
import org.javisor.vmm.VmConfig;
import org.javisor.vmm.VmExit;
import org.javisor.vmm.pv.GuestInterface;
import org.javisor.vmm.pv.HvStatus;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Hyper-V's interface as guest code meets it.
@Timeout(60)
class HypervGuestTest {
    private static final int GUEST_OS_ID = 0x4000_0000, APIC_BASE = 0x1b, SPURIOUS = 0x80f, STIMER_CONFIG = 0x4000_00b0,
            STIMER_COUNT = 0x4000_00b1, TIME_REF_COUNT = 0x4000_0020, GUEST_IDLE = 0x4000_00f0, SCONTROL = 0x4000_0080;
    /// The x2APIC's requests of vectors 0xe0 to 0xff.
    private static final int REQUESTED = 0x827;
    private static final int CODE = 0x1000, HANDLER = 0x2000, INVALID_OPCODE = 6;
    /// Says that an exception came, by a port.
    private static final byte[] REPORT = GuestCode.of("""
            b8bdbd   mov ax, 0xbdbd
            e780     out 0x80, ax
            """);

    private final Hypervisor hypervisor = Hypervisor.open();
    private final Ram ram = Ram.allocate(1 << 20);
    private Vm vm;
    private Vcpu vcpu;

    private void machine(Set<GuestInterface> interfaces, String listing) {
        vm = hypervisor.createVm(VmConfig.pc(1).withExecution(Execution.INTERPRETER).withExitsOnUnclaimed(true)
                .withInterfaces(interfaces));
        vm.memory().addSlot(0, 0, ram);
        vm.memory().store(CODE, GuestCode.of(listing));
        vm.memory().store(HANDLER, REPORT);
        vm.memory().storeInt(4L * INVALID_OPCODE, HANDLER);
        vcpu = vm.createVcpu(0);
        vcpu.registers().realMode(CODE);
    }

    /// Makes the processor execute 32-bit code.
    private void protectedMode() {
        Registers registers = vcpu.registers();
        Registers.Paging paging = registers.paging();
        registers.paging(new Registers.Paging(paging.cr0() | 1, paging.cr3(), paging.cr4(), paging.efer()));
        registers.segment(Registers.CS, new Registers.Segment(8, 0, -1, 0xc09b));
        for (int data : new int[] {Registers.ES, Registers.SS, Registers.DS}) {
            registers.segment(data, new Registers.Segment(16, 0, -1, 0xc093));
        }
        registers.rip(CODE);
    }

    private int written() {
        VmExit exit = vcpu.run();
        return exit instanceof VmExit.PortWrite write ? write.value() : -1;
    }

    @AfterEach
    void close() {
        hypervisor.close();
        ram.close();
    }

    /// HvSignalEvent with a connection that is not there, as 32-bit code.
    private static final String SIGNAL = """
            b85d000100   mov eax, 0x1005d
            31d2         xor edx, edx
            31db         xor ebx, ebx
            b907000000   mov ecx, 7
            0f01c1       vmcall
            e780         out 0x80, eax
            """;

    @Test
    void callsAreHypervsWhenTheGuestHasSaidWhoItIs() {
        machine(EnumSet.allOf(GuestInterface.class), SIGNAL);
        protectedMode();
        vcpu.registers().msr(GUEST_OS_ID, 0x8100);
        assertEquals(HvStatus.INVALID_CONNECTION_ID, written());
    }

    @Test
    void callsAreKvmsBefore() {
        machine(EnumSet.allOf(GuestInterface.class), SIGNAL);
        protectedMode();
        assertEquals(-1000, written());
    }

    /// Maps the first 4 MiB one to one, but the page at 0x40000 to `frame`.
    private void map(long frame) {
        int presentWritable = 3;
        vm.memory().storeInt(0x1_0000, 0x1_1000 | presentWritable);
        for (int page = 0; page < 1024; page++) {
            vm.memory().storeInt(0x1_1000 + 4L * page, page << 12 | presentWritable);
        }
        vm.memory().storeInt(0x1_1000 + 4L * 0x40, (int) frame | presentWritable);
    }

    @Test
    void aListOfAddressesIsForgotten() {
        machine(EnumSet.of(GuestInterface.HYPERV), """
                a000000400   mov al, [0x40000]
                e680         out 0x80, al
                a000000400   mov al, [0x40000]
                e680         out 0x80, al
                0f01c1       vmcall
                e780         out 0x80, eax
                a000000400   mov al, [0x40000]
                e680         out 0x80, al
                """);
        protectedMode();
        vm.memory().storeByte(0x5_0000, (byte) 'A');
        vm.memory().storeByte(0x6_0000, (byte) 'B');
        map(0x5_0000);
        Registers registers = vcpu.registers();
        registers.msr(GUEST_OS_ID, 0x8100);
        Registers.Paging paging = registers.paging();
        registers.paging(new Registers.Paging(paging.cr0() | 1L << 31, 0x1_0000, paging.cr4(), paging.efer()));
        assertEquals('A', written());
        map(0x6_0000);
        assertEquals('A', written(), "the processor keeps its translation");

        // HvFlushVirtualAddressList, fast: processor 0, one page.
        registers.general(Registers.RAX, 0x1_0003);
        registers.general(Registers.RDX, 1);
        registers.general(Registers.RBX, 0);
        registers.general(Registers.RCX, 0);
        registers.general(Registers.RDI, 0);
        registers.general(Registers.RSI, 0);
        registers.vector(0, 0, 1);
        registers.vector(0, 1, 0x4_0000);

        assertEquals(HvStatus.SUCCESS, written());
        assertEquals('B', written());
    }

    @Test
    void servicesHearOfSignals() {
        machine(EnumSet.of(GuestInterface.HYPERV), SIGNAL);
        protectedMode();
        vcpu.registers().msr(GUEST_OS_ID, 0x8100);
        int[] signals = {0};
        vm.hyperv().connections().connect(7, () -> {
            signals[0]++;
            return HvStatus.SUCCESS;
        });
        assertEquals(0, written());
        assertEquals(1, signals[0]);
    }

    /// HvSendSyntheticClusterIpiEx of vector 0xe5: the mask of banks and a bank are in XMM0.
    private static final String IPI_BY_XMM = """
            b815000300   mov eax, 0x30015
            31d2         xor edx, edx
            31db         xor ebx, ebx
            b9e5000000   mov ecx, 0xe5
            31ff         xor edi, edi
            31f6         xor esi, esi
            0f01c1       vmcall
            e780         out 0x80, eax
            """;

    @Test
    void whatDoesNotFitIntoRegistersIsInXmmRegisters() {
        machine(EnumSet.of(GuestInterface.HYPERV), IPI_BY_XMM);
        protectedMode();
        Registers registers = vcpu.registers();
        registers.msr(GUEST_OS_ID, 0x8100);
        registers.msr(APIC_BASE, registers.msr(APIC_BASE) | 1 << 10);
        registers.msr(SPURIOUS, 0x1ff);
        registers.vector(0, 0, 0b11);
        registers.vector(0, 1, 1);
        assertEquals(HvStatus.INVALID_HYPERCALL_INPUT, written(), "two banks in a header of one");
        assertEquals(0, registers.msr(REQUESTED));

        registers.vector(0, 0, 1);
        registers.rip(CODE);

        assertEquals(0, written());
        assertEquals(1 << 5, registers.msr(REQUESTED));
    }

    @Test
    void realModeHasNoSuchCalls() {
        machine(EnumSet.of(GuestInterface.HYPERV), "0f01c1  vmcall\n" + "e780  out 0x80, ax");
        vcpu.registers().msr(GUEST_OS_ID, 0x8100);
        assertEquals(0xbdbd, written(), "an invalid opcode");
    }

    @Test
    void leavesAreThoseOfWhatIsOffered() {
        machine(EnumSet.allOf(GuestInterface.class), "f4  hlt");
        assertEquals(0x7263_694d, vcpu.registers().cpuid(0x4000_0000, 0).ebx(), "Micr");
        assertEquals(0x4b4d_564b, vcpu.registers().cpuid(0x4000_0100, 0).ebx(), "KVMK");
        assertEquals(0x4000_0101, vcpu.registers().cpuid(0x4000_0100, 0).eax());
    }

    @Test
    void oneThatIsNotOfferedIsNotThere() {
        machine(EnumSet.of(GuestInterface.KVM), "f4  hlt");
        assertNull(vm.hyperv());
        assertEquals(0x4b4d_564b, vcpu.registers().cpuid(0x4000_0000, 0).ebx());
    }

    @Test
    void anIdleProcessorSleepsUntilAnInterruptComesThatItDoesNotTake() {
        machine(EnumSet.of(GuestInterface.HYPERV), """
                fa             cli
                66b9f0000040   mov ecx, 0x400000f0
                0f32           rdmsr
                b83412         mov ax, 0x1234
                e780           out 0x80, ax
                """);
        Registers registers = vcpu.registers();
        registers.msr(APIC_BASE, registers.msr(APIC_BASE) | 1 << 10);
        registers.msr(SPURIOUS, 0x1ff);
        long due = registers.msr(TIME_REF_COUNT) + 20_000;
        registers.msr(STIMER_COUNT, due);
        registers.msr(STIMER_CONFIG, 1 | 0xec << 4 | 1 << 12);

        assertEquals(0x1234, written());

        assertTrue(registers.msr(TIME_REF_COUNT) >= due, "two milliseconds have passed");
    }

    @Test
    void whoLooksAtTheRegisterFromOutsideDoesNotMakeItIdle() {
        machine(EnumSet.of(GuestInterface.HYPERV), "b83412  mov ax, 0x1234\n" + "e780  out 0x80, ax");
        vcpu.registers().msr(GUEST_IDLE);
        assertEquals(0x1234, written());
    }

    @Test
    void resetTakesItAllBack() {
        machine(EnumSet.of(GuestInterface.HYPERV), "f4  hlt");
        vcpu.registers().msr(GUEST_OS_ID, 0x8100);
        vcpu.registers().msr(SCONTROL, 1);
        vm.reset();
        assertEquals(0, vcpu.registers().msr(GUEST_OS_ID));
        assertEquals(0, vcpu.registers().msr(SCONTROL));
    }
}
