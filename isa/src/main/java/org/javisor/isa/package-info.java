// SPDX-License-Identifier: Apache-2.0
/// The x86-64 instruction set as data: what each opcode means, and nothing about how it is executed.
///
/// The opcode maps are tables of [OpcodeRow]s in the notation of the manual's appendix. [Decoder] finds the
/// row for a sequence of bytes and fills in an [Instruction]; [Disassembler] prints one.
///
/// To add an instruction: a row in the map it belongs to, a constant in [Mnemonic] if the name is new, and a
/// handler bound to that mnemonic in the processor.
package org.javisor.isa;
