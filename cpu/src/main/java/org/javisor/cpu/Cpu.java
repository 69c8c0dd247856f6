// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.GPR;
import static org.javisor.isa.Instruction.IMM;
import static org.javisor.isa.Instruction.MEM;

import org.javisor.host.HostMemory;
import org.javisor.isa.Instruction;

/// One virtual processor, as its instruction handlers see it: registers, flags, operands, faults. The units behind it
/// have files of their own: [Mmu] (linear addresses to memory), [Segments], [Exceptions], [ControlRegisters].
///
/// Confined to the thread that runs it, but for [#request].
public final class Cpu {
    /// Host address of the block that [CpuLayout] describes.
    final long state;
    final Mmu mmu;
    final Segments segments;

    /// RFLAGS without the six arithmetic flags: TF, IF, DF, IOPL and above. Bit 1 is always set.
    int systemFlags = 1 << 1;
    /// Cuts the stack pointer to its size: all ones in 64-bit mode, else 32 or 16 bits, as SS.B says.
    long stackMask = 0xffff;

    private final GuestFault fault = new GuestFault();

    Cpu(long state) {
        this.state = state;
        this.mmu = new Mmu(this);
        this.segments = new Segments(this);
    }

    // ---- general registers; `reg` 0 to 15 ----

    long reg64(int reg) {
        return HostMemory.loadLong(state + CpuLayout.GPR + 8L * reg);
    }

    void reg64(int reg, long value) {
        HostMemory.storeLong(state + CpuLayout.GPR + 8L * reg, value);
    }

    int reg32(int reg) {
        return HostMemory.loadInt(state + CpuLayout.GPR + 8L * reg);
    }

    /// Clears the upper half, as 64-bit mode does; the upper half does not matter elsewhere.
    void reg32(int reg, int value) {
        reg64(reg, value & 0xffff_ffffL);
    }

    int reg16(int reg) {
        return HostMemory.loadShort(state + CpuLayout.GPR + 8L * reg) & 0xffff;
    }

    void reg16(int reg, int value) {
        HostMemory.storeShort(state + CpuLayout.GPR + 8L * reg, (short) value);
    }

    /// Reads `bytes` (1, 2, 4, 8) of an operand register, zero-extended; `reg` may be 16 to 19 (AH to BH) for one byte.
    long reg(int reg, int bytes) {
        return HostMemory.load(state + CpuLayout.gpr(reg), bytes);
    }

    /// Writes an operand register: 4 bytes clear the upper half, 1 and 2 leave the rest as it is.
    void reg(int reg, int bytes, long value) {
        if (bytes == 4) {
            reg64(reg, value & 0xffff_ffffL);
        } else {
            HostMemory.store(state + CpuLayout.gpr(reg), bytes, value);
        }
    }

    /// The next instruction's offset in CS, while one executes; cut to the code size by who sets it.
    long rip() {
        return HostMemory.loadLong(state + CpuLayout.RIP);
    }

    void rip(long rip) {
        HostMemory.storeLong(state + CpuLayout.RIP, rip);
    }

    // ---- flags ----

    /// The six arithmetic flags after `result = a + b`; all sign- or zero-extended from `bytes`.
    void flagsOfAdd(long a, long b, long result, int bytes) {
        flags(Flags.signExtend(result, bytes), Flags.auxOfAdd(a, b, result, bytes));
    }

    /// The six arithmetic flags after `result = a - b`.
    void flagsOfSub(long a, long b, long result, int bytes) {
        flags(Flags.signExtend(result, bytes), Flags.auxOfSub(a, b, result, bytes));
    }

    /// The flags after AND, OR, XOR, TEST: CF and OF clear, AF (undefined) clear.
    void flagsOfLogic(long result, int bytes) {
        flags(Flags.signExtend(result, bytes), 0);
    }

    void flags(long result, long aux) {
        HostMemory.storeLong(state + CpuLayout.FLAGS_RESULT, result);
        HostMemory.storeLong(state + CpuLayout.FLAGS_AUX, aux);
    }

    long flagsResult() {
        return HostMemory.loadLong(state + CpuLayout.FLAGS_RESULT);
    }

    long flagsAux() {
        return HostMemory.loadLong(state + CpuLayout.FLAGS_AUX);
    }

    /// The arithmetic flags as RFLAGS bits ([Flags#ARITHMETIC]).
    int arithmeticFlags() {
        return Flags.pack(flagsResult(), flagsAux());
    }

    /// Sets all six arithmetic flags from RFLAGS bits.
    void arithmeticFlags(int bits) {
        flags(Flags.unpackResult(bits), Flags.unpackAux(bits));
    }

    boolean carry() {
        return Flags.cf(flagsAux());
    }

    // ---- operands ----

    /// The effective address of the memory operand, cut to the address size, without its segment's base.
    long effectiveAddress(Insn insn) {
        long base = HostMemory.loadLong(state + insn.baseAt);
        long index = HostMemory.loadLong(state + insn.indexAt);
        return base + (index << insn.scaleShift) + insn.displacement & insn.addressMask;
    }

    /// Operand `n` (GPR, MEM or IMM), zero-extended from its size.
    long read(Insn insn, int n) {
        int bytes = insn.bytes(n);
        return switch (insn.kind(n)) {
            case GPR -> reg(insn.reg(n), bytes);
            case MEM -> load(insn.segment, effectiveAddress(insn), bytes);
            case IMM -> insn.immediate & mask(bytes);
            default -> throw new AssertionError(insn.row);
        };
    }

    /// As [#read], for an operand that the instruction will [#write]: memory faults as a write would, so that nothing
    /// can fault between the two. Not for LOCKed instructions: see [#compareAndSwap].
    long readForWrite(Insn insn, int n) {
        return insn.kind(n) == MEM
                ? loadForWrite(insn.segment, effectiveAddress(insn), insn.bytes(n))
                : read(insn, n);
    }

    void write(Insn insn, int n, long value) {
        if (insn.kind(n) == MEM) {
            store(insn.segment, effectiveAddress(insn), insn.bytes(n), value);
        } else {
            reg(insn.reg(n), insn.bytes(n), value);
        }
    }

    static long mask(int bytes) {
        return bytes == 8 ? -1L : (1L << 8 * bytes) - 1;
    }

    // ---- memory, by segment and offset; checked for segment limits, paging, alignment (#AC) and breakpoints ----

    /// Loads 1, 2, 4 or 8 bytes, zero-extended.
    ///
    /// @param segment [Instruction#ES] to [Instruction#GS]
    /// @param offset  already cut to the address size
    long load(int segment, long offset, int bytes) {
        return mmu.load(segments.linear(segment, offset, bytes, false), bytes);
    }

    /// As [#load], but faults as a write would.
    long loadForWrite(int segment, long offset, int bytes) {
        return mmu.loadForWrite(segments.linear(segment, offset, bytes, true), bytes);
    }

    void store(int segment, long offset, int bytes, long value) {
        mmu.store(segments.linear(segment, offset, bytes, true), bytes, value);
    }

    /// For LOCKed and implicitly locked instructions, which loop until it succeeds: stores `value` if memory holds
    /// `expected`, in one atomic step whatever the alignment, and returns what memory held. 1, 2, 4 or 8 bytes, all
    /// zero-extended. Faults as a write.
    long compareAndSwap(int segment, long offset, int bytes, long expected, long value) {
        return mmu.compareAndSwap(segments.linear(segment, offset, bytes, true), bytes, expected, value);
    }

    /// Checks that `bytes` (up to 4096) bytes at the address can be written, or read, without touching them: for
    /// instructions that make several accesses and must fault before the first.
    void probe(int segment, long offset, int bytes, boolean forWrite) {
        mmu.probe(segments.linear(segment, offset, bytes, forWrite), bytes, forWrite);
    }

    // ---- availability of SSE and MMX ----

    /// @throws GuestFault #UD or #NM when CR0 and CR4 do not let SSE instructions execute
    void checkSse() { }

    /// @throws GuestFault #UD or #NM when CR0 does not let MMX instructions execute, #MF for a pending x87 exception
    void checkMmx() { }

    /// Whether unmasked SIMD floating-point exceptions are #XM (CR4.OSXMMEXCPT), not #UD.
    boolean simdExceptionsEnabled() {
        return true;
    }

    // ---- faults: `throw cpu.gp(0)` ----

    GuestFault fault(int vector) {
        fault.vector = vector;
        fault.hasErrorCode = false;
        fault.errorCode = 0;
        return fault;
    }

    GuestFault fault(int vector, int errorCode) {
        fault.vector = vector;
        fault.hasErrorCode = true;
        fault.errorCode = errorCode;
        return fault;
    }

    GuestFault ud() {
        return fault(GuestFault.UD);
    }

    GuestFault gp(int errorCode) {
        return fault(GuestFault.GP, errorCode);
    }
}
