// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// Executes one instruction. When it is called, RIP already points behind the instruction.
///
/// A handler does nothing that it could not undo before its last access that can fault: on a [GuestFault] the
/// processor only puts RIP back.
@FunctionalInterface
interface Handler {
    void execute(Cpu cpu, Insn insn);
}
