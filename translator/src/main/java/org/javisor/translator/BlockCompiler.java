// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.isa.Instruction.GPR;
import static org.javisor.translator.Assembler.R14;

import org.javisor.cpu.CpuLayout;
import org.javisor.cpu.Translation;
import org.javisor.isa.Instruction;
import org.javisor.isa.Mnemonic;
import org.javisor.isa.OpcodeRow;

/// Translates single instructions.
final class BlockCompiler {
    private final Assembler asm;
    final MemoryAccess memory;
    private final PlainInstructions plain;
    final StackInstructions stack;
    private final Division division;
    private final ControlInstructions control;
    private final X87Instructions x87;
    private final StringInstructions strings;
    private final BitStrings bits;
    private final FlagInstructions flags;
    private final SystemRegisters registers;
    private final MemoryComparison comparison;
    private final TimeStamp time;
    private final PageInvalidation invalidation;
    private final SegmentLoads segments;

    BlockCompiler(Emission emission, HostFeatures host) {
        this.asm = emission.asm;
        this.memory = new MemoryAccess(emission, host);
        this.plain = new PlainInstructions(emission, memory);
        this.stack = new StackInstructions(emission, memory);
        this.division = new Division(emission, memory);
        this.control = new ControlInstructions(emission, memory);
        this.x87 = new X87Instructions(emission, memory);
        this.strings = new StringInstructions(emission, memory);
        this.bits = new BitStrings(emission, memory);
        this.flags = new FlagInstructions(emission, stack);
        this.registers = new SystemRegisters(emission, memory);
        this.comparison = new MemoryComparison(emission, memory);
        this.time = new TimeStamp(emission);
        this.invalidation = new PageInvalidation(emission, memory);
        this.segments = new SegmentLoads(emission, memory);
    }

    /// How many instructions of a piece can be translated, from its first on.
    static int supported(Translation translation, int piece, HostFeatures host) {
        int first = translation.first(piece);
        int count = 0;
        int end = first + translation.length(piece);
        while (first + count < end && supports(translation, first + count, end, host)) {
            count++;
        }
        return count;
    }

    /// @param end the instruction behind the piece
    private static boolean supports(Translation translation, int index, int end, HostFeatures host) {
        Instruction insn = translation.instruction(index);
        if (isEnforced(translation, insn) || translation.busLocksLeave() && locks(insn)) {
            return false;
        }
        return supports(insn, host) || BitStrings.supports(insn) || FlagInstructions.supports(translation, index, end)
                || SystemRegisters.supports(translation, index) || PageInvalidation.supports(translation, index)
                || SystemCalls.supports(translation, index) || SegmentLoads.supports(translation, index);
    }

    private static boolean locks(Instruction insn) {
        return insn.has(Instruction.LOCK) || insn.mnemonic() == Mnemonic.XCHG && insn.kind0 == Instruction.MEM
                || insn.mnemonic() == Mnemonic.XCHG && insn.kind1 == Instruction.MEM;
    }

    /// Whether shadow stacks or indirect branch tracking concern an instruction, which the interpreter then executes.
    private static boolean isEnforced(Translation translation, Instruction insn) {
        boolean tracked = translation.tracked() && insn.kind0 != Instruction.REL;
        return switch (insn.mnemonic()) {
            case CALL -> translation.shadowed() || tracked;
            case RET -> translation.shadowed();
            case JMP -> tracked;
            default -> false;
        };
    }

    private static boolean supports(Instruction insn, HostFeatures host) {
        return isIdle(insn.mnemonic()) || isFence(insn.mnemonic()) || isLea(insn) || Branches.supports(insn)
                || StackInstructions.supports(insn)
                || Division.supports(insn) || X87Instructions.supports(insn, host)
                || StringInstructions.supports(insn)
                || ControlInstructions.supports(insn)
                || TimeStamp.handles(insn.mnemonic()) && host.clock() != 0
                || PlainInstructions.supports(insn, host);
    }

    static boolean isIdle(Mnemonic mnemonic) {
        return switch (mnemonic) {
            case NOP, HINT_NOP, LFENCE, PREFETCH, PREFETCHW, PREFETCHNTA, PREFETCHT0, PREFETCHT1, PREFETCHT2 -> true;
            default -> false;
        };
    }

    private static boolean isFence(Mnemonic mnemonic) {
        return mnemonic == Mnemonic.MFENCE || mnemonic == Mnemonic.SFENCE;
    }

    private static boolean isLea(Instruction insn) {
        return insn.mnemonic() == Mnemonic.LEA && insn.kind0 == GPR && MemoryAccess.hasAddress(insn)
                && (insn.operandBytes >= 4 || State.inRegister(insn.reg0));
    }

    /// Emits any instruction but a branch.
    void emit(Instruction insn, int index) {
        if (isIdle(insn.mnemonic())) {
            return;
        }
        if (isFence(insn.mnemonic())) {
            asm.bytes(0x0f, 0xae, insn.mnemonic() == Mnemonic.MFENCE ? 0xf0 : 0xf8);
        } else if (isLea(insn)) {
            lea(insn, index);
        } else if (StackInstructions.supports(insn)) {
            stack.emit(insn, index);
        } else if (Division.supports(insn)) {
            division.emit(insn, index);
        } else if (ControlInstructions.supports(insn)) {
            control.emit(insn, index);
        } else if (insn.row.map() == OpcodeRow.X87 || insn.mnemonic() == Mnemonic.FWAIT) {
            x87.emit(insn, index);
        } else if (StringInstructions.supports(insn)) {
            strings.emit(insn, index);
        } else if (BitStrings.supports(insn)) {
            bits.emit(insn, index);
        } else if (FlagInstructions.handles(insn.mnemonic())) {
            flags.emit(insn, index);
        } else if (SegmentLoads.handles(insn)) {
            segments.emit(insn, index);
        } else if (SystemRegisters.handles(insn.mnemonic())) {
            registers.emit(insn, index);
        } else if (TimeStamp.handles(insn.mnemonic())) {
            time.emit(insn, index);
        } else if (insn.mnemonic() == Mnemonic.INVLPG) {
            invalidation.emit(insn, index);
        } else if (comparison.supports(insn)) {
            comparison.emit(insn, index);
        } else {
            plain.emit(insn, index);
        }
    }

    /// How much of the address counts: the host extends 32 bits with zeros.
    private static int leaBytes(Instruction insn) {
        return Math.min(insn.operandBytes, insn.addressBytes);
    }

    private void lea(Instruction insn, int index) {
        if (State.inRegister(insn.reg0)) {
            memory.address(insn, index, State.host(insn.reg0), leaBytes(insn));
        } else {
            memory.address(insn, index, R14, leaBytes(insn));
            asm.store(State.general(insn.reg0), R14);
        }
    }
}
