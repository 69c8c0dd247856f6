// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.util.Arrays;

/// The shadow stack: return addresses on pages that only calls, returns and a few instructions touch.
///
/// What may fault comes before anything is changed: `prepare...` looks at the pages, and what it promised is then done
/// by `push`, `called`, `entered`, `returned`.
///
/// @sdm vol. 1 §17.2 "Shadow Stacks"
final class ShadowStack {
    /// In a supervisor's token: a processor uses the stack.
    static final long BUSY = 1;
    private static final int LEVELS = 4, USER = 3, FRAME_ITEMS = 3;

    private final Cpu cpu;
    /// SSP.
    private long pointer;
    /// IA32_PL0_SSP to IA32_PL3_SSP.
    private final long[] pointers = new long[LEVELS];
    /// IA32_INTERRUPT_SSP_TABLE_ADDR.
    private long interruptTable;
    /// What `prepare...` found: the pointer after the transfer, and whether the token there is to be made busy.
    private long next;
    private boolean takesToken;

    ShadowStack(Cpu cpu) {
        this.cpu = cpu;
    }

    boolean enabled() {
        return enabled(cpu.cpl);
    }

    private boolean enabled(int cpl) {
        return (cpu.enforcement.control(cpl) & ControlFlowEnforcement.SHADOW_STACK) != 0;
    }

    long pointer() {
        return pointer;
    }

    void pointer(long value) {
        pointer = value;
    }

    long pointer(int level) {
        return pointers[level];
    }

    /// @return whether the register takes the value
    boolean pointer(int level, long value) {
        if ((value & 3) != 0 || !cpu.system.canonicalBase(value)) {
            return false;
        }
        pointers[level] = value;
        return true;
    }

    long interruptTable() {
        return interruptTable;
    }

    boolean interruptTable(long value) {
        if (!cpu.system.canonicalBase(value)) {
            return false;
        }
        interruptTable = value;
        return true;
    }

    void reset() {
        pointer = 0;
        interruptTable = 0;
        Arrays.fill(pointers, 0);
    }

    // ---- items ----

    private boolean byUser() {
        return cpu.cpl == USER;
    }

    int itemBytes() {
        return cpu.codeBits == 64 ? 8 : 4;
    }

    /// Sees to it that so many items can be pushed.
    void prepare(int items) {
        int bytes = items * itemBytes();
        cpu.mmu.shadowStacks.probe(pointer - bytes, byUser());
        cpu.mmu.shadowStacks.probe(pointer - 1, byUser());
    }

    void push(long value) {
        pointer -= itemBytes();
        cpu.mmu.shadowStacks.store(pointer, itemBytes(), value, byUser());
    }

    long top() {
        return cpu.mmu.shadowStacks.load(pointer, itemBytes(), byUser());
    }

    void drop(int items) {
        pointer += (long) items * itemBytes();
    }

    // ---- far calls and interrupts ----

    /// Before a far call or an interrupt that stays at the current level.
    ///
    /// @param interruptStack number of an interrupt stack, or 0
    void prepareCall(int interruptStack) {
        takesToken = false;
        if (!enabled()) {
            return;
        }
        next = pointer;
        if (interruptStack != 0) {
            findToken(interruptStackPointer(interruptStack));
        }
        cpu.mmu.shadowStacks.probe((next & -8) - 8 * FRAME_ITEMS, byUser());
        cpu.mmu.shadowStacks.probe(next - 1, byUser());
    }

    /// @param selector of the code to return to
    /// @param linear   its address
    void called(int selector, long linear) {
        if (!enabled()) {
            return;
        }
        long old = pointer;
        boolean user = byUser();
        takeToken();
        pointer = next;
        if ((pointer & 4) != 0) {
            pointer -= 4;
            cpu.mmu.shadowStacks.store(pointer, 4, 0, user);
        }
        cpu.mmu.shadowStacks.store(pointer - 8, 8, selector, user);
        cpu.mmu.shadowStacks.store(pointer - 16, 8, linear, user);
        cpu.mmu.shadowStacks.store(pointer - 24, 8, old, user);
        pointer -= 8 * FRAME_ITEMS;
    }

    /// Before control passes to a more privileged level.
    void prepareEntry(int cpl, int interruptStack) {
        takesToken = false;
        if (enabled(cpl)) {
            findToken(interruptStack == 0 ? pointers[cpl] : interruptStackPointer(interruptStack));
        }
    }

    /// Control is about to be at `cpl`; [Cpu#cpl] is still the level that it comes from.
    void entered(int cpl) {
        if (byUser() && enabled()) {
            pointers[USER] = pointer;
        }
        if (enabled(cpl)) {
            takeToken();
            pointer = next;
        }
    }

    private long interruptStackPointer(int number) {
        return cpu.mmu.loadSystem(interruptTable + 8L * number, 8);
    }

    private void findToken(long at) {
        if ((at & 7) != 0 || cpu.mmu.shadowStacks.load(at, 8, false) != at) {
            throw cpu.gp(0);
        }
        cpu.mmu.shadowStacks.probe(at, false);
        next = at;
        takesToken = true;
    }

    private void takeToken() {
        if (takesToken) {
            cpu.mmu.shadowStacks.store(next, 8, next | BUSY, false);
        }
    }

    // ---- far returns ----

    /// Before a return to code at the current level.
    ///
    /// @throws GuestFault #CP if the shadow stack says otherwise
    void prepareReturn(int selector, long linear) {
        if (!enabled()) {
            return;
        }
        boolean user = byUser();
        boolean same = (pointer & 7) == 0 && cpu.mmu.shadowStacks.load(pointer + 16, 8, user) == selector
                && cpu.mmu.shadowStacks.load(pointer + 8, 8, user) == linear;
        next = same ? cpu.mmu.shadowStacks.load(pointer, 8, user) : 1;
        if ((next & 3) != 0) {
            throw cpu.fault(GuestFault.CP, ControlFlowEnforcement.FAR_RETURN);
        }
    }

    void returned() {
        if (enabled()) {
            pointer = next;
        }
    }

    /// Before control passes to a less privileged level.
    ///
    /// @param wide whether to 64-bit code
    void prepareExit(int cpl, boolean wide) {
        if (enabled() && (pointer & 7) != 0) {
            throw cpu.fault(GuestFault.CP, ControlFlowEnforcement.FAR_RETURN);
        }
        if (enabled(cpl) && (wide ? !cpu.mmu.canonical(pointers[cpl]) : pointers[cpl] >>> 32 != 0)) {
            throw cpu.gp(0);
        }
    }

    /// Control is about to be at `cpl`; [Cpu#cpl] is still the level that it comes from.
    void exited(int cpl) {
        if (enabled() && cpu.mmu.shadowStacks.load(pointer, 8, false) == (pointer | BUSY)) {
            cpu.mmu.shadowStacks.store(pointer, 8, pointer, false);
        }
        if (enabled(cpl)) {
            pointer = pointers[cpl];
        }
    }

    // ---- SYSCALL and SYSENTER, which have no stack of their own ----

    void calledFast() {
        if (byUser() && enabled()) {
            pointers[USER] = pointer;
        }
        if (enabled(0)) {
            pointer = 0;
        }
    }

    void returnedFast() {
        if (enabled(USER)) {
            pointer = pointers[USER];
        }
    }
}
