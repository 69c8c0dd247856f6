// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.host.HostMemory;
import org.javisor.isa.Instruction;
import org.javisor.isa.Mnemonic;
import org.javisor.isa.OpcodeRow.Attribute;

/// What to do about an access that host code did not find in the TLB: the page is walked to at once, and if that does
/// not lead there the page fault is delivered without the instruction being interpreted, which would only throw it.
///
/// @see CpuLayout#MISSED_READ
final class MissedAccess {
    private final Cpu cpu;
    private final long state;
    private long gva;
    private boolean write;

    MissedAccess(Cpu cpu) {
        this.cpu = cpu;
        this.state = cpu.state;
    }

    /// Takes over what host code has told.
    ///
    /// @return whether there was such an access
    boolean take() {
        long read = HostMemory.loadLong(state + CpuLayout.MISSED_READ);
        long written = HostMemory.loadLong(state + CpuLayout.MISSED_WRITE);
        if ((read | written) == 0) {
            return false;
        }
        HostMemory.storeLong(state + CpuLayout.MISSED_READ, 0);
        HostMemory.storeLong(state + CpuLayout.MISSED_WRITE, 0);
        write = written != 0;
        gva = write ? written : read;
        return true;
    }

    /// Whether it is a read that is permitted, which was checked together with a write that is not, or has to be heard
    /// of.
    boolean isReadable() {
        return !write && cpu.mmu.knowsReadable(gva);
    }

    /// Enters the page into the TLB, or else delivers the page fault; what is neither is the interpreter's.
    ///
    /// @param insn the instruction, which RIP points to
    /// @return whether it has faulted
    boolean faults(Insn insn) {
        if (!isOnlyAccess(insn)) {
            return false;
        }
        int error = cpu.mmu.miss(gva, write);
        if (error == PageWalker.MAPPED) {
            return false;
        }
        cpu.exceptions.pageFault(error);
        return true;
    }

    /// Whether nothing else that the instruction accesses, or that could be wrong with it, comes before.
    static boolean isOnlyAccess(Instruction insn) {
        return !insn.row.has(Attribute.STRING) && !(isStack(insn.mnemonic()) && insn.kind0 == Instruction.MEM)
                && !isMasked(insn.mnemonic()) && insn.mnemonic() != Mnemonic.IRET && insn.mnemonic() != Mnemonic.INT;
    }

    private static boolean isStack(Mnemonic mnemonic) {
        return mnemonic == Mnemonic.PUSH || mnemonic == Mnemonic.POP || mnemonic == Mnemonic.CALL;
    }

    /// Instructions that may leave out parts of their operand.
    private static boolean isMasked(Mnemonic mnemonic) {
        return switch (mnemonic) {
            case VMASKMOVPS, VMASKMOVPD, VPMASKMOVD, VPMASKMOVQ -> true;
            default -> false;
        };
    }
}
