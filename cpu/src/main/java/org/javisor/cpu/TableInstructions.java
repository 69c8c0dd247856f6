// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.DescriptorTables.ERROR_MASK;

import org.javisor.isa.Mnemonic;

/// Loading and storing GDTR, IDTR, LDTR and TR.
///
/// @sdm vol. 3A §2.8.1 "Loading and Storing System Registers"
final class TableInstructions {
    private TableInstructions() { }

    static void bind(Bindings.Binder binder) {
        binder.bind(Mnemonic.SGDT, (cpu, insn) ->
                storeTable(cpu, insn, cpu.tables.gdtBase, cpu.tables.gdtLimit))
                .bind(Mnemonic.SIDT, (cpu, insn) ->
                storeTable(cpu, insn, cpu.tables.idtBase, cpu.tables.idtLimit))
                .bind(Mnemonic.LGDT, TableInstructions::loadGdt)
                .bind(Mnemonic.LIDT, TableInstructions::loadIdt)
                .bind(Mnemonic.SLDT, (cpu, insn) -> storeSelector(cpu, insn, Segments.LDTR))
                .bind(Mnemonic.STR, (cpu, insn) -> storeSelector(cpu, insn, Segments.TR))
                .bind(Mnemonic.LLDT, TableInstructions::loadLdt)
                .bind(Mnemonic.LTR, TableInstructions::loadTask);
    }

    // ---- GDTR and IDTR ----

    /// The whole base is stored whatever the operand size, as processors do since the 80386.
    private static void storeTable(Cpu cpu, Insn insn, long base, int limit) {
        Privilege.requireUserModeInformation(cpu);
        long at = cpu.effectiveAddress(insn);
        int bytes = insn.codeBits == 64 ? 8 : 4;
        cpu.probe(insn.segment, at, 2, true);
        cpu.store(insn.segment, at + 2 & insn.addressMask, bytes, base);
        cpu.store(insn.segment, at, 2, limit);
    }

    private static long loadBase(Cpu cpu, Insn insn) {
        long at = cpu.effectiveAddress(insn) + 2 & insn.addressMask;
        long base = cpu.load(insn.segment, at, insn.codeBits == 64 ? 8 : 4);
        if (insn.codeBits == 64 && !cpu.system.canonicalBase(base)) {
            throw cpu.gp(0);
        }
        return insn.codeBits != 64 && insn.operandBytes == 2 ? base & 0xff_ffff : base;
    }

    private static int loadTableLimit(Cpu cpu, Insn insn) {
        return (int) cpu.load(insn.segment, cpu.effectiveAddress(insn), 2);
    }

    private static void loadGdt(Cpu cpu, Insn insn) {
        Privilege.require(cpu);
        int limit = loadTableLimit(cpu, insn);
        cpu.tables.gdtBase = loadBase(cpu, insn);
        cpu.tables.gdtLimit = limit;
    }

    private static void loadIdt(Cpu cpu, Insn insn) {
        Privilege.require(cpu);
        int limit = loadTableLimit(cpu, insn);
        cpu.tables.idtBase = loadBase(cpu, insn);
        cpu.tables.idtLimit = limit;
    }

    // ---- LDTR and TR ----

    private static void storeSelector(Cpu cpu, Insn insn, int register) {
        Privilege.requireUserModeInformation(cpu);
        cpu.write(insn, 0, cpu.segments.selector[register]);
    }

    private static void loadLdt(Cpu cpu, Insn insn) {
        Privilege.require(cpu);
        int selector = (int) cpu.read(insn, 0) & 0xffff;
        if (DescriptorTables.isNull(selector)) {
            cpu.segments.selector[Segments.LDTR] = selector;
            cpu.segments.attributes[Segments.LDTR] = Segments.NULL;
            return;
        }
        long descriptor = fetch(cpu, selector);
        if (!Descriptor.system(descriptor) || Descriptor.type(descriptor) != Descriptor.LDT) {
            throw cpu.gp(selector & ERROR_MASK);
        }
        load(cpu, Segments.LDTR, selector, descriptor);
    }

    private static void loadTask(Cpu cpu, Insn insn) {
        Privilege.require(cpu);
        int selector = (int) cpu.read(insn, 0) & 0xffff;
        if (DescriptorTables.isNull(selector)) {
            throw cpu.gp(0);
        }
        long descriptor = fetch(cpu, selector);
        int type = Descriptor.type(descriptor);
        boolean available = type == Descriptor.TSS32 || type == Descriptor.TSS16 && !cpu.mode.ia32e();
        if (!Descriptor.system(descriptor) || !available) {
            throw cpu.gp(selector & ERROR_MASK);
        }
        load(cpu, Segments.TR, selector, descriptor);
        cpu.segments.attributes[Segments.TR] |= Descriptor.BUSY;
    }

    private static long fetch(Cpu cpu, int selector) {
        if ((selector & DescriptorTables.TI) != 0) {
            throw cpu.gp(selector & ERROR_MASK);
        }
        return cpu.tables.fetch(selector, GuestFault.GP);
    }

    private static void load(Cpu cpu, int register, int selector, long descriptor) {
        long upperBase = 0;
        if (cpu.mode.ia32e()) {
            upperBase = upperBase(cpu, selector);
        }
        if (!Descriptor.present(descriptor)) {
            throw cpu.fault(GuestFault.NP, selector & ERROR_MASK);
        }
        if (register == Segments.TR) {
            cpu.tables.markBusy(selector, true);
        }
        cpu.segmentLoader.set(register, selector, descriptor);
        cpu.segments.base[register] |= upperBase;
    }

    /// Bits 63 to 32 of the base in a 16-byte descriptor.
    private static long upperBase(Cpu cpu, int selector) {
        long upper = cpu.tables.fetchUpper(selector, GuestFault.GP);
        long base = upper << 32;
        if ((upper >>> 40 & 0x1f) != 0 || !cpu.system.canonicalBase(base)) {
            throw cpu.gp(selector & ERROR_MASK);
        }
        return base;
    }
}
