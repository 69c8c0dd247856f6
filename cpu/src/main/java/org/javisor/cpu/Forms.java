// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.GPR;
import static org.javisor.isa.Instruction.IMM;
import static org.javisor.isa.Instruction.LOCK;
import static org.javisor.isa.Instruction.MEM;

import java.util.function.Function;

/// The handlers of one mnemonic, by where its operands are and how wide the destination is. What has no
/// handler of its own is left to a general one.
final class Forms implements Function<Insn, Handler> {
    private final Handler general;
    /// For LOCKed memory; null when LOCK is not allowed.
    private final Handler locked;
    /// By the width of operand 0 in bytes.
    private final Handler[] register = new Handler[9];
    private final Handler[] load = new Handler[9];
    private final Handler[] memory = new Handler[9];

    private Forms(Handler general, Handler locked) {
        this.general = general;
        this.locked = locked;
    }

    static Forms of(Handler general) {
        return new Forms(general, null);
    }

    /// For operations that read operands 0 and 1 and write operand 0.
    static Forms modifying(Operation operation) {
        return new Forms(Operation.modifying(operation), Operation.locked(operation));
    }

    /// For operations that read and write operand 0.
    static Forms modifyingOne(Operation operation) {
        return new Forms(Operation.modifyingOne(operation), Operation.locked(operation));
    }

    /// For operations that read operands 0 and 1.
    static Forms comparing(Operation operation) {
        return new Forms(Operation.comparing(operation), null);
    }

    /// Operand 0 is a register, operand 1 absent or a source as [Operands] has them.
    Forms register(int bytes, Handler handler) {
        register[bytes] = handler;
        return this;
    }

    /// Operand 0 is a register, operand 1 memory.
    Forms load(int bytes, Handler handler) {
        load[bytes] = handler;
        return this;
    }

    /// Operand 0 is memory, operand 1 absent or a source as [Operands] has them.
    Forms memory(int bytes, Handler handler) {
        memory[bytes] = handler;
        return this;
    }

    @Override
    public Handler apply(Insn insn) {
        if (locked != null && insn.has(LOCK) && insn.kind0 == MEM) {
            return locked;
        }
        Handler handler = shape(insn)[insn.bytes0];
        if (handler == null) {
            return general;
        }
        if (insn.kind1 == IMM) {
            insn.at1 = CpuLayout.ZERO;
        }
        return handler;
    }

    private Handler[] shape(Insn insn) {
        if (insn.kind0 == GPR) {
            return insn.kind1 == MEM ? load : register;
        }
        return memory;
    }
}
