// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.translator.Assembler.R14;
import static org.javisor.translator.Assembler.R15;

import java.util.Arrays;
import org.javisor.cpu.CpuLayout;
import org.javisor.isa.Feature;
import org.javisor.isa.Instruction;

/// Guest addresses to host addresses: the look into the TLB. What does not pass it is left to the interpreter.
///
/// The address is put into R15, that of its TLB entry into R14. An exclusive or with the entry's tag leaves the
/// offset in the page, or more than any offset if the entry is not for this page: one comparison says whether all of
/// the access is in a page that permits it. R15 then gets the host's address.
///
/// What is checked are groups of accesses ([AccessPlan]). R15 belongs to the group that was accessed last, as long as
/// nobody says [#clobbered]; other groups that will be needed again have their host address in memory (HOST_ADDRESSES).
final class MemoryAccess {
    private static final Address FAST = State.at(CpuLayout.FAST_TLB), PAGE_RIP = State.at(CpuLayout.PAGE_RIP),
            SPILL = State.at(CpuLayout.SPILL), UNDO_AT = State.at(CpuLayout.UNDO_AT),
            STRADDLED = State.at(CpuLayout.STRADDLED);
    private static final Address OPEN_SEGMENTS = State.at(CpuLayout.OPEN_SEGMENTS);
    private static final int PAGE_BYTES = 4096, PAGE_MASK = -PAGE_BYTES;
    /// An offset in a page and the size of an access come on top of displacements.
    private static final int LARGEST_ADDITION = 2 * PAGE_BYTES;
    private static final int ADD_LOAD = 0x03, XOR_LOAD = 0x33, SETA = Assembler.MAP_0F | 0x97;

    private final Emission emission;
    private final Assembler asm;
    private final boolean rotates;
    private AccessPlan plan = AccessPlan.NONE;
    /// Whose lowest byte R15 points to, or null.
    private AccessPlan.Group held;
    /// Whose host address is in memory, by slot.
    /// The slots that have to stay as they are, as bits.
    private int pinned;
    private AccessPlan.Group[] kept = new AccessPlan.Group[CpuLayout.HOST_ADDRESS_COUNT];

    MemoryAccess(Emission emission, HostFeatures host) {
        this.emission = emission;
        this.asm = emission.asm;
        this.rotates = host.has(Feature.BMI2);
    }

    static boolean supports(Instruction insn) {
        return hasWholeAddress(insn) && hasAddress(insn) && (insn.codeBits == 64 || insn.segment != Instruction.CS);
    }

    /// Whether the host can compute the effective address.
    static boolean hasAddress(Instruction insn) {
        return (hasWholeAddress(insn) || insn.addressBytes == 4 && insn.base != Instruction.RIP)
                && (int) insn.displacement == insn.displacement
                && insn.displacement <= Integer.MAX_VALUE - LARGEST_ADDITION;
    }

    /// Whether its addresses are as large as is usual for the code.
    static boolean hasWholeAddress(Instruction insn) {
        return 8 * insn.addressBytes == insn.codeBits;
    }

    /// Whether the segment's base counts.
    static boolean isBased(Instruction insn) {
        return insn.segment == Instruction.FS || insn.segment == Instruction.GS;
    }

    // ---- whose address is in R15 ----

    /// What is known at a place: for where control gets from there alone.
    ///
    /// @param line of the plan that ends there
    /// @param held whose lowest byte R15 points to, or null
    /// @param kept whose host address is in memory, by slot
    record Known(AccessPlan.Line line, AccessPlan.Group held, AccessPlan.Group[] kept) {
        /// The slots in use, as bits.
        int slots() {
            int slots = 0;
            for (int slot = 0; slot < kept.length; slot++) {
                slots |= kept[slot] == null ? 0 : 1 << slot;
            }
            return slots;
        }

        /// The same for another line: what is found out there of a group counts there alone.
        private Known copied() {
            AccessPlan.Group[] copies = kept.clone();
            return new Known(AccessPlan.copy(line, copies, 0), null, copies);
        }
    }

    /// Begins a straight line of instructions.
    ///
    /// @param from      the first
    /// @param to        the one behind the last
    /// @param known     what is known there, or null
    /// @param continues whether another line may come from the end of this one alone
    /// @param loop      as of [AccessPlan]
    void begin(int from, int to, Known known, boolean continues, Loop loop) {
        plan = new AccessPlan(emission.translation, from, to, known == null ? null : known.line, continues, loop);
        pinned = 0;
        held = known == null ? null : known.held;
        kept = known == null ? new AccessPlan.Group[kept.length] : known.kept.clone();
    }

    /// As [#begin], in a loop in each round of which something is known.
    ///
    /// @param known  at its beginning, or null for what is known in each round
    /// @param steady what is known in each round, and has to stay known
    void begin(int from, int to, Known known, boolean continues, Loop loop, Known steady) {
        begin(from, to, known == null ? steady.copied() : known, continues, loop);
        pinned = steady.slots();
    }

    /// Forgets all: what is emitted next is reached from elsewhere.
    void forget() {
        begin(0, 0, null, false, null);
    }

    /// What is known at the end of a round and will be at that of each other one.
    ///
    /// @param changing the registers that the loop may change, as bits
    /// @return null if that is no more than what has to stay known anyway
    Known steady(int changing) {
        Known known = known();
        AccessPlan.Group[] lasting = known.kept.clone();
        int more = 0;
        for (int slot = 0; slot < lasting.length; slot++) {
            boolean old = (pinned & 1 << slot) != 0;
            if (!old && (lasting[slot] == null || !lasting[slot].lasting())) {
                lasting[slot] = null;
            } else if (!old) {
                more++;
            }
        }
        return more == 0 ? null : new Known(AccessPlan.copy(known.line, lasting, changing), null, lasting);
    }

    /// What is known where the line ends.
    Known known() {
        AccessPlan.Group[] all = Arrays.copyOf(kept, kept.length + 1);
        all[kept.length] = held;
        AccessPlan.Group[] copies = new AccessPlan.Group[all.length];
        AccessPlan.Line line = plan.end(all, copies);
        return new Known(line, copies[kept.length], Arrays.copyOf(copies, kept.length));
    }

    /// R15 is about to be used for something else.
    void clobbered() {
        held = null;
    }

    /// Has R15 point to the group, if its host address is known.
    private boolean resume(AccessPlan.Group group) {
        for (int slot = 0; held != group && slot < kept.length; slot++) {
            if (kept[slot] == group) {
                asm.load(R15, slot(slot));
                held = group;
            }
        }
        return held == group;
    }

    /// Keeps the host address of the group, which R15 has, if it is needed again and there is room.
    private void keep(AccessPlan.Group group, int index) {
        held = group;
        boolean needed = group.resumed() || group.lasting() || plan.continues();
        for (int slot = 0; needed && slot < kept.length; slot++) {
            if ((pinned & 1 << slot) == 0 && (kept[slot] == null || isFree(kept[slot], index))) {
                kept[slot] = group;
                asm.store(slot(slot), R15);
                return;
            }
        }
    }

    private static boolean isFree(AccessPlan.Group group, int index) {
        return group.last() < index && !group.lasting();
    }

    private static Address slot(int slot) {
        return State.at(CpuLayout.HOST_ADDRESSES + 8 * slot);
    }

    // ---- effective addresses ----

    /// Emits the effective address of instruction `index`, without a segment's base, into host register `to`, cut to
    /// `size` bytes. Uses R14, and R15 if that is `to` or two registers are in memory; changes no flags.
    void address(Instruction insn, int index, int to, int size) {
        address(insn, index, to, size, 0);
    }

    private void address(Instruction insn, int index, int to, int size, int added) {
        int first = to == R15 ? R15 : R14;
        int base = part(insn.base, first);
        int second = base == first ? R14 + R15 - first : first;
        if (second == R15 && insn.index < 16 && !State.inRegister(insn.index)) {
            clobbered();
        }
        int scaled = part(insn.index, second);
        int distance = insn.base == Instruction.RIP ? emission.translation.end(index) : 0;
        address(new Address(base, scaled, insn.scaleShift, (int) insn.displacement + distance + added), to, size);
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

    // ---- accesses ----

    /// Emits what an access by instruction `index` to its memory operand needs; leaves an operand for the host, with
    /// R15 in it. Uses R14; may destroy the host's flags, which are saved then.
    Address access(Instruction insn, int index, int bytes, boolean write, boolean aligned) {
        AccessPlan.Access access = plan.operand(index, bytes, write);
        if (!resume(access.group())) {
            emission.flags.spill();
            linear(insn, index, access.fromLowest(), bytes);
            check(access, index, aligned);
        }
        return finish(access, index, aligned);
    }

    /// Emits the linear address that is `added` bytes above the memory operand, of `bytes` bytes, into R15. Uses R14;
    /// destroys the host's flags.
    void linear(Instruction insn, int index, int added, int bytes) {
        address(insn, index, R15, emission.word, added);
        if (isBased(insn)) {
            if (emission.word == 4) {
                checkSegment(insn.segment, index, bytes);
            }
            asm.op(ADD_LOAD, emission.word, R15, State.at(CpuLayout.SEGMENT_BASE + 8 * insn.segment));
        }
    }

    /// Leaves to the interpreter what is not within 4 GiB of a segment's base, or in a segment with more to check.
    private void checkSegment(int segment, int index, int bytes) {
        asm.testByte(OPEN_SEGMENTS, 1 << segment);
        emission.interpretIf(Assembler.EQUAL, index);
        asm.immediateOp(Assembler.CMP_IMM, 4, R15, -bytes);
        emission.interpretIf(Assembler.ABOVE, index);
    }

    /// As [#access], of a word that the instruction pushes or pops at an address of host registers.
    Address stack(Address direct, int index, boolean write) {
        return access(direct, plan.stack(index, write), index);
    }

    /// As [#access], at an address of host registers that has nothing to do with others.
    Address access(Address direct, int index, int bytes, boolean write) {
        return access(direct, AccessPlan.Access.alone(bytes, write), index);
    }

    private Address access(Address direct, AccessPlan.Access access, int index) {
        if (!resume(access.group())) {
            emission.flags.spill();
            address(direct.plus(access.fromLowest()), R15, emission.word);
            check(access, index, false);
        }
        return finish(access, index, false);
    }

    /// Has R15, the address of the group's lowest byte, become the host's.
    private void check(AccessPlan.Access access, int index, boolean aligned) {
        AccessPlan.Group group = access.group();
        int again = asm.length();
        if (rotates) {
            asm.rotateRight(R14, R15, CpuLayout.TLB_INDEX_SHIFT);
        } else {
            asm.move(R14, R15);
            asm.shift(Assembler.SHR_IMM, 4, R14, CpuLayout.TLB_INDEX_SHIFT);
        }
        asm.immediateOp(Assembler.AND_IMM, 4, R14, CpuLayout.TLB_INDEX_MASK);
        asm.op(ADD_LOAD, 8, R14, FAST);
        Address tag = Address.of(R14, group.write() ? CpuLayout.TLB_WRITE : CpuLayout.TLB_READ);
        asm.op(XOR_LOAD, 8, R15, tag);
        if (aligned && group.span() == access.bytes()) {
            // What is aligned crosses no page.
            asm.op(0xf7, 8, 0, R15);
            asm.immediate(PAGE_MASK | access.bytes() - 1, 4);
            emission.interpretIf(Assembler.NOT_EQUAL, index, () -> walk(access, tag, again));
            group.aligned(0, access.bytes());
        } else {
            checkSpan(access, index, tag, aligned, again);
        }
        asm.op(ADD_LOAD, 8, R15, Address.of(R14, CpuLayout.TLB_HOST));
        keep(group, index);
    }

    /// If the group is larger than the access, the exit says whether that was too large for the page: else another
    /// check would be no better.
    private void checkSpan(AccessPlan.Access access, int index, Address tag, boolean aligned, int again) {
        int room = PAGE_BYTES - access.group().span();
        asm.immediateOp(Assembler.CMP_IMM, 8, R15, room);
        if (access.group().span() == access.bytes()) {
            emission.faultIf(Assembler.ABOVE, index, () -> tellMissed(access, tag, aligned, again));
            return;
        }
        emission.faultIf(Assembler.ABOVE, index, () -> {
            tellMissed(access, tag, aligned, again);
            asm.immediateOp(Assembler.AND_IMM, 4, R15, PAGE_BYTES - 1);
            asm.immediateOp(Assembler.CMP_IMM, 4, R15, room);
            asm.op(SETA, 1, 0, STRADDLED);
        });
    }

    /// Begins an exit with telling which address the TLB did not let pass, and what for; but not where it has to be
    /// aligned, which is looked at first. Leaves that of the group's lowest byte in R15.
    private void tellMissed(AccessPlan.Access access, Address tag, boolean aligned, int again) {
        Address missed = State.at(access.write() ? CpuLayout.MISSED_WRITE : CpuLayout.MISSED_READ);
        walk(access, tag, again);
        if (aligned) {
            return;
        }
        if (access.fromLowest() == 0) {
            asm.store(missed, R15);
        } else {
            asm.lea(R14, Address.of(R15, -access.fromLowest()));
            asm.store(missed, R14);
        }
    }

    /// Has the group's lowest byte looked for in the page tables, and checked again if it is there. Else its address is
    /// in R15.
    private void walk(AccessPlan.Access access, Address tag, int again) {
        asm.op(XOR_LOAD, 8, R15, tag);
        emission.callWalk(access.group().write());
        asm.jumpTo(Assembler.EQUAL, again);
    }

    private Address finish(AccessPlan.Access access, int index, boolean aligned) {
        Address operand = Address.of(R15, -access.fromLowest());
        AccessPlan.Group group = access.group();
        if (aligned && !group.isAligned(operand.displacement(), access.bytes())) {
            emission.flags.spill();
            boolean likeGroup = (operand.displacement() & access.bytes() - 1) == 0;
            if (!likeGroup) {
                asm.lea(R14, operand);
            }
            asm.op(0xf7, 4, 0, likeGroup ? R15 : R14);
            asm.immediate(access.bytes() - 1, 4);
            emission.interpretIf(Assembler.NOT_EQUAL, index);
            group.aligned(operand.displacement(), access.bytes());
        }
        if (access.write() && emission.logged) {
            log(operand, access.bytes());
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
