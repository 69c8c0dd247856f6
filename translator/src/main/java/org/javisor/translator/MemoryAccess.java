// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.translator.Assembler.R14;
import static org.javisor.translator.Assembler.R15;

import org.javisor.cpu.CpuLayout;
import org.javisor.isa.Feature;
import org.javisor.isa.Instruction;

/// Guest addresses to host addresses: the look into the TLB. What does not pass it is left to the interpreter.
///
/// The address is put into R15, that of its TLB entry into R14. An exclusive or with the entry's tag leaves the offset in
/// the page, or more than any offset if the entry is not for this page: one comparison says whether all of the access
/// is in a page that permits it. R15 then gets the host's address.
final class MemoryAccess {
    private static final Address FAST = State.at(CpuLayout.FAST_TLB), PAGE_RIP = State.at(CpuLayout.PAGE_RIP),
            SPILL = State.at(CpuLayout.SPILL), UNDO_AT = State.at(CpuLayout.UNDO_AT);
    private static final int PAGE_BYTES = 4096, PAGE_MASK = -PAGE_BYTES;
    /// An offset in a page and the size of an access come on top of displacements.
    private static final int LARGEST_ADDITION = 2 * PAGE_BYTES;
    private static final int ADD_LOAD = 0x03, XOR_LOAD = 0x33;

    private final Emission emission;
    private final Assembler asm;
    private final boolean rotates;

    MemoryAccess(Emission emission, HostFeatures host) {
        this.emission = emission;
        this.asm = emission.asm;
        this.rotates = host.has(Feature.BMI2);
    }

    static boolean supports(Instruction insn) {
        return insn.addressBytes == 8 && (int) insn.displacement == insn.displacement
                && insn.displacement <= Integer.MAX_VALUE - LARGEST_ADDITION;
    }

    private static boolean based(Instruction insn) {
        return insn.segment == Instruction.FS || insn.segment == Instruction.GS;
    }

    /// Emits the effective address of instruction `index`, without a segment's base, into host register `to`, cut to
    /// `size` bytes. Uses R14, and R15 if that is `to` or two registers are in memory; changes no flags.
    void address(Instruction insn, int index, int to, int size) {
        int first = to == R15 ? R15 : R14;
        int base = part(insn.base, first);
        int scaled = part(insn.index, base == first ? R14 + R15 - first : first);
        int distance = insn.base == Instruction.RIP ? emission.translation.end(index) : 0;
        address(new Address(base, scaled, insn.scaleShift, (int) insn.displacement + distance), to, size);
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

    private void address(Address address, int to, int size) {
        boolean register = address.base() != Address.NONE && address.index() == Address.NONE
                && address.displacement() == 0;
        if (!register) {
            asm.op(Assembler.LEA, size, to, address);
        } else if (address.base() != to || size != 8) {
            asm.op(Assembler.LOAD, size, to, address.base());
        }
    }

    /// Emits the checks of an access by instruction `index`; leaves an operand for the host, with R15 in it. Uses R14;
    /// destroys the host's flags.
    Address access(Instruction insn, int index, int bytes, boolean write, boolean aligned) {
        emission.flags.spill();
        address(insn, index, R15, 8);
        if (based(insn)) {
            asm.op(ADD_LOAD, 8, R15, State.at(CpuLayout.SEGMENT_BASE + 8 * insn.segment));
        }
        return check(index, bytes, write, aligned);
    }

    /// As [#access], for an address of host registers.
    Address access(Address direct, int index, int bytes, boolean write, boolean aligned) {
        emission.flags.spill();
        address(direct, R15, 8);
        return check(index, bytes, write, aligned);
    }

    private Address check(int index, int bytes, boolean write, boolean aligned) {
        if (rotates) {
            asm.rotateRight(R14, R15, CpuLayout.TLB_INDEX_SHIFT);
        } else {
            asm.move(R14, R15);
            asm.shift(Assembler.SHR_IMM, 4, R14, CpuLayout.TLB_INDEX_SHIFT);
        }
        asm.immediateOp(Assembler.AND_IMM, 4, R14, CpuLayout.TLB_INDEX_MASK);
        asm.op(ADD_LOAD, 8, R14, FAST);
        asm.op(XOR_LOAD, 8, R15, Address.of(R14, write ? CpuLayout.TLB_WRITE : CpuLayout.TLB_READ));
        if (aligned) {
            // What is aligned crosses no page.
            asm.op(0xf7, 8, 0, R15);
            asm.immediate(PAGE_MASK | bytes - 1, 4);
            emission.interpretIf(Assembler.NOT_EQUAL, index);
        } else {
            asm.immediateOp(Assembler.CMP_IMM, 8, R15, PAGE_BYTES - bytes);
            emission.interpretIf(Assembler.ABOVE, index);
        }
        asm.op(ADD_LOAD, 8, R15, Address.of(R14, CpuLayout.TLB_HOST));
        Address operand = Address.of(R15, 0);
        if (write && emission.logged) {
            log(operand, bytes);
        }
        return operand;
    }

    /// Notes what memory holds before it is overwritten. Uses R14; changes no flags.
    private void log(Address operand, int bytes) {
        asm.store(SPILL, Assembler.RAX);
        asm.load(R14, UNDO_AT);
        for (int at = 0; at < bytes; ) {
            int part = bytes - at >= 16 ? 16 : Math.min(Integer.highestOneBit(bytes - at), 8);
            logPart(operand.plus(at), part);
            at += part;
        }
        asm.store(UNDO_AT, R14);
        asm.load(Assembler.RAX, SPILL);
    }

    /// Fills in the entry at R14, and has R14 point to the next one. Destroys RAX.
    private void logPart(Address operand, int bytes) {
        asm.lea(Assembler.RAX, operand);
        asm.store(Address.of(R14, 0), Assembler.RAX);
        asm.op(0xc7, 4, 0, Address.of(R14, 8));
        asm.immediate(bytes, 4);
        for (int at = 0; at < bytes; at += 8) {
            asm.loadZeroExtended(Assembler.RAX, operand.plus(at), Math.min(bytes, 8));
            asm.store(Address.of(R14, 16 + at), Assembler.RAX);
        }
        asm.lea(R14, Address.of(R14, CpuLayout.UNDO_STRIDE));
    }
}
