// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.SystemGuest.CODE;
import static org.javisor.cpu.SystemGuest.DATA;
import static org.javisor.cpu.SystemGuest.HANDLERS;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.javisor.memory.BusDevice;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Single steps and breakpoints.
@Timeout(60)
class DebugTest {
    private static final int B0 = 1;
    // DR7: breakpoint 0 enabled, with kind and length.
    private static final int EXECUTION = 0x401, WRITE_4 = 0xd0401, ACCESS_4 = 0xf0401, PORT = 0x20401;

    private final SystemGuest guest = SystemGuest.in64BitMode();
    private final Cpu cpu = guest.cpu;

    @AfterEach
    void close() {
        guest.close();
    }

    private void arm(long address, int dr7) {
        cpu.debug.write(0, address);
        cpu.debug.write(7, dr7);
    }

    private void assertTrap(int offset, long dr6) {
        assertEquals(GuestFault.DB, guest.runToVector());
        assertEquals(CODE + offset, guest.stackItem(0, 8));
        assertEquals(dr6, cpu.debug.read(6) & (Debug.BREAKPOINTS | Debug.BS | Debug.BD | Debug.BT));
    }

    @Test
    void tfTrapsBehindTheInstructionThatBeganWithIt() {
        // push 0x102; popf; nop; nop
        guest.code("6802010000 9d 90 90");
        assertTrap(7, Debug.BS);
        assertEquals(0, guest.stackItem(2, 8) & Flags.RF);
    }

    @Test
    void anInstructionBreakpointIsAFaultWithRfClear() {
        arm(CODE + 1, EXECUTION);
        guest.code("90 90 f4");
        assertTrap(1, B0);
        assertEquals(0, guest.stackItem(2, 8) & Flags.RF);
    }

    @Test
    void rfPassesTheBreakpointOnce() {
        arm(CODE, EXECUTION);
        // dec ecx; jnz back to itself; hlt: with RF the first round passes.
        cpu.reg64(CpuLayout.RCX, 2);
        guest.code("ffc9 75fc f4").flags(Flags.RF);
        assertTrap(0, B0);
        assertEquals(1, cpu.reg64(CpuLayout.RCX));
    }

    @Test
    void aHandlerThatSetsRfReturnsPastTheBreakpoint() {
        arm(CODE, EXECUTION);
        // or dword [rsp + 16], RF; inc ebx; iretq
        guest.code(HANDLERS + 16, "814c241000000100 ffc3 48cf");
        guest.code("90 f4");
        assertEquals(-1, guest.runToVector());
        assertEquals(1, cpu.reg64(CpuLayout.RBX));
        assertEquals(0, cpu.systemFlags() & Flags.RF);
    }

    @Test
    void aDataBreakpointTrapsBehindTheAccess() {
        arm(DATA, WRITE_4);
        // mov eax, [DATA]; mov [DATA + 2], al; hlt
        guest.code("8b042500000400 88042502000400 f4");
        assertTrap(14, B0);
    }

    @Test
    void anAccessBreakpointSeesReads() {
        arm(DATA, ACCESS_4);
        guest.code("8b0425fc ff0300 8b0425fd ff0300 f4");
        assertTrap(14, B0);
    }

    @Test
    void aPortBreakpointNeedsDe() {
        guest.attachPort(0x80);
        arm(0x80, PORT);
        guest.code("e680 f4");
        assertEquals(-1, guest.runToVector());
        cpu.cr4 |= ControlBits.CR4_DE;
        cpu.debug.derive();
        cpu.modeChanged();
        cpu.rip(CODE);
        assertTrap(2, B0);
    }

    @Test
    void movSsHoldsTheTrapOfItsOwnOperandBack() {
        arm(DATA, ACCESS_4);
        guest.memory.storeInt(DATA, SystemGuest.DATA0);
        // mov ss, [DATA]; nop; nop
        guest.code("8e142500000400 90 90");
        assertTrap(8, B0);
    }

    @Test
    void behindMovSsAnInstructionBreakpointIsIgnored() {
        arm(CODE + 5, EXECUTION);
        // mov ax, ss; mov ss, ax; nop; hlt
        guest.code("668cd0 8ed0 90 f4");
        assertEquals(-1, guest.runToVector());
    }

    @Test
    void intDoesNotTrapOnItsHandlersFirstInstruction() {
        guest.code("6802010000 9d cd40");
        assertEquals(0x40, guest.runToVector());
        assertEquals(Flags.TF, guest.stackItem(2, 8) & Flags.TF);
    }

    @Test
    void gdGuardsTheRegistersAndIsClearInTheHandler() {
        cpu.debug.write(7, 0x400 | Debug.GD);
        // mov rax, dr0
        guest.code("0f21c0");
        assertTrap(0, Debug.BD);
        assertEquals(0x400, cpu.debug.read(7));
    }

    @Test
    void dr4AndDr5AreAliasesUnlessDeIsSet() {
        // mov rax, dr4; mov rbx, dr5; hlt
        guest.code("0f21e0 0f21eb f4");
        guest.runToVector();
        assertEquals(0xffff_0ff0L, cpu.reg64(CpuLayout.RAX));
        assertEquals(0x400, cpu.reg64(CpuLayout.RBX));
        cpu.cr4 |= ControlBits.CR4_DE;
        cpu.rip(CODE);
        assertEquals(GuestFault.UD, guest.runToVector());
    }

    @Test
    void dr7RefusesBitsAbove31() {
        cpu.reg64(CpuLayout.RAX, 1L << 32);
        guest.code("0f23f8");
        assertEquals(GuestFault.GP, guest.runToVector());
    }

    @Test
    void aRepeatedInstructionTrapsBehindEveryElement() {
        cpu.reg64(CpuLayout.RCX, 3);
        cpu.reg64(CpuLayout.RDI, DATA);
        // The handler: inc ebx; iretq
        guest.code(HANDLERS + 16, "ffc3 48cf");
        // push 0x102; popf; rep stosb; pushfq; and dword [rsp], ~TF; popf; hlt
        guest.code("6802010000 9d f3aa 9c 812424fffeffff 9d f4");
        assertEquals(-1, guest.runToVector());
        assertEquals(3 + 3, cpu.reg64(CpuLayout.RBX));
    }

    @Test
    void aStepOverHltWakesTheProcessor() {
        guest.code("6802010000 9d f4");
        assertTrap(7, Debug.BS);
    }

    @Test
    void withBtfOnlyBranchesTrap() {
        cpu.msrs().write(Msrs.DEBUGCTL, 2);
        // push 0x102; popf; nop; nop; jmp over a nop; nop; hlt
        guest.code("6802010000 9d 90 90 eb01 90 f4");
        assertTrap(11, Debug.BS);
        assertEquals(0, cpu.msrs().read(Msrs.DEBUGCTL));
    }

    @Test
    void anInterruptBetweenElementsSavesRfSet() {
        guest.ports.attach(0x80, 1, new BusDevice() {
            @Override
            public long read(long offset, int size) {
                return 0;
            }

            @Override
            public void write(long offset, int size, long value) {
                guest.interrupt(0x40);
            }
        }, "interrupts");
        cpu.reg64(CpuLayout.RDX, 0x80);
        cpu.reg64(CpuLayout.RCX, 2);
        cpu.reg64(CpuLayout.RSI, DATA);
        guest.code("f36e f4").flags(Flags.IF);
        assertEquals(0x40, guest.runToVector());
        assertEquals(CODE, guest.stackItem(0, 8));
        assertEquals(Flags.RF, guest.stackItem(2, 8) & Flags.RF);
        assertEquals(1, cpu.reg64(CpuLayout.RCX));
    }
}
