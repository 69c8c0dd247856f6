// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// What the run loop calls for an instruction: a [Handler] behind a class of its own.
///
/// A virtual call is cheaper than an interface call, and a class of its own makes the handler, with whatever it
/// captured, a constant to HotSpot, which inlines it whole; see [HandlerDispatch].
abstract class Dispatch {
    abstract void execute(Cpu cpu, Insn insn);
}
