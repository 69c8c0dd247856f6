// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.translator.Assembler.R14;
import static org.javisor.translator.Assembler.R15;
import static org.javisor.translator.Assembler.RAX;
import static org.javisor.translator.Assembler.RCX;
import static org.javisor.translator.Assembler.RDX;
import static org.javisor.translator.Assembler.RSI;
import static org.javisor.translator.Assembler.RSP;

import java.util.ArrayList;
import java.util.List;
import org.javisor.cpu.CpuLayout;
import org.javisor.cpu.Translation;
import org.javisor.isa.Instruction;
import org.javisor.isa.Mnemonic;

/// INVLPG at CPL 0: a routine empties the entries that the page may have, in the TLBs of all address spaces, whether
/// the page is global or not. A TLB may forget more than it has to.
///
/// It leaves to the interpreter a page that anything was found in code of, so that entry caches and return stacks stay
/// as they are, and one that may be part of a larger one: page marks tell.
///
/// @sdm vol. 3A §4.10.4.1 "Operations that Invalidate TLBs and Paging-Structure Caches"
final class PageInvalidation {
    private static final int[] USED = {RAX, RCX, RDX, RSI};
    private static final int IMUL_IMM = 0x69, RET = 0xc3;
    private static final int CMP_BYTE = 0x80, CMP_EXTENSION = 7;
    private static final int INCREMENT = 0xff;
    /// From the offset of an entry of 32 bytes to that of one of 8.
    private static final int TO_WORDS = 2;

    private final Emission emission;
    private final Assembler asm;
    private final MemoryAccess memory;

    PageInvalidation(Emission emission, MemoryAccess memory) {
        this.emission = emission;
        this.asm = emission.asm;
        this.memory = memory;
    }

    static boolean supports(Translation translation, int index) {
        Instruction insn = translation.instruction(index);
        return insn.mnemonic() == Mnemonic.INVLPG && translation.atCpl0() && insn.codeBits == 64
                && MemoryAccess.supports(insn);
    }

    void emit(Instruction insn, int index) {
        emission.flags.spill();
        memory.clobbered();
        memory.linear(insn, index, 0, 1);
        emission.callInvalidatePage();
        emission.interpretIf(Assembler.NOT_EQUAL, index);
    }

    /// Emits the routine. It expects the address in R15, and uses R14; ZF tells whether the page is forgotten.
    static void emitRoutine(Assembler asm) {
        for (int reg : USED) {
            asm.store(State.general(reg), reg);
        }
        List<Integer> refusals = new ArrayList<>();
        for (int kind = 0; kind < CpuLayout.PAGE_MARK_KINDS; kind++) {
            refusals.add(checkMark(asm, kind));
        }
        asm.op(Assembler.LOAD, 4, RAX, R15);
        asm.shift(Assembler.SHR_IMM, 4, RAX, CpuLayout.TLB_INDEX_SHIFT);
        asm.immediateOp(Assembler.AND_IMM, 4, RAX, CpuLayout.TLB_INDEX_MASK);
        emptyTag(asm, RSI, RAX);
        forgetAll(asm);
        asm.op(INCREMENT, 8, 0, State.at(CpuLayout.INVALIDATIONS));
        finish(asm, Assembler.CMP);
        refusals.forEach(asm::land);
        finish(asm, Assembler.TEST);
    }

    /// Emits what has `to` become an empty tag of the entry at `offset`.
    static void emptyTag(Assembler asm, int to, int offset) {
        asm.storeImmediate(to, CpuLayout.TLB_NOT_A_PAGE);
        asm.op(Assembler.TEST, 4, offset, offset);
        int first = asm.jumpIf(Assembler.EQUAL);
        asm.immediateOp(Assembler.CMP_IMM, 4, offset, CpuLayout.TLB_MIDDLE);
        int middle = asm.jumpIf(Assembler.EQUAL);
        asm.immediateOp(Assembler.CMP_IMM, 4, offset, CpuLayout.TLB_LAST);
        int last = asm.jumpIf(Assembler.EQUAL);
        asm.storeImmediate(to, 0);
        asm.land(first);
        asm.land(middle);
        asm.land(last);
    }

    /// @return the jump that is taken if the page is marked
    private static int checkMark(Assembler asm, int kind) {
        asm.op(CMP_BYTE, 1, CMP_EXTENSION, mark(asm, RCX, kind));
        asm.immediate(0, 1);
        return asm.jumpIf(Assembler.NOT_EQUAL);
    }

    /// Emits the index of the mark that the page of the address in R15 has.
    ///
    /// @return where the mark is, with the index in `scratch`
    static Address mark(Assembler asm, int scratch, int kind) {
        asm.move(scratch, R15);
        asm.shift(Assembler.SHR_IMM, 8, scratch, CpuLayout.pageMarkShift(kind));
        asm.op(IMUL_IMM, 8, scratch, scratch);
        asm.immediate(CpuLayout.PAGE_MARK_HASH, 4);
        asm.shift(Assembler.SHR_IMM, 8, scratch, CpuLayout.PAGE_MARK_HASH_SHIFT);
        asm.immediateOp(Assembler.AND_IMM, 4, scratch, (1 << CpuLayout.PAGE_MARK_BITS) - 1);
        int marks = CpuLayout.PAGE_MARKS + (kind << CpuLayout.PAGE_MARK_BITS);
        return new Address(State.BASE, scratch, 0, marks - State.BIAS);
    }

    /// Empties the entry at offset RAX of each TLB in use, with the tag in RSI. One that is empty is not written, so
    /// that tables that nobody uses take no memory.
    private static void forgetAll(Assembler asm) {
        asm.lea(RCX, State.at(CpuLayout.TLB));
        asm.op(Assembler.LOAD, 4, RDX, State.at(CpuLayout.TLBS_IN_USE));
        int again = asm.length();
        Address read = new Address(RCX, RAX, 0, CpuLayout.TLB_READ);
        Address write = new Address(RCX, RAX, 0, CpuLayout.TLB_WRITE);
        forget(asm, read);
        forget(asm, write);
        asm.move(R14, RAX);
        asm.shift(Assembler.SHR_IMM, 4, R14, TO_WORDS);
        Address executable = new Address(RCX, R14, 0, CpuLayout.TLB_EXECUTABLE);
        asm.immediateOp(Assembler.CMP_IMM, 8, executable, 0);
        int unused = asm.jumpIf(Assembler.EQUAL);
        asm.op(0xc7, 8, 0, executable);
        asm.immediate(0, 4);
        asm.land(unused);
        asm.lea(RCX, Address.of(RCX, CpuLayout.TLB_BYTES));
        asm.immediateOp(Assembler.SUB_IMM, 4, RDX, 1);
        asm.jumpTo(Assembler.NOT_EQUAL, again);
    }

    private static void forget(Assembler asm, Address tag) {
        asm.op(Assembler.CMP_LOAD, 8, RSI, tag);
        int empty = asm.jumpIf(Assembler.EQUAL);
        asm.store(tag, RSI);
        asm.land(empty);
    }

    /// @param comparison of RSP with itself, by which ZF becomes what it has to be
    private static void finish(Assembler asm, int comparison) {
        for (int reg : USED) {
            asm.load(reg, State.general(reg));
        }
        asm.op(comparison, 8, RSP, RSP);
        asm.byte1(RET);
    }
}
