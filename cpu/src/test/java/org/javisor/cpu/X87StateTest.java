// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.javisor.cpu.fp.Float80Context;
import org.javisor.memory.GuestMemory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What the x87 unit does beyond computing: waiting, faulting, pointers, and environments.
class X87StateTest {
    private static final int NONE = -1;
    private static final int[] FNINIT = {0xdb, 0xe3}, FNCLEX = {0xdb, 0xe2}, FWAIT = {0x9b},
            FNSTSW_AX = {0xdf, 0xe0}, FLD1 = {0xd9, 0xe8}, FLDZ = {0xd9, 0xee}, FADDP = {0xde, 0xc1},
            FDIVP = {0xde, 0xf9};
    /// With memory at [rdx].
    private static final int[] FLDCW = {0xd9, 0x2a}, FSTP_M80 = {0xdb, 0x3a}, FNSAVE = {0xdd, 0x32},
            FILD_M32 = {0xdb, 0x02}, FIDIV_M32 = {0xda, 0x32};
    private static final long UNMAPPED = TestMachine.UNMAPPED;

    private TestMachine machine = TestMachine.in64BitMode();
    private Cpu cpu = machine.cpu;

    @AfterEach
    void close() {
        machine.close();
    }

    private void use(TestMachine other) {
        machine.close();
        machine = other;
        cpu = other.cpu;
    }

    private int execute(int[]... instructions) {
        int fault = NONE;
        for (int[] instruction : instructions) {
            fault = machine.execute(instruction);
        }
        return fault;
    }

    /// Leaves a division by zero pending.
    private void divideByZeroUnmasked() {
        cpu.reg64(CpuLayout.RDX, TestMachine.DATA);
        machine.memory().storeShort(TestMachine.DATA, (short) 0x37b);
        assertEquals(NONE, execute(FNINIT, FLDCW, FLD1, FLDZ, FDIVP));
    }

    @Test
    void anUnmaskedExceptionComesDueAtTheNextWaitingInstruction() {
        cpu.cr0 |= ControlBits.CR0_NE;
        divideByZeroUnmasked();

        assertEquals(NONE, execute(FNSTSW_AX));
        assertEquals(Float80Context.ZE | Float80Context.ES | Float80Context.BUSY,
                cpu.reg16(CpuLayout.RAX) & 0x80ff);
        assertEquals(GuestFault.MF, execute(FLD1));
        assertEquals(GuestFault.MF, execute(FWAIT));
        assertEquals(NONE, execute(FNCLEX));
        assertEquals(NONE, execute(FLD1));
    }

    @Test
    void anUnmaskedDivisionByZeroLeavesItsOperands() {
        cpu.cr0 |= ControlBits.CR0_NE;
        divideByZeroUnmasked();

        assertEquals(6, cpu.x87.status() >> 11 & 7);
        assertEquals(0, cpu.x87.significand(0));
        assertEquals(Long.MIN_VALUE, cpu.x87.significand(1));
    }

    @Test
    void withoutNumericErrorTheBoardIsTold() {
        divideByZeroUnmasked();

        assertEquals(NONE, execute(FWAIT));
        assertEquals(1, machine.floatingPointErrors());
    }

    @Test
    void aTaskSwitchedOrEmulatedUnitIsNotAvailable() {
        cpu.cr0 |= ControlBits.CR0_TS;
        assertEquals(GuestFault.NM, execute(FLD1));
        assertEquals(GuestFault.NM, execute(FNINIT));
        assertEquals(NONE, execute(FWAIT));

        cpu.cr0 |= ControlBits.CR0_MP;
        assertEquals(GuestFault.NM, execute(FWAIT));

        cpu.cr0 = cpu.cr0 & ~ControlBits.CR0_TS | ControlBits.CR0_EM;
        assertEquals(GuestFault.NM, execute(FLD1));
        assertEquals(NONE, execute(FWAIT));
    }

    @Test
    void aStoreThatFaultsLeavesTheStack() {
        execute(FNINIT, FLD1);
        int fsw = cpu.x87.status();
        cpu.reg64(CpuLayout.RDX, UNMAPPED - 8);
        machine.memory().storeLong(UNMAPPED - 8, 0x1234);

        assertEquals(GuestFault.PF, execute(FSTP_M80));

        assertEquals(fsw, cpu.x87.status());
        assertEquals(0x1234, machine.memory().loadLong(UNMAPPED - 8));
    }

    @Test
    void aSaveThatFaultsSavesNothing() {
        execute(FNINIT, FLD1);
        cpu.reg64(CpuLayout.RDX, UNMAPPED - 100);
        machine.memory().storeLong(UNMAPPED - 100, 0x1234);

        assertEquals(GuestFault.PF, execute(FNSAVE));

        assertEquals(0x1234, machine.memory().loadLong(UNMAPPED - 100));
        assertEquals(Long.MIN_VALUE, cpu.x87.significand(0));
        assertEquals(7, cpu.x87.status() >> 11 & 7);
    }

    @Test
    void aSavedEnvironmentPointsToTheLastInstruction() {
        cpu.reg64(CpuLayout.RDX, TestMachine.DATA + 64);
        execute(FNINIT, FILD_M32);
        cpu.reg64(CpuLayout.RDX, TestMachine.DATA);

        execute(FNSAVE);

        GuestMemory memory = machine.memory();
        assertEquals(0xffff_037f, memory.loadInt(TestMachine.DATA));
        assertEquals(TestMachine.CODE + FNINIT.length, memory.loadInt(TestMachine.DATA + 12));
        assertEquals(0, memory.loadInt(TestMachine.DATA + 20));
    }

    @Test
    void theOperandOfAnUnmaskedExceptionIsRemembered() {
        cpu.reg64(CpuLayout.RDX, TestMachine.DATA);
        machine.memory().storeShort(TestMachine.DATA, (short) 0x37b);
        machine.memory().storeInt(TestMachine.DATA + 64, 0);
        execute(FNINIT, FLDCW, FLD1);
        cpu.reg64(CpuLayout.RDX, TestMachine.DATA + 64);
        execute(FIDIV_M32);
        cpu.reg64(CpuLayout.RDX, TestMachine.DATA);

        execute(FNSAVE);

        assertEquals(TestMachine.DATA + 64, machine.memory().loadInt(TestMachine.DATA + 20));
    }

    @Test
    void theOpcodeOfAnUnmaskedExceptionIsRemembered() {
        divideByZeroUnmasked();

        execute(FNSAVE);

        assertEquals(0x6f9, machine.memory().loadInt(TestMachine.DATA + 16) >>> 16);
    }

    /// Pointers above 64 KiB, and an opcode, through the formats of real mode and back.
    private void roundTripInRealMode(int prefix, int fieldBytes) {
        use(TestMachine.inRealMode());
        int[] store = prefix == 0 ? new int[] {0xd9, 0x37} : new int[] {prefix, 0xd9, 0x37};
        int[] load = prefix == 0 ? new int[] {0xd9, 0x27} : new int[] {prefix, 0xd9, 0x27};
        cpu.reg64(CpuLayout.RBX, 0x8000);
        cpu.x87.pointers(0x123, 0x4_5678, 0x9_abcd);

        execute(store);

        GuestMemory memory = machine.memory();
        assertEquals(0x5678, memory.loadShort(0x8000 + 3 * fieldBytes) & 0xffff);
        assertEquals(0x4123, memory.loadShort(0x8000 + 4 * fieldBytes) & 0xffff);
        assertEquals(0xabcd, memory.loadShort(0x8000 + 5 * fieldBytes) & 0xffff);
        assertEquals(0x9000, memory.loadShort(0x8000 + 6 * fieldBytes) & 0xffff);

        execute(FNINIT, load);
        memory.storeLong(0x8000 + 4 * fieldBytes, 0);
        execute(store);

        assertEquals(0x4123, memory.loadShort(0x8000 + 4 * fieldBytes) & 0xffff);
        assertEquals(0xabcd, memory.loadShort(0x8000 + 5 * fieldBytes) & 0xffff);
    }

    @Test
    void realModeEnvironmentsHoldLinearPointers() {
        roundTripInRealMode(0, 2);
        roundTripInRealMode(0x66, 4);
    }

    @Test
    void aTransferWithoutArithmeticKeepsUnsupportedValues() {
        cpu.reg64(CpuLayout.RDX, TestMachine.DATA);
        machine.memory().storeLong(TestMachine.DATA, 0x1234_5678_9abc_def0L);
        machine.memory().storeShort(TestMachine.DATA + 8, (short) 0x7fff);

        execute(FNINIT, new int[] {0xdb, 0x2a}, FSTP_M80);

        assertEquals(0x1234_5678_9abc_def0L, machine.memory().loadLong(TestMachine.DATA));
        assertEquals(0x7fff, machine.memory().loadShort(TestMachine.DATA + 8));
        assertEquals(0, cpu.x87.status() & 0xff);
    }

    @Test
    void anEmptyStackUnderflowsToTheIndefiniteValue() {
        execute(FNINIT, FADDP);

        assertEquals(Float80Context.IE | Float80Context.SF, cpu.x87.status() & 0x2ff);
    }

    @Test
    void aFullStackOverflowsWithC1() {
        execute(FNINIT);
        for (int i = 0; i < 9; i++) {
            execute(FLD1);
        }

        assertEquals(Float80Context.IE | Float80Context.SF | Float80Context.C1, cpu.x87.status() & 0x2ff);
        assertEquals(0xffff, cpu.x87.se(0));
    }
}
