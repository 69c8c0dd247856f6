// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.CS;
import static org.javisor.isa.Instruction.DS;
import static org.javisor.isa.Instruction.ES;
import static org.javisor.isa.Instruction.FS;
import static org.javisor.isa.Instruction.GS;
import static org.javisor.isa.Instruction.SEG;
import static org.javisor.isa.Instruction.SS;

import org.javisor.isa.Mnemonic;

/// Moves to and from segment registers, and the instructions that ask what a selector would give.
///
/// @sdm vol. 1 §7.3.15 "Segment Register Instructions", vol. 3A §5.10 "Pointer Validation"
final class SegmentInstructions {
    /// What LAR shows of a descriptor's upper half.
    private static final long ACCESS_RIGHTS = 0x00ff_ff00;
    // Bit n is set for a system descriptor of type n that the instruction accepts.
    private static final int LAR_TYPES = 0b0001_1010_0011_1110, LAR_TYPES_64 = 0b0001_1010_0000_0100;
    private static final int LSL_TYPES = 0b0000_1010_0000_1110, LSL_TYPES_64 = 0b0000_1010_0000_0100;

    private SegmentInstructions() { }

    static void bind(Bindings.Binder binder) {
        binder.choose(Mnemonic.MOV_SEG, insn -> insn.kind0 == SEG
                        ? SegmentInstructions::moveToSegment : SegmentInstructions::moveFromSegment)
                .bind(Mnemonic.LES, (cpu, insn) -> loadPointer(cpu, insn, ES))
                .bind(Mnemonic.LDS, (cpu, insn) -> loadPointer(cpu, insn, DS))
                .bind(Mnemonic.LSS, (cpu, insn) -> loadPointer(cpu, insn, SS))
                .bind(Mnemonic.LFS, (cpu, insn) -> loadPointer(cpu, insn, FS))
                .bind(Mnemonic.LGS, (cpu, insn) -> loadPointer(cpu, insn, GS))
                .bind(Mnemonic.ARPL, SegmentInstructions::adjustRpl)
                .bind(Mnemonic.LAR, SegmentInstructions::loadAccessRights)
                .bind(Mnemonic.LSL, SegmentInstructions::loadLimit)
                .bind(Mnemonic.VERR, (cpu, insn) -> verify(cpu, insn, false))
                .bind(Mnemonic.VERW, (cpu, insn) -> verify(cpu, insn, true));
    }

    // ---- moves ----

    private static void moveToSegment(Cpu cpu, Insn insn) {
        int segment = insn.reg0;
        if (segment == CS || segment > GS) {
            throw cpu.ud();
        }
        int selector = (int) cpu.read(insn, 1) & 0xffff;
        load(cpu, segment, selector);
        if (segment == SS) {
            stackLoaded(cpu);
        }
    }

    private static void moveFromSegment(Cpu cpu, Insn insn) {
        if (insn.reg1 > GS) {
            throw cpu.ud();
        }
        cpu.write(insn, 0, cpu.segments.selector[insn.reg1]);
    }

    /// POP to a segment register; of a wider item, the low 16 bits count.
    static void pop(Cpu cpu, Insn insn) {
        int segment = insn.reg0;
        int bytes = insn.operandBytes;
        int selector = (int) Stack.peek(cpu, 0, bytes == 4 ? 2 : bytes) & 0xffff;
        // The pop moves as much of the pointer as the stack had before a new SS changes its size.
        long mask = cpu.stackMask;
        load(cpu, segment, selector);
        long pointer = cpu.reg64(CpuLayout.RSP);
        cpu.reg64(CpuLayout.RSP, pointer & ~mask | pointer + bytes & mask);
        if (segment == SS) {
            stackLoaded(cpu);
        }
    }

    private static void load(Cpu cpu, int segment, int selector) {
        cpu.segmentLoader.load(segment, selector);
        cpu.knownSegments.learn(segment);
        cpu.segments.refresh();
        cpu.blockEnd = 0;
    }

    /// Nothing comes between loading SS and the instruction that loads the stack pointer, unless SS was
    /// loaded just before as well.
    private static void stackLoaded(Cpu cpu) {
        if (cpu.shadowed == 0) {
            cpu.interruptShadow();
            cpu.debug.stackLoaded();
        }
    }

    private static void loadPointer(Cpu cpu, Insn insn, int segment) {
        long at = cpu.effectiveAddress(insn);
        long offset = cpu.load(insn.segment, at, insn.operandBytes);
        int selector = (int) cpu.load(insn.segment, at + insn.operandBytes & insn.addressMask, 2);
        load(cpu, segment, selector);
        cpu.reg(insn.reg0, insn.operandBytes, offset);
    }

    // ---- questions ----

    private static void adjustRpl(Cpu cpu, Insn insn) {
        long destination = cpu.read(insn, 0);
        long wanted = cpu.read(insn, 1) & 3;
        boolean raised = (destination & 3) < wanted;
        if (raised) {
            cpu.write(insn, 0, destination & ~3 | wanted);
        }
        FlagControl.zero(cpu, raised);
    }

    private static void loadAccessRights(Cpu cpu, Insn insn) {
        long descriptor = visible(cpu, insn, LAR_TYPES, LAR_TYPES_64);
        if (descriptor != 0) {
            cpu.write(insn, 0, descriptor >>> 32 & ACCESS_RIGHTS);
        }
    }

    private static void loadLimit(Cpu cpu, Insn insn) {
        long descriptor = visible(cpu, insn, LSL_TYPES, LSL_TYPES_64);
        if (descriptor != 0) {
            cpu.write(insn, 0, Descriptor.limit(descriptor) & 0xffff_ffffL);
        }
    }

    /// The descriptor that operand 1 selects, if there is one that the current privilege may see; else 0. ZF
    /// says which.
    private static long visible(Cpu cpu, Insn insn, int types, int types64) {
        int selector = (int) cpu.read(insn, 1) & 0xffff;
        long descriptor = fetch(cpu, selector);
        boolean visible = false;
        if (descriptor != 0) {
            int accepted = cpu.mode.ia32e() ? types64 : types;
            visible = Descriptor.system(descriptor)
                    ? (accepted >> Descriptor.type(descriptor) & 1) != 0 && privileged(cpu, selector,
                            descriptor)
                    : conformingCode(descriptor) || privileged(cpu, selector, descriptor);
        }
        FlagControl.zero(cpu, visible);
        return visible ? descriptor : 0;
    }

    /// @return 0 for null selectors and those beyond their table; no descriptor that any instruction accepts
    ///     is 0
    private static long fetch(Cpu cpu, int selector) {
        return DescriptorTables.isNull(selector) || !cpu.tables.holds(selector, 8) ? 0
                : cpu.tables.fetch(selector, GuestFault.GP);
    }

    private static boolean conformingCode(long descriptor) {
        return Descriptor.code(descriptor) && Descriptor.conforming(descriptor);
    }

    private static boolean privileged(Cpu cpu, int selector, long descriptor) {
        return Descriptor.dpl(descriptor) >= Math.max(cpu.cpl, selector & DescriptorTables.RPL);
    }

    private static void verify(Cpu cpu, Insn insn, boolean forWrite) {
        int selector = (int) cpu.read(insn, 0) & 0xffff;
        long descriptor = fetch(cpu, selector);
        boolean permitted = descriptor != 0 && !Descriptor.system(descriptor)
                && (forWrite ? Descriptor.writableData(descriptor) : Descriptor.readable(descriptor))
                && (conformingCode(descriptor) || privileged(cpu, selector, descriptor));
        FlagControl.zero(cpu, permitted);
    }
}
