// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.CS;

import java.util.Arrays;
import java.util.List;
import org.javisor.host.HostMemory;
import org.javisor.isa.Feature;
import org.javisor.isa.Mnemonic;
import org.javisor.isa.OpcodeRow;

/// UD2; and KVM's prefix for programs that test its emulator: UD2 and the letters "kvm" before an instruction that is
/// to be emulated. Here every one is, so that the prefix is skipped, where it is switched on
/// ([CpuEnvironment#forcesEmulation]); no instruction is counted for it, and no trap comes behind it.
///
/// @linux arch/x86/include/asm/emulate_prefix.h
final class ForcedEmulation {
    private static final byte[] SIGNATURE = {'k', 'v', 'm'};

    /// What the prefix decodes to: an instruction that does nothing, for translated code, too.
    private static final OpcodeRow ROW = new OpcodeRow(OpcodeRow.TWO_BYTE, 0x0b, -1, 0, Mnemonic.NOP, List.of(),
            Feature.BASE, 0, 0);
    private static final Handler HANDLER = ForcedEmulation::prefix;
    private static final Dispatch DISPATCH = SharedDispatch.of(HANDLER);

    private ForcedEmulation() { }

    /// Whether UD2 is at the beginning of the prefix, all of which is in `code` before `limit`.
    ///
    /// @param behind index of the byte behind UD2
    static boolean isPrefix(byte[] code, int behind, int limit) {
        return behind + SIGNATURE.length <= limit
                && Arrays.equals(code, behind, behind + SIGNATURE.length, SIGNATURE, 0, SIGNATURE.length);
    }

    /// Has UD2 become the whole prefix.
    static Insn prefix(Insn insn) {
        insn.row = ROW;
        insn.length += (byte) SIGNATURE.length;
        insn.handler = HANDLER;
        insn.dispatch = DISPATCH;
        return insn;
    }

    /// UD2 whose bytes were not all there when it was decoded, or have to be looked at each time.
    static void undefinedOrPrefix(Cpu cpu, Insn insn) {
        if (!cpu.environment.forcesEmulation() || !isSigned(cpu)) {
            throw cpu.ud();
        }
        cpu.rip(cpu.rip() + SIGNATURE.length);
        prefix(cpu, insn);
    }

    private static void prefix(Cpu cpu, Insn insn) {
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
