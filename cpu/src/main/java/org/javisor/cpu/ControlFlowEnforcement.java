// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.DS;
import static org.javisor.isa.Instruction.REL;

import org.javisor.isa.Instruction;
import org.javisor.isa.Mnemonic;

/// Control-flow enforcement: what IA32_U_CET and IA32_S_CET ask for, and indirect branch tracking; the shadow stacks
/// are in [ShadowStack].
///
/// Code that something is asked of is decoded for that ([InstructionDecoder]): only its branches have handlers that
/// look after it, and other code pays nothing.
///
/// @sdm vol. 1 chapter 17 "Control-flow Enforcement Technology (CET)"
final class ControlFlowEnforcement {
    static final int SHADOW_STACK = 1, WRITE_SHADOW_STACK = 1 << 1, END_BRANCH = 1 << 2, LEGACY_BITMAP = 1 << 3,
            NO_TRACK = 1 << 4, SUPPRESS_DISABLE = 1 << 5, SUPPRESS = 1 << 10, TRACKER = 1 << 11;
    private static final long RESERVED = 0xf << 6, TRACKING_BITS = -1L << 12 | END_BRANCH | LEGACY_BITMAP | NO_TRACK
            | SUPPRESS_DISABLE | SUPPRESS | TRACKER;
    /// What the error code of #CP tells.
    static final int NEAR_RETURN = 1, FAR_RETURN = 2, NO_END_BRANCH = 3, RESTORE = 4, SET_BUSY = 5;
    private static final int ENDBR_OPCODE = 0x1e, ENDBR64 = 0xfa, ENDBR32 = 0xfb;

    private static final Handler CALL = ControlFlowEnforcement::call, RETURN = ControlFlowEnforcement::ret,
            JUMP = ControlFlowEnforcement::jump;

    private final Cpu cpu;
    private long user, supervisor;

    ControlFlowEnforcement(Cpu cpu) {
        this.cpu = cpu;
    }

    // ---- control ----

    long user() {
        return user;
    }

    long supervisor() {
        return supervisor;
    }

    /// @return whether the register takes the value
    boolean user(long value) {
        if (!valid(value)) {
            return false;
        }
        user = value;
        changed();
        return true;
    }

    /// @return whether the register takes the value
    boolean supervisor(long value) {
        if (!valid(value)) {
            return false;
        }
        supervisor = value;
        changed();
        return true;
    }

    boolean valid(long value) {
        long absent = (cpu.cpuid.has(CpuFeature.CET_SS) ? 0 : SHADOW_STACK | WRITE_SHADOW_STACK)
                | (cpu.cpuid.has(CpuFeature.CET_IBT) ? 0 : TRACKING_BITS);
        return (value & (RESERVED | absent)) == 0 && cpu.system.canonicalBase(value)
                && (value & (SUPPRESS | TRACKER)) != (SUPPRESS | TRACKER);
    }

    /// What is known of code by its address may have been decoded for something else.
    private void changed() {
        cpu.mmu.spaces.forgetCode();
        cpu.modeChanged();
    }

    /// What is asked of code at `cpl`.
    long control(int cpl) {
        boolean on = (cpu.cr4 & ControlBits.CR4_CET) != 0 && !cpu.mode.eightySixStyle();
        return !on ? 0 : cpl == 3 ? user : supervisor;
    }

    private boolean asks(int bit) {
        return (control(cpu.cpl) & bit) != 0;
    }

    /// Whether something is asked of code at some level, so that host code cannot pass from one to another.
    boolean inUse() {
        return ((control(3) | control(0)) & (SHADOW_STACK | END_BRANCH)) != 0;
    }

    /// Bits of the decode mode.
    int decodeMode() {
        return (asks(SHADOW_STACK) ? InstructionDecoder.SHADOWED : 0)
                | (asks(END_BRANCH) ? InstructionDecoder.TRACKED : 0);
    }

    void reset() {
        user = 0;
        supervisor = 0;
    }

    // ---- tracking ----

    /// Whether the next instruction has to be ENDBR.
    boolean waits() {
        long wanted = END_BRANCH | TRACKER;
        return (control(cpu.cpl) & wanted) == wanted;
    }

    private void set(int clear, int set) {
        if (cpu.cpl == 3) {
            user = user & ~clear | set;
        } else {
            supervisor = supervisor & ~clear | set;
        }
        cpu.slow = cpu.slow & ~Cpu.SLOW_BRANCH | (waits() ? Cpu.SLOW_BRANCH : 0);
        cpu.blockEnd = 0;
    }

    /// An indirect branch at the current level has been made.
    void branched() {
        if ((control(cpu.cpl) & (END_BRANCH | SUPPRESS)) == END_BRANCH) {
            set(0, TRACKER);
        }
    }

    /// Control has come to a more privileged level, or to a handler.
    void entered() {
        if (asks(END_BRANCH)) {
            set(SUPPRESS, TRACKER);
        }
    }

    /// The instruction behind an indirect branch is about to be executed.
    ///
    /// @throws GuestFault #CP unless it may be there
    void arrive(Insn insn) {
        boolean endBranch = insn.mnemonic() == Mnemonic.HINT_NOP && insn.row.opcode() == ENDBR_OPCODE
                && insn.has(Instruction.REP) && insn.modrm == (cpu.codeBits == 64 ? ENDBR64 : ENDBR32);
        if (endBranch) {
            set(TRACKER, 0);
        } else if (asks(LEGACY_BITMAP) && legacy()) {
            set(TRACKER, asks(SUPPRESS_DISABLE) ? 0 : SUPPRESS);
        } else {
            throw cpu.fault(GuestFault.CP, NO_END_BRANCH);
        }
    }

    /// Whether the bitmap has the page of the instruction among those without ENDBR.
    private boolean legacy() {
        long page = cpu.debug.linearRip() >>> 12;
        long base = control(cpu.cpl) & -4096;
        return (cpu.mmu.load(DS, base + (page >>> 3), 1) >>> (page & 7) & 1) != 0;
    }

    // ---- near branches ----

    /// The handler of an instruction in code that something is asked of, or null if it is the usual one.
    static Handler handler(Insn insn, int decodeMode) {
        boolean shadowed = (decodeMode & InstructionDecoder.SHADOWED) != 0;
        boolean tracked = (decodeMode & InstructionDecoder.TRACKED) != 0 && insn.kind0 != REL;
        return switch (insn.mnemonic()) {
            case CALL -> shadowed || tracked ? CALL : null;
            case RET -> shadowed ? RETURN : null;
            case JMP -> tracked ? JUMP : null;
            default -> null;
        };
    }

    private static void call(Cpu cpu, Insn insn) {
        boolean direct = insn.kind0 == REL;
        long target = direct ? Branches.target(cpu, insn) : cpu.read(insn, 0);
        cpu.segments.checkTarget(target);
        // A call of the next instruction is how code finds out where it is.
        boolean pushes = cpu.shadowStack.enabled() && !(direct && insn.immediate == 0);
        if (pushes) {
            cpu.shadowStack.prepare(1);
        }
        long returning = cpu.rip();
        Stack.push(cpu, insn.operandBytes, returning);
        if (pushes) {
            cpu.shadowStack.push(returning);
        }
        cpu.rip(target);
        if (!direct) {
            track(cpu, insn);
        }
    }

    private static void ret(Cpu cpu, Insn insn) {
        int bytes = insn.operandBytes;
        long target = Stack.peek(cpu, 0, bytes);
        boolean checked = cpu.shadowStack.enabled();
        if (checked && cpu.shadowStack.top() != target) {
            throw cpu.fault(GuestFault.CP, NEAR_RETURN);
        }
        Branches.jump(cpu, target);
        Stack.drop(cpu, bytes + (int) (insn.immediate & 0xffff));
        if (checked) {
            cpu.shadowStack.drop(1);
        }
    }

    private static void jump(Cpu cpu, Insn insn) {
        Branches.jump(cpu, cpu.read(insn, 0));
        track(cpu, insn);
    }

    private static void track(Cpu cpu, Insn insn) {
        boolean exempt = insn.has(Instruction.SEGMENT_OVERRIDE) && insn.segment == DS
                && cpu.enforcement.asks(NO_TRACK);
        if (!exempt) {
            cpu.enforcement.branched();
        }
    }
}
