// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Every operation beside the host's own: results and status word equal, bit for bit.
class Float80ArithmeticTest {
    private static final int CASES = Integer.getInteger("javisor.cases", 20_000);
    /// What the operations may raise; the rest of the status word is the register stack's.
    private static final int UNORDERED = Float80Comparison.UNORDERED;
    private static final int RAISED = 0x3f | Float80Context.C1 | UNORDERED;

    private final long seed = Long.getLong("javisor.seed", System.nanoTime());
    private final Operands80 operands = new Operands80(new SplittableRandom(seed));
    private final Float80Context c = new Float80Context();
    private NativeX87 host;

    @FunctionalInterface
    interface Operation {
        void apply(Float80Context c, int ase, long a, int bse, long b);
    }

    /// Instructions on ST(0), `a`, and ST(1), `b`, whose result goes to ST(0).
    enum Instruction {
        FADD(Float80Addition::add, 0xd8, 0xc1),
        FSUB(Float80Addition::subtract, 0xd8, 0xe1),
        FSUBR((c, ase, a, bse, b) -> Float80Addition.subtract(c, bse, b, ase, a), 0xd8, 0xe9),
        FMUL(Float80Multiplication::multiply, 0xd8, 0xc9),
        FDIV(Float80Multiplication::divide, 0xd8, 0xf1),
        FDIVR((c, ase, a, bse, b) -> Float80Multiplication.divide(c, bse, b, ase, a), 0xd8, 0xf9),
        FSQRT((c, ase, a, _, _) -> Float80SquareRoot.squareRoot(c, ase, a), 0xd9, 0xfa),
        FRNDINT((c, ase, a, _, _) -> Float80Integer.round(c, ase, a), 0xd9, 0xfc),
        FSCALE(Float80Scaling::scale, 0xd9, 0xfd),
        FPREM(Float80Remainder::truncating, 0xd9, 0xf8),
        FPREM1(Float80Remainder::nearest, 0xd9, 0xf5),
        FCOM((c, ase, a, bse, b) -> compare(c, ase, a, bse, b, false), 0xd8, 0xd1),
        FUCOM((c, ase, a, bse, b) -> compare(c, ase, a, bse, b, true), 0xdd, 0xe1);

        final Operation operation;
        final int[] code;

        Instruction(Operation operation, int... code) {
            this.operation = operation;
            this.code = code;
        }

        private static void compare(Float80Context c, int ase, long a, int bse, long b, boolean quiet) {
            int order = Float80Comparison.compare(c, ase, a, bse, b, quiet);
            c.result(ase, a);
            if (!c.isPrevented()) {
                c.raised |= order;
            }
        }
    }

    @BeforeEach
    void open() {
        assumeTrue(NativeX87.isSupported());
        host = new NativeX87();
    }

    @AfterEach
    void close() {
        if (host != null) {
            host.close();
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyOperationEqualsTheHosts(Instruction instruction) {
        MemorySegment code = host.compile(instruction.code);
        for (int i = 0; i < CASES; i++) {
            operands.next();
            int ase = operands.se;
            long a = operands.significand;
            operands.next();
            int bse = operands.se;
            long b = operands.significand;
            int fcw = operands.nextControlWord();
            host.prepare(fcw, 0, 0xfc);
            host.register(0, ase, a);
            host.register(1, bse, b);
            host.run(code);

            c.control(fcw);
            c.begin();
            instruction.operation.apply(c, ase, a, bse, b);
            if (c.isPrevented()) {
                c.result(ase, a);
            }

            // After an unmasked exception processors differ in whether a comparison says "unordered".
            int compared = c.unmasked() == 0 ? RAISED : RAISED & ~UNORDERED;
            assertEquals(show(host.se(0), host.significand(0), host.status() & compared),
                    show(c.se, c.significand, c.raised & compared),
                    () -> "%s of %04x:%016x, %04x:%016x, FCW %04x, seed %d"
                            .formatted(instruction, ase, a, bse, b, fcw, seed));
        }
    }

    private static String show(int se, long significand, int status) {
        return String.format("%04x:%016x %04x", se, significand, status);
    }
}
