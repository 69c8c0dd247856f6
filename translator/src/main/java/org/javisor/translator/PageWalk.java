// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.translator.Assembler.R14;
import static org.javisor.translator.Assembler.R15;
import static org.javisor.translator.Assembler.RAX;
import static org.javisor.translator.Assembler.RCX;
import static org.javisor.translator.Assembler.RDI;
import static org.javisor.translator.Assembler.RDX;
import static org.javisor.translator.Assembler.RSI;
import static org.javisor.translator.Assembler.RSP;

import java.util.ArrayList;
import java.util.List;
import org.javisor.cpu.CpuLayout;

/// The routine that code calls whose access has no entry in the TLB: it walks the guest's page tables, enters the page,
/// and has the access checked again; or else tells the error code of the page fault ([PageAccess]).
///
/// What it does not know it refuses, and Java walks again: devices, writes that somebody must hear of, huge pages,
/// pages with protection keys, flags to be set in tables whose writes are noticed, and modes other than 4-level and
/// 5-level paging.
///
/// @sdm vol. 3A §4.5 "4-Level Paging and 5-Level Paging"
final class PageWalk {
    static final int R8 = 8, R9 = 9, R10 = 10;
    private static final int[] USED = {RAX, RCX, RDX, RSI, RDI, R8, R9, R10};
    /// Entries of both kinds of rights over all levels; the entry last loaded; an address; the TLB entry.
    static final int ALL = RAX, ENTRY = RDX, AT = RSI, ANY = R9;
    private static final int TLB_ENTRY = RDI, SLOT = R8;
    private static final int PRESENT = 1, LARGE = 0x80, GLOBAL_BIT = 8;
    private static final int PGE_BIT = 7;
    private static final int TOP_SHIFT = 39, LEVEL_BITS = 9, LARGE_SHIFT = 21, SMALL_SHIFT = 12;
    private static final int INDEX = 511, PAGE_BYTES = 4096, PAGE_MASK = -PAGE_BYTES;
    /// Of an entry for 2 MiB: address bits that must be 0; and of an address, which of those pages it is in.
    private static final int LARGE_RESERVED = 0x1f_e000, IN_LARGE = 0x1f_f000;
    /// Of addresses in 4-level paging: with one level more so many fewer.
    private static final int UNUSED_BITS = 16;
    private static final int LA57_BYTE = 1, LA57 = 1 << 4;
    /// Of a tag of EXECUTABLE; PRESENT of an entry is the same bit.
    static final int FETCHABLE = CpuLayout.TLB_FETCHABLE;
    /// From the offset of an entry of 32 bytes to that of one of 8; from a bit to its word of 64.
    private static final int TO_WORDS = 2, WORD_BITS = 6;
    private static final int ADD_LOAD = 0x03, OR_LOAD = 0x0b, AND_LOAD = 0x23, SUB_LOAD = 0x2b;
    private static final int XCHG = 0x87, RET = 0xc3, SHIFT_BY_CL = 0xd3, INCREMENT = 0xff;
    private static final int GROUP_3 = 0xf7, TEST_IMM = GROUP_3, NEG = 3;
    private static final int BT = Assembler.MAP_0F | 0xa3, BTS = Assembler.MAP_0F | 0xab;
    private static final Address FAST = State.at(CpuLayout.FAST_TLB), ADDRESS = State.at(CpuLayout.WALK_ADDRESS);

    private final Assembler asm;
    private final boolean write;
    private final List<Integer> refusals = new ArrayList<>();
    private final PageAccess access;

    private PageWalk(Assembler asm, PageAccess.Kind kind) {
        this.asm = asm;
        this.write = kind == PageAccess.Kind.WRITE;
        this.access = new PageAccess(asm, kind, refusals);
    }

    /// Emits the routine for reads, or for writes. It expects the address in R15, which it keeps, and uses R14; ZF
    /// tells whether the page has been entered.
    static void emitRoutine(Assembler asm, boolean write) {
        new PageWalk(asm, write ? PageAccess.Kind.WRITE : PageAccess.Kind.READ).emit();
    }

    /// Emits the routine that finds out whether there is a page fault at the instruction whose address is in R14, which
    /// it keeps; then ZF is set, and R15 points to what is like an entry of an entry cache, which leads to its
    /// delivery.
    ///
    /// @return where the distance to that is, to be patched
    static int emitFetchRoutine(Assembler asm) {
        return new PageWalk(asm, PageAccess.Kind.FETCH).emitFetch();
    }

    private int emitFetch() {
        asm.move(R15, R14);
        begin();
        checkCanonical();
        walk();
        access.checkFetch();
        int fetched = asm.jump();
        access.finish();
        int delivery = asm.leaOfCode(R14);
        asm.store(State.at(CpuLayout.FETCH_ENTRY + CpuLayout.ENTRY_CODE), R14);
        asm.move(R14, R15);
        asm.lea(R15, State.at(CpuLayout.FETCH_ENTRY));
        finish(Assembler.CMP);
        asm.land(fetched);
        refusals.forEach(asm::land);
        asm.move(R14, R15);
        finish(Assembler.TEST);
        return delivery;
    }

    private void begin() {
        for (int reg : USED) {
            asm.store(State.general(reg), reg);
        }
        access.begin();
    }

    private void emit() {
        begin();
        findEntry();
        walk();
        access.checkRights();
        access.markLeaf();
        findPage();
        describe();
        findSlot();
        permitWrites();
        enter();
        asm.op(INCREMENT, 8, 0, State.at(CpuLayout.WALKS));
        asm.storeImmediate(State.at(CpuLayout.WALKED), 1);
        finish(Assembler.CMP);
        access.finish();
        refusals.forEach(asm::land);
        finish(Assembler.TEST);
    }

    private void refuseIf(int condition) {
        refusals.add(asm.jumpIf(condition));
    }

    /// @param comparison of RSP with itself, by which ZF becomes what it has to be
    private void finish(int comparison) {
        for (int reg : USED) {
            asm.load(reg, State.general(reg));
        }
        asm.op(comparison, 8, RSP, RSP);
        asm.byte1(RET);
    }

    /// Has RAX be the address, and ECX how many bits of addresses are not used; refuses those that are not canonical.
    private void checkCanonical() {
        asm.storeImmediate(RCX, UNUSED_BITS);
        asm.testByte(State.at(CpuLayout.CR4 + LA57_BYTE), LA57);
        int fourLevels = asm.jumpIf(Assembler.EQUAL);
        asm.storeImmediate(RCX, UNUSED_BITS - LEVEL_BITS);
        asm.land(fourLevels);
        asm.move(RAX, R15);
        asm.op(SHIFT_BY_CL, 8, Assembler.SHL_IMM, RAX);
        asm.op(SHIFT_BY_CL, 8, Assembler.SAR_IMM, RAX);
        asm.op(Assembler.CMP, 8, RAX, R15);
        refuseIf(Assembler.NOT_EQUAL);
    }

    /// Has TLB_ENTRY point to the entry for the address, and ECX be how many bits of addresses are not used.
    ///
    /// Refuses what does not become better by a walk: an access that is permitted already, which is in two pages, or
    /// not aligned.
    private void findEntry() {
        checkCanonical();
        asm.op(Assembler.LOAD, 4, TLB_ENTRY, R15);
        asm.shift(Assembler.SHR_IMM, 4, TLB_ENTRY, CpuLayout.TLB_INDEX_SHIFT);
        asm.immediateOp(Assembler.AND_IMM, 4, TLB_ENTRY, CpuLayout.TLB_INDEX_MASK);
        asm.op(ADD_LOAD, 8, TLB_ENTRY, FAST);
        asm.immediateOp(Assembler.AND_IMM, 8, RAX, PAGE_MASK);
        asm.op(Assembler.CMP_LOAD, 8, RAX, inEntry(write ? CpuLayout.TLB_WRITE : CpuLayout.TLB_READ));
        refuseIf(Assembler.EQUAL);
    }

    private static Address inEntry(int word) {
        return Address.of(TLB_ENTRY, word);
    }

    /// Leaves in ENTRY the entry for the page, in SLOT that where it is, in ALL and ANY what all entries on the way and
    /// any of them have, and in ECX how large the page is.
    private void walk() {
        asm.load(AT, ADDRESS);
        asm.op(Assembler.TEST, 8, AT, AT);
        refuseIf(Assembler.EQUAL);
        asm.op(AND_LOAD, 8, AT, State.at(CpuLayout.CR3));
        asm.op(GROUP_3, 4, NEG, RCX);
        asm.immediateOp(Assembler.ADD_IMM, 4, RCX, TOP_SHIFT + UNUSED_BITS);
        asm.immediateOp(Assembler.OR_IMM, 8, ALL, -1);
        asm.op(Assembler.XOR, 4, ANY, ANY);
        int next = asm.length();
        loadEntry();
        asm.immediateOp(Assembler.CMP_IMM, 4, RCX, SMALL_SHIFT);
        int small = asm.jumpIf(Assembler.EQUAL);
        test(asm, ENTRY, LARGE);
        int large = asm.jumpIf(Assembler.NOT_EQUAL);
        access.markAccessed();
        asm.load(AT, ADDRESS);
        asm.op(AND_LOAD, 8, AT, ENTRY);
        asm.immediateOp(Assembler.SUB_IMM, 4, RCX, LEVEL_BITS);
        asm.jumpTo(next);
        asm.land(large);
        asm.immediateOp(Assembler.CMP_IMM, 4, RCX, LARGE_SHIFT);
        refuseIf(Assembler.NOT_EQUAL);
        test(asm, ENTRY, LARGE_RESERVED);
        access.reservedIf(Assembler.NOT_EQUAL);
        asm.land(small);
    }

    static void test(Assembler asm, int reg, int bits) {
        asm.op(TEST_IMM, 4, 0, reg);
        asm.immediate(bits, 4);
    }

    /// Loads the entry for the address from the table at AT, which becomes the host's address of the entry.
    private void loadEntry() {
        asm.move(ENTRY, R15);
        asm.op(SHIFT_BY_CL, 8, Assembler.SHR_IMM, ENTRY);
        asm.immediateOp(Assembler.AND_IMM, 4, ENTRY, INDEX);
        asm.lea(AT, new Address(AT, ENTRY, 3, 0));
        findSlot();
        asm.op(ADD_LOAD, 8, AT, inSlot(CpuLayout.SLOT_DISTANCE));
        asm.load(ENTRY, Address.of(AT, 0));
        test(asm, ENTRY, PRESENT);
        access.absentIf(Assembler.EQUAL);
        asm.op(Assembler.TEST, 8, ENTRY, State.at(CpuLayout.WALK_RESERVED));
        access.reservedIf(Assembler.NOT_EQUAL);
        asm.store(State.at(CpuLayout.WALK_LEAF), AT);
        asm.op(AND_LOAD, 8, ALL, ENTRY);
        asm.op(OR_LOAD, 8, ANY, ENTRY);
    }

    /// Has AT be the guest-physical address of the page, or of its part that has 4 KiB.
    private void findPage() {
        asm.load(AT, ADDRESS);
        asm.op(AND_LOAD, 8, AT, ENTRY);
        asm.immediateOp(Assembler.CMP_IMM, 4, RCX, SMALL_SHIFT);
        int small = asm.jumpIf(Assembler.EQUAL);
        mark();
        asm.immediateOp(Assembler.AND_IMM, 8, AT, -1 << LARGE_SHIFT);
        asm.op(Assembler.LOAD, 4, R14, R15);
        asm.immediateOp(Assembler.AND_IMM, 4, R14, IN_LARGE);
        asm.op(OR_LOAD, 8, AT, R14);
        asm.land(small);
    }

    /// Marks the page as one that INVLPG must find the parts of. Uses R10.
    private void mark() {
        asm.op(0xc6, 1, 0, PageInvalidation.mark(asm, R10, CpuLayout.MARKS_LARGE));
        asm.immediate(1, 1);
    }

    /// Has `SLOT` point to the slot that the address in AT is in, and R14 be the distance from its beginning.
    private void findSlot() {
        List<Integer> found = new ArrayList<>();
        for (int n = 0; n < CpuLayout.WALK_SLOT_COUNT; n++) {
            asm.lea(SLOT, State.at(CpuLayout.WALK_SLOTS + n * CpuLayout.WALK_SLOT_BYTES));
            asm.move(R14, AT);
            asm.op(SUB_LOAD, 8, R14, inSlot(CpuLayout.SLOT_GPA));
            asm.op(Assembler.CMP_LOAD, 8, R14, inSlot(CpuLayout.SLOT_LENGTH));
            if (n == CpuLayout.WALK_SLOT_COUNT - 1) {
                refuseIf(Assembler.ABOVE_OR_EQUAL);
            } else {
                found.add(asm.jumpIf(Assembler.BELOW));
            }
        }
        found.forEach(asm::land);
    }

    static Address inSlot(int word) {
        return Address.of(SLOT, word);
    }

    /// Has RCX become what GPAS is to have. Uses R9 and R10.
    private void describe() {
        asm.lea(RCX, new Address(AT, RCX, CpuLayout.TLB_SIZE_POSITION, 0));
        asm.op(Assembler.LOAD, 4, R9, State.at(CpuLayout.CR4));
        asm.shift(Assembler.SHR_IMM, 4, R9, PGE_BIT);
        asm.op(Assembler.LOAD, 4, R10, ENTRY);
        asm.shift(Assembler.SHR_IMM, 4, R10, GLOBAL_BIT);
        asm.op(AND_LOAD, 4, R9, R10);
        asm.immediateOp(Assembler.AND_IMM, 4, R9, CpuLayout.TLB_GLOBAL);
        asm.op(OR_LOAD, 8, RCX, R9);
    }

    /// Has R10 become the tag for writes. Uses R9 and R14.
    private void permitWrites() {
        List<Integer> forbidden = new ArrayList<>();
        forbidWrites();
        if (!write) {
            test(asm, ALL, PageAccess.WRITABLE);
            forbidden.add(asm.jumpIf(Assembler.EQUAL));
            test(asm, ENTRY, PageAccess.DIRTY);
            forbidden.add(asm.jumpIf(Assembler.EQUAL));
        }
        noteGrant(asm, R9, R10);
        forbidWrites();
        testTracked(asm, R9);
        if (write) {
            refuseIf(Assembler.BELOW);
        } else {
            forbidden.add(asm.jumpIf(Assembler.BELOW));
        }
        asm.move(R10, R15);
        asm.immediateOp(Assembler.AND_IMM, 8, R10, PAGE_MASK);
        forbidden.forEach(asm::land);
    }

    /// Does the first half of what `MemorySlot.grantDirectWrites` does, R14 bytes from the beginning of the slot: the
    /// exchange is a fence. [#testTracked] is the second.
    static void noteGrant(Assembler asm, int at, int epoch) {
        asm.move(at, R14);
        asm.shift(Assembler.SHR_IMM, 8, at, SMALL_SHIFT + CpuLayout.PAGES_PER_GRANT_SHIFT);
        asm.shift(Assembler.SHL_IMM, 8, at, 2);
        asm.op(ADD_LOAD, 8, at, inSlot(CpuLayout.SLOT_GRANTS));
        asm.op(Assembler.LOAD, 4, epoch, State.at(CpuLayout.EPOCH));
        asm.op(XCHG, 4, epoch, Address.of(at, 0));
    }

    /// CF tells whether somebody must hear of writes. Destroys R14.
    static void testTracked(Assembler asm, int at) {
        asm.load(at, inSlot(CpuLayout.SLOT_TRACKED));
        asm.shift(Assembler.SHR_IMM, 8, R14, SMALL_SHIFT);
        asm.op(BT, 8, R14, Address.of(at, 0));
    }

    /// Has R10 become a tag that nothing matches. Uses R9.
    private void forbidWrites() {
        asm.move(R9, TLB_ENTRY);
        asm.op(SUB_LOAD, 8, R9, FAST);
        PageInvalidation.emptyTag(asm, R10, R9);
    }

    /// Fills the entry. Uses all registers.
    private void enter() {
        asm.op(ADD_LOAD, 8, AT, inSlot(CpuLayout.SLOT_DISTANCE));
        asm.move(R14, R15);
        asm.immediateOp(Assembler.AND_IMM, 8, R14, PAGE_MASK);
        asm.store(inEntry(CpuLayout.TLB_READ), R14);
        asm.store(inEntry(CpuLayout.TLB_WRITE), R10);
        asm.store(inEntry(CpuLayout.TLB_HOST), AT);
        asm.op(SUB_LOAD, 8, AT, R14);
        asm.store(inEntry(CpuLayout.TLB_ADDEND), AT);
        asm.load(R9, FAST);
        asm.op(SUB_LOAD, 8, TLB_ENTRY, R9);
        asm.shift(Assembler.SHR_IMM, 4, TLB_ENTRY, TO_WORDS);
        asm.store(new Address(R9, TLB_ENTRY, 0, CpuLayout.TLB_GPAS), RCX);
        asm.immediateOp(Assembler.AND_IMM, 4, ALL, FETCHABLE);
        int unfetchable = asm.jumpIf(Assembler.EQUAL);
        asm.op(OR_LOAD, 8, ALL, R14);
        asm.land(unfetchable);
        asm.store(new Address(R9, TLB_ENTRY, 0, CpuLayout.TLB_EXECUTABLE), ALL);
        asm.shift(Assembler.SHR_IMM, 4, TLB_ENTRY, CpuLayout.TLB_ENTRY_SHIFT - TO_WORDS);
        asm.op(BTS, 8, TLB_ENTRY, Address.of(R9, CpuLayout.TLB_ENTERED));
        asm.shift(Assembler.SHR_IMM, 4, TLB_ENTRY, WORD_BITS);
        asm.op(BTS, 8, TLB_ENTRY, Address.of(R9, CpuLayout.TLB_ENTERED_WORDS));
    }
}
