// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.isa.Instruction.ABSENT;
import static org.javisor.isa.Instruction.GPR;
import static org.javisor.isa.Instruction.MEM;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.javisor.cpu.Translation;
import org.javisor.isa.Instruction;
import org.javisor.isa.Mnemonic;

/// Which memory accesses along a straight line of instructions lie at known distances from each other. They form a
/// group with one check: the first of a group checks all the bytes between the lowest and the highest, and leaves a
/// host address from which the others are reached without any.
///
/// Whether that is right:
/// - The line has one entry, at its first instruction, and an exit ends it. A line that is only reached from the end
///   of another may go on with its groups, as they are. So who gets to an access has passed the check of its group,
///   and nothing that Java does lies between: no TLB entry changes, because those of a processor change on its own
///   thread alone, in Java. What another processor does to page tables takes effect when this one answers requests,
///   which host code stops for.
/// - Guest registers may change in between; their known distances say where an access is.
/// - An instruction that is not known here, and may so change privilege, segments or the translation of addresses, ends
///   all groups.
/// - When the check fails nothing of its instruction has happened, and the interpreter goes on there, by which each of
///   the accesses faults when its turn has come.
/// - A read that begins a group is checked for what a write in the same line needs, because that is certain to
///   follow. A write in another line is not, so it does not become part of a group of reads: these would otherwise be
///   the interpreter's forever in pages that are only read.
/// - A group may lie across the end of a page though none of its accesses does. Exits say so, and after some the
///   block is translated again with these accesses separate ([Translation#isSeparate]).
final class AccessPlan {
    /// How many bytes a group may span: those on the stack, which is seldom where a page ends, and others.
    private static final int MAX_STACK_SPAN = 1024, MAX_SPAN = 256;
    private static final int RSP = 4, RBP = 5;
    private static final int NO_REGISTER = -1, PAGE = -2;
    /// Beyond that, displacements plus a span might not fit into a host instruction.
    private static final int LARGEST_DISPLACEMENT = 1 << 30;
    /// Accesses of an instruction: that of its memory operand, and that of the stack.
    private static final int PER_INSTRUCTION = 2;

    /// What the addresses of a group have in common.
    private record Symbol(int base, int index, int scaleShift, int segment) { }

    /// What is known where a line ends, for one that only follows it.
    ///
    /// @param groups those whose host address is known
    record Line(SymbolicRegisters registers, List<Symbol> separate, List<Group> groups) { }

    /// An access: `offset` bytes above the symbol.
    record Access(Group group, long offset, int bytes, boolean write) {
        /// An access that nothing else has to do with.
        static Access alone(int bytes, boolean write) {
            Group group = new Group(null, 0);
            return group.add(0, bytes, write, 0);
        }

        /// The distance of the group's lowest byte.
        int fromLowest() {
            return (int) (group.low - offset);
        }
    }

    /// Accesses that are checked at once.
    static final class Group {
        private final Symbol symbol;
        private final int maxSpan;
        /// From the symbol; the bytes from `low` on, without `high`.
        private long low = Long.MAX_VALUE, high = Long.MIN_VALUE;
        private boolean write;
        private int last;
        private boolean resumed;
        private boolean lasting;
        /// Its check has not been emitted, so that it may still grow.
        private boolean fresh = true;
        /// What is known when code has been written: that so many bytes above `low` is a multiple of `alignment`.
        private int alignedAt, alignment = 1;

        private Group(Symbol symbol, int maxSpan) {
            this.symbol = symbol;
            this.maxSpan = maxSpan;
        }

        /// The same for another line, in which it stays as it is: its check has been emitted.
        private Group continued() {
            Group copy = new Group(symbol, 0);
            copy.low = low;
            copy.high = high;
            copy.write = write;
            copy.lasting = lasting;
            copy.fresh = false;
            copy.alignedAt = alignedAt;
            copy.alignment = alignment;
            return copy;
        }

        private Access add(long offset, int bytes, boolean writes, int index) {
            low = Math.min(low, offset);
            high = Math.max(high, offset + bytes);
            write |= writes;
            last = index;
            return new Access(this, offset, bytes, writes);
        }

        int span() {
            return (int) (high - low);
        }

        /// Whether one of its accesses writes.
        boolean write() {
            return write;
        }

        /// Whether something else comes between its accesses.
        boolean resumed() {
            return resumed;
        }

        /// Whether it is in a loop that does not change the registers its address comes from.
        boolean lasting() {
            return lasting;
        }

        /// The last instruction with an access of it.
        int last() {
            return last;
        }

        void aligned(int at, int bytes) {
            alignedAt = at;
            alignment = bytes;
        }

        boolean isAligned(int at, int bytes) {
            return bytes <= alignment && (at - alignedAt & bytes - 1) == 0;
        }

        private boolean takes(long offset, int bytes, boolean writes) {
            boolean inside = low <= offset && offset + bytes <= high && (write || !writes);
            return inside || Math.max(high, offset + bytes) - Math.min(low, offset) <= maxSpan;
        }
    }

    /// Of no instruction.
    static final AccessPlan NONE = new AccessPlan(null, 0, 0, null, false, null);

    private final Translation translation;
    private final int word;
    private final int from;
    private final Access[] accesses;
    private final SymbolicRegisters registers;
    private final boolean continues;
    private final Loop loop;
    private final List<Group> open = new ArrayList<>();
    /// What lay across the end of a page too often to be checked at once.
    private final List<Symbol> separate = new ArrayList<>();
    private Group current;

    /// @param from the first instruction
    /// @param to   the instruction behind the last
    /// @param before    what is known at its beginning, or null
    /// @param continues whether another line may follow this one alone
    /// @param loop      that the line is in the first round of, or null: then what it checks may last
    AccessPlan(Translation translation, int from, int to, Line before, boolean continues, Loop loop) {
        this.loop = loop;
        this.translation = translation;
        this.word = translation == null ? 8 : translation.wordBytes();
        this.from = from;
        this.continues = continues;
        this.registers = before == null ? new SymbolicRegisters(word) : new SymbolicRegisters(before.registers);
        if (before != null) {
            separate.addAll(before.separate);
            open.addAll(before.groups);
        }
        this.accesses = new Access[PER_INSTRUCTION * (to - from)];
        for (int index = from; index < to; index++) {
            plan(translation.instruction(index), index);
        }
    }

    /// Whether host addresses may be needed behind the line.
    boolean continues() {
        return continues;
    }

    /// What is known at its end.
    ///
    /// @param known the groups whose host address is
    /// @param copies the same for the next line; null for those that have ended
    Line end(Group[] known, Group[] copies) {
        List<Group> groups = new ArrayList<>();
        for (int n = 0; n < known.length; n++) {
            int earlier = Arrays.asList(known).indexOf(known[n]);
            if (open.contains(known[n])) {
                copies[n] = earlier < n ? copies[earlier] : known[n].continued();
                groups.add(copies[n]);
            }
        }
        return new Line(registers, separate, groups);
    }

    /// Copies of groups, of which some may occur more than once, and the line that knows them alone.
    ///
    /// @param line     that they are known in
    /// @param groups   are replaced by their copies; nulls stay
    /// @param changing of which registers nothing is known in the copy, as bits
    static Line copy(Line line, Group[] groups, int changing) {
        List<Group> copies = new ArrayList<>();
        for (int n = 0; n < groups.length; n++) {
            if (groups[n] != null) {
                groups[n] = groups[n].continued();
                copies.add(groups[n]);
            }
        }
        return new Line(line.registers.without(changing), line.separate, copies);
    }

    /// The access of instruction `index` by its memory operand.
    Access operand(int index, int bytes, boolean write) {
        return access(PER_INSTRUCTION * (index - from), bytes, write);
    }

    /// The access of instruction `index` to a word of the stack.
    Access stack(int index, boolean write) {
        return access(PER_INSTRUCTION * (index - from) + 1, word, write);
    }

    private Access access(int n, int bytes, boolean write) {
        Access planned = n < accesses.length ? accesses[n] : null;
        return planned != null && planned.bytes == bytes && planned.write == write ? planned
                : Access.alone(bytes, write);
    }

    private void plan(Instruction insn, int index) {
        if (ends(insn)) {
            open.clear();
            current = null;
        } else {
            planOperand(insn, index);
            planStack(insn, index);
        }
        if (needsBothScratchRegisters(insn)) {
            current = null;
        }
        registers.execute(insn);
    }

    /// Whether the instruction may do anything.
    static boolean ends(Instruction insn) {
        return switch (insn.mnemonic()) {
            case PUSH, POP, LEAVE, DIV, IDIV, LEA, NOP, HINT_NOP, PREFETCH, PREFETCHW, PREFETCHNTA, PREFETCHT0,
                    PREFETCHT1, PREFETCHT2 -> false;
            default -> !Branches.supports(insn) && Effect.of(insn.mnemonic()) == Effect.UNSUPPORTED;
        };
    }

    private void planOperand(Instruction insn, int index) {
        int operand = insn.kind0 == MEM ? 0 : insn.kind1 == MEM ? 1 : insn.kind2 == MEM ? 2 : 3;
        if (insn.kind(operand) != MEM || insn.bytes(operand) == 0 || insn.indexBytes != 0
                || BitStrings.supports(insn) || !MemoryAccess.supports(insn)
                || word == 4 && MemoryAccess.isBased(insn)
                || Math.abs(insn.displacement) > LARGEST_DISPLACEMENT) {
            return;
        }
        boolean write = Loop.writes(insn, operand);
        long offset = insn.displacement;
        int base = NO_REGISTER;
        if (insn.base == Instruction.RIP) {
            base = PAGE;
            offset += translation.end(index);
        } else if (insn.base != ABSENT) {
            base = registers.value(insn.base);
            offset += registers.distance(insn.base);
        }
        int scaled = NO_REGISTER;
        if (insn.index != ABSENT) {
            scaled = registers.value(insn.index);
            offset += registers.distance(insn.index) << insn.scaleShift;
        }
        Symbol symbol = new Symbol(base, scaled, insn.index == ABSENT ? 0 : insn.scaleShift,
                MemoryAccess.isBased(insn) ? insn.segment : 0);
        accesses[PER_INSTRUCTION * (index - from)] = join(symbol, offset, insn.bytes(operand), write, index);
        if (loop != null && open.contains(current) && (insn.base == Instruction.RIP || loop.keeps(insn.base))
                && (insn.index == ABSENT || loop.keeps(insn.index))) {
            current.lasting = true;
            if (insn.base != Instruction.RIP && insn.index == ABSENT && word == 8) {
                widen(insn, offset - insn.displacement, write);
            }
        }
    }

    /// Has the group that was begun just now have all that the loop accesses at the same register, on all its ways.
    private void widen(Instruction insn, long distance, boolean write) {
        Loop.Span span = loop.span(insn.base, Loop.segment(insn), current.write);
        if (current.fresh && current.takes(span.low() + distance, (int) (span.high() - span.low()), write)) {
            current.low = Math.min(current.low, span.low() + distance);
            current.high = Math.max(current.high, span.high() + distance);
        }
    }

    private void planStack(Instruction insn, int index) {
        Access access = switch (insn.mnemonic()) {
            case PUSH, CALL -> joinStack(RSP, -word, true, index);
            case POP, RET -> joinStack(RSP, 0, false, index);
            case LEAVE -> joinStack(RBP, 0, false, index);
            default -> null;
        };
        accesses[PER_INSTRUCTION * (index - from) + 1] = access;
    }

    private Access joinStack(int reg, int displacement, boolean write, int index) {
        Symbol symbol = new Symbol(registers.value(reg), NO_REGISTER, 0, 0);
        Access access = join(symbol, registers.distance(reg) + displacement, word, write, index);
        current.lasting |= loop != null && loop.keeps(reg) && open.contains(current);
        return access;
    }

    /// Adds an access to the group that can take it, or begins one.
    ///
    /// @param distance from the symbol; as addresses, it wraps around
    private Access join(Symbol symbol, long distance, int bytes, boolean write, int index) {
        long offset = word == 4 ? (int) distance : distance;
        Group group = null;
        for (Group candidate : open) {
            if (candidate.symbol.equals(symbol) && candidate.takes(offset, bytes, write)) {
                group = candidate;
            }
        }
        if (group == null) {
            boolean onStack = symbol.base == registers.value(RSP);
            group = new Group(symbol, onStack ? MAX_STACK_SPAN : MAX_SPAN);
            if (translation.isSeparate(index)) {
                separate.add(symbol);
            }
            if (!separate.contains(symbol)) {
                open.add(group);
            }
        } else if (group != current) {
            group.resumed = true;
        }
        current = group;
        return group.add(offset, bytes, write, index);
    }

    /// Whether it leaves nothing of a group's address in the host's register.
    private static boolean needsBothScratchRegisters(Instruction insn) {
        int inMemory = bit(insn.base) | bit(insn.index);
        for (int n = 0; n < 4; n++) {
            inMemory |= insn.kind(n) == GPR ? bit(insn.reg(n)) : 0;
        }
        return Integer.bitCount(inMemory) > 1 || insn.mnemonic() == Mnemonic.DIV || insn.mnemonic() == Mnemonic.IDIV;
    }

    private static int bit(int reg) {
        return reg < 16 && !State.inRegister(reg) ? 1 << reg : 0;
    }
}
