// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.Operands.get1;
import static org.javisor.cpu.Operands.get4;
import static org.javisor.cpu.Operands.get8;
import static org.javisor.cpu.Operands.linear;
import static org.javisor.cpu.Operands.load1;
import static org.javisor.cpu.Operands.load4;
import static org.javisor.cpu.Operands.load8;
import static org.javisor.cpu.Operands.loadForWrite1;
import static org.javisor.cpu.Operands.loadForWrite4;
import static org.javisor.cpu.Operands.loadForWrite8;
import static org.javisor.cpu.Operands.set1;
import static org.javisor.cpu.Operands.set4;
import static org.javisor.cpu.Operands.set8;
import static org.javisor.cpu.Operands.source1;
import static org.javisor.cpu.Operands.source4;
import static org.javisor.cpu.Operands.source8;
import static org.javisor.cpu.Operands.store1;
import static org.javisor.cpu.Operands.store4;
import static org.javisor.cpu.Operands.store8;

import org.javisor.isa.Mnemonic;

/// Bitwise logic.
///
/// @sdm vol. 1 §7.3.5 "Logical Instructions"
final class Logic {
    private Logic() { }

    static void bind(Bindings.Binder binder) {
        bindAnd(binder);
        bindOr(binder);
        bindXor(binder);
        bindTest(binder);
        bindNot(binder);
    }

    private static void bindAnd(Bindings.Binder binder) {
        binder.choose(Mnemonic.AND, Forms.modifying(Logic::and)
                .register(1, (c, i) -> set1(c, i.at0, and(c, get1(c, i.at0), source1(c, i), 1)))
                .register(4, (c, i) -> set4(c, i.at0, and(c, get4(c, i.at0), source4(c, i), 4)))
                .register(8, (c, i) -> set8(c, i.at0, and(c, get8(c, i.at0), source8(c, i), 8)))
                .load(1, (c, i) -> set1(c, i.at0, and(c, get1(c, i.at0), load1(c, i), 1)))
                .load(4, (c, i) -> set4(c, i.at0, and(c, get4(c, i.at0), load4(c, i), 4)))
                .load(8, (c, i) -> set8(c, i.at0, and(c, get8(c, i.at0), load8(c, i), 8)))
                .memory(1, (c, i) -> {
                    long gva = linear(c, i, 1, true);
                    store1(c, i, gva, and(c, loadForWrite1(c, i, gva), source1(c, i), 1));
                })
                .memory(4, (c, i) -> {
                    long gva = linear(c, i, 4, true);
                    store4(c, i, gva, and(c, loadForWrite4(c, i, gva), source4(c, i), 4));
                })
                .memory(8, (c, i) -> {
                    long gva = linear(c, i, 8, true);
                    store8(c, i, gva, and(c, loadForWrite8(c, i, gva), source8(c, i), 8));
                }));
    }

    private static void bindOr(Bindings.Binder binder) {
        binder.choose(Mnemonic.OR, Forms.modifying(Logic::or)
                .register(1, (c, i) -> set1(c, i.at0, or(c, get1(c, i.at0), source1(c, i), 1)))
                .register(4, (c, i) -> set4(c, i.at0, or(c, get4(c, i.at0), source4(c, i), 4)))
                .register(8, (c, i) -> set8(c, i.at0, or(c, get8(c, i.at0), source8(c, i), 8)))
                .load(1, (c, i) -> set1(c, i.at0, or(c, get1(c, i.at0), load1(c, i), 1)))
                .load(4, (c, i) -> set4(c, i.at0, or(c, get4(c, i.at0), load4(c, i), 4)))
                .load(8, (c, i) -> set8(c, i.at0, or(c, get8(c, i.at0), load8(c, i), 8)))
                .memory(1, (c, i) -> {
                    long gva = linear(c, i, 1, true);
                    store1(c, i, gva, or(c, loadForWrite1(c, i, gva), source1(c, i), 1));
                })
                .memory(4, (c, i) -> {
                    long gva = linear(c, i, 4, true);
                    store4(c, i, gva, or(c, loadForWrite4(c, i, gva), source4(c, i), 4));
                })
                .memory(8, (c, i) -> {
                    long gva = linear(c, i, 8, true);
                    store8(c, i, gva, or(c, loadForWrite8(c, i, gva), source8(c, i), 8));
                }));
    }

    private static void bindXor(Bindings.Binder binder) {
        binder.choose(Mnemonic.XOR, Forms.modifying(Logic::xor)
                .register(1, (c, i) -> set1(c, i.at0, xor(c, get1(c, i.at0), source1(c, i), 1)))
                .register(4, (c, i) -> set4(c, i.at0, xor(c, get4(c, i.at0), source4(c, i), 4)))
                .register(8, (c, i) -> set8(c, i.at0, xor(c, get8(c, i.at0), source8(c, i), 8)))
                .load(1, (c, i) -> set1(c, i.at0, xor(c, get1(c, i.at0), load1(c, i), 1)))
                .load(4, (c, i) -> set4(c, i.at0, xor(c, get4(c, i.at0), load4(c, i), 4)))
                .load(8, (c, i) -> set8(c, i.at0, xor(c, get8(c, i.at0), load8(c, i), 8)))
                .memory(1, (c, i) -> {
                    long gva = linear(c, i, 1, true);
                    store1(c, i, gva, xor(c, loadForWrite1(c, i, gva), source1(c, i), 1));
                })
                .memory(4, (c, i) -> {
                    long gva = linear(c, i, 4, true);
                    store4(c, i, gva, xor(c, loadForWrite4(c, i, gva), source4(c, i), 4));
                })
                .memory(8, (c, i) -> {
                    long gva = linear(c, i, 8, true);
                    store8(c, i, gva, xor(c, loadForWrite8(c, i, gva), source8(c, i), 8));
                }));
    }

    private static void bindTest(Bindings.Binder binder) {
        binder.choose(Mnemonic.TEST, Forms.comparing(Logic::and)
                .register(1, (c, i) -> and(c, get1(c, i.at0), source1(c, i), 1))
                .register(4, (c, i) -> and(c, get4(c, i.at0), source4(c, i), 4))
                .register(8, (c, i) -> and(c, get8(c, i.at0), source8(c, i), 8))
                .load(1, (c, i) -> and(c, get1(c, i.at0), load1(c, i), 1))
                .load(4, (c, i) -> and(c, get4(c, i.at0), load4(c, i), 4))
                .load(8, (c, i) -> and(c, get8(c, i.at0), load8(c, i), 8))
                .memory(1, (c, i) -> and(c, load1(c, i), source1(c, i), 1))
                .memory(4, (c, i) -> and(c, load4(c, i), source4(c, i), 4))
                .memory(8, (c, i) -> and(c, load8(c, i), source8(c, i), 8)));
    }

    private static void bindNot(Bindings.Binder binder) {
        binder.choose(Mnemonic.NOT, Forms.modifyingOne(Logic::not)
                .register(4, (c, i) -> set4(c, i.at0, not(c, get4(c, i.at0), 0, 4)))
                .register(8, (c, i) -> set8(c, i.at0, not(c, get8(c, i.at0), 0, 8))));
    }

    /// AND and, without its result, TEST.
    static long and(Cpu cpu, long a, long b, int bytes) {
        long result = a & b;
        cpu.flagsOfLogic(result, bytes);
        return result;
    }

    static long or(Cpu cpu, long a, long b, int bytes) {
        long result = a | b;
        cpu.flagsOfLogic(result, bytes);
        return result;
    }

    static long xor(Cpu cpu, long a, long b, int bytes) {
        long result = a ^ b;
        cpu.flagsOfLogic(result, bytes);
        return result;
    }

    /// NOT sets no flags.
    static long not(Cpu cpu, long a, long unused, int bytes) {
        return ~a;
    }
}
