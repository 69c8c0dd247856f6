// SPDX-License-Identifier: Apache-2.0

/// Guest code to host code: what is executed often runs on the host's processor itself.
///
/// [HostTranslator] is the [org.javisor.cpu.BlockTranslator] of x86-64 hosts, found as a service, so that
/// nothing depends on there being one. [BlockCompiler] translates a block as far as its instructions can be:
/// [PlainInstructions] are emitted as themselves, [MemoryAccess] puts the look into the TLB before them,
/// [Branches] end the block. [Emission] is the code being written, with [FlagState] and the exits;
/// [Assembler] writes it; [CodeMemory] holds it.
///
/// Where guest state is meanwhile, [State] says. What cannot be translated or does not pass a check is left
/// to the interpreter, at an instruction before which all state is as it would be there.
package org.javisor.translator;
