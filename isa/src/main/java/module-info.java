// SPDX-License-Identifier: Apache-2.0

/// The x86-64 instruction set as data: opcode maps, decoder, disassembler.
module org.javisor.isa {
    exports org.javisor.isa;
}
