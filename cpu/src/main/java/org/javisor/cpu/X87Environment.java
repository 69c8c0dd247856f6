// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.cpu.fp.Float80;
import org.javisor.host.HostMemory;

/// The unit's state in memory, in its four formats: FLDENV, FNSTENV, FRSTOR and FNSAVE.
///
/// ```
///        16-bit: every field has 2 bytes    32-bit: every field has 4 bytes
/// field     protected mode         real and virtual-8086 mode
///   0       control word           control word
///   1       status word            status word
///   2       tag word               tag word
///   3       instruction offset     its low 16 bits
///   4       CS, opcode << 16       its high bits << 12, opcode
///   5       operand offset         its low 16 bits
///   6       DS                     its high bits << 12
/// ```
/// FRSTOR's and FNSAVE's image continues with the registers, 10 bytes each, from ST(0). As on every recent
/// processor the selectors are zero (CPUID.7.EBX[13]).
///
/// @sdm vol. 1 §8.1.10 "Saving the x87 FPU's State with FSTENV/FNSTENV and FSAVE/FNSAVE"
final class X87Environment {
    private static final int FIELDS = 7, REGISTERS = 8, REGISTER_BYTES = 10;
    private static final int TAG_VALID = 0, TAG_ZERO = 1, TAG_SPECIAL = 2;
    private static final int ALL_MASKED = 0x3f;
    /// What stands in the upper halves of the 32-bit format's words.
    private static final int RESERVED = 0xffff_0000;

    private X87Environment() { }

    static void store(Cpu cpu, Insn insn) {
        Availability.checkX87NoWait(cpu);
        long offset = cpu.effectiveAddress(insn);
        cpu.probe(insn.segment, offset, FIELDS * fieldBytes(insn), true);
        storeFields(cpu, insn, offset);
        cpu.x87.control(cpu.x87.control() | ALL_MASKED);
    }

    static void saveAll(Cpu cpu, Insn insn) {
        Availability.checkX87NoWait(cpu);
        long offset = cpu.effectiveAddress(insn);
        int environment = FIELDS * fieldBytes(insn);
        cpu.probe(insn.segment, offset, environment + REGISTERS * REGISTER_BYTES, true);
        storeFields(cpu, insn, offset);
        for (int i = 0; i < REGISTERS; i++) {
            long at = offset + environment + i * REGISTER_BYTES;
            cpu.store(insn.segment, at & insn.addressMask, 8, cpu.x87.significand(i));
            cpu.store(insn.segment, at + 8 & insn.addressMask, 2, cpu.x87.se(i));
        }
        LegacyRegion.initializeX87(cpu);
    }

    static void load(Cpu cpu, Insn insn) {
        Availability.checkX87(cpu);
        long offset = cpu.effectiveAddress(insn);
        cpu.probe(insn.segment, offset, FIELDS * fieldBytes(insn), false);
        loadFields(cpu, insn, offset);
    }

    static void restoreAll(Cpu cpu, Insn insn) {
        Availability.checkX87(cpu);
        long offset = cpu.effectiveAddress(insn);
        int environment = FIELDS * fieldBytes(insn);
        cpu.probe(insn.segment, offset, environment + REGISTERS * REGISTER_BYTES, false);
        loadFields(cpu, insn, offset);
        int tags = cpu.x87.tags();
        for (int i = 0; i < REGISTERS; i++) {
            long at = offset + environment + i * REGISTER_BYTES;
            long significand = cpu.load(insn.segment, at & insn.addressMask, 8);
            int se = (int) cpu.load(insn.segment, at + 8 & insn.addressMask, 2);
            cpu.x87.set(i, se, significand);
        }
        cpu.x87.tags(tags);
    }

    private static int fieldBytes(Insn insn) {
        return insn.operandBytes == 2 ? 2 : 4;
    }

    private static void storeField(Cpu cpu, Insn insn, long offset, int field, int value) {
        int bytes = fieldBytes(insn);
        long at = offset + (long) field * bytes & insn.addressMask;
        cpu.store(insn.segment, at, bytes, value & Cpu.mask(bytes));
    }

    private static int loadField(Cpu cpu, Insn insn, long offset, int field) {
        int bytes = fieldBytes(insn);
        return (int) cpu.load(insn.segment, offset + (long) field * bytes & insn.addressMask, bytes);
    }

    private static void storeFields(Cpu cpu, Insn insn, long offset) {
        X87 x87 = cpu.x87;
        int fop = HostMemory.loadShort(cpu.state + CpuLayout.FOP) & 0x7ff;
        int fip = (int) HostMemory.loadLong(cpu.state + CpuLayout.FIP);
        int fdp = (int) HostMemory.loadLong(cpu.state + CpuLayout.FDP);
        boolean wide = fieldBytes(insn) == 4;
        int reserved = wide ? RESERVED : 0;
        storeField(cpu, insn, offset, 0, reserved | x87.control());
        storeField(cpu, insn, offset, 1, reserved | x87.status());
        storeField(cpu, insn, offset, 2, reserved | detailedTags(x87));
        if (cpu.mode.eightySixStyle()) {
            int highMask = wide ? 0x0fff_f000 : 0xf000;
            storeField(cpu, insn, offset, 3, reserved | fip & 0xffff);
            storeField(cpu, insn, offset, 4, fip >>> 4 & highMask | fop);
            storeField(cpu, insn, offset, 5, reserved | fdp & 0xffff);
            storeField(cpu, insn, offset, 6, fdp >>> 4 & highMask);
        } else {
            storeField(cpu, insn, offset, 3, fip);
            storeField(cpu, insn, offset, 4, wide ? fop << 16 : 0);
            storeField(cpu, insn, offset, 5, fdp);
            storeField(cpu, insn, offset, 6, reserved);
        }
    }

    private static void loadFields(Cpu cpu, Insn insn, long offset) {
        int fcw = loadField(cpu, insn, offset, 0);
        int fsw = loadField(cpu, insn, offset, 1);
        int ftw = loadField(cpu, insn, offset, 2);
        int fip = loadField(cpu, insn, offset, 3);
        int codeField = loadField(cpu, insn, offset, 4);
        int fdp = loadField(cpu, insn, offset, 5);
        int dataField = loadField(cpu, insn, offset, 6);
        boolean wide = fieldBytes(insn) == 4;
        int fop = wide ? codeField >>> 16 & 0x7ff : 0;
        if (cpu.mode.eightySixStyle()) {
            int highMask = wide ? 0x0fff_f000 : 0xf000;
            fop = codeField & 0x7ff;
            fip = fip & 0xffff | (codeField & highMask) << 4;
            fdp = fdp & 0xffff | (dataField & highMask) << 4;
        }
        X87 x87 = cpu.x87;
        x87.pointers(fop, fip & 0xffff_ffffL, fdp & 0xffff_ffffL);
        x87.tags(ftw);
        x87.control(fcw);
        x87.status(fsw & 0xffff);
    }

    /// The tag word with registers told apart by what they hold.
    private static int detailedTags(X87 x87) {
        int tags = 0;
        int top = x87.status() >> 11;
        for (int i = 0; i < REGISTERS; i++) {
            int tag = x87.isEmpty(i) ? X87.EMPTY : tag(x87.se(i), x87.significand(i));
            tags |= tag << 2 * (top + i & 7);
        }
        return tags;
    }

    private static int tag(int se, long significand) {
        int exponent = se & Float80.EXPONENT;
        if (exponent == 0) {
            return significand == 0 ? TAG_ZERO : TAG_SPECIAL;
        }
        return exponent == Float80.EXPONENT || significand >= 0 ? TAG_SPECIAL : TAG_VALID;
    }
}
