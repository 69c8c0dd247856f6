// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.CpuLayout.RSP;
import static org.javisor.isa.Instruction.SS;

import org.javisor.host.HostMemory;

/// Operands of the forms that are hot enough for handlers of their own: one method for each width and place,
/// so that a handler has nothing left to decide. Values come sign-extended.
///
/// A *source* is a register or an immediate. The handler need not know which: [Forms] lets an immediate stand
/// beside the register that is always 0, and a register beside an immediate of 0.
final class Operands {
    private Operands() { }

    // ---- registers, by their place in the processor's block ----

    static long get1(Cpu cpu, int at) {
        return HostMemory.loadByte(cpu.state + at);
    }

    static long get2(Cpu cpu, int at) {
        return HostMemory.loadShort(cpu.state + at);
    }

    static long get4(Cpu cpu, int at) {
        return HostMemory.loadInt(cpu.state + at);
    }

    static long get8(Cpu cpu, int at) {
        return HostMemory.loadLong(cpu.state + at);
    }

    static void set1(Cpu cpu, int at, long value) {
        HostMemory.storeByte(cpu.state + at, (byte) value);
    }

    /// Clears the upper half.
    static void set4(Cpu cpu, int at, long value) {
        HostMemory.storeLong(cpu.state + at, value & 0xffff_ffffL);
    }

    static void set8(Cpu cpu, int at, long value) {
        HostMemory.storeLong(cpu.state + at, value);
    }

    // ---- operand 1, a register or an immediate ----

    static long source1(Cpu cpu, Insn insn) {
        return HostMemory.loadByte(cpu.state + insn.at1) + (byte) insn.immediate;
    }

    static long source2(Cpu cpu, Insn insn) {
        return HostMemory.loadShort(cpu.state + insn.at1) + (short) insn.immediate;
    }

    static long source4(Cpu cpu, Insn insn) {
        return HostMemory.loadInt(cpu.state + insn.at1) + (int) insn.immediate;
    }

    static long source8(Cpu cpu, Insn insn) {
        return HostMemory.loadLong(cpu.state + insn.at1) + insn.immediate;
    }

    // ---- the memory operand ----

    /// Its linear address, for an access of `bytes` bytes.
    static long linear(Cpu cpu, Insn insn, int bytes, boolean forWrite) {
        return cpu.segments.linear(insn.segment, cpu.effectiveAddress(insn), bytes, forWrite);
    }

    static long load1(Cpu cpu, Insn insn) {
        return (byte) cpu.mmu.load(insn.segment, linear(cpu, insn, 1, false), 1);
    }

    static long load2(Cpu cpu, Insn insn) {
        return (short) cpu.mmu.load(insn.segment, linear(cpu, insn, 2, false), 2);
    }

    static long load4(Cpu cpu, Insn insn) {
        return (int) cpu.mmu.load(insn.segment, linear(cpu, insn, 4, false), 4);
    }

    static long load8(Cpu cpu, Insn insn) {
        return cpu.mmu.load(insn.segment, linear(cpu, insn, 8, false), 8);
    }

    static void store1(Cpu cpu, Insn insn, long value) {
        cpu.mmu.store(insn.segment, linear(cpu, insn, 1, true), 1, value);
    }

    static void store2(Cpu cpu, Insn insn, long value) {
        cpu.mmu.store(insn.segment, linear(cpu, insn, 2, true), 2, value);
    }

    static void store4(Cpu cpu, Insn insn, long value) {
        cpu.mmu.store(insn.segment, linear(cpu, insn, 4, true), 4, value);
    }

    static void store8(Cpu cpu, Insn insn, long value) {
        cpu.mmu.store(insn.segment, linear(cpu, insn, 8, true), 8, value);
    }

    // ---- the memory operand, read to be modified; `gva` is linear(..., true) ----

    static long loadForWrite1(Cpu cpu, Insn insn, long gva) {
        return (byte) cpu.mmu.loadForWrite(insn.segment, gva, 1);
    }

    static long loadForWrite4(Cpu cpu, Insn insn, long gva) {
        return (int) cpu.mmu.loadForWrite(insn.segment, gva, 4);
    }

    static long loadForWrite8(Cpu cpu, Insn insn, long gva) {
        return cpu.mmu.loadForWrite(insn.segment, gva, 8);
    }

    static void store1(Cpu cpu, Insn insn, long gva, long value) {
        cpu.mmu.store(insn.segment, gva, 1, value);
    }

    static void store4(Cpu cpu, Insn insn, long gva, long value) {
        cpu.mmu.store(insn.segment, gva, 4, value);
    }

    static void store8(Cpu cpu, Insn insn, long gva, long value) {
        cpu.mmu.store(insn.segment, gva, 8, value);
    }

    // ---- the stack of 64-bit mode ----

    static void push8(Cpu cpu, long value) {
        long rsp = cpu.reg64(RSP) - 8;
        cpu.mmu.store(SS, rsp, 8, value);
        cpu.reg64(RSP, rsp);
    }

    static long pop8(Cpu cpu) {
        long rsp = cpu.reg64(RSP);
        long value = cpu.mmu.load(SS, rsp, 8);
        cpu.reg64(RSP, rsp + 8);
        return value;
    }
}
