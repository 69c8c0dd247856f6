// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.javisor.vmm.MpState;
import org.javisor.vmm.Registers;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.VmConfig;
import org.javisor.vmm.VmExit;
import org.javisor.vmm.irq.LapicState;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Local APICs in both modes: what their pages tell, and interrupts between processors.
@Timeout(60)
class LocalApicConformanceTest {
    private static final String ENGINES = "org.javisor.vmm.conformance.Engines#all";
    private static final VmConfig TWO = VmConfig.pc(2).withExitsOnUnclaimed(true);
    private static final int APIC_BASE = 0x1b, ENABLED = 1 << 11, X2APIC = 1 << 10;
    private static final int ID = 0x20, LDR = 0xd0, ICR = 0x300, ICR_HIGH = 0x310;
    private static final int X2APIC_ID = 0x802, X2APIC_ICR = 0x830, X2APIC_SVR = 0x80f;

    private static Vcpu second(Guest guest) {
        return guest.vm.createVcpu(1);
    }

    private static void mode(Vcpu vcpu, long bits) {
        Registers registers = vcpu.registers();
        registers.msr(APIC_BASE, registers.msr(APIC_BASE) & ~(ENABLED | X2APIC) | bits);
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void anIdIsWhereTheModeHasIt(String engine) {
        try (Guest guest = new Guest(engine, TWO, "f4 hlt")) {
            Vcpu second = second(guest);
            assertEquals(1 << 24, second.lapic().register(ID));

            mode(second, ENABLED | X2APIC);

            assertEquals(1, second.lapic().register(ID));
            assertEquals(1 << 1, second.lapic().register(LDR));
            second.lapic(second.lapic());
            assertEquals(1, second.lapic().register(ID));
            LapicState wrong = second.lapic().with(ID, 7);
            assertThrows(IllegalArgumentException.class, () -> second.lapic(wrong));
            assertEquals(1, second.lapic().register(ID));
            mode(second, 0);
            mode(second, ENABLED);
            assertEquals(1 << 24, second.lapic().register(ID));
        }
    }

    /// No processor goes from x2APIC mode back to that with a page, but by way of none.
    @ParameterizedTest
    @MethodSource(ENGINES)
    void modesThatDoNotFollowEachOtherAreFaults(String engine) {
        try (RegisterGuest guest = new RegisterGuest(engine, VmConfig.pc(1))) {
            long base = guest.read(APIC_BASE).orElseThrow();
            assertEquals(false, guest.write(APIC_BASE, base & ~ENABLED | X2APIC), "x2APIC, but off");
            assertEquals(true, guest.write(APIC_BASE, base | X2APIC));
            assertEquals(false, guest.write(APIC_BASE, base), "back");
            assertEquals(false, guest.write(APIC_BASE, base | X2APIC | 1), "a reserved bit");
            assertEquals(base | X2APIC, guest.read(APIC_BASE).orElseThrow());
            assertEquals(0, guest.read(X2APIC_ID).orElseThrow());
            assertEquals(false, guest.write(X2APIC_ID, 1), "read-only");
            assertEquals(false, guest.write(X2APIC_SVR, 1L << 32), "an upper half");
            assertEquals(true, guest.read(0x831).isEmpty(), "there is no upper half of the ICR");
            assertEquals(true, guest.write(APIC_BASE, base & ~ENABLED));
            assertEquals(true, guest.read(X2APIC_ID).isEmpty(), "off");
        }
    }

    /// To a processor that there is not.
    @ParameterizedTest
    @MethodSource(ENGINES)
    void theCommandRegisterHoldsWhatWasWritten(String engine) {
        try (RegisterGuest guest = new RegisterGuest(engine, VmConfig.pc(1))) {
            Vcpu vcpu = guest.guest.vcpu;
            mode(vcpu, ENABLED | X2APIC);
            assertEquals(true, guest.write(X2APIC_SVR, 0x1ff));
            for (long command : new long[] {0x7_0000_4041L, 0x9_0000_00fdL}) {
                assertEquals(true, guest.write(X2APIC_ICR, command));
                assertEquals(command, guest.read(X2APIC_ICR).orElseThrow());
                LapicState page = vcpu.lapic();
                assertEquals((int) command, page.register(ICR));
                assertEquals((int) (command >>> 32), page.register(ICR_HIGH));
                vcpu.lapic(page);
                assertEquals(command, guest.read(X2APIC_ICR).orElseThrow());
            }
            for (int bit : new int[] {13, 16, 17, 20, 31}) {
                assertEquals(false, guest.write(X2APIC_ICR, 0x9_0000_00fdL | 1L << bit), "bit " + bit);
            }
            assertEquals(0x9_0000_00fdL, guest.read(X2APIC_ICR).orElseThrow());
        }
    }

    /// 200 interrupts, each of which is waited for, to a processor that sleeps in between.
    @ParameterizedTest
    @MethodSource(ENGINES)
    void noInterruptBetweenProcessorsIsLost(String engine) {
        try (Guest guest = new Guest(engine, TWO, """
                66b91b000000    mov ecx, 0x1b
                0f32            rdmsr
                660d000c0000    or eax, 0xc00
                0f30            wrmsr
                803e082000      wait: cmp byte [0x2008], 0
                74f9            je wait
                66bdc8000000    mov ebp, 200
                668b1e0020      again: mov ebx, [0x2000]
                66b930080000    mov ecx, 0x830
                66ba01000000    mov edx, 1
                66b841400000    mov eax, 0x4041
                0f30            wrmsr
                663b1e0020      wait: cmp ebx, [0x2000]
                74f9            je wait
                664d            dec ebp
                75dc            jnz again
                e680            out 0x80, al
                """).handling(0x41, 0x1800, """
                66ff060020      inc dword [0x2000]
                66b90b080000    mov ecx, 0x80b
                6631c0          xor eax, eax
                6631d2          xor edx, edx
                0f30            wrmsr
                cf              iret
                """)) {
            guest.vm.memory().store(0x1100, Guest.code("""
                66b91b000000    mov ecx, 0x1b
                0f32            rdmsr
                660d000c0000    or eax, 0xc00
                0f30            wrmsr
                66b90f080000    mov ecx, 0x80f
                66b8ff010000    mov eax, 0x1ff
                6631d2          xor edx, edx
                0f30            wrmsr
                fe060820        inc byte [0x2008]
                fb              again: sti
                f4              hlt
                ebfc            jmp again
                """));
            Vcpu second = second(guest);
            second.mpState(MpState.RUNNABLE);
            second.registers().realMode(0x1100);
            second.registers().general(Registers.RSP, 0x1f00);
            Running receiver = new Running(second);

            assertEquals(0x80, ((VmExit.PortWrite) guest.run()).port());

            assertEquals(200, guest.vm.memory().loadInt(0x2000));
            assertEquals(VmExit.Interrupted.INSTANCE, receiver.stop());
        }
    }

    /// While somebody switches the other's mode again and again, interrupts reach who can take them, and nobody else.
    @ParameterizedTest
    @MethodSource(ENGINES)
    void modesThatChangeDisturbNobody(String engine) {
        try (Guest guest = new Guest(engine, TWO, "fe061000 again: inc byte [0x10]\nebfa jmp again")) {
            Vcpu second = second(guest);
            Running runner = new Running(guest.vcpu);
            for (int round = 0; round < 50; round++) {
                mode(second, ENABLED | X2APIC);
                guest.vm.msi().send(0xfee0_1000L, 0x41);
                mode(second, 0);
                guest.vm.msi().send(0xfee0_1000L, 0x41);
                mode(second, ENABLED);
                runner.awaitMore(() -> guest.vm.memory().loadByte(0x10), 0);
            }
            assertEquals(1 << 24, second.lapic().register(ID));
            assertEquals(VmExit.Interrupted.INSTANCE, runner.stop());
        }
    }
}
