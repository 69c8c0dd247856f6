// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import org.javisor.isa.Mnemonic;

/// Which handler executes which instruction. Each file of handlers declares its own part with [Binder].
final class Bindings {
    /// Collects the bindings of one group of handlers.
    static final class Binder {
        private final Map<Mnemonic, Function<Insn, Handler>> table;

        private Binder(Map<Mnemonic, Function<Insn, Handler>> table) {
            this.table = table;
        }

        /// One handler for every form of `mnemonic`.
        Binder bind(Mnemonic mnemonic, Handler handler) {
            return choose(mnemonic, _ -> handler);
        }

        /// A handler chosen at decode time by operand kinds and sizes (and mode), for forms hot enough to deserve their
        /// own. The choice gives one of a fixed set and makes none: each handler gets a class, for good, and guests
        /// decide how often something is decoded.
        Binder choose(Mnemonic mnemonic, Function<Insn, Handler> choice) {
            if (table.put(mnemonic, choice) != null) {
                throw new AssertionError(mnemonic + " is bound twice");
            }
            return this;
        }
    }

    private final Map<Mnemonic, Function<Insn, Handler>> table = new EnumMap<>(Mnemonic.class);

    Bindings() {
        Binder binder = new Binder(table);
        bindIntegers(binder);
        bindSystem(binder);
        bindX87(binder);
        SimdMoves.bind(binder);
        SimdElements.bind(binder);
        SimdIntegerArithmetic.bind(binder);
        SimdShift.bind(binder);
        SimdShuffle.bind(binder);
        Carryless.bind(binder);
        Aes.bind(binder);
        Sha.bind(binder);
        StringCompare.bind(binder);
        Mxcsr.bind(binder);
        FloatArithmetic.bind(binder);
        FloatCompare.bind(binder);
        FloatConvert.bind(binder);
        bindAvx(binder);
        inheritVexForms();
    }

    private static void bindAvx(Binder binder) {
        AvxMoves.bind(binder);
        AvxPermutations.bind(binder);
        AvxMasks.bind(binder);
        Gathers.bind(binder);
        VariableShifts.bind(binder);
        FusedMultiplyAdd.bind(binder);
        HalfPrecision.bind(binder);
    }

    /// A handler of an SSE instruction looks at [Insn#vectorBytes] and executes the form with a VEX prefix too, whose
    /// name has a V in front, unless that has a handler of its own.
    private void inheritVexForms() {
        Map<String, Function<Insn, Handler>> byVexName = new HashMap<>();
        table.forEach((mnemonic, choice) -> byVexName.put("V" + mnemonic, choice));
        for (Mnemonic vex : Mnemonic.values()) {
            Function<Insn, Handler> inherited = byVexName.get(vex.name());
            if (inherited != null) {
                table.putIfAbsent(vex, inherited);
            }
        }
    }

    private static void bindX87(Binder binder) {
        X87Arithmetic.bind(binder);
        X87Transcendental.bind(binder);
        X87Transfer.bind(binder);
        X87Comparison.bind(binder);
        X87Control.bind(binder);
    }

    private static void bindSystem(Binder binder) {
        SegmentInstructions.bind(binder);
        TableInstructions.bind(binder);
        FarBranches.bind(binder);
        InterruptFlag.bind(binder);
        ControlInstructions.bind(binder);
        FastSystemCalls.bind(binder);
        SystemInstructions.bind(binder);
        PortInstructions.bind(binder);
        ExtendedState.bind(binder);
        ProtectionKeys.bind(binder);
        ShadowStackInstructions.bind(binder);
    }

    private static void bindIntegers(Binder binder) {
        Arithmetic.bind(binder);
        Logic.bind(binder);
        Shifts.bind(binder);
        Rotates.bind(binder);
        Multiply.bind(binder);
        Divide.bind(binder);
        Decimal.bind(binder);
        BitOperations.bind(binder);
        BitManipulation.bind(binder);
        Checksum.bind(binder);
        Conversions.bind(binder);
        Moves.bind(binder);
        Atomic.bind(binder);
        Stack.bind(binder);
        FlagControl.bind(binder);
        Conditions.bind(binder);
        Branches.bind(binder);
        Strings.bind(binder);
        CacheControl.bind(binder);
        Checks.bind(binder);
    }

    /// Whether some form of `mnemonic` has a handler.
    boolean binds(Mnemonic mnemonic) {
        return table.containsKey(mnemonic);
    }

    /// The handler for a decoded instruction, or null when there is none.
    Handler select(Insn insn) {
        Function<Insn, Handler> choice = table.get(insn.mnemonic());
        return choice == null ? null : choice.apply(insn);
    }
}
