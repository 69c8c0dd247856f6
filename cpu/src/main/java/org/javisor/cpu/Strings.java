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
/// A repeated one counts rCX down after each element, so that a fault leaves the registers as the elements before it
/// left them. It stops between elements for whatever the run loop has to look at, with RIP put back to itself.
///
/// @sdm vol. 1 §7.3.9 "String Operations"
final class Strings {
    /// What a string instruction does to one element; it changes nothing if it faults.
    @FunctionalInterface
    private interface Element {
        void apply(Cpu cpu, Insn insn);
    }

    private Strings() { }

    static void bind(Bindings.Binder binder) {
        bind(binder, Mnemonic.MOVS, Strings::move);
        bind(binder, Mnemonic.STOS, Strings::store);
        bind(binder, Mnemonic.LODS, Strings::load);
        bindComparing(binder, Mnemonic.CMPS, Strings::compare);
        bindComparing(binder, Mnemonic.SCAS, Strings::scan);
    }

    private static void bind(Bindings.Binder binder, Mnemonic mnemonic, Element element) {
        Handler repeated = (cpu, insn) -> repeat(cpu, insn, element);
        Handler once = element::apply;
        binder.choose(mnemonic, insn -> insn.has(REP | REPNE) ? repeated : once);
    }

    private static void bindComparing(Bindings.Binder binder, Mnemonic mnemonic, Element element) {
        Handler whileEqual = (cpu, insn) -> repeatWhile(cpu, insn, element, true);
        Handler whileDifferent = (cpu, insn) -> repeatWhile(cpu, insn, element, false);
        Handler once = element::apply;
        binder.choose(mnemonic, insn -> insn.has(REPNE) ? whileDifferent : insn.has(REP) ? whileEqual : once);
    }

    // ---- repetition ----

    /// REP, and REPNE where it means the same.
    private static void repeat(Cpu cpu, Insn insn, Element element) {
        long count = count(cpu, insn);
        while (count != 0) {
            element.apply(cpu, insn);
            count = count - 1 & insn.addressMask;
            index(cpu, insn, RCX, count);
            if (count != 0 && interrupted(cpu)) {
                again(cpu, insn);
                return;
            }
        }
    }

    private static void repeatWhile(Cpu cpu, Insn insn, Element element, boolean equal) {
        long count = count(cpu, insn);
        while (count != 0) {
            element.apply(cpu, insn);
            count = count - 1 & insn.addressMask;
            index(cpu, insn, RCX, count);
            if (Conditions.e(cpu) != equal) {
                return;
            }
            if (count != 0 && interrupted(cpu)) {
                again(cpu, insn);
                return;
            }
        }
    }

    static long count(Cpu cpu, Insn insn) {
        return cpu.reg64(RCX) & insn.addressMask;
    }

    /// Whether something is to happen before the next element: a request that would be taken, a single-step trap, or an
    /// exit.
    static boolean interrupted(Cpu cpu) {
        return cpu.runnable() || cpu.slow != 0;
    }

    /// Has the instruction executed again after the run loop has looked around.
    static void again(Cpu cpu, Insn insn) {
        cpu.rip(cpu.rip() - insn.length);
        cpu.blockEnd = 0;
    }

    // ---- index registers ----

    /// rSI or rDI, cut to the address size.
    static long index(Cpu cpu, Insn insn, int reg) {
        return cpu.reg64(reg) & insn.addressMask;
    }

    static void index(Cpu cpu, Insn insn, int reg, long value) {
        cpu.reg(reg, insn.addressBytes, value);
    }

    /// Moves rSI or rDI to the next element.
    private static void advance(Cpu cpu, Insn insn, int reg) {
        int step = (cpu.systemFlags & Flags.DF) != 0 ? -insn.bytes0 : insn.bytes0;
        index(cpu, insn, reg, cpu.reg64(reg) + step);
    }

    // ---- elements ----

    private static void move(Cpu cpu, Insn insn) {
        long value = cpu.load(insn.segment, index(cpu, insn, RSI), insn.bytes0);
        cpu.store(ES, index(cpu, insn, RDI), insn.bytes0, value);
        advance(cpu, insn, RSI);
        advance(cpu, insn, RDI);
    }

    private static void store(Cpu cpu, Insn insn) {
        cpu.store(ES, index(cpu, insn, RDI), insn.bytes0, cpu.reg64(RAX));
        advance(cpu, insn, RDI);
    }

    private static void load(Cpu cpu, Insn insn) {
        cpu.reg(RAX, insn.bytes0, cpu.load(insn.segment, index(cpu, insn, RSI), insn.bytes0));
        advance(cpu, insn, RSI);
    }

    private static void compare(Cpu cpu, Insn insn) {
        long a = cpu.load(insn.segment, index(cpu, insn, RSI), insn.bytes0);
        long b = cpu.load(ES, index(cpu, insn, RDI), insn.bytes0);
        cpu.flagsOfSub(a, b, a - b, insn.bytes0);
        advance(cpu, insn, RSI);
        advance(cpu, insn, RDI);
    }

    private static void scan(Cpu cpu, Insn insn) {
        long a = cpu.reg(RAX, insn.bytes0);
        long b = cpu.load(ES, index(cpu, insn, RDI), insn.bytes0);
        cpu.flagsOfSub(a, b, a - b, insn.bytes0);
        advance(cpu, insn, RDI);
    }
}
