// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.translator.Assembler.R14;
import static org.javisor.translator.Assembler.R15;
import static org.javisor.translator.Assembler.RAX;
import static org.javisor.translator.Assembler.RSP;

import org.javisor.cpu.CpuLayout;

/// Where returns go: the native stack has a frame for each guest call that was made since host code was entered, and
/// the host's own CALL and RET lead there and back, so that its processor predicts them.
///
/// ```
///   0  where to come back to, in the code of the caller
///   8  the guest's return address
/// ```
/// A return compares what it has found on the guest's stack with the frame; where they differ, the frame below may be
/// the right one, else the entry cache is asked. So a frame has to be right only for as long as nothing changes what is
/// at a RIP: the way out takes all of them down, and so does what goes from one privilege level to the other. Code that
/// has been unlinked stays in memory until each processor has left host code.
///
/// Below all frames there is one that no call has made ([#BASE]). When there are too many they are all forgotten.
final class ReturnStack {
    /// How much of the native stack frames may use. A thread of Java's has 80 KiB left when it enters native code.
    static final int BYTES = 32 << 10;
    static final int FRAME_BYTES = 16;
    private static final Address BASE = State.at(CpuLayout.RETURN_BASE), LIMIT = State.at(CpuLayout.RETURN_LIMIT);
    private static final Address PAGE_RIP = State.at(CpuLayout.PAGE_RIP), EXIT = State.at(CpuLayout.SPILL + 16);
    private static final Address TOP = Address.of(RSP, 0);
    private static final int WORD = 8, RET = 0xc3, INDIRECT = 0xff, JUMP_EXTENSION = 4, MOV_IMM = 0xb8;

    private final Emission emission;
    private final Assembler asm;

    ReturnStack(Emission emission) {
        this.emission = emission;
        this.asm = emission.asm;
    }

    /// Adds a frame with the return address in R14; a call has to follow. Destroys the host's flags.
    void push() {
        asm.op(Assembler.CMP_LOAD, 8, RSP, LIMIT);
        emission.asideIf(Assembler.BELOW, () -> clear(asm));
        asm.push(R14);
    }

    /// Emits what callees come back to: goes on if R14 has the address of the byte at an offset in the page. The
    /// guest's flags are in memory.
    void comeBack(int offset) {
        asm.copy().forget();
        asm.op(Assembler.CMP_LOAD, 8, R14, TOP);
        emission.returnElsewhereIf(Assembler.NOT_EQUAL);
        drop(asm, WORD);
        asm.lea(R14, Address.of(R14, -offset));
        asm.store(PAGE_RIP, R14);
    }

    /// As [#comeBack], where what is behind the call has no place in the code of the caller.
    void comeBackElsewhere() {
        emission.returnElsewhere();
    }

    /// Returns to the address in R14. If nothing is known of that, instruction `index` is interpreted behind what
    /// `undo` emits.
    void pop(int index, Runnable undo) {
        emission.interpretFrom(R15, index, undo);
        asm.byte1(RET);
    }

    /// Forgets all frames.
    static void clear(Assembler asm) {
        asm.load(RSP, BASE);
    }

    private static void drop(Assembler asm, int bytes) {
        asm.lea(RSP, Address.of(RSP, bytes));
    }

    // ---- routines ----

    /// Emits what makes the lowest frame, on the way in. Uses RAX.
    ///
    /// @param empty host address of what [#emitElsewhere] emits
    static void begin(Assembler asm, long empty) {
        asm.bytes(0x48, MOV_IMM | RAX);
        asm.immediate(empty, 8);
        asm.push(RAX);
        asm.push(RAX);
        asm.store(BASE, RSP);
        asm.lea(RAX, Address.of(RSP, -BYTES));
        asm.store(LIMIT, RAX);
    }

    /// Emits the end of the way out's use of it: drops all frames, and the lowest.
    static void end(Assembler asm) {
        clear(asm);
        drop(asm, FRAME_BYTES);
    }

    /// Emits where a return goes that finds no frame, or none that is right: the entry cache is asked. R14 has the
    /// address, R15 where to go if that knows nothing, either.
    ///
    /// @return where in it a return comes from a frame that was another one's; from the lowest it comes to the
    ///     beginning
    static int emitElsewhere(Assembler asm) {
        drop(asm, -WORD);
        int lookUp = asm.jump();
        int another = asm.length();
        asm.op(Assembler.CMP_LOAD, 8, R14, TOP.plus(FRAME_BYTES));
        drop(asm, WORD);
        int unknown = asm.jumpIf(Assembler.NOT_EQUAL);
        asm.byte1(RET);
        asm.land(lookUp);
        asm.land(unknown);
        asm.store(EXIT, R15);
        EntryLookup.find(asm, EntryLookup.ENTRIES);
        int second = asm.jumpIf(Assembler.NOT_EQUAL);
        int follow = asm.length();
        EntryLookup.follow(asm);
        asm.land(second);
        EntryLookup.findSecond(asm, EntryLookup.ENTRIES);
        asm.jumpTo(Assembler.EQUAL, follow);
        asm.load(R15, EXIT);
        asm.op(INDIRECT, 4, JUMP_EXTENSION, R15);
        return another;
    }
}
