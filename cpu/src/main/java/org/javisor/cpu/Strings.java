// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.CpuLayout.RAX;
import static org.javisor.cpu.CpuLayout.RCX;
import static org.javisor.cpu.CpuLayout.RDI;
import static org.javisor.cpu.CpuLayout.RSI;
import static org.javisor.isa.Instruction.ES;
import static org.javisor.isa.Instruction.REP;
import static org.javisor.isa.Instruction.REPNE;

import org.javisor.isa.Mnemonic;

/// String instructions, once or repeated.
///
/// A repeated one counts rCX down after each run of elements, so that a fault leaves the registers as the
/// elements before it left them. It stops between runs for whatever the run loop has to look at, with RIP put
/// back to itself. A run is one element, or as many as [StringRuns] can do at once.
///
/// @sdm vol. 1 §7.3.9 "String Operations"
final class Strings {
    /// Does up to `count` elements of a repeated instruction, at least one, and says how many. It changes
    /// nothing if it faults.
    @FunctionalInterface
    interface Run {
        long apply(Cpu cpu, Insn insn, long count);
    }

    private Strings() { }

    static void bind(Bindings.Binder binder) {
        bind(binder, Mnemonic.MOVS, Strings::move, (cpu, insn) -> repeat(cpu, insn, StringRuns::move));
        bind(binder, Mnemonic.STOS, Strings::store, (cpu, insn) -> repeat(cpu, insn, StringRuns::store));
        bind(binder, Mnemonic.LODS, Strings::load, (cpu, insn) -> repeat(cpu, insn, StringRuns::load));
        bind(binder, Mnemonic.CMPS, Strings::compare,
                (cpu, insn) -> repeatWhile(cpu, insn, StringRuns::compare));
        bind(binder, Mnemonic.SCAS, Strings::scan,
                (cpu, insn) -> repeatWhile(cpu, insn, StringRuns::scan));
    }

    private static void bind(Bindings.Binder binder, Mnemonic mnemonic, Handler once, Handler repeated) {
        binder.choose(mnemonic, insn -> insn.has(REP | REPNE) ? repeated : once);
    }

    // ---- repetition ----

    /// REP, and REPNE where it means the same.
    private static void repeat(Cpu cpu, Insn insn, Run run) {
        long count = cpu.reg64(RCX) & insn.addressMask;
        while (count != 0) {
            count -= run.apply(cpu, insn, atOnce(cpu, count));
            index(cpu, insn, RCX, count);
            if (count != 0 && interrupted(cpu)) {
                again(cpu, insn);
                return;
            }
        }
    }

    /// REPE and REPNE.
    private static void repeatWhile(Cpu cpu, Insn insn, Run run) {
        long count = cpu.reg64(RCX) & insn.addressMask;
        while (count != 0) {
            count -= run.apply(cpu, insn, atOnce(cpu, count));
            index(cpu, insn, RCX, count);
            if (Conditions.e(cpu) != whileEqual(insn)) {
                return;
            }
            if (count != 0 && interrupted(cpu)) {
                again(cpu, insn);
                return;
            }
        }
    }

    /// REPE, as opposed to REPNE.
    static boolean whileEqual(Insn insn) {
        return !insn.has(REPNE);
    }

    /// A single-step trap comes after each element.
    private static long atOnce(Cpu cpu, long count) {
        return stepsElements(cpu) ? 1 : count;
    }

    /// Whether traps may come between elements. RF alone, as an interrupted instruction is resumed with, asks for none.
    private static boolean stepsElements(Cpu cpu) {
        return (cpu.slow & Cpu.SLOW_STEP) != 0 && ((cpu.systemFlags() & Flags.TF) != 0 || cpu.debug.stepping);
    }

    /// Whether something is to happen before the next run: a request that would be taken, a single-step trap,
    /// or an exit.
    static boolean interrupted(Cpu cpu) {
        return cpu.runnable() || (cpu.slow & ~(Cpu.SLOW_STEP | Cpu.SLOW_COUNTED)) != 0 || stepsElements(cpu);
    }

    /// Has the instruction executed again after the run loop has looked around.
    static void again(Cpu cpu, Insn insn) {
        cpu.rip(cpu.rip() - insn.length);
        cpu.monitor.interrupted();
        cpu.debug.instructionInterrupted();
    }

    // ---- index registers ----

    /// rSI or rDI, cut to the address size.
    static long index(Cpu cpu, Insn insn, int reg) {
        return cpu.reg64(reg) & insn.addressMask;
    }

    static void index(Cpu cpu, Insn insn, int reg, long value) {
        cpu.reg(reg, insn.addressBytes, value);
    }

    /// Moves rSI or rDI by `elements` elements in the direction that DF gives.
    static void advance(Cpu cpu, Insn insn, int reg, long elements) {
        long distance = elements * insn.bytes0;
        index(cpu, insn, reg, cpu.reg64(reg) + (backwards(cpu) ? -distance : distance));
    }

    static boolean backwards(Cpu cpu) {
        return (cpu.systemFlags() & Flags.DF) != 0;
    }

    // ---- elements ----

    static void move(Cpu cpu, Insn insn) {
        long value = cpu.load(insn.segment, index(cpu, insn, RSI), insn.bytes0);
        cpu.store(ES, index(cpu, insn, RDI), insn.bytes0, value);
        advance(cpu, insn, RSI, 1);
        advance(cpu, insn, RDI, 1);
    }

    static void store(Cpu cpu, Insn insn) {
        cpu.store(ES, index(cpu, insn, RDI), insn.bytes0, cpu.reg64(RAX));
        advance(cpu, insn, RDI, 1);
    }

    static void load(Cpu cpu, Insn insn) {
        cpu.reg(RAX, insn.bytes0, cpu.load(insn.segment, index(cpu, insn, RSI), insn.bytes0));
        advance(cpu, insn, RSI, 1);
    }

    static void compare(Cpu cpu, Insn insn) {
        long a = cpu.load(insn.segment, index(cpu, insn, RSI), insn.bytes0);
        long b = cpu.load(ES, index(cpu, insn, RDI), insn.bytes0);
        cpu.flagsOfSub(a, b, a - b, insn.bytes0);
        advance(cpu, insn, RSI, 1);
        advance(cpu, insn, RDI, 1);
    }

    static void scan(Cpu cpu, Insn insn) {
        long a = cpu.reg(RAX, insn.bytes0);
        long b = cpu.load(ES, index(cpu, insn, RDI), insn.bytes0);
        cpu.flagsOfSub(a, b, a - b, insn.bytes0);
        advance(cpu, insn, RDI, 1);
    }
}
