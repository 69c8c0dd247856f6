// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.SystemGuest.CODE;
import static org.javisor.cpu.SystemGuest.CODE0;
import static org.javisor.cpu.SystemGuest.CODE3;
import static org.javisor.cpu.SystemGuest.DATA0;
import static org.javisor.cpu.SystemGuest.DATA3;
import static org.javisor.cpu.SystemGuest.GDT;
import static org.javisor.cpu.SystemGuest.HANDLERS;
import static org.javisor.cpu.SystemGuest.STACK;
import static org.javisor.isa.Instruction.CS;
import static org.javisor.isa.Instruction.DS;
import static org.javisor.isa.Instruction.SS;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.javisor.memory.BusDevice;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// IRETQ from a handler that is entered again and again: a program, or the kernel, executes `int 40h` until EBX, which
/// the handler counts down, is 0. In that round the handler does something else as well.
@Timeout(60)
class InterruptReturnTest {
    private static final int KERNEL = 0x20000, ROUNDS = 100, CALL = 0x40, END = 0x41, INTERRUPT = 0x42;
    private static final int INTERRUPT_GATE = 0x8e, FOR_PROGRAMS = 0xee;

    private final SystemGuest guest = SystemGuest.in64BitMode();
    private final Cpu cpu = guest.cpu;

    @AfterEach
    void close() {
        guest.close();
    }

    private long item(int index) {
        return guest.stackItem(index, 8);
    }

    /// @param last what the handler does in the last round, of less than 128 bytes
    /// @param behind what is executed behind `int 40h`, likewise
    /// @return the vector that ends it
    private int run(String last, String behind) {
        guest.gate(CALL, CODE0, KERNEL, FOR_PROGRAMS);
        guest.gate(END, CODE0, HANDLERS + 16 * END, FOR_PROGRAMS);
        // dec ebx; jnz 1f; ...; 1: iretq
        guest.code(KERNEL, "ffcb 75" + offset(bytes(last)) + last + "48cf");
        // 1: stc; int 40h; ...; test ebx, ebx; jnz 1b; int 41h
        guest.code("f9 cd40 " + behind + "85db 75" + offset(-7 - bytes(behind)) + "cd41");
        cpu.reg64(CpuLayout.RBX, ROUNDS);
        cpu.reg64(CpuLayout.RDX, 0);
        return guest.runToVector();
    }

    private static int bytes(String hex) {
        return hex.replaceAll("\\s", "").length() / 2;
    }

    private static String offset(int distance) {
        return String.format("%02x", distance & 0xff);
    }

    @Test
    void programsGoOnWhereTheyWere() {
        guest.asUser().flags(Flags.IF | Flags.DF);
        // adc rdx, rsp; pushfq; pop rdi
        assertEquals(END, run("", "4811e2 9c 5f"));
        assertEquals(ROUNDS * (STACK + 1L), cpu.reg64(CpuLayout.RDX));
        assertEquals(Flags.IF | Flags.DF, cpu.reg64(CpuLayout.RDI) & (Flags.IF | Flags.DF | Flags.RF));
        assertEquals(CODE3, item(1));
        assertEquals(DATA3, item(4));
        assertEquals(0, cpu.cpl);
    }

    @Test
    void theKernelGoesOnWhereItWas() {
        // adc rdx, rsp
        assertEquals(END, run("", "4811e2"));
        assertEquals(ROUNDS * (STACK + 1L), cpu.reg64(CpuLayout.RDX));
        assertEquals(CODE0, guest.selector(CS));
        assertEquals(DATA0, item(4));
    }

    @Test
    void aNullStackSegmentStaysThat() {
        // xor eax, eax; mov ss, eax before all: the handler's frame has it
        guest.gate(CALL, CODE0, KERNEL, INTERRUPT_GATE);
        guest.code(CODE - 4, "31c0 8ed0");
        cpu.rip(CODE - 4);
        assertEquals(END, run("", "8cd1"));
        assertEquals(0, cpu.reg64(CpuLayout.RCX));
        assertEquals(0, guest.selector(SS));
    }

    @Test
    void aDescriptorThatHasChangedCounts() {
        // mov byte [GDT + CODE3 + 5], 7bh
        guest.asUser();
        assertEquals(GuestFault.NP, run("c60425 1d100000 7b", ""));
        assertEquals(CODE3 & -8, item(0));
        assertEquals(GDT, cpu.tables.gdtBase);
    }

    @Test
    void aSelectorThatHasChangedCounts() {
        // mov byte [rsp + 32], 13h
        guest.asUser();
        assertEquals(GuestFault.GP, run("c6442420 13", ""));
        assertEquals(DATA0, item(0));
    }

    @Test
    void anAddressThatIsNotCanonicalIsAFaultOfTheKernels() {
        // mov byte [rsp + 7], 80h
        guest.asUser();
        assertEquals(GuestFault.GP, run("c6442407 80", ""));
        assertEquals(0, item(0));
        assertEquals(CODE0, item(2));
    }

    @Test
    void codeThatIsNotMappedIsAFaultOfTheProgram() {
        // mov byte [rsp + 3], 1
        guest.asUser();
        assertEquals(GuestFault.PF, run("c6442403 01", ""));
        assertEquals(0x14, item(0));
        assertEquals(CODE + 3 | 1 << 24, item(1));
        assertEquals(CODE3, item(2));
        assertEquals(CODE + 3 | 1 << 24, cpu.cr2());
    }

    @Test
    void aFrameThatIsNotMappedIsAPageFault() {
        // mov esp, 2000000h
        guest.gate(GuestFault.PF, CODE0, HANDLERS + 16 * GuestFault.PF, INTERRUPT_GATE, 1);
        guest.asUser();
        assertEquals(GuestFault.PF, run("bc00000002", ""));
        assertEquals(0, item(0));
        assertEquals(0x200_0000, cpu.cr2());
    }

    @Test
    void withTfTheProgramIsStepped() {
        // or byte [rsp + 17], 1; behind it: nop
        guest.asUser();
        assertEquals(GuestFault.DB, run("804c2411 01", "90 90"));
        assertEquals(CODE + 4, item(0));
    }

    @Test
    void withNtItIsAProtectionFault() {
        // pushfq; or byte [rsp + 1], 40h; popfq
        guest.asUser();
        assertEquals(GuestFault.GP, run("9c 804c240140 9d", ""));
        assertEquals(CODE0, item(2));
    }

    @Test
    void ioplIsLoaded() {
        // or byte [rsp + 17], 30h; behind it, in the last round: cli
        guest.asUser().flags(Flags.IF);
        // test ebx, ebx; jnz 1f; cli; 1:
        assertEquals(END, run("804c2411 30", "85db 7501 fa"));
        assertEquals(3 << 12, item(2) & (Flags.IOPL | Flags.IF));
    }

    @Test
    void withAcProgramsHaveToAlign() {
        cpu.cr0 |= ControlBits.CR0_AM;
        // or byte [rsp + 18], 4; behind it: mov eax, [41h + DATA]
        guest.asUser();
        assertEquals(GuestFault.AC, run("804c2412 04", "8b0425 01000400"));
    }

    @Test
    void theKernelKeepsAc() {
        cpu.cr4 |= ControlBits.CR4_SMAP;
        // Only what is the kernel's: without AC it must not read what a program may.
        guest.memory.storeLong(SystemGuest.TABLES + 0x2000, 0x83);
        cpu.mmu.flush();
        cpu.modeChanged();
        // or byte [rsp + 18], 4; behind it, in the last round: mov eax, [200000h]
        assertEquals(END, run("804c2412 04", "85db 7507 8b0425 00002000"));
        assertEquals(Flags.AC, item(2) & Flags.AC);
    }

    @Test
    void withoutAcTheKernelIsNotExempt() {
        cpu.cr4 |= ControlBits.CR4_SMAP;
        guest.memory.storeLong(SystemGuest.TABLES + 0x2000, 0x83);
        cpu.mmu.flush();
        cpu.modeChanged();
        guest.flags(Flags.AC);
        // mov eax, [200000h] in each round, up to: and byte [rsp + 18], ~4
        assertEquals(GuestFault.PF, run("80642412 fb", "8b0425 00002000"));
        assertEquals(0, cpu.reg64(CpuLayout.RBX));
        assertEquals(1, item(0));
    }

    @Test
    void dataSegmentsOfTheKernelAreTakenAway() {
        // mov eax, DATA0; mov ds, eax; behind it: mov ecx, ds
        guest.asUser();
        assertEquals(END, run("b810000000 8ed8", "8cd9"));
        assertEquals(0, cpu.reg64(CpuLayout.RCX));
        assertEquals(0, guest.selector(DS));
    }

    @Test
    void anInterruptThatWaitsComesAtOnce() {
        guest.gate(INTERRUPT, CODE0, HANDLERS + 16 * INTERRUPT, INTERRUPT_GATE);
        request(() -> guest.interrupt(INTERRUPT));
        guest.asUser().flags(Flags.IF);
        // out 80h, al
        assertEquals(INTERRUPT, run("e680", ""));
        assertEquals(CODE + 3, item(0));
        assertEquals(CODE3, item(1));
    }

    @Test
    void whatKeepsInterruptsOutStillDoes() {
        request(() -> guest.interrupt(INTERRUPT));
        guest.asUser();
        // out 80h, al
        assertEquals(END, run("e680", ""));
        assertEquals(INTERRUPT, guest.interrupt);
    }

    @Test
    void nmisAreBlockedUntilThen() {
        // inc edx; out 80h, al; iretq
        guest.gate(GuestFault.NMI, CODE0, KERNEL + 0x100, INTERRUPT_GATE);
        guest.code(KERNEL + 0x100, "ffc2 e680 48cf");
        int[] left = {ROUNDS};
        request(() -> {
            if (--left[0] >= 0) {
                cpu.request(Requests.NMI);
            }
        });
        guest.asUser();
        // out 80h, al: each NMI asks for another in its handler, which does not come before this one has gone
        assertEquals(END, run("e680", ""));
        assertEquals(ROUNDS, cpu.reg64(CpuLayout.RDX));
        assertEquals(SystemGuest.STACK0 - 40, cpu.reg64(CpuLayout.RSP));
    }

    @Test
    void rfIsForOneBreakpoint() {
        // #DB: inc edx; or byte [rsp + 18], 1; iretq
        guest.gate(GuestFault.DB, CODE0, KERNEL + 0x100, INTERRUPT_GATE);
        guest.code(KERNEL + 0x100, "ffc2 804c241201 48cf");
        cpu.debug.write(0, CODE);
        cpu.debug.write(7, 1);
        guest.asUser();
        assertEquals(END, run("", ""));
        assertEquals(ROUNDS, cpu.reg64(CpuLayout.RDX));
    }

    private void request(Runnable what) {
        guest.ports.attach(0x80, 1, new BusDevice() {
            @Override
            public long read(long offset, int size) {
                return 0;
            }

            @Override
            public void write(long offset, int size, long value) {
                what.run();
            }
        }, "asks for something");
    }
}
