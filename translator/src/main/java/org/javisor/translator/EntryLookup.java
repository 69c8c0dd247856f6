// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.translator.Assembler.R14;
import static org.javisor.translator.Assembler.R15;

import org.javisor.cpu.CpuLayout;

/// The look into the entry cache: from the address of an instruction, in R14, to that of its entry, in R15. Each of its
/// two places is looked at by code of its own, since the first mostly is the right one.
final class EntryLookup {
    /// Where the host address of the table is that is in use.
    static final Address ENTRIES = State.at(CpuLayout.ENTRIES);
    private static final Address PAGE_RIP = State.at(CpuLayout.PAGE_RIP), SHIFTED = State.at(CpuLayout.SPILL);
    private static final Address CODE = Address.of(R15, CpuLayout.ENTRY_CODE);
    private static final int ADD_LOAD = 0x03, XOR_LOAD = 0x33;
    private static final int PAGE_BYTES = 4096;
    private static final int INDIRECT = 0xff, CALL_EXTENSION = 2, JUMP_EXTENSION = 4;

    private EntryLookup() { }

    /// ZF tells whether the first place has it.
    ///
    /// @param table where the host address of the table is
    static void find(Assembler asm, Address table) {
        hash(asm);
        compare(asm, table);
    }

    /// ZF tells whether the second place has it.
    static void findSecond(Assembler asm, Address table) {
        asm.store(SHIFTED, R14);
        asm.op(0xc1, 4, Assembler.SHR_IMM, SHIFTED);
        asm.byte1(CpuLayout.ENTRY_SECOND_SHIFT);
        hash(asm);
        asm.op(XOR_LOAD, 4, R15, SHIFTED);
        compare(asm, table);
    }

    private static void hash(Assembler asm) {
        asm.op(Assembler.LEA, 4, R15, new Address(Address.NONE, R14, CpuLayout.ENTRY_HASH_SHIFT, 0));
        asm.op(Assembler.XOR, 4, R14, R15);
    }

    private static void compare(Assembler asm, Address table) {
        asm.immediateOp(Assembler.AND_IMM, 4, R15, CpuLayout.ENTRY_OFFSET_MASK);
        asm.op(ADD_LOAD, 8, R15, table);
        asm.op(Assembler.CMP_LOAD, 8, R14, Address.of(R15, CpuLayout.ENTRY_TAG));
    }

    /// Goes on at R14, with the entry in R15.
    static void follow(Assembler asm) {
        setPage(asm);
        enter(asm);
    }

    /// As [#follow], to come back to the next host instruction.
    static void call(Assembler asm) {
        setPage(asm);
        asm.op(INDIRECT, 4, CALL_EXTENSION, CODE);
    }

    private static void setPage(Assembler asm) {
        asm.immediateOp(Assembler.AND_IMM, 8, R14, -PAGE_BYTES);
        asm.store(PAGE_RIP, R14);
    }

    /// Jumps to the code of the entry in R15.
    static void enter(Assembler asm) {
        asm.op(INDIRECT, 4, JUMP_EXTENSION, CODE);
    }
}
