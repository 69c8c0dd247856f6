// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.translator.Assembler.R14;
import static org.javisor.translator.Assembler.RAX;
import static org.javisor.translator.Assembler.RCX;
import static org.javisor.translator.PageWalk.ALL;
import static org.javisor.translator.PageWalk.ANY;
import static org.javisor.translator.PageWalk.AT;
import static org.javisor.translator.PageWalk.ENTRY;
import static org.javisor.translator.PageWalk.R10;

import java.util.ArrayList;
import java.util.List;
import org.javisor.cpu.CpuLayout;

/// Of a [PageWalk]: whether the access that it is made for is permitted, the accessed and dirty flags that it has to
/// set, and the error code of the page fault that it ends with.
///
/// @sdm vol. 3A §4.6 "Access Rights", §4.7 "Page-Fault Exceptions", §4.8 "Accessed and Dirty Flags"
final class PageAccess {
    static final int ACCESSED = 0x20, WRITABLE = 2, USER = 4, DIRTY = 0x40;
    /// CR0.WP, in its byte.
    private static final int WP_BYTE = 2, WP = 1;
    /// CR4.SMEP, in its byte.
    private static final int SMEP_BYTE = 2, SMEP = 1 << 4;
    /// From a protection key to its rights: the lowest of its bits, and two bits a key.
    private static final int KEY_SHIFT = 58, RIGHTS_SHIFT = 0x1e, ACCESS_DISABLED = 1, WRITE_DISABLED = 2;
    private static final int OR_LOAD = 0x0b, SUB_LOAD = 0x2b, SHIFT_BY_CL = 0xd3, LOCK = 0xf0,
            CMPXCHG = Assembler.MAP_0F | 0xb1;
    private static final Address FAST = State.at(CpuLayout.FAST_TLB), USER_TLB = State.at(CpuLayout.USER_TLB),
            SUPERVISOR_TLB = State.at(CpuLayout.SUPERVISOR_TLB), EXEMPT_TLB = State.at(CpuLayout.EXEMPT_TLB),
            FAULT = State.at(CpuLayout.FAULT), KEYS = State.at(CpuLayout.WALK_KEYS),
            LEAF = State.at(CpuLayout.WALK_LEAF), KEPT = State.at(CpuLayout.FAULT_WORDS);

    /// What a walk is made for.
    enum Kind { READ, WRITE, FETCH }

    private final Assembler asm;
    private final Kind kind;
    private final boolean write;
    private final List<Integer> refusals;
    private final List<Integer> absent = new ArrayList<>(), reserved = new ArrayList<>(),
            violations = new ArrayList<>(), keyViolations = new ArrayList<>();

    /// @param refusals the jumps to where the walk is given up
    PageAccess(Assembler asm, Kind kind, List<Integer> refusals) {
        this.asm = asm;
        this.kind = kind;
        this.write = kind == Kind.WRITE;
        this.refusals = refusals;
    }

    /// Nothing has been found yet.
    void begin() {
        asm.storeImmediate(FAULT, 0);
    }

    private void refuseIf(int condition) {
        refusals.add(asm.jumpIf(condition));
    }

    /// The condition says that an entry is not present.
    void absentIf(int condition) {
        absent.add(asm.jumpIf(condition));
    }

    /// That it has reserved bits.
    void reservedIf(int condition) {
        reserved.add(asm.jumpIf(condition));
    }

    // ---- rights ----

    /// Which of the TLBs is in use tells what the access is. Leaves the lowest bit of ALL set if instructions may be
    /// fetched, as far as that is easily told. Refuses pages with keys, if they may be accessed.
    void checkRights() {
        asm.op(Assembler.TEST, 8, ENTRY, KEYS);
        int plain = asm.jumpIf(Assembler.EQUAL);
        checkKey();
        asm.land(plain);
        asm.load(R14, FAST);
        PageWalk.test(asm, ALL, USER);
        int supervisor = asm.jumpIf(Assembler.EQUAL);
        List<Integer> permitted = new ArrayList<>();
        permitted.add(jumpIfIn(USER_TLB));
        asm.immediateOp(Assembler.AND_IMM, 4, ALL, ~PageWalk.FETCHABLE);
        permitted.add(jumpIfIn(EXEMPT_TLB));
        violations.add(jumpIfIn(SUPERVISOR_TLB));
        refusals.add(asm.jump());
        asm.land(supervisor);
        permitted.add(jumpIfIn(SUPERVISOR_TLB));
        permitted.add(jumpIfIn(EXEMPT_TLB));
        violations.add(jumpIfIn(USER_TLB));
        refusals.add(asm.jump());
        permitted.forEach(asm::land);
        if (write) {
            checkWrite();
        }
        asm.op(Assembler.TEST, 8, ENTRY, KEYS);
        refuseIf(Assembler.NOT_EQUAL);
        asm.op(Assembler.TEST, 8, ANY, ANY);
        int executable = asm.jumpIf(Assembler.SIGN ^ 1);
        asm.immediateOp(Assembler.AND_IMM, 4, ALL, ~PageWalk.FETCHABLE);
        asm.land(executable);
    }

    /// As [#checkRights], of a fetch: goes on if the page may be executed.
    void checkFetch() {
        asm.load(R14, FAST);
        PageWalk.test(asm, ALL, USER);
        int supervisor = asm.jumpIf(Assembler.EQUAL);
        int byUser = jumpIfIn(USER_TLB);
        asm.testByte(State.at(CpuLayout.CR4 + SMEP_BYTE), SMEP);
        violations.add(asm.jumpIf(Assembler.NOT_EQUAL));
        int exempt = asm.jump();
        asm.land(supervisor);
        violations.add(jumpIfIn(USER_TLB));
        asm.land(byUser);
        asm.land(exempt);
        asm.op(Assembler.TEST, 8, ANY, ANY);
        violations.add(asm.jumpIf(Assembler.SIGN));
    }

    /// R14 is the address of the TLB in use.
    private int jumpIfIn(Address tlb) {
        asm.op(Assembler.CMP_LOAD, 8, R14, tlb);
        return asm.jumpIf(Assembler.EQUAL);
    }

    private void checkWrite() {
        PageWalk.test(asm, ALL, WRITABLE);
        int writable = asm.jumpIf(Assembler.NOT_EQUAL);
        violations.add(jumpIfIn(USER_TLB));
        asm.testByte(State.at(CpuLayout.CR0 + WP_BYTE), WP);
        violations.add(asm.jumpIf(Assembler.NOT_EQUAL));
        asm.land(writable);
    }

    /// Uses R10 and R14.
    private void checkKey() {
        asm.op(Assembler.LOAD, 4, R14, State.at(CpuLayout.KEY_RIGHTS + 4));
        PageWalk.test(asm, ALL, USER);
        int supervisor = asm.jumpIf(Assembler.EQUAL);
        asm.op(Assembler.LOAD, 4, R14, State.at(CpuLayout.KEY_RIGHTS));
        asm.land(supervisor);
        asm.move(R10, RCX);
        asm.move(RCX, ENTRY);
        asm.shift(Assembler.SHR_IMM, 8, RCX, KEY_SHIFT);
        asm.immediateOp(Assembler.AND_IMM, 4, RCX, RIGHTS_SHIFT);
        asm.op(SHIFT_BY_CL, 4, Assembler.SHR_IMM, R14);
        asm.move(RCX, R10);
        PageWalk.test(asm, R14, ACCESS_DISABLED);
        keyViolations.add(asm.jumpIf(Assembler.NOT_EQUAL));
        if (write) {
            PageWalk.test(asm, R14, WRITE_DISABLED);
            int enabled = asm.jumpIf(Assembler.EQUAL);
            asm.load(R14, FAST);
            keyViolations.add(jumpIfIn(USER_TLB));
            asm.testByte(State.at(CpuLayout.CR0 + WP_BYTE), WP);
            keyViolations.add(asm.jumpIf(Assembler.NOT_EQUAL));
            asm.land(enabled);
        }
    }

    // ---- flags ----

    /// Marks the entry of the page, which was read last, as the access requires. SLOT is its slot still.
    void markLeaf() {
        int wanted = write ? ACCESSED | DIRTY : ACCESSED;
        asm.op(Assembler.LOAD, 4, R14, ENTRY);
        asm.immediateOp(Assembler.AND_IMM, 4, R14, wanted);
        asm.immediateOp(Assembler.CMP_IMM, 4, R14, wanted);
        int marked = asm.jumpIf(Assembler.EQUAL);
        asm.load(AT, LEAF);
        asm.move(R14, AT);
        asm.op(SUB_LOAD, 8, R14, PageWalk.inSlot(CpuLayout.SLOT_DISTANCE));
        asm.op(SUB_LOAD, 8, R14, PageWalk.inSlot(CpuLayout.SLOT_GPA));
        set(wanted);
        asm.land(marked);
    }

    /// Marks an entry accessed that leads to another table; it was read last, and AT and R14 say where.
    void markAccessed() {
        PageWalk.test(asm, ENTRY, ACCESSED);
        int marked = asm.jumpIf(Assembler.NOT_EQUAL);
        set(ACCESSED);
        asm.land(marked);
    }

    /// Sets bits of ENTRY, and in memory at AT, R14 bytes from the beginning of the slot, if that is the same still and
    /// nobody must hear of it. Uses R10 and R14.
    private void set(int bits) {
        asm.immediateOp(Assembler.CMP_IMM, 4, State.at(CpuLayout.WALK_SETS), 0);
        refuseIf(Assembler.EQUAL);
        asm.store(KEPT, ALL);
        PageWalk.noteGrant(asm, R10, RAX);
        PageWalk.testTracked(asm, R10);
        refuseIf(Assembler.BELOW);
        asm.move(RAX, ENTRY);
        asm.move(R10, ENTRY);
        asm.immediateOp(Assembler.OR_IMM, 8, R10, bits);
        asm.byte1(LOCK);
        asm.op(CMPXCHG, 8, R10, Address.of(AT, 0));
        asm.load(ALL, KEPT);
        refuseIf(Assembler.NOT_EQUAL);
        asm.move(ENTRY, R10);
    }

    // ---- faults ----

    /// Emits what the jumps to faults lead to; the walk is given up behind it. Uses RAX and R14.
    void finish() {
        List<Integer> found = new ArrayList<>();
        cause(absent, 0, found);
        cause(reserved, CpuLayout.FAULT_PRESENT | CpuLayout.FAULT_RESERVED, found);
        cause(keyViolations, CpuLayout.FAULT_PRESENT | CpuLayout.FAULT_KEY, found);
        violations.forEach(asm::land);
        tell(CpuLayout.FAULT_PRESENT);
        found.forEach(asm::land);
        asm.move(RAX, R14);
        asm.load(R14, FAST);
        int program = jumpIfIn(USER_TLB);
        int supervisor = jumpIfIn(SUPERVISOR_TLB);
        asm.op(Assembler.CMP_LOAD, 8, R14, EXEMPT_TLB);
        refuseIf(Assembler.NOT_EQUAL);
        int exempt = asm.jump();
        asm.land(program);
        asm.immediateOp(Assembler.OR_IMM, 4, RAX, CpuLayout.FAULT_USER);
        asm.land(supervisor);
        asm.land(exempt);
        if (kind == Kind.FETCH) {
            asm.op(OR_LOAD, 4, RAX, State.at(CpuLayout.WALK_FETCH));
        }
        asm.op(Assembler.STORE, 4, RAX, FAULT);
        asm.store(State.at(CpuLayout.FAULT_ADDRESS), Assembler.R15);
    }

    private void cause(List<Integer> jumps, int bits, List<Integer> found) {
        jumps.forEach(asm::land);
        tell(bits);
        found.add(asm.jump());
    }

    private void tell(int bits) {
        asm.storeImmediate(R14, CpuLayout.FAULT_FOUND | bits | (write ? CpuLayout.FAULT_WRITE : 0));
    }
}
