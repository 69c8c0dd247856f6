// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

import static org.javisor.cpu.fp.FloatFormat.BINARY32;
import static org.javisor.cpu.fp.FloatFormat.BINARY64;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.List;
import org.javisor.testkit.Seeds;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// Results and flags of the host's processor and ours, instruction by instruction.
class SseArithmeticTest {
    private static final int CASES = Integer.getInteger("javisor.fp.cases", 30_000);
    private static final long LOW = 0xffff_ffffL;
    // pushfq; pop rax; and eax, CF|PF|ZF
    private static final String FLAGS = "9c 58 83e045";

    /// Ours, in the form of the native runner: operands and result as the low bits.
    private interface Ours {
        long apply(long a, long b, FloatContext context);
    }

    private record Case(String name, String code, FloatFormat a, FloatFormat b, boolean inRax, long mask,
            Ours ours) { }

    private final List<Case> cases = new ArrayList<>();

    @TestFactory
    List<DynamicTest> sameResultsAndFlagsAsTheHost() {
        assumeTrue(HostSse.isAvailable(), "the host cannot judge");
        arithmetic();
        comparisons();
        conversionsBetweenFormats();
        conversionsToIntegers();
        conversionsFromIntegers();
        rounding();
        return cases.stream().map(c -> DynamicTest.dynamicTest(c.name, () -> compare(c))).toList();
    }

    private void single(String name, String code, Ours ours) {
        cases.add(new Case(name, code, BINARY32, BINARY32, false, LOW, ours));
    }

    private void twice(String name, String code, Ours ours) {
        cases.add(new Case(name, code, BINARY64, BINARY64, false, -1, ours));
    }

    private void arithmetic() {
        single("ADDSS", "f30f58c1", (a, b, c) -> Float32.add((int) a, (int) b, c));
        single("SUBSS", "f30f5cc1", (a, b, c) -> Float32.sub((int) a, (int) b, c));
        single("MULSS", "f30f59c1", (a, b, c) -> Float32.mul((int) a, (int) b, c));
        single("DIVSS", "f30f5ec1", (a, b, c) -> Float32.div((int) a, (int) b, c));
        single("SQRTSS", "f30f51c1", (a, b, c) -> Float32.sqrt((int) b, c));
        single("MINSS", "f30f5dc1", (a, b, c) -> Float32.min((int) a, (int) b, c));
        single("MAXSS", "f30f5fc1", (a, b, c) -> Float32.max((int) a, (int) b, c));
        twice("ADDSD", "f20f58c1", Float64::add);
        twice("SUBSD", "f20f5cc1", Float64::sub);
        twice("MULSD", "f20f59c1", Float64::mul);
        twice("DIVSD", "f20f5ec1", Float64::div);
        twice("SQRTSD", "f20f51c1", (a, b, c) -> Float64.sqrt(b, c));
        twice("MINSD", "f20f5dc1", Float64::min);
        twice("MAXSD", "f20f5fc1", Float64::max);
    }

    private void comparisons() {
        for (int n = 0; n < 8; n++) {
            int predicate = n;
            single("CMPSS " + n, "f30fc2c1 0" + n,
                    (a, b, c) -> Float32.compareToMask((int) a, (int) b, predicate, c));
            twice("CMPSD " + n, "f20fc2c1 0" + n, (a, b, c) -> Float64.compareToMask(a, b, predicate, c));
        }
        flags("COMISS", "0f2fc1", BINARY32, (a, b, c) -> Float32.compare((int) a, (int) b, true, c));
        flags("UCOMISS", "0f2ec1", BINARY32, (a, b, c) -> Float32.compare((int) a, (int) b, false, c));
        flags("COMISD", "660f2fc1", BINARY64, (a, b, c) -> Float64.compare(a, b, true, c));
        flags("UCOMISD", "660f2ec1", BINARY64, (a, b, c) -> Float64.compare(a, b, false, c));
    }

    private void flags(String name, String code, FloatFormat f, Ours ours) {
        cases.add(new Case(name, code + FLAGS, f, f, true, -1,
                (a, b, c) -> switch ((int) ours.apply(a, b, c)) {
            case Relation.LESS -> 0x01;
            case Relation.EQUAL -> 0x40;
            case Relation.GREATER -> 0;
            default -> 0x45;
        }));
    }

    private void conversionsBetweenFormats() {
        cases.add(new Case("CVTSS2SD", "f30f5ac1", BINARY64, BINARY32, false, -1,
                (a, b, c) -> Float64.fromFloat32((int) b, c)));
        cases.add(new Case("CVTSD2SS", "f20f5ac1", BINARY64, BINARY64, false, LOW,
                (a, b, c) -> Float64.toFloat32(b, c)));
    }

    private void conversionsToIntegers() {
        toInteger("CVTSS2SI 32", "f30f2dc1", BINARY32, LOW, (a, b, c) -> Float32.toInteger((int) b, 32, c));
        toInteger("CVTSS2SI 64", "f3480f2dc1", BINARY32, -1, (a, b, c) -> Float32.toInteger((int) b, 64, c));
        toInteger("CVTTSS2SI 32", "f30f2cc1", BINARY32, LOW,
                (a, b, c) -> Float32.toIntegerTruncated((int) b, 32, c));
        toInteger("CVTTSS2SI 64", "f3480f2cc1", BINARY32, -1,
                (a, b, c) -> Float32.toIntegerTruncated((int) b, 64, c));
        toInteger("CVTSD2SI 32", "f20f2dc1", BINARY64, LOW, (a, b, c) -> Float64.toInteger(b, 32, c));
        toInteger("CVTSD2SI 64", "f2480f2dc1", BINARY64, -1, (a, b, c) -> Float64.toInteger(b, 64, c));
        toInteger("CVTTSD2SI 32", "f20f2cc1", BINARY64, LOW,
                (a, b, c) -> Float64.toIntegerTruncated(b, 32, c));
        toInteger("CVTTSD2SI 64", "f2480f2cc1", BINARY64, -1,
                (a, b, c) -> Float64.toIntegerTruncated(b, 64, c));
    }

    private void toInteger(String name, String code, FloatFormat f, long mask, Ours ours) {
        cases.add(new Case(name, code, f, f, true, mask, ours));
    }

    private void conversionsFromIntegers() {
        cases.add(new Case("CVTSI2SS 32", "f30f2ac0", BINARY32, null, false, LOW,
                (a, b, c) -> Float32.fromLong((int) b, c)));
        cases.add(new Case("CVTSI2SS 64", "f3480f2ac0", BINARY32, null, false, LOW,
                (a, b, c) -> Float32.fromLong(b, c)));
        cases.add(new Case("CVTSI2SD 32", "f20f2ac0", BINARY64, null, false, -1,
                (a, b, c) -> Float64.fromInt((int) b)));
        cases.add(new Case("CVTSI2SD 64", "f2480f2ac0", BINARY64, null, false, -1,
                (a, b, c) -> Float64.fromLong(b, c)));
    }

    private void rounding() {
        for (int n = 0; n < 16; n++) {
            int mode = n;
            String immediate = "0" + Integer.toHexString(n);
            single("ROUNDSS " + n, "660f3a0ac1" + immediate,
                    (a, b, c) -> Float32.roundToIntegral((int) b, mode, c));
            twice("ROUNDSD " + n, "660f3a0bc1" + immediate, (a, b, c) -> Float64.roundToIntegral(b, mode, c));
        }
    }

    private static void compare(Case c) {
        FloatOperands operands = new FloatOperands(Seeds.random(c.name));
        FloatContext context = new FloatContext();
        try (HostSse host = new HostSse(c.code)) {
            for (int n = 0; n < CASES; n++) {
                long a = operands.number(c.a);
                long b = c.b == null ? operands.integer() : operands.number(c.b);
                int mxcsr = operands.mxcsr();
                host.run(a, b, mxcsr);
                long expected = (c.inRax ? host.rax() : host.xmm()) & c.mask;
                context.begin(mxcsr);
                long actual = c.ours.apply(a, b, context) & c.mask;
                int after = mxcsr | context.flags();
                // PE is not computed when it is set already.
                if (actual != expected || after != host.mxcsr()) {
                    fail("%s a %x b %x MXCSR %x: %x MXCSR %x, but the host's is %x MXCSR %x".formatted(
                            c.name, a, b, mxcsr, actual, after, expected, host.mxcsr()));
                }
            }
        }
    }
}
