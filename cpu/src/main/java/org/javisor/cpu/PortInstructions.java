// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.CpuLayout.RAX;
import static org.javisor.cpu.CpuLayout.RCX;
import static org.javisor.cpu.CpuLayout.RDI;
import static org.javisor.cpu.CpuLayout.RDX;
import static org.javisor.cpu.CpuLayout.RSI;
import static org.javisor.isa.Instruction.ES;
import static org.javisor.isa.Instruction.IMM;
import static org.javisor.isa.Instruction.REP;
import static org.javisor.isa.Instruction.REPNE;

import org.javisor.isa.Mnemonic;

/// IN, OUT, INS and OUTS, with the permission of IOPL and of the I/O bitmap in the TSS.
///
/// @sdm vol. 1 §19.5 "Protected-Mode I/O"
final class PortInstructions {
    private PortInstructions() { }

    static void bind(Bindings.Binder binder) {
        binder.bind(Mnemonic.IN, PortInstructions::in)
                .bind(Mnemonic.OUT, PortInstructions::out)
                .choose(Mnemonic.INS, insn -> insn.has(REP | REPNE)
                        ? (c, i) -> repeat(c, i, true) : PortInstructions::inString)
                .choose(Mnemonic.OUTS, insn -> insn.has(REP | REPNE)
                        ? (c, i) -> repeat(c, i, false) : PortInstructions::outString);
    }

    private static void in(Cpu cpu, Insn insn) {
        int port = insn.kind1 == IMM ? (int) insn.immediate & 0xff : cpu.reg16(RDX);
        int bytes = insn.bytes0;
        checkPermission(cpu, port, bytes);
        cpu.management.beginsIo();
        Backdoor backdoor = cpu.environment.backdoor();
        long value = backdoor != null && bytes == 4 && backdoor.opens(port, bytes)
                ? backdoor.in(port, new CpuRegisters(cpu)) & 0xffff_ffffL : cpu.bus.readPort(port, bytes);
        cpu.reg(RAX, bytes, value);
        cpu.management.io(insn, port, bytes, true);
        cpu.debug.portAccess(port, bytes);
    }

    private static void out(Cpu cpu, Insn insn) {
        int port = insn.kind0 == IMM ? (int) insn.immediate & 0xff : cpu.reg16(RDX);
        int bytes = insn.bytes1;
        checkPermission(cpu, port, bytes);
        cpu.management.beginsIo();
        cpu.bus.writePort(port, bytes, cpu.reg(RAX, bytes));
        cpu.management.io(insn, port, bytes, false);
        cpu.debug.portAccess(port, bytes);
    }

    // ---- strings ----

    private static void repeat(Cpu cpu, Insn insn, boolean input) {
        long count = Strings.index(cpu, insn, RCX);
        while (count != 0) {
            if (input) {
                inString(cpu, insn);
            } else {
                outString(cpu, insn);
            }
            count = count - 1 & insn.addressMask;
            Strings.index(cpu, insn, RCX, count);
            if (count != 0 && Strings.interrupted(cpu)) {
                Strings.again(cpu, insn);
                return;
            }
        }
    }

    /// The target is checked before the port is read, whose value would be lost.
    private static void inString(Cpu cpu, Insn insn) {
        int port = cpu.reg16(RDX);
        int bytes = insn.bytes0;
        checkPermission(cpu, port, bytes);
        long target = Strings.index(cpu, insn, RDI);
        cpu.probe(ES, target, bytes, true);
        cpu.management.beginsIo();
        cpu.store(ES, target, bytes, cpu.bus.readPort(port, bytes));
        cpu.management.io(insn, port, bytes, true);
        Strings.advance(cpu, insn, RDI, 1);
        cpu.debug.portAccess(port, bytes);
    }

    private static void outString(Cpu cpu, Insn insn) {
        int port = cpu.reg16(RDX);
        int bytes = insn.bytes0;
        checkPermission(cpu, port, bytes);
        long value = cpu.load(insn.segment, Strings.index(cpu, insn, RSI), bytes);
        cpu.management.beginsIo();
        cpu.bus.writePort(port, bytes, value);
        cpu.management.io(insn, port, bytes, false);
        Strings.advance(cpu, insn, RSI, 1);
        cpu.debug.portAccess(port, bytes);
    }

    // ---- permission ----

    private static void checkPermission(Cpu cpu, int port, int bytes) {
        boolean always = cpu.mode == ExecutionMode.REAL
                || cpu.mode != ExecutionMode.VIRTUAL_8086 && cpu.cpl <= Privilege.iopl(cpu);
        if (!always && !isOpen(cpu, port, bytes) && !bitmapPermits(cpu, port, bytes)) {
            throw cpu.gp(0);
        }
    }

    private static boolean isOpen(Cpu cpu, int port, int bytes) {
        Backdoor backdoor = cpu.environment.backdoor();
        return backdoor != null && backdoor.opens(port, bytes);
    }

    /// @sdm vol. 1 §19.5.2 "I/O Permission Bit Map"
    private static boolean bitmapPermits(Cpu cpu, int port, int bytes) {
        Segments segments = cpu.segments;
        long tss = segments.base[Segments.TR];
        long limit = Integer.toUnsignedLong(segments.limit[Segments.TR]);
        boolean wide = (segments.attributes[Segments.TR] & Descriptor.WIDE) != 0;
        if (!wide || limit < TaskState.LIMIT32) {
            return false;
        }
        long at = cpu.mmu.loadSystem(cpu.tables.linear(tss + TaskState.IO_MAP), 2) + port / 8;
        // Two bytes are read always: the bits may cross into the second.
        if (at + 1 > limit) {
            return false;
        }
        long bits = cpu.mmu.loadSystem(cpu.tables.linear(tss + at), 2);
        return (bits >> port % 8 & (1 << bytes) - 1) == 0;
    }
}
