// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.memory.GuestMemory;
import org.javisor.memory.Ram;

/// Executes single instructions on a [TestBoard]'s processor, without a run loop.
final class TestMachine implements AutoCloseable {
    /// Where code is said to be, and where tests have room for data. Nothing is mapped from `UNMAPPED` on.
    static final long CODE = TestBoard.CODE, DATA = 0x40_0000, UNMAPPED = 0x60_0000;

    final Cpu cpu;
    private final TestBoard board = new TestBoard();
    private final InstructionDecoder decoder;

    private TestMachine() {
        cpu = board.cpu;
        decoder = new InstructionDecoder(cpu);
    }

    static TestMachine in64BitMode() {
        TestMachine machine = new TestMachine();
        machine.board.longMode(machine.cpu, CODE);
        machine.memory().storeLong(TestBoard.TABLES + 0x2000 + 8 * (UNMAPPED >> 21), 0);
        return machine;
    }

    /// Protected mode without paging, all segments flat.
    static TestMachine in32BitMode() {
        TestMachine machine = new TestMachine();
        TestBoard.protectedMode(machine.cpu, CODE, 32);
        return machine;
    }

    /// Real mode, all segments based at 0.
    static TestMachine inRealMode() {
        TestMachine machine = new TestMachine();
        TestBoard.realMode(machine.cpu, CODE);
        return machine;
    }

    GuestMemory memory() {
        return board.memory();
    }

    /// Executes the instructions of `code` in the order in which they stand, each once, and returns the
    /// vector of the fault that ended this, or -1. RIP is that of the faulting instruction, or what the last
    /// one left.
    int execute(int... code) {
        byte[] bytes = bytes(code);
        long start = cpu.rip();
        for (int at = 0; at < bytes.length; ) {
            Insn insn = decoder.decodeOne(bytes, at, bytes.length, cpu.decodeMode);
            at += insn.length;
            cpu.rip(start + at);
            try {
                insn.handler.execute(cpu, insn);
            } catch (GuestFault fault) {
                cpu.rip(start + at - insn.length);
                return fault.vector;
            }
        }
        return -1;
    }

    /// The first instruction of `code`.
    Insn decode(int... code) {
        return decoder.decodeOne(bytes(code), 0, code.length, cpu.decodeMode);
    }

    private static byte[] bytes(int... code) {
        byte[] bytes = new byte[code.length];
        for (int i = 0; i < code.length; i++) {
            bytes[i] = (byte) code[i];
        }
        return bytes;
    }

    int floatingPointErrors() {
        return board.floatingPointErrors;
    }

    Ram ram() {
        return board.ram;
    }

    @Override
    public void close() {
        board.close();
    }
}
