// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.CpuLayout.RAX;
import static org.javisor.cpu.CpuLayout.RBX;
import static org.javisor.cpu.CpuLayout.RCX;
import static org.javisor.cpu.CpuLayout.RDX;
import static org.javisor.isa.Instruction.LOCK;
import static org.javisor.isa.Instruction.MEM;

import org.javisor.isa.Mnemonic;

/// Exchanges, and the atomic step behind LOCK.
///
/// @sdm vol. 3A §9.1 "Locked Atomic Operations"
final class Atomic {
    private Atomic() { }

    static void bind(Bindings.Binder binder) {
        binder.choose(Mnemonic.XCHG, insn -> insn.kind0 == MEM || insn.kind1 == MEM
                        ? Atomic::exchangeMemory : Atomic::exchangeRegisters)
                .choose(Mnemonic.XADD, insn -> insn.kind0 == MEM && insn.has(LOCK)
                        ? Atomic::exchangeAndAddLocked : Atomic::exchangeAndAdd)
                .choose(Mnemonic.CMPXCHG, insn -> insn.kind0 == MEM && insn.has(LOCK)
                        ? Atomic::compareAndExchangeLocked : Atomic::compareAndExchange)
                .choose(Mnemonic.CMPXCHG8B, insn -> insn.bytes0 == 16
                        ? Atomic::compareAndExchange16 : Atomic::compareAndExchange8);
    }

    /// Replaces memory by `operation` of it and `b`, and returns what it replaced.
    static long apply(Cpu cpu, int segment, long offset, int bytes, Operation operation, long b) {
        if (!cpu.isMemory(segment, offset, bytes)) {
            return applyToDevice(cpu, segment, offset, bytes, operation, b);
        }
        long result = cpu.flagsResult();
        long aux = cpu.flagsAux();
        long seen = cpu.loadForWrite(segment, offset, bytes);
        while (true) {
            long value = operation.apply(cpu, seen, b, bytes) & Cpu.mask(bytes);
            long found = cpu.compareAndSwap(segment, offset, bytes, seen, value);
            if (found == seen) {
                return seen;
            }
            // The operation may read the flags that it has just set.
            cpu.flags(result, aux);
            seen = found;
        }
    }

    /// A device is read once and written once, whatever it would tell the next time; processors exclude each other.
    private static long applyToDevice(Cpu cpu, int segment, long offset, int bytes, Operation operation, long b) {
        cpu.group.lockBus(cpu);
        try {
            long seen = cpu.loadForWrite(segment, offset, bytes);
            cpu.store(segment, offset, bytes, operation.apply(cpu, seen, b, bytes) & Cpu.mask(bytes));
            return seen;
        } finally {
            cpu.group.unlockBus();
        }
    }

    private static long swap(Cpu cpu, int segment, long offset, int bytes, long value) {
        if (!cpu.isMemory(segment, offset, bytes)) {
            return applyToDevice(cpu, segment, offset, bytes, (_, _, wanted, _) -> wanted, value);
        }
        long seen = cpu.loadForWrite(segment, offset, bytes);
        while (true) {
            long found = cpu.compareAndSwap(segment, offset, bytes, seen, value);
            if (found == seen) {
                return seen;
            }
            seen = found;
        }
    }

    private static void exchangeRegisters(Cpu cpu, Insn insn) {
        long first = cpu.reg(insn.reg0, insn.bytes0);
        cpu.reg(insn.reg0, insn.bytes0, cpu.reg(insn.reg1, insn.bytes0));
        cpu.reg(insn.reg1, insn.bytes0, first);
    }

    /// XCHG with memory is atomic with and without LOCK.
    private static void exchangeMemory(Cpu cpu, Insn insn) {
        int reg = insn.kind0 == MEM ? insn.reg1 : insn.reg0;
        int bytes = insn.bytes0;
        cpu.reg(reg, bytes, swap(cpu, insn.segment, cpu.effectiveAddress(insn), bytes, cpu.reg(reg, bytes)));
    }

    /// XADD. When both operands are one register it keeps the sum; when the other one addresses the memory it
    /// changes last.
    private static void exchangeAndAdd(Cpu cpu, Insn insn) {
        int bytes = insn.bytes0;
        long a = cpu.readForWrite(insn, 0);
        long sum = Arithmetic.add(cpu, a, cpu.reg(insn.reg1, bytes), bytes);
        if (insn.kind0 == MEM) {
            cpu.write(insn, 0, sum);
            cpu.reg(insn.reg1, bytes, a);
        } else {
            cpu.reg(insn.reg1, bytes, a);
            cpu.reg(insn.reg0, bytes, sum);
        }
    }

    private static void exchangeAndAddLocked(Cpu cpu, Insn insn) {
        int bytes = insn.bytes0;
        long addend = cpu.reg(insn.reg1, bytes);
        long seen = apply(cpu, insn.segment, cpu.effectiveAddress(insn), bytes, Arithmetic::add, addend);
        cpu.reg(insn.reg1, bytes, seen);
    }

    /// CMPXCHG. Memory is written in either case, with what it held if the comparison failed; a register then
    /// keeps even the upper half.
    private static void compareAndExchange(Cpu cpu, Insn insn) {
        int bytes = insn.bytes0;
        long seen = cpu.readForWrite(insn, 0);
        long accumulator = cpu.reg(RAX, bytes);
        if (seen == accumulator) {
            cpu.write(insn, 0, cpu.reg(insn.reg1, bytes));
        } else {
            if (insn.kind0 == MEM) {
                cpu.write(insn, 0, seen);
            }
            cpu.reg(RAX, bytes, seen);
        }
        cpu.flagsOfSub(accumulator, seen, accumulator - seen, bytes);
    }

    private static void compareAndExchangeLocked(Cpu cpu, Insn insn) {
        int bytes = insn.bytes0;
        long accumulator = cpu.reg(RAX, bytes);
        long found = cpu.compareAndSwap(insn.segment, cpu.effectiveAddress(insn), bytes, accumulator,
                cpu.reg(insn.reg1, bytes));
        if (found != accumulator) {
            cpu.reg(RAX, bytes, found);
        }
        cpu.flagsOfSub(accumulator, found, accumulator - found, bytes);
    }

    /// CMPXCHG8B; atomic with and without LOCK, which costs nothing here.
    private static void compareAndExchange8(Cpu cpu, Insn insn) {
        long expected = pair(cpu, RDX, RAX);
        long offset = cpu.effectiveAddress(insn);
        long found = cpu.compareAndSwap(insn.segment, offset, 8, expected, pair(cpu, RCX, RBX));
        if (found != expected) {
            cpu.reg32(RAX, (int) found);
            cpu.reg32(RDX, (int) (found >>> 32));
        }
        FlagControl.zero(cpu, found == expected);
    }

    private static long pair(Cpu cpu, int high, int low) {
        return (long) cpu.reg32(high) << 32 | cpu.reg32(low) & 0xffff_ffffL;
    }

    private static void compareAndExchange16(Cpu cpu, Insn insn) {
        long offset = cpu.effectiveAddress(insn);
        long gva = cpu.segments.linear(insn.segment, offset, 16, true);
        if ((gva & 15) != 0) {
            throw cpu.gp(0);
        }
        long[] found = cpu.pair;
        boolean equal = cpu.mmu.compareAndSwap16(insn.segment, gva, cpu.reg64(RAX), cpu.reg64(RDX),
                cpu.reg64(RBX), cpu.reg64(RCX), found);
        if (!equal) {
            cpu.reg64(RAX, found[0]);
            cpu.reg64(RDX, found[1]);
        }
        FlagControl.zero(cpu, equal);
    }
}
