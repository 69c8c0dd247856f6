// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.CR;
import static org.javisor.isa.Instruction.DR;

import org.javisor.isa.Mnemonic;

/// Moves to and from control and debug registers, and the instructions about single bits of CR0.
///
/// @sdm vol. 2B "MOV—Move to/from Control Registers", "MOV—Move to/from Debug Registers"
final class ControlInstructions {
    private ControlInstructions() { }

    static void bind(Bindings.Binder binder) {
        binder.choose(Mnemonic.MOV_CR, insn -> insn.kind0 == CR
                        ? ControlInstructions::moveToControl : ControlInstructions::moveFromControl)
                .choose(Mnemonic.MOV_DR, insn -> insn.kind0 == DR
                        ? ControlInstructions::moveToDebug : ControlInstructions::moveFromDebug)
                .bind(Mnemonic.SMSW, ControlInstructions::storeMachineStatusWord)
                .bind(Mnemonic.LMSW, ControlInstructions::loadMachineStatusWord)
                .bind(Mnemonic.CLTS, ControlInstructions::clearTaskSwitched);
    }

    private static void moveToControl(Cpu cpu, Insn insn) {
        int register = controlRegister(cpu, insn, insn.reg0);
        long value = cpu.read(insn, 1);
        switch (register) {
            case 0 -> cpu.control.writeCr0(value);
            case 2 -> cpu.cr2(value);
            case 3 -> cpu.control.writeCr3(value);
            case 4 -> cpu.control.writeCr4(value);
            default -> cpu.control.writeCr8(value);
        }
    }

    private static void moveFromControl(Cpu cpu, Insn insn) {
        int register = controlRegister(cpu, insn, insn.reg1);
        cpu.write(insn, 0, switch (register) {
            case 0 -> cpu.cr0;
            case 2 -> cpu.cr2();
            case 3 -> cpu.cr3;
            case 4 -> cpu.cr4;
            default -> cpu.control.readCr8();
        });
    }

    private static int controlRegister(Cpu cpu, Insn insn, int register) {
        boolean exists = register == 0 || register >= 2 && register <= 4 || register == 8
                && insn.codeBits == 64;
        if (!exists) {
            throw cpu.ud();
        }
        Privilege.require(cpu);
        return register;
    }

    private static void moveToDebug(Cpu cpu, Insn insn) {
        int register = debugRegister(cpu, insn.reg0);
        long value = cpu.read(insn, 1);
        if (register >= 6 && value >>> 32 != 0) {
            throw cpu.gp(0);
        }
        cpu.debug.write(register, value);
    }

    private static void moveFromDebug(Cpu cpu, Insn insn) {
        int register = debugRegister(cpu, insn.reg1);
        cpu.write(insn, 0, cpu.debug.read(register));
    }

    /// DR4 and DR5 are other names of DR6 and DR7, unless CR4.DE takes them away.
    private static int debugRegister(Cpu cpu, int register) {
        boolean alias = register == 4 || register == 5;
        if (register > 7 || alias && (cpu.cr4 & ControlBits.CR4_DE) != 0) {
            throw cpu.ud();
        }
        Privilege.require(cpu);
        cpu.debug.checkAccess();
        return alias ? register + 2 : register;
    }

    private static void storeMachineStatusWord(Cpu cpu, Insn insn) {
        Privilege.requireUserModeInformation(cpu);
        cpu.write(insn, 0, cpu.cr0);
    }

    private static void loadMachineStatusWord(Cpu cpu, Insn insn) {
        Privilege.require(cpu);
        cpu.control.writeMachineStatusWord((int) cpu.read(insn, 0));
    }

    private static void clearTaskSwitched(Cpu cpu, Insn insn) {
        Privilege.require(cpu);
        cpu.control.clearTaskSwitched();
    }
}
