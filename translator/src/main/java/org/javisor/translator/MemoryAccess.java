// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.translator.Assembler.R14;
import static org.javisor.translator.Assembler.R15;

import org.javisor.cpu.CpuLayout;
import org.javisor.isa.Instruction;

/// Guest addresses to host addresses: the look into the TLB. What does not pass it is left to the interpreter.
final class MemoryAccess {
    private static final Address FAST = State.at(CpuLayout.FAST_TLB), PAGE_RIP = State.at(CpuLayout.PAGE_RIP),
            SPILL = State.at(CpuLayout.SPILL), UNDO_AT = State.at(CpuLayout.UNDO_AT);
    private static final int PAGE_MASK = -4096;
    /// An 80-bit number is noted in two parts.
    private static final int TBYTE = 10;
    /// An offset in a page and the size of an access come on top of displacements.
    private static final int LARGEST_ADDITION = 2 * 4096;
    private static final int MOVZX_BYTE = Assembler.MAP_0F | 0xb6, MOVZX_WORD = Assembler.MAP_0F | 0xb7;
    private static final int ADD_LOAD = 0x03, CMP_LOAD = 0x3b;

    private final Emission emission;
    private final Assembler asm;

    MemoryAccess(Emission emission) {
        this.emission = emission;
        this.asm = emission.asm;
    }

    static boolean supports(Instruction insn) {
        return insn.addressBytes == 8 && (int) insn.displacement == insn.displacement
                && insn.displacement <= Integer.MAX_VALUE - LARGEST_ADDITION;
    }

    private static boolean based(Instruction insn) {
        return insn.segment == Instruction.FS || insn.segment == Instruction.GS;
    }

    /// The effective address as one host operand, or null if it has parts that are in memory.
    private static Address direct(Instruction insn) {
        if (insn.base == Instruction.RIP || insn.base < 16 && !State.inRegister(insn.base)
                || insn.index < 16 && !State.inRegister(insn.index)) {
            return null;
        }
        int base = insn.base == Instruction.ABSENT ? Address.NONE : State.host(insn.base);
        int index = insn.index == Instruction.ABSENT ? Address.NONE : State.host(insn.index);
        return new Address(base, index, insn.scaleShift, (int) insn.displacement);
    }

    /// Emits the effective address of instruction `index`, without a segment's base, into host register `to`. Uses R14
    /// and R15; changes no flags.
    void address(Instruction insn, int index, int to, int size) {
        Address direct = direct(insn);
        if (direct != null) {
            asm.op(Assembler.LEA, size, to, direct);
        } else {
            asm.op(Assembler.LEA, size, to, assembled(insn, index));
        }
    }

    /// Loads what is in memory into R14 and R15.
    private Address assembled(Instruction insn, int index) {
        int base = part(insn.base, R14);
        int scaled = part(insn.index, R15);
        int distance = insn.base == Instruction.RIP ? emission.translation.end(index) : 0;
        return new Address(base, scaled, insn.scaleShift, (int) insn.displacement + distance);
    }

    private int part(int reg, int scratch) {
        if (reg == Instruction.ABSENT) {
            return Address.NONE;
        }
        if (reg != Instruction.RIP && State.inRegister(reg)) {
            return State.host(reg);
        }
        asm.load(scratch, reg == Instruction.RIP ? PAGE_RIP : State.general(reg));
        return scratch;
    }

    /// Emits the checks of an access by instruction `index`; leaves an operand for the host, with R14 in it. Uses R14
    /// and R15; destroys the host's flags.
    Address access(Instruction insn, int index, int bytes, boolean write, boolean aligned) {
        Address direct = based(insn) ? null : direct(insn);
        if (direct != null) {
            return access(direct, index, bytes, write, aligned);
        }
        emission.flags.spill();
        address(insn, index, R14, 8);
        if (based(insn)) {
            asm.op(ADD_LOAD, 8, R14, State.at(CpuLayout.SEGMENT_BASE + 8 * insn.segment));
        }
        asm.store(SPILL, R14);
        asm.move(R15, R14);
        check(Address.of(R14, 0), index, bytes, write);
        asm.load(R14, SPILL);
        asm.op(ADD_LOAD, 8, R14, Address.of(R15, CpuLayout.TLB_ADDEND));
        return finish(Address.of(R14, 0), index, bytes, write, aligned);
    }

    /// As [#access], for an address of host registers.
    Address access(Address direct, int index, int bytes, boolean write, boolean aligned) {
        emission.flags.spill();
        asm.lea(R15, direct);
        check(direct, index, bytes, write);
        if (direct.index() == Address.NONE) {
            asm.load(R14, Address.of(R15, CpuLayout.TLB_ADDEND));
            return finish(direct.base() == Address.NONE ? Address.of(R14, direct.displacement())
                    : new Address(direct.base(), R14, 0, direct.displacement()), index, bytes, write, aligned);
        }
        asm.lea(R14, direct);
        asm.op(ADD_LOAD, 8, R14, Address.of(R15, CpuLayout.TLB_ADDEND));
        return finish(Address.of(R14, 0), index, bytes, write, aligned);
    }

    /// Leaves the address of the TLB's entry in R15, where the address was; destroys R14, which may be part of it.
    private void check(Address address, int index, int bytes, boolean write) {
        asm.shift(Assembler.SHR_IMM, 8, R15, CpuLayout.TLB_INDEX_SHIFT);
        asm.immediateOp(Assembler.AND_IMM, 4, R15, CpuLayout.TLB_INDEX_MASK);
        asm.op(ADD_LOAD, 8, R15, FAST);
        asm.lea(R14, address.plus(bytes - 1));
        asm.immediateOp(Assembler.AND_IMM, 8, R14, PAGE_MASK);
        asm.op(CMP_LOAD, 8, R14, Address.of(R15, write ? CpuLayout.TLB_WRITE : CpuLayout.TLB_READ));
        emission.interpretIf(Assembler.NOT_EQUAL, index);
    }

    private Address finish(Address host, int index, int bytes, boolean write, boolean aligned) {
        boolean log = write && emission.logged;
        if (!aligned && !log) {
            return host;
        }
        asm.lea(R14, host);
        if (aligned) {
            asm.op(0xf7, 4, 0, R14);
            asm.immediate(bytes - 1, 4);
            emission.interpretIf(Assembler.NOT_EQUAL, index);
        }
        if (log) {
            log(bytes == TBYTE ? 8 : bytes);
            if (bytes == TBYTE) {
                asm.lea(R14, Address.of(R14, 8));
                log(TBYTE - 8);
                asm.lea(R14, Address.of(R14, -8));
            }
        }
        return Address.of(R14, 0);
    }

    /// Notes what the bytes at R14 are before they are overwritten.
    private void log(int bytes) {
        asm.store(SPILL, Assembler.RAX);
        for (int at = 0; at < bytes; at += 16) {
            log(at, Math.min(bytes, 16));
        }
        asm.load(Assembler.RAX, SPILL);
    }

    /// Writes an entry of UNDO, by way of RAX.
    private void log(int from, int bytes) {
        asm.load(R15, UNDO_AT);
        asm.lea(Assembler.RAX, Address.of(R14, from));
        asm.store(Address.of(R15, 0), Assembler.RAX);
        asm.op(0xc7, 4, 0, Address.of(R15, 8));
        asm.immediate(bytes, 4);
        for (int at = 0; at < bytes; at += 8) {
            loadZeroExtended(Assembler.RAX, Address.of(R14, from + at), Math.min(bytes, 8));
            asm.store(Address.of(R15, 16 + at), Assembler.RAX);
        }
        asm.immediateOp(Assembler.ADD_IMM, 8, UNDO_AT, CpuLayout.UNDO_STRIDE);
    }

    private void loadZeroExtended(int to, Address from, int bytes) {
        switch (bytes) {
            case 1 -> asm.op(MOVZX_BYTE, 4, to, from);
            case 2 -> asm.op(MOVZX_WORD, 4, to, from);
            default -> asm.op(Assembler.LOAD, bytes, to, from);
        }
    }
}
