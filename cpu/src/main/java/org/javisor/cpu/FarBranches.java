// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.FAR;

import org.javisor.isa.Mnemonic;

/// Far JMP, CALL and RET, software interrupts and IRET: the instructions; what they do is in units of their
/// own.
///
/// @sdm vol. 1 §7.3.8 "Control Transfer Instructions"
final class FarBranches {
    private FarBranches() { }

    static void bind(Bindings.Binder binder) {
        binder.bind(Mnemonic.JMP_FAR, FarBranches::jump)
                .bind(Mnemonic.CALL_FAR, FarBranches::call)
                .bind(Mnemonic.RET_FAR, (cpu, insn) ->
                        cpu.farReturn.execute(insn.operandBytes, (int) insn.immediate & 0xffff))
                .bind(Mnemonic.IRET, (cpu, insn) -> cpu.interruptReturn.execute(insn.operandBytes))
                .bind(Mnemonic.INT, (cpu, insn) -> cpu.exceptions.software((int) insn.immediate & 0xff))
                .bind(Mnemonic.INT3, FarBranches::breakpoint)
                .bind(Mnemonic.INT1, (cpu, _) -> cpu.exceptions.hardwareGate(GuestFault.DB))
                .bind(Mnemonic.INTO, FarBranches::interruptOnOverflow);
    }

    private static void jump(Cpu cpu, Insn insn) {
        cpu.farTransfer.jump(selector(cpu, insn), offset(cpu, insn));
    }

    private static void call(Cpu cpu, Insn insn) {
        cpu.farTransfer.call(selector(cpu, insn), offset(cpu, insn), insn.operandBytes);
    }

    private static long offset(Cpu cpu, Insn insn) {
        return insn.kind0 == FAR ? insn.immediate & Cpu.mask(insn.operandBytes)
                : cpu.load(insn.segment, cpu.effectiveAddress(insn), insn.operandBytes);
    }

    private static int selector(Cpu cpu, Insn insn) {
        if (insn.kind0 == FAR) {
            return (int) insn.immediate2 & 0xffff;
        }
        long at = cpu.effectiveAddress(insn) + insn.operandBytes & insn.addressMask;
        return (int) cpu.load(insn.segment, at, 2);
    }

    private static void breakpoint(Cpu cpu, Insn insn) {
        if (!cpu.outside.stopsAtInt3(insn)) {
            cpu.exceptions.softwareGate(GuestFault.BP);
        }
    }

    private static void interruptOnOverflow(Cpu cpu, Insn insn) {
        if (Flags.of(cpu.flagsAux())) {
            cpu.exceptions.softwareGate(GuestFault.OF);
        }
    }
}
