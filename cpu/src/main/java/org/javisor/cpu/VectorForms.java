// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.VectorOperands.first;
import static org.javisor.cpu.VectorOperands.load;
import static org.javisor.cpu.VectorOperands.source;
import static org.javisor.cpu.VectorOperands.store;
import static org.javisor.cpu.VectorOperands.target;
import static org.javisor.isa.Instruction.IMM;
import static org.javisor.isa.Instruction.MMX;

/// The shapes that integer vector instructions come in: which bytes of the operands an operation combines,
/// for MMX, for SSE, and for AVX, whose 32 bytes are mostly twice 16.
///
/// Bindings name the operation in a lambda of their own, `(cpu, insn) -> lanes(cpu, insn,
/// LaneArithmetic::addBytes)`: HotSpot then compiles one handler per instruction with the operation inlined,
/// not one with a megamorphic call.
final class VectorForms {
    private VectorForms() { }

    /// Each 8 bytes by themselves.
    static void lanes(Cpu cpu, Insn insn, LaneOperation operation) {
        if (insn.kind0 == MMX) {
            mmx(cpu, insn, operation);
            return;
        }
        Availability.checkVector(cpu, insn);
        long b = source(cpu, insn);
        long a = first(cpu, insn);
        long to = target(cpu, insn);
        lanes(to, a, b, operation);
        if (insn.vectorBytes == 32) {
            lanes(to + 16, a + 16, b + 16, operation);
        } else {
            clearUpper(insn, to);
        }
    }

    private static void lanes(long to, long a, long b, LaneOperation operation) {
        store(to, operation.apply(load(a), load(b)), operation.apply(load(a + 8), load(b + 8)));
    }

    /// With a VEX prefix an instruction that works on 16 bytes clears the rest of the register.
    static void clearUpper(Insn insn, long to) {
        if (insn.vectorBytes != 0) {
            store(to + 16, 0, 0);
        }
    }

    /// Horizontal instructions: of each 16 bytes of the result, the first source's make the low half, the second's
    /// the high half.
    static void pairs(Cpu cpu, Insn insn, LaneOperation operation) {
        if (insn.kind0 == MMX) {
            mmx(cpu, insn, operation);
            return;
        }
        Availability.checkVector(cpu, insn);
        long b = source(cpu, insn);
        long a = first(cpu, insn);
        long to = target(cpu, insn);
        pairs(to, a, b, operation);
        if (insn.vectorBytes == 32) {
            pairs(to + 16, a + 16, b + 16, operation);
        } else {
            clearUpper(insn, to);
        }
    }

    private static void pairs(long to, long a, long b, LaneOperation operation) {
        store(to, operation.apply(load(a), load(a + 8)), operation.apply(load(b), load(b + 8)));
    }

    /// Interleaves the low halves of each 16 bytes: `lower` makes the low 8 bytes of the result, `upper` the high ones.
    static void unpackLow(Cpu cpu, Insn insn, LaneOperation lower, LaneOperation upper) {
        if (insn.kind0 == MMX) {
            mmx(cpu, insn, lower);
        } else {
            unpack(cpu, insn, 0, lower, upper);
        }
    }

    /// Interleaves the high halves.
    static void unpackHigh(Cpu cpu, Insn insn, LaneOperation lower, LaneOperation upper) {
        if (insn.kind0 == MMX) {
            mmx(cpu, insn, upper);
        } else {
            unpack(cpu, insn, 8, lower, upper);
        }
    }

    private static void unpack(Cpu cpu, Insn insn, int from, LaneOperation lower, LaneOperation upper) {
        Availability.checkVector(cpu, insn);
        long b = source(cpu, insn) + from;
        long a = first(cpu, insn) + from;
        long to = target(cpu, insn);
        unpack(to, load(a), load(b), lower, upper);
        if (insn.vectorBytes == 32) {
            unpack(to + 16, load(a + 16), load(b + 16), lower, upper);
        } else {
            clearUpper(insn, to);
        }
    }

    private static void unpack(long to, long a, long b, LaneOperation lower, LaneOperation upper) {
        store(to, lower.apply(a, b), upper.apply(a, b));
    }

    /// Shifts by an immediate or by the low 8 bytes of the source.
    static void shift(Cpu cpu, Insn insn, LaneImmediate operation) {
        boolean immediate = insn.kind1 == IMM || insn.kind2 == IMM;
        if (insn.kind0 == MMX) {
            Availability.checkMmx(cpu);
            int count = immediate ? (int) insn.immediate & 0xff : LaneShift.count(Mmx.source(cpu, insn));
            Mmx.write(cpu, insn.at0, operation.apply(load(cpu.state + insn.at0), count));
            return;
        }
        Availability.checkVector(cpu, insn);
        int count = immediate ? (int) insn.immediate & 0xff : LaneShift.count(load(source(cpu, insn)));
        long a = first(cpu, insn);
        long to = target(cpu, insn);
        store(to, operation.apply(load(a), count), operation.apply(load(a + 8), count));
        if (insn.vectorBytes == 32) {
            store(to + 16, operation.apply(load(a + 16), count), operation.apply(load(a + 24), count));
        } else {
            clearUpper(insn, to);
        }
    }

    private static void mmx(Cpu cpu, Insn insn, LaneOperation operation) {
        Availability.checkMmx(cpu);
        long b = Mmx.source(cpu, insn);
        Mmx.write(cpu, insn.at0, operation.apply(load(cpu.state + insn.at0), b));
    }

    /// All 16 bytes at once, or each 16 of 32; not for MMX.
    static void vector(Cpu cpu, Insn insn, VectorOperation operation) {
        Availability.checkVector(cpu, insn);
        long b = source(cpu, insn);
        long a = first(cpu, insn);
        long to = target(cpu, insn);
        operation.apply(to, a, b);
        if (insn.vectorBytes == 32) {
            operation.apply(to + 16, a + 16, b + 16);
        } else {
            clearUpper(insn, to);
        }
    }

    /// As [#vector], with the immediate byte, the same for each 16 bytes.
    static void vector(Cpu cpu, Insn insn, VectorImmediate operation) {
        vector(cpu, insn, operation, 0);
    }

    /// As [#vector], with the immediate byte.
    ///
    /// @param step how many of its bits are for the low 16 bytes alone
    static void vector(Cpu cpu, Insn insn, VectorImmediate operation, int step) {
        Availability.checkVector(cpu, insn);
        int immediate = (int) insn.immediate & 0xff;
        long b = source(cpu, insn);
        long a = first(cpu, insn);
        long to = target(cpu, insn);
        operation.apply(to, a, b, immediate);
        if (insn.vectorBytes == 32) {
            operation.apply(to + 16, a + 16, b + 16, immediate >> step);
        } else {
            clearUpper(insn, to);
        }
    }

    /// As [#vector], on the first source and the immediate byte alone.
    static void vectorFirst(Cpu cpu, Insn insn, FirstImmediate operation) {
        Availability.checkVector(cpu, insn);
        int immediate = (int) insn.immediate & 0xff;
        long a = first(cpu, insn);
        long to = target(cpu, insn);
        operation.apply(to, a, immediate);
        if (insn.vectorBytes == 32) {
            operation.apply(to + 16, a + 16, immediate);
        } else {
            clearUpper(insn, to);
        }
    }

    /// As [VectorImmediate], with one source.
    @FunctionalInterface
    interface FirstImmediate {
        void apply(long to, long a, int immediate);
    }

    /// As [#vector], for an operation that loads bytes of its source more than once; SSE alone.
    static void vectorCopied(Cpu cpu, Insn insn, VectorOperation operation) {
        Availability.checkSse(cpu);
        long b = VectorOperands.sourceApart(cpu, insn);
        long a = target(cpu, insn);
        operation.apply(a, a, b);
    }

    /// For a source of which each half makes 16 bytes.
    static void widening(Cpu cpu, Insn insn, VectorOperation operation) {
        Availability.checkVector(cpu, insn);
        long to = target(cpu, insn);
        if (insn.vectorBytes == 32) {
            long b = VectorOperands.sourceApart(cpu, insn);
            operation.apply(to, to, b);
            operation.apply(to + 16, to, b + insn.sourceBytes / 2);
        } else {
            operation.apply(to, to, VectorOperands.sourceScalar(cpu, insn));
            clearUpper(insn, to);
        }
    }
}
