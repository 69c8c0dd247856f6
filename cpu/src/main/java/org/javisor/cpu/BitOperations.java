// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.IMM;
import static org.javisor.isa.Instruction.LOCK;
import static org.javisor.isa.Instruction.MEM;

import org.javisor.isa.Mnemonic;

/// Bit tests, scans and counts.
///
/// @sdm vol. 1 §7.3.7 "Bit and Byte Instructions"
final class BitOperations {
    private BitOperations() { }

    static void bind(Bindings.Binder binder) {
        binder.choose(Mnemonic.BT, insn -> insn.kind0 == MEM
                ? BitOperations::testMemory : BitOperations::testRegister);
        bindChange(binder, Mnemonic.BTS, (_, value, bit, _) -> value | bit);
        bindChange(binder, Mnemonic.BTR, (_, value, bit, _) -> value & ~bit);
        bindChange(binder, Mnemonic.BTC, (_, value, bit, _) -> value ^ bit);
        binder.bind(Mnemonic.BSF, (cpu, insn) -> scan(cpu, insn, true))
                .bind(Mnemonic.BSR, (cpu, insn) -> scan(cpu, insn, false))
                .bind(Mnemonic.LZCNT, BitOperations::countLeadingZeros)
                .bind(Mnemonic.TZCNT, BitOperations::countTrailingZeros)
                .bind(Mnemonic.POPCNT, BitOperations::countOnes);
    }

    /// @param change what becomes of the operand, given it and the tested bit alone
    private static void bindChange(Bindings.Binder binder, Mnemonic mnemonic, Operation change) {
        Handler register = (cpu, insn) -> changeRegister(cpu, insn, change);
        Handler memory = (cpu, insn) -> changeMemory(cpu, insn, change);
        Handler locked = (cpu, insn) -> changeLocked(cpu, insn, change);
        binder.choose(mnemonic, insn -> insn.kind0 != MEM ? register : insn.has(LOCK) ? locked : memory);
    }

    private static void testRegister(Cpu cpu, Insn insn) {
        carry(cpu, cpu.read(insn, 0), bit(cpu, insn));
    }

    private static void testMemory(Cpu cpu, Insn insn) {
        carry(cpu, cpu.load(insn.segment, offset(cpu, insn), insn.bytes0), bit(cpu, insn));
    }

    private static void changeRegister(Cpu cpu, Insn insn, Operation change) {
        long value = cpu.read(insn, 0);
        long bit = bit(cpu, insn);
        cpu.write(insn, 0, change.apply(cpu, value, bit, insn.bytes0));
        carry(cpu, value, bit);
    }

    private static void changeMemory(Cpu cpu, Insn insn, Operation change) {
        long offset = offset(cpu, insn);
        long value = cpu.loadForWrite(insn.segment, offset, insn.bytes0);
        long bit = bit(cpu, insn);
        cpu.store(insn.segment, offset, insn.bytes0, change.apply(cpu, value, bit, insn.bytes0));
        carry(cpu, value, bit);
    }

    private static void changeLocked(Cpu cpu, Insn insn, Operation change) {
        long offset = offset(cpu, insn);
        long bit = bit(cpu, insn);
        carry(cpu, Atomic.apply(cpu, insn.segment, offset, insn.bytes0, change, bit), bit);
    }

    /// The bit that is tested, in an operand of `bytes0` bytes.
    private static long bit(Cpu cpu, Insn insn) {
        return 1L << (cpu.read(insn, 1) & 8 * insn.bytes0 - 1);
    }

    /// Where the bit's operand is: a bit offset in a register is signed and reaches beyond the operand.
    private static long offset(Cpu cpu, Insn insn) {
        long offset = cpu.effectiveAddress(insn);
        if (insn.kind1 == IMM) {
            return offset;
        }
        int bytes = insn.bytes0;
        long bits = Flags.signExtend(cpu.read(insn, 1), bytes);
        return offset + (bits >> 3 & -bytes) & insn.addressMask;
    }

    private static void carry(Cpu cpu, long value, long bit) {
        FlagControl.carry(cpu, (value & bit) != 0);
    }

    /// BSF and BSR: a source of 0 leaves the destination as it is, its upper half too.
    private static void scan(Cpu cpu, Insn insn, boolean forward) {
        long source = cpu.read(insn, 1);
        if (source == 0) {
            cpu.arithmeticFlags(Flags.ZF | Flags.PF);
            return;
        }
        int index = forward ? Long.numberOfTrailingZeros(source) : 63 - Long.numberOfLeadingZeros(source);
        cpu.write(insn, 0, index);
        // Undefined but for ZF: PF is the index's, as processors have it, and an index of 0 must not set ZF.
        cpu.arithmeticFlags((Integer.bitCount(index) & 1) == 0 ? Flags.PF : 0);
    }

    private static void countLeadingZeros(Cpu cpu, Insn insn) {
        long source = cpu.read(insn, 1);
        count(cpu, insn, source, Long.numberOfLeadingZeros(source) - (64 - 8 * insn.bytes0));
    }

    private static void countTrailingZeros(Cpu cpu, Insn insn) {
        long source = cpu.read(insn, 1);
        count(cpu, insn, source, Math.min(Long.numberOfTrailingZeros(source), 8 * insn.bytes0));
    }

    /// LZCNT and TZCNT: CF for a source of 0, ZF for a result of 0; the others, undefined, clear but for OF.
    private static void count(Cpu cpu, Insn insn, long source, int count) {
        int overflow = Flags.of(cpu.flagsAux()) ? Flags.OF : 0;
        cpu.write(insn, 0, count);
        cpu.arithmeticFlags(overflow | (source == 0 ? Flags.CF : 0) | (count == 0 ? Flags.ZF : 0));
    }

    private static void countOnes(Cpu cpu, Insn insn) {
        long source = cpu.read(insn, 1);
        cpu.write(insn, 0, Long.bitCount(source));
        cpu.arithmeticFlags(source == 0 ? Flags.ZF : 0);
    }
}
