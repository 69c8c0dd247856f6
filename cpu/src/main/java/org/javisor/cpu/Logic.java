// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.isa.Mnemonic;

/// Bitwise logic.
///
/// @sdm vol. 1 §7.3.5 "Logical Instructions"
final class Logic {
    private Logic() { }

    static void bind(Bindings.Binder binder) {
        binder.choose(Mnemonic.AND, Forms.modifying(Logic::and))
                .choose(Mnemonic.OR, Forms.modifying(Logic::or))
                .choose(Mnemonic.XOR, Forms.modifying(Logic::xor))
                .choose(Mnemonic.TEST, Forms.comparing(Logic::and))
                .choose(Mnemonic.NOT, Forms.modifyingOne(Logic::not));
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
