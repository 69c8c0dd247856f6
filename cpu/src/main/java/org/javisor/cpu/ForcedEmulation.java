// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.CS;

import org.javisor.host.HostMemory;

/// UD2; and KVM's prefix for programs that test its emulator: UD2 and the letters "kvm" before an instruction that is
/// to be emulated. Here every one is, so that the prefix is skipped, where it is switched on
/// ([CpuEnvironment#forcesEmulation]); no instruction is counted for it, and no trap comes behind it.
///
/// @linux arch/x86/include/asm/emulate_prefix.h
final class ForcedEmulation {
    private static final byte[] SIGNATURE = {'k', 'v', 'm'};

    private ForcedEmulation() { }

    static void undefinedOrPrefix(Cpu cpu, Insn insn) {
        if (!cpu.environment.forcesEmulation() || !isSigned(cpu)) {
            throw cpu.ud();
        }
        cpu.rip(cpu.rip() + SIGNATURE.length);
        cpu.monitor.interrupted();
        cpu.debug.prefixed();
        if (cpu.shadowed != 0) {
            cpu.interruptShadow();
        }
        cpu.blockEnd = 0;
    }

    private static boolean isSigned(Cpu cpu) {
        long base = HostMemory.loadLong(cpu.state + CpuLayout.SEGMENT_BASE + 8L * CS);
        for (int i = 0; i < SIGNATURE.length; i++) {
            long hva = cpu.mmu.code.fetchHva(base + cpu.rip() + i & cpu.segments.linearMask);
            if (hva == 0 || HostMemory.loadByte(hva) != SIGNATURE[i]) {
                return false;
            }
        }
        return true;
    }
}
