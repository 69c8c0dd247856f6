// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.host.HostMemory;
import org.javisor.host.Mapping;

/// What of a processor is in its off-heap block, as the interpreter sees it: general registers, RIP, flags.
///
/// @see CpuLayout
class CpuState {
    private final Mapping block = Mapping.anonymous(CpuLayout.END + Mapping.PAGE_BYTES - 1 & -Mapping.PAGE_BYTES);
    /// Host address of the block that [CpuLayout] describes.
    final long state = block.hva();

    /// Frees the block.
    final void free() {
        block.close();
    }

    // ---- general registers; `reg` 0 to 15 ----

    final long reg64(int reg) {
        return HostMemory.loadLong(state + CpuLayout.GPR + 8L * reg);
    }

    final void reg64(int reg, long value) {
        HostMemory.storeLong(state + CpuLayout.GPR + 8L * reg, value);
    }

    final int reg32(int reg) {
        return HostMemory.loadInt(state + CpuLayout.GPR + 8L * reg);
    }

    /// Clears the upper half, as 64-bit mode does; the upper half does not matter elsewhere.
    final void reg32(int reg, int value) {
        reg64(reg, value & 0xffff_ffffL);
    }

    final int reg16(int reg) {
        return HostMemory.loadShort(state + CpuLayout.GPR + 8L * reg) & 0xffff;
    }

    final void reg16(int reg, int value) {
        HostMemory.storeShort(state + CpuLayout.GPR + 8L * reg, (short) value);
    }

    /// Reads `bytes` (1, 2, 4, 8) of an operand register, zero-extended; `reg` may be 16 to 19 (AH to BH) for one byte.
    final long reg(int reg, int bytes) {
        return HostMemory.load(state + CpuLayout.gpr(reg), bytes);
    }

    /// Writes an operand register: 4 bytes clear the upper half, 1 and 2 leave the rest as it is.
    final void reg(int reg, int bytes, long value) {
        if (bytes == 4) {
            reg64(reg, value & 0xffff_ffffL);
        } else {
            HostMemory.store(state + CpuLayout.gpr(reg), bytes, value);
        }
    }

    /// The next instruction's offset in CS, while one executes; cut to the code size by who sets it.
    final long rip() {
        return HostMemory.loadLong(state + CpuLayout.RIP);
    }

    final void rip(long rip) {
        HostMemory.storeLong(state + CpuLayout.RIP, rip);
    }

    // ---- flags ----

    /// The six arithmetic flags after `result = a + b`; all sign- or zero-extended from `bytes`.
    final void flagsOfAdd(long a, long b, long result, int bytes) {
        flags(Flags.signExtend(result, bytes), Flags.auxOfAdd(a, b, result, bytes));
    }

    /// The six arithmetic flags after `result = a - b`.
    final void flagsOfSub(long a, long b, long result, int bytes) {
        flags(Flags.signExtend(result, bytes), Flags.auxOfSub(a, b, result, bytes));
    }

    /// The flags after AND, OR, XOR, TEST: CF and OF clear, AF (undefined) clear.
    final void flagsOfLogic(long result, int bytes) {
        flags(Flags.signExtend(result, bytes), 0);
    }

    final void flags(long result, long aux) {
        HostMemory.storeLong(state + CpuLayout.FLAGS_RESULT, result);
        HostMemory.storeLong(state + CpuLayout.FLAGS_AUX, aux);
    }

    final long flagsResult() {
        return HostMemory.loadLong(state + CpuLayout.FLAGS_RESULT);
    }

    final long flagsAux() {
        return HostMemory.loadLong(state + CpuLayout.FLAGS_AUX);
    }

    /// The arithmetic flags as RFLAGS bits ([Flags#ARITHMETIC]).
    final int arithmeticFlags() {
        return Flags.pack(flagsResult(), flagsAux());
    }

    /// Sets all six arithmetic flags from RFLAGS bits.
    final void arithmeticFlags(int bits) {
        flags(Flags.unpackResult(bits), Flags.unpackAux(bits));
    }

    final boolean carry() {
        return Flags.cf(flagsAux());
    }

    final long cr2() {
        return HostMemory.loadLong(state + CpuLayout.CR2);
    }

    final void cr2(long gva) {
        HostMemory.storeLong(state + CpuLayout.CR2, gva);
    }

    /// RFLAGS without the six arithmetic flags: TF, IF, DF, IOPL and above. Bit 1 is always set.
    final int systemFlags() {
        return HostMemory.loadInt(state + CpuLayout.SYSTEM_FLAGS);
    }

    /// After a change of IF, TF, VM or AC call [Cpu#modeChanged].
    final void systemFlags(int flags) {
        HostMemory.storeInt(state + CpuLayout.SYSTEM_FLAGS, flags);
    }

    /// RFLAGS, all of it.
    final long rflags() {
        return systemFlags() | arithmeticFlags();
    }
}
