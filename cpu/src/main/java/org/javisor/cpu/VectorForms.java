// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.VectorOperands.load;
import static org.javisor.cpu.VectorOperands.source;
import static org.javisor.cpu.VectorOperands.store;
import static org.javisor.cpu.VectorOperands.target;
import static org.javisor.isa.Instruction.IMM;
import static org.javisor.isa.Instruction.XMM;

/// The shapes that integer vector instructions come in: which bytes of the operands an operation combines,
/// for MMX and for SSE.
///
/// Bindings name the operation in a lambda of their own, `(cpu, insn) -> lanes(cpu, insn,
/// LaneArithmetic::addBytes)`: HotSpot then compiles one handler per instruction with the operation inlined,
/// not one with a megamorphic call.
final class VectorForms {
    private VectorForms() { }

    /// Each 8 bytes by themselves.
    static void lanes(Cpu cpu, Insn insn, LaneOperation operation) {
        if (insn.kind0 == XMM) {
            cpu.checkSse();
            long b = source(cpu, insn);
            long a = target(cpu, insn);
            store(a, operation.apply(load(a), load(b)), operation.apply(load(a + 8), load(b + 8)));
        } else {
            mmx(cpu, insn, operation);
        }
    }

    /// Horizontal instructions: the target's 16 bytes make the low half, the source's the high half.
    static void pairs(Cpu cpu, Insn insn, LaneOperation operation) {
        if (insn.kind0 == XMM) {
            cpu.checkSse();
            long b = source(cpu, insn);
            long a = target(cpu, insn);
            store(a, operation.apply(load(a), load(a + 8)), operation.apply(load(b), load(b + 8)));
        } else {
            mmx(cpu, insn, operation);
        }
    }

    /// Interleaves the low halves: `lower` makes the low 8 bytes of the result, `upper` the high ones.
    static void unpackLow(Cpu cpu, Insn insn, LaneOperation lower, LaneOperation upper) {
        if (insn.kind0 == XMM) {
            cpu.checkSse();
            long b = load(source(cpu, insn));
            long at = target(cpu, insn);
            long a = load(at);
            store(at, lower.apply(a, b), upper.apply(a, b));
        } else {
            mmx(cpu, insn, lower);
        }
    }

    /// Interleaves the high halves.
    static void unpackHigh(Cpu cpu, Insn insn, LaneOperation lower, LaneOperation upper) {
        if (insn.kind0 == XMM) {
            cpu.checkSse();
            long b = load(source(cpu, insn) + 8);
            long at = target(cpu, insn);
            long a = load(at + 8);
            store(at, lower.apply(a, b), upper.apply(a, b));
        } else {
            mmx(cpu, insn, upper);
        }
    }

    /// Shifts by an immediate or by the low 8 bytes of the source.
    static void shift(Cpu cpu, Insn insn, LaneImmediate operation) {
        if (insn.kind0 == XMM) {
            cpu.checkSse();
            int count = insn.kind1 == IMM ? (int) insn.immediate & 0xff
                    : LaneShift.count(load(source(cpu, insn)));
            long a = target(cpu, insn);
            store(a, operation.apply(load(a), count), operation.apply(load(a + 8), count));
        } else {
            cpu.checkMmx();
            int count = insn.kind1 == IMM ? (int) insn.immediate & 0xff
                    : LaneShift.count(Mmx.source(cpu, insn));
            Mmx.write(cpu, insn.at0, operation.apply(load(cpu.state + insn.at0), count));
        }
    }

    private static void mmx(Cpu cpu, Insn insn, LaneOperation operation) {
        cpu.checkMmx();
        long b = Mmx.source(cpu, insn);
        Mmx.write(cpu, insn.at0, operation.apply(load(cpu.state + insn.at0), b));
    }

    /// All 16 bytes at once; SSE alone.
    static void vector(Cpu cpu, Insn insn, VectorOperation operation) {
        cpu.checkSse();
        long b = source(cpu, insn);
        long a = target(cpu, insn);
        operation.apply(a, a, b);
    }

    /// As [#vector], with the immediate byte.
    static void vector(Cpu cpu, Insn insn, VectorImmediate operation) {
        cpu.checkSse();
        long b = source(cpu, insn);
        long a = target(cpu, insn);
        operation.apply(a, a, b, (int) insn.immediate & 0xff);
    }

    /// As [#vector], for an operation that loads bytes of its source more than once.
    static void vectorCopied(Cpu cpu, Insn insn, VectorOperation operation) {
        cpu.checkSse();
        long b = VectorOperands.sourceCopiedAligned(cpu, insn);
        long a = target(cpu, insn);
        operation.apply(a, a, b);
    }

    /// As [#vector], for a source of 8 bytes or less.
    static void widening(Cpu cpu, Insn insn, VectorOperation operation) {
        cpu.checkSse();
        long b = VectorOperands.sourceScalar(cpu, insn);
        long a = target(cpu, insn);
        operation.apply(a, a, b);
    }
}
