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

/// Addition and subtraction.
///
/// @sdm vol. 1 §7.3.2 "Binary Arithmetic Instructions"
final class Arithmetic {
    private Arithmetic() { }

    static void bind(Bindings.Binder binder) {
        bindAdd(binder);
        bindAddWithCarry(binder);
        bindSub(binder);
        bindSubWithBorrow(binder);
        bindCompare(binder);
        bindOne(binder);
        binder.bind(Mnemonic.ADCX, Arithmetic::adcx)
                .bind(Mnemonic.ADOX, Arithmetic::adox);
    }

    private static void bindAdd(Bindings.Binder binder) {
        binder.choose(Mnemonic.ADD, Forms.modifying(Arithmetic::add)
                .register(1, (c, i) -> set1(c, i.at0, add(c, get1(c, i.at0), source1(c, i), 1)))
                .register(4, (c, i) -> set4(c, i.at0, add(c, get4(c, i.at0), source4(c, i), 4)))
                .register(8, (c, i) -> set8(c, i.at0, add(c, get8(c, i.at0), source8(c, i), 8)))
                .load(1, (c, i) -> set1(c, i.at0, add(c, get1(c, i.at0), load1(c, i), 1)))
                .load(4, (c, i) -> set4(c, i.at0, add(c, get4(c, i.at0), load4(c, i), 4)))
                .load(8, (c, i) -> set8(c, i.at0, add(c, get8(c, i.at0), load8(c, i), 8)))
                .memory(1, (c, i) -> {
                    long gva = linear(c, i, 1, true);
                    store1(c, i, gva, add(c, loadForWrite1(c, i, gva), source1(c, i), 1));
                })
                .memory(4, (c, i) -> {
                    long gva = linear(c, i, 4, true);
                    store4(c, i, gva, add(c, loadForWrite4(c, i, gva), source4(c, i), 4));
                })
                .memory(8, (c, i) -> {
                    long gva = linear(c, i, 8, true);
                    store8(c, i, gva, add(c, loadForWrite8(c, i, gva), source8(c, i), 8));
                }));
    }

    private static void bindAddWithCarry(Bindings.Binder binder) {
        binder.choose(Mnemonic.ADC, Forms.modifying(Arithmetic::adc)
                .register(1, (c, i) -> set1(c, i.at0, adc(c, get1(c, i.at0), source1(c, i), 1)))
                .register(4, (c, i) -> set4(c, i.at0, adc(c, get4(c, i.at0), source4(c, i), 4)))
                .register(8, (c, i) -> set8(c, i.at0, adc(c, get8(c, i.at0), source8(c, i), 8)))
                .load(1, (c, i) -> set1(c, i.at0, adc(c, get1(c, i.at0), load1(c, i), 1)))
                .load(4, (c, i) -> set4(c, i.at0, adc(c, get4(c, i.at0), load4(c, i), 4)))
                .load(8, (c, i) -> set8(c, i.at0, adc(c, get8(c, i.at0), load8(c, i), 8)))
                .memory(1, (c, i) -> {
                    long gva = linear(c, i, 1, true);
                    store1(c, i, gva, adc(c, loadForWrite1(c, i, gva), source1(c, i), 1));
                })
                .memory(4, (c, i) -> {
                    long gva = linear(c, i, 4, true);
                    store4(c, i, gva, adc(c, loadForWrite4(c, i, gva), source4(c, i), 4));
                })
                .memory(8, (c, i) -> {
                    long gva = linear(c, i, 8, true);
                    store8(c, i, gva, adc(c, loadForWrite8(c, i, gva), source8(c, i), 8));
                }));
    }

    private static void bindSub(Bindings.Binder binder) {
        binder.choose(Mnemonic.SUB, Forms.modifying(Arithmetic::sub)
                .register(1, (c, i) -> set1(c, i.at0, sub(c, get1(c, i.at0), source1(c, i), 1)))
                .register(4, (c, i) -> set4(c, i.at0, sub(c, get4(c, i.at0), source4(c, i), 4)))
                .register(8, (c, i) -> set8(c, i.at0, sub(c, get8(c, i.at0), source8(c, i), 8)))
                .load(1, (c, i) -> set1(c, i.at0, sub(c, get1(c, i.at0), load1(c, i), 1)))
                .load(4, (c, i) -> set4(c, i.at0, sub(c, get4(c, i.at0), load4(c, i), 4)))
                .load(8, (c, i) -> set8(c, i.at0, sub(c, get8(c, i.at0), load8(c, i), 8)))
                .memory(1, (c, i) -> {
                    long gva = linear(c, i, 1, true);
                    store1(c, i, gva, sub(c, loadForWrite1(c, i, gva), source1(c, i), 1));
                })
                .memory(4, (c, i) -> {
                    long gva = linear(c, i, 4, true);
                    store4(c, i, gva, sub(c, loadForWrite4(c, i, gva), source4(c, i), 4));
                })
                .memory(8, (c, i) -> {
                    long gva = linear(c, i, 8, true);
                    store8(c, i, gva, sub(c, loadForWrite8(c, i, gva), source8(c, i), 8));
                }));
    }

    private static void bindSubWithBorrow(Bindings.Binder binder) {
        binder.choose(Mnemonic.SBB, Forms.modifying(Arithmetic::sbb)
                .register(1, (c, i) -> set1(c, i.at0, sbb(c, get1(c, i.at0), source1(c, i), 1)))
                .register(4, (c, i) -> set4(c, i.at0, sbb(c, get4(c, i.at0), source4(c, i), 4)))
                .register(8, (c, i) -> set8(c, i.at0, sbb(c, get8(c, i.at0), source8(c, i), 8)))
                .load(1, (c, i) -> set1(c, i.at0, sbb(c, get1(c, i.at0), load1(c, i), 1)))
                .load(4, (c, i) -> set4(c, i.at0, sbb(c, get4(c, i.at0), load4(c, i), 4)))
                .load(8, (c, i) -> set8(c, i.at0, sbb(c, get8(c, i.at0), load8(c, i), 8)))
                .memory(1, (c, i) -> {
                    long gva = linear(c, i, 1, true);
                    store1(c, i, gva, sbb(c, loadForWrite1(c, i, gva), source1(c, i), 1));
                })
                .memory(4, (c, i) -> {
                    long gva = linear(c, i, 4, true);
                    store4(c, i, gva, sbb(c, loadForWrite4(c, i, gva), source4(c, i), 4));
                })
                .memory(8, (c, i) -> {
                    long gva = linear(c, i, 8, true);
                    store8(c, i, gva, sbb(c, loadForWrite8(c, i, gva), source8(c, i), 8));
                }));
    }

    private static void bindCompare(Bindings.Binder binder) {
        binder.choose(Mnemonic.CMP, Forms.comparing(Arithmetic::sub)
                .register(1, (c, i) -> sub(c, get1(c, i.at0), source1(c, i), 1))
                .register(4, (c, i) -> sub(c, get4(c, i.at0), source4(c, i), 4))
                .register(8, (c, i) -> sub(c, get8(c, i.at0), source8(c, i), 8))
                .load(1, (c, i) -> sub(c, get1(c, i.at0), load1(c, i), 1))
                .load(4, (c, i) -> sub(c, get4(c, i.at0), load4(c, i), 4))
                .load(8, (c, i) -> sub(c, get8(c, i.at0), load8(c, i), 8))
                .memory(1, (c, i) -> sub(c, load1(c, i), source1(c, i), 1))
                .memory(4, (c, i) -> sub(c, load4(c, i), source4(c, i), 4))
                .memory(8, (c, i) -> sub(c, load8(c, i), source8(c, i), 8)));
    }

    private static void bindOne(Bindings.Binder binder) {
        binder.choose(Mnemonic.INC, Forms.modifyingOne(Arithmetic::inc)
                .register(1, (c, i) -> set1(c, i.at0, inc(c, get1(c, i.at0), 0, 1)))
                .register(4, (c, i) -> set4(c, i.at0, inc(c, get4(c, i.at0), 0, 4)))
                .register(8, (c, i) -> set8(c, i.at0, inc(c, get8(c, i.at0), 0, 8)))
                .memory(4, (c, i) -> {
                    long gva = linear(c, i, 4, true);
                    store4(c, i, gva, inc(c, loadForWrite4(c, i, gva), 0, 4));
                })
                .memory(8, (c, i) -> {
                    long gva = linear(c, i, 8, true);
                    store8(c, i, gva, inc(c, loadForWrite8(c, i, gva), 0, 8));
                }));
        binder.choose(Mnemonic.DEC, Forms.modifyingOne(Arithmetic::dec)
                .register(1, (c, i) -> set1(c, i.at0, dec(c, get1(c, i.at0), 0, 1)))
                .register(4, (c, i) -> set4(c, i.at0, dec(c, get4(c, i.at0), 0, 4)))
                .register(8, (c, i) -> set8(c, i.at0, dec(c, get8(c, i.at0), 0, 8)))
                .memory(4, (c, i) -> {
                    long gva = linear(c, i, 4, true);
                    store4(c, i, gva, dec(c, loadForWrite4(c, i, gva), 0, 4));
                })
                .memory(8, (c, i) -> {
                    long gva = linear(c, i, 8, true);
                    store8(c, i, gva, dec(c, loadForWrite8(c, i, gva), 0, 8));
                }));
        binder.choose(Mnemonic.NEG, Forms.modifyingOne(Arithmetic::neg)
                .register(4, (c, i) -> set4(c, i.at0, neg(c, get4(c, i.at0), 0, 4)))
                .register(8, (c, i) -> set8(c, i.at0, neg(c, get8(c, i.at0), 0, 8))));
    }

    static long add(Cpu cpu, long a, long b, int bytes) {
        long sum = a + b;
        cpu.flagsOfAdd(a, b, sum, bytes);
        return sum;
    }

    static long adc(Cpu cpu, long a, long b, int bytes) {
        long sum = a + b + (cpu.flagsAux() >>> 63);
        cpu.flagsOfAdd(a, b, sum, bytes);
        return sum;
    }

    /// SUB and, without its result, CMP.
    static long sub(Cpu cpu, long a, long b, int bytes) {
        long difference = a - b;
        cpu.flagsOfSub(a, b, difference, bytes);
        return difference;
    }

    static long sbb(Cpu cpu, long a, long b, int bytes) {
        long difference = a - b - (cpu.flagsAux() >>> 63);
        cpu.flagsOfSub(a, b, difference, bytes);
        return difference;
    }

    /// INC leaves CF alone.
    static long inc(Cpu cpu, long a, long unused, int bytes) {
        long sum = a + 1;
        long aux = Flags.auxOfAdd(a, 1, sum, bytes);
        cpu.flags(Flags.signExtend(sum, bytes), Flags.withCarryOf(aux, cpu.flagsAux()));
        return sum;
    }

    /// DEC leaves CF alone.
    static long dec(Cpu cpu, long a, long unused, int bytes) {
        long difference = a - 1;
        long aux = Flags.auxOfSub(a, 1, difference, bytes);
        cpu.flags(Flags.signExtend(difference, bytes), Flags.withCarryOf(aux, cpu.flagsAux()));
        return difference;
    }

    static long neg(Cpu cpu, long a, long unused, int bytes) {
        return sub(cpu, 0, a, bytes);
    }

    /// ADCX: adds with CF and sets no other flag.
    private static void adcx(Cpu cpu, Insn insn) {
        long b = cpu.read(insn, 1);
        long aux = cpu.flagsAux();
        boolean carry = addWithCarry(cpu, insn, b, Flags.cf(aux));
        cpu.flags(cpu.flagsResult(), Flags.withCarryAndOverflow(aux, carry, Flags.of(aux)));
    }

    /// ADOX: adds with OF as its carry and sets no other flag.
    private static void adox(Cpu cpu, Insn insn) {
        long b = cpu.read(insn, 1);
        long aux = cpu.flagsAux();
        boolean carry = addWithCarry(cpu, insn, b, Flags.of(aux));
        cpu.flags(cpu.flagsResult(), Flags.withCarryAndOverflow(aux, Flags.cf(aux), carry));
    }

    private static boolean addWithCarry(Cpu cpu, Insn insn, long b, boolean carry) {
        long a = cpu.read(insn, 0);
        long sum = a + b + (carry ? 1 : 0);
        cpu.write(insn, 0, sum);
        return Flags.cf(Flags.auxOfAdd(a, b, sum, insn.bytes0));
    }
}
