// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.isa.Mnemonic;

/// Addition and subtraction.
///
/// @sdm vol. 1 §7.3.2 "Binary Arithmetic Instructions"
final class Arithmetic {
    private Arithmetic() { }

    static void bind(Bindings.Binder binder) {
        binder.choose(Mnemonic.ADD, Forms.modifying(Arithmetic::add))
                .choose(Mnemonic.ADC, Forms.modifying(Arithmetic::adc))
                .choose(Mnemonic.SUB, Forms.modifying(Arithmetic::sub))
                .choose(Mnemonic.SBB, Forms.modifying(Arithmetic::sbb))
                .choose(Mnemonic.CMP, Forms.comparing(Arithmetic::sub))
                .choose(Mnemonic.INC, Forms.modifyingOne(Arithmetic::inc))
                .choose(Mnemonic.DEC, Forms.modifyingOne(Arithmetic::dec))
                .choose(Mnemonic.NEG, Forms.modifyingOne(Arithmetic::neg))
                .bind(Mnemonic.ADCX, Arithmetic::adcx)
                .bind(Mnemonic.ADOX, Arithmetic::adox);
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
