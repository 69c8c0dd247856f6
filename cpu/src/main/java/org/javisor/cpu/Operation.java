// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.IMM;

/// What an instruction computes, apart from where its operands come from. It sets the flags, and its result
/// counts in the low `bytes` bytes.
///
/// The operands are extended from `bytes`, by zeros or by sign as comes cheapest to the caller: only the low
/// `bytes` of them may matter. An operation on one operand ignores `b`.
@FunctionalInterface
interface Operation {
    long apply(Cpu cpu, long a, long b, int bytes);

    /// A handler that reads operands 0 and 1 and writes operand 0, in any form; atomically when LOCKed.
    static Handler modifying(Operation operation) {
        return (cpu, insn) -> {
            long a = cpu.readForWrite(insn, 0);
            long b = cpu.read(insn, 1);
            cpu.write(insn, 0, operation.apply(cpu, a, b, insn.bytes0));
        };
    }

    /// As [#modifying], for an operation on operand 0 alone.
    static Handler modifyingOne(Operation operation) {
        return (cpu, insn) -> {
            long a = cpu.readForWrite(insn, 0);
            cpu.write(insn, 0, operation.apply(cpu, a, 0, insn.bytes0));
        };
    }

    /// A handler that only sets the flags.
    static Handler comparing(Operation operation) {
        return (cpu, insn) -> operation.apply(cpu, cpu.read(insn, 0), cpu.read(insn, 1), insn.bytes0);
    }

    /// A handler that reads operand 1 alone and writes operand 0.
    static Handler assigning(Operation operation) {
        return (cpu, insn) -> cpu.write(insn, 0, operation.apply(cpu, cpu.read(insn, 1), 0, insn.bytes1));
    }

    /// The handler for LOCKed memory: applies the operation to operand 0 in one atomic step.
    static Handler locked(Operation operation) {
        return (cpu, insn) -> {
            long b = insn.kind1 == IMM || insn.kind1 == Insn.GPR ? cpu.read(insn, 1) : 0;
            Atomic.apply(cpu, insn.segment, cpu.effectiveAddress(insn), insn.bytes0, operation, b);
        };
    }
}
