// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.translator.Assembler.R14;
import static org.javisor.translator.Assembler.R15;
import static org.javisor.translator.Assembler.RAX;
import static org.javisor.translator.Assembler.RCX;
import static org.javisor.translator.Assembler.RDI;
import static org.javisor.translator.Assembler.RSI;
import static org.javisor.translator.Assembler.RSP;

import java.util.ArrayList;
import java.util.List;
import org.javisor.cpu.CpuLayout;
import org.javisor.isa.Instruction;
import org.javisor.isa.Mnemonic;

/// Host code for a repeated string instruction, which translated code calls: the same instruction on as many elements
/// as lie in one page, until all are done or something calls for attention.
///
/// It returns with ZF set when the instruction is complete; else the registers are as after the elements done so far,
/// and the instruction has to be executed again, by the interpreter: it knows about DF, pages that are not in the TLB,
/// and elements across their border. The host's own instruction gives overlapping operands their meaning: a page of the
/// guest's has one place in the host's memory. Flags of comparisons go to FLAGS_RAW. Uses R14 and R15.
///
/// @param whileEqual REPE, of CMPS and SCAS
/// @param logged     whether stores are noted
///
/// @sdm vol. 1 §7.3.9 "String Operations"
record StringRoutine(Mnemonic mnemonic, int bytes, boolean whileEqual, boolean logged) {
    private static final int REP = 0xf3, REPNE = 0xf2;
    private static final int DF_IN_BYTE = 4, ZF_IN_LAHF = 0x40;
    private static final int PAGE_BYTES = 4096;
    private static final int ADD_LOAD = 0x03, AND_LOAD = 0x23, SUB_LOAD = 0x2b, XOR_LOAD = 0x33, CMP_LOAD = 0x3b,
            OR_EXTENSION = 1;
    private static final int GROUP_3 = 0xf7, NEG = 3;
    private static final int CMOVA = Assembler.MAP_0F | 0x47;
    private static final Address LINEAR_MASK = State.at(CpuLayout.LINEAR_MASK);
    private static final Address REMAINING = State.at(CpuLayout.SPILL);
    private static final Address SOURCE = State.at(CpuLayout.SPILL + 8), TARGET = State.at(CpuLayout.SPILL + 16);
    private static final Address UNDO_AT = State.at(CpuLayout.UNDO_AT);
    /// How many elements are done at once then, and behind which entry no more, so that there is room for the rest of a
    /// block.
    private static final int MAX_LOGGED = 16, LOG_LIMIT = CpuLayout.UNDO_ENTRIES / 4;

    /// The routine for a repeated instruction.
    static StringRoutine of(Instruction insn, boolean logged) {
        Mnemonic mnemonic = insn.mnemonic();
        return new StringRoutine(mnemonic, insn.bytes0, compares(mnemonic) && !insn.has(Instruction.REPNE),
                writes(mnemonic) && logged);
    }

    static List<StringRoutine> all() {
        List<StringRoutine> all = new ArrayList<>();
        for (Mnemonic mnemonic : List.of(Mnemonic.MOVS, Mnemonic.STOS, Mnemonic.LODS, Mnemonic.CMPS, Mnemonic.SCAS)) {
            for (int bytes = 1; bytes <= 8; bytes *= 2) {
                all.add(new StringRoutine(mnemonic, bytes, false, false));
                if (compares(mnemonic)) {
                    all.add(new StringRoutine(mnemonic, bytes, true, false));
                }
                if (writes(mnemonic)) {
                    all.add(new StringRoutine(mnemonic, bytes, false, true));
                }
            }
        }
        return all;
    }

    private static boolean compares(Mnemonic mnemonic) {
        return mnemonic == Mnemonic.CMPS || mnemonic == Mnemonic.SCAS;
    }

    private static boolean writes(Mnemonic mnemonic) {
        return mnemonic == Mnemonic.MOVS || mnemonic == Mnemonic.STOS;
    }

    private boolean hasSource() {
        return mnemonic == Mnemonic.MOVS || mnemonic == Mnemonic.LODS || mnemonic == Mnemonic.CMPS;
    }

    private boolean hasTarget() {
        return mnemonic != Mnemonic.LODS;
    }

    private boolean compares() {
        return compares(mnemonic);
    }

    /// @param walkToRead  how far from the routine [CodeMemory#walk] is
    /// @param walkToWrite the same
    void emit(Assembler asm, int walkToRead, int walkToWrite) {
        List<Integer> stops = new ArrayList<>();
        List<Miss> misses = new ArrayList<>();
        List<Integer> completions = new ArrayList<>();
        asm.op(Assembler.TEST, 8, RCX, RCX);
        completions.add(asm.jumpIf(Assembler.EQUAL));
        int again = asm.length();
        asm.testByte(State.at(CpuLayout.SYSTEM_FLAGS + 1), DF_IN_BYTE);
        stops.add(asm.jumpIf(Assembler.NOT_EQUAL));
        if (hasSource()) {
            asm.op(AND_LOAD, 8, RSI, LINEAR_MASK);
            misses.add(lookUp(asm, RSI, CpuLayout.TLB_READ, SOURCE));
        }
        if (hasTarget()) {
            asm.op(AND_LOAD, 8, RDI, LINEAR_MASK);
            misses.add(lookUp(asm, RDI, writes(mnemonic) ? CpuLayout.TLB_WRITE : CpuLayout.TLB_READ, TARGET));
        }
        count(asm, stops);
        moveIndexes(asm, ADD_LOAD);
        if (logged) {
            log(asm);
        }
        repeat(asm);
        if (compares()) {
            saveFlags(asm);
        }
        moveIndexes(asm, SUB_LOAD);
        asm.op(ADD_LOAD, 8, RCX, REMAINING);
        if (compares()) {
            asm.testByte(State.at(CpuLayout.FLAGS_RAW + 1), ZF_IN_LAHF);
            completions.add(asm.jumpIf(whileEqual ? Assembler.EQUAL : Assembler.NOT_EQUAL));
        }
        asm.op(Assembler.TEST, 8, RCX, RCX);
        completions.add(asm.jumpIf(Assembler.EQUAL));
        asm.immediateOp(Assembler.CMP_IMM, 4, State.at(CpuLayout.ATTENTION), 0);
        int jump = asm.jumpIf(Assembler.EQUAL);
        asm.patch4(jump, again - asm.length());
        for (Miss miss : misses) {
            walk(asm, miss, miss.tag() == CpuLayout.TLB_WRITE ? walkToWrite : walkToRead);
            stops.add(asm.jump());
        }
        stops.forEach(asm::land);
        asm.op(Assembler.TEST, 8, RSP, RSP);
        asm.byte1(0xc3);
        completions.forEach(asm::land);
        asm.op(Assembler.CMP, 8, RSP, RSP);
        asm.byte1(0xc3);
    }

    /// A look into the TLB that begins at `look`, and a jump that is taken if it finds nothing.
    private record Miss(int look, int jump, int index, int tag) { }

    /// Looks again once the page has been entered: only for this one, since the other may have had the same entry.
    private static void walk(Assembler asm, Miss miss, int routine) {
        asm.land(miss.jump());
        asm.move(R15, miss.index());
        int call = asm.call();
        asm.patch4(call, routine - asm.length());
        asm.jumpTo(Assembler.EQUAL, miss.look());
    }

    /// Finds the page that `index` points into, and what has to be added for the host's address.
    private static Miss lookUp(Assembler asm, int index, int tag, Address addend) {
        int look = asm.length();
        asm.move(R15, index);
        asm.shift(Assembler.SHR_IMM, 8, R15, CpuLayout.TLB_INDEX_SHIFT);
        asm.immediateOp(Assembler.AND_IMM, 4, R15, CpuLayout.TLB_INDEX_MASK);
        asm.op(ADD_LOAD, 8, R15, State.at(CpuLayout.FAST_TLB));
        asm.move(R14, index);
        asm.op(XOR_LOAD, 8, R14, Address.of(R15, tag));
        asm.immediateOp(Assembler.CMP_IMM, 8, R14, PAGE_BYTES - 1);
        int jump = asm.jumpIf(Assembler.ABOVE);
        asm.load(R15, Address.of(R15, CpuLayout.TLB_ADDEND));
        asm.store(addend, R15);
        return new Miss(look, jump, index, tag);
    }

    /// How many elements can be done at once goes to RCX, and how many are left after them to REMAINING.
    private void count(Assembler asm, List<Integer> stops) {
        bytesInPage(asm, R14, hasSource() ? RSI : RDI);
        if (hasSource() && hasTarget()) {
            bytesInPage(asm, R15, RDI);
            asm.op(Assembler.CMP, 4, R15, R14);
            asm.op(CMOVA, 4, R14, R15);
        }
        if (bytes > 1) {
            asm.shift(Assembler.SHR_IMM, 4, R14, Integer.numberOfTrailingZeros(bytes));
            stops.add(asm.jumpIf(Assembler.EQUAL));
        }
        if (logged) {
            limitToLog(asm, stops);
        }
        asm.op(Assembler.CMP, 8, RCX, R14);
        asm.op(CMOVA, 8, R14, RCX);
        asm.op(Assembler.SUB, 8, R14, RCX);
        asm.store(REMAINING, RCX);
        asm.move(RCX, R14);
    }

    /// From the byte that `index` points to up to the end of its page.
    private static void bytesInPage(Assembler asm, int to, int index) {
        asm.op(Assembler.LOAD, 4, to, index);
        asm.immediateOp(OR_EXTENSION, 4, to, -PAGE_BYTES);
        asm.op(GROUP_3, 4, NEG, to);
    }

    private void moveIndexes(Assembler asm, int operation) {
        if (hasSource()) {
            asm.op(operation, 8, RSI, SOURCE);
        }
        if (hasTarget()) {
            asm.op(operation, 8, RDI, TARGET);
        }
    }

    private void repeat(Assembler asm) {
        asm.byte1(compares() && !whileEqual ? REPNE : REP);
        if (bytes == 2) {
            asm.byte1(0x66);
        } else if (bytes == 8) {
            asm.byte1(0x48);
        }
        int opcode = switch (mnemonic) {
            case MOVS -> 0xa4;
            case CMPS -> 0xa6;
            case STOS -> 0xaa;
            case LODS -> 0xac;
            default -> 0xae;
        };
        asm.byte1(bytes == 1 ? opcode : opcode | 1);
    }

    /// To FLAGS_RAW, as [FlagState] does.
    private static void saveFlags(Assembler asm) {
        asm.move(R15, RAX);
        FlagState.store(asm);
        asm.move(RAX, R15);
    }

    // ---- lock-step ----

    private static void limitToLog(Assembler asm, List<Integer> stops) {
        asm.op(0xc7, 4, 0, R15);
        asm.immediate(MAX_LOGGED, 4);
        asm.op(Assembler.CMP, 4, R15, R14);
        asm.op(CMOVA, 4, R14, R15);
        asm.lea(R15, State.at(CpuLayout.UNDO + LOG_LIMIT * CpuLayout.UNDO_STRIDE));
        asm.op(CMP_LOAD, 8, R15, UNDO_AT);
        stops.add(asm.jumpIf(Assembler.BELOW));
    }

    /// Notes what the elements at RDI are before they are overwritten, each in an entry.
    private void log(Assembler asm) {
        for (int reg : new int[] {RAX, RCX, RDI}) {
            asm.byte1(0x50 | reg);
        }
        asm.load(R15, UNDO_AT);
        int next = asm.length();
        asm.store(Address.of(R15, 0), RDI);
        asm.op(0xc7, 4, 0, Address.of(R15, 8));
        asm.immediate(bytes, 4);
        asm.loadZeroExtended(RAX, Address.of(RDI, 0), bytes);
        asm.store(Address.of(R15, 16), RAX);
        asm.lea(R15, Address.of(R15, CpuLayout.UNDO_STRIDE));
        asm.lea(RDI, Address.of(RDI, bytes));
        asm.immediateOp(Assembler.ADD_IMM, 8, RCX, -1);
        int jump = asm.jumpIf(Assembler.NOT_EQUAL);
        asm.patch4(jump, next - asm.length());
        asm.store(UNDO_AT, R15);
        for (int reg : new int[] {RDI, RCX, RAX}) {
            asm.byte1(0x58 | reg);
        }
    }
}
