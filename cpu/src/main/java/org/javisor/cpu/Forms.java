// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.LOCK;
import static org.javisor.isa.Instruction.MEM;

import java.util.function.Function;

/// Chooses the handler of an [Operation] by where the operands are.
final class Forms {
    private Forms() { }

    /// For operations that read operands 0 and 1 and write operand 0.
    static Function<Insn, Handler> modifying(Operation operation) {
        return lockable(Operation.modifying(operation), Operation.locked(operation));
    }

    /// For operations that read and write operand 0.
    static Function<Insn, Handler> modifyingOne(Operation operation) {
        return lockable(Operation.modifyingOne(operation), Operation.locked(operation));
    }

    /// For operations that read operands 0 and 1.
    static Function<Insn, Handler> comparing(Operation operation) {
        Handler handler = Operation.comparing(operation);
        return _ -> handler;
    }

    private static Function<Insn, Handler> lockable(Handler plain, Handler locked) {
        return insn -> insn.has(LOCK) && insn.kind0 == MEM ? locked : plain;
    }
}
