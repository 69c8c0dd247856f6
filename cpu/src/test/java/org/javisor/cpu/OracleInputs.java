// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.CpuLayout.RAX;
import static org.javisor.cpu.CpuLayout.RBP;
import static org.javisor.cpu.CpuLayout.RBX;
import static org.javisor.cpu.CpuLayout.RCX;
import static org.javisor.cpu.CpuLayout.RDI;
import static org.javisor.cpu.CpuLayout.RDX;
import static org.javisor.cpu.CpuLayout.RSI;
import static org.javisor.cpu.CpuLayout.RSP;

import java.util.Random;
import org.javisor.host.HostMemory;
import org.javisor.isa.Instruction;
import org.javisor.isa.Mnemonic;
import org.javisor.isa.OpcodeRow;
import org.javisor.isa.OpcodeRow.Attribute;
import org.javisor.isa.OperandSpec;
import org.javisor.testkit.HostProcessor;
import org.javisor.testkit.InstructionForm;
import org.javisor.testkit.RandomOperands;

/// Chooses what an instruction works on: registers and memory at random, but such that it cannot fault.
final class OracleInputs {
    /// How much around the centre of the data is random, and compared afterwards.
    static final int WINDOW = 2048;

    private static final int ALL_MASKED_FCW = 0x7f;
    private static final int MXCSR_MASKS = 0x1f80;
    private static final int AH = 16;
    private static final int FLAGS = Flags.ARITHMETIC | Flags.DF;

    private final Random random;
    private final RandomOperands operands;
    private final long block;
    private final long centre;
    private final long taken;
    /// Cuts general registers to the size that the code sees.
    private final long registerMask;
    /// Which kind of numbers vectors and memory get: see [#number].
    private int flavour;

    /// Where the memory operand is.
    long target;

    OracleInputs(Random random, HostProcessor host) {
        this.random = random;
        this.operands = new RandomOperands(random);
        this.block = host.state();
        this.centre = host.data() + HostProcessor.DATA_BYTES / 2;
        this.registerMask = host.codeBits() == 64 ? -1L : 0xffff_ffffL;
        this.taken = host.instruction() + HostProcessor.TAKEN_DISTANCE;
    }

    /// Where operands are whose address is in the instruction.
    long centre() {
        return centre;
    }

    /// The lowest address of the random part of the data.
    long window() {
        return centre - WINDOW / 2;
    }

    // ---- encodings ----

    /// Changes immediates that would lead out of the window or to undefined results.
    static void restrict(InstructionForm form, byte[] code, int length) {
        switch (form.row().mnemonic()) {
            case ENTER -> {
                code[length - 2] = 0;
                code[length - 1] &= 7;
            }
            case SHLD, SHRD -> {
                boolean immediate = form.row().operands().contains(OperandSpec.Ib);
                if (immediate && form.bytes() == 2 && (code[length - 1] & 31) > 16) {
                    code[length - 1] &= 15;
                }
            }
            case AAM -> code[length - 1] |= 1;
            default -> { }
        }
    }

    /// Whether registers can be chosen so that the memory operand is in the window.
    static boolean usable(Insn insn) {
        if (insn.modrm < 0 || insn.modrm >= 0xc0) {
            return usableRegisters(insn);
        }
        if (insn.indexBytes != 0) {
            return insn.base != Instruction.ABSENT;
        }
        return (insn.base != insn.index || insn.base == Instruction.ABSENT) && usableAddress(insn);
    }

    private static boolean usableRegisters(Insn insn) {
        return switch (insn.mnemonic()) {
            // The target of the branch is not the stack.
            case CALL -> insn.kind0 != Instruction.GPR || insn.reg0 != RSP;
            // A number divided by its own upper half never fits.
            case DIV, IDIV -> insn.bytes0 == 1 ? insn.reg0 != AH : insn.reg0 != RDX;
            default -> true;
        };
    }

    private static boolean usableAddress(Insn insn) {
        return switch (insn.mnemonic()) {
            case DIV, IDIV, CMPXCHG, CMPXCHG8B, PCMPESTRI, PCMPESTRM, VPCMPESTRI, VPCMPESTRM, XSAVE,
                    XSAVEC, XRSTOR ->
                    !addresses(insn, RAX) && !addresses(insn, RDX);
            case BT, BTS, BTR, BTC -> insn.kind1 != Instruction.GPR || !addresses(insn, insn.reg1);
            case PUSH, POP, CALL -> !addresses(insn, RSP);
            case SHLD, SHRD -> !addresses(insn, RCX);
            default -> true;
        };
    }

    private static boolean addresses(Insn insn, int reg) {
        return insn.base == reg || insn.index == reg;
    }

    // ---- everything at random ----

    /// Fills registers and window with what most cases of an encoding leave alone.
    void background() {
        HostMemory.fill(block + HostProcessor.FX, HostProcessor.FX_BYTES, (byte) 0);
        for (int n = 0; n < WINDOW; n += 8) {
            HostMemory.storeLong(window() + n, random.nextLong());
        }
        flavour = random.nextInt(4);
        for (int n = 0; n < 16; n++) {
            vector(n);
        }
        for (int n = 0; n < 8; n++) {
            extended(fx() + FxImage.ST + 16L * n);
        }
    }

    private long fx() {
        return block + HostProcessor.FX;
    }

    private void vector(int reg) {
        long at = fx() + FxImage.XMM + 16L * reg;
        HostMemory.storeLong(at, number());
        HostMemory.storeLong(at + 8, number());
        long upper = block + HostProcessor.YMM + 16L * reg;
        HostMemory.storeLong(upper, number());
        HostMemory.storeLong(upper + 8, number());
    }

    private void extended(long at) {
        int exponent = operands.extendedExponent();
        HostMemory.storeLong(at, operands.significand(exponent));
        HostMemory.storeShort(at + 8, (short) exponent);
    }

    /// 64 bits of the current flavour.
    private long number() {
        return switch (flavour) {
            case 0 -> operands.integer();
            case 1 -> operands.singlePrecision() & 0xffff_ffffL | (long) operands.singlePrecision() << 32;
            case 2 -> operands.doublePrecision();
            default -> random.nextLong();
        };
    }

    private int flavourOf(OpcodeRow row) {
        String name = row.mnemonic().name();
        boolean mostly = random.nextInt(8) != 0;
        if (row.map() == OpcodeRow.X87) {
            return mostly ? random.nextInt(3) : 3;
        }
        if (mostly && (name.contains("PS") || name.contains("SS") && !name.contains("SSW"))) {
            return 1;
        }
        if (mostly && (name.contains("PD") || name.endsWith("SD") || name.contains("SD2"))) {
            return 2;
        }
        return random.nextInt(3) == 0 ? 3 : 0;
    }

    /// Chooses the inputs of one case.
    void choose(Insn insn) {
        for (int n = 0; n < 16; n++) {
            reg(n, operands.integer());
        }
        HostMemory.storeLong(block + HostProcessor.RFLAGS, 1 << 1 | random.nextInt() & FLAGS);
        flavour = flavourOf(insn.row);
        floatingPointState(insn);
        for (int n = 0; n < 4; n++) {
            if (insn.kind(n) == Instruction.XMM || insn.kind(n) == Instruction.YMM) {
                vector(insn.reg(n));
            }
        }
        address(insn);
        for (int n = -32; n < 96; n += 8) {
            HostMemory.storeLong(target + n, number());
        }
        constrain(insn);
    }

    private void floatingPointState(Insn insn) {
        HostMemory.storeInt(fx() + FxImage.MXCSR, mxcsr());
        HostMemory.storeShort(fx() + FxImage.FCW, (short) fcw());
        HostMemory.storeShort(fx() + FxImage.FSW, (short) fsw());
        // What FSTPNCE makes of an empty register is nowhere documented.
        boolean anyEmpty = random.nextInt(3) == 0 && insn.mnemonic() != Mnemonic.FSTPNCE;
        int full = anyEmpty ? random.nextInt(256) : 255;
        HostMemory.storeByte(fx() + FxImage.FTW, (byte) full);
        boolean usesStack = insn.row.map() == OpcodeRow.X87 || insn.kind0 == Instruction.MMX
                || insn.kind1 == Instruction.MMX;
        if (usesStack) {
            boolean integers = insn.row.map() != OpcodeRow.X87;
            for (int n = 0; n < 8; n++) {
                long at = fx() + FxImage.ST + 16L * n;
                extended(at);
                if (integers) {
                    HostMemory.storeLong(at, number());
                }
            }
        }
    }

    private int mxcsr() {
        int denormals = random.nextInt(6) == 0 ? 0x40 : 0;
        int flush = random.nextInt(6) == 0 ? 0x8000 : 0;
        int flags = random.nextInt(3) == 0 ? random.nextInt(64) : 0;
        return MXCSR_MASKS | random.nextInt(4) << 13 | denormals | flush | flags;
    }

    private int fcw() {
        int precision = random.nextInt(3);
        return ALL_MASKED_FCW | (precision == 0 ? 0 : precision + 1) << 8 | random.nextInt(4) << 10;
    }

    private int fsw() {
        int flags = random.nextInt(3) == 0 ? random.nextInt(128) : 0;
        return flags | random.nextInt(8) << 11 | random.nextInt() & 0x4700;
    }

    // ---- addresses ----

    private void address(Insn insn) {
        target = centre + random.nextInt(512) - 256 & -alignment(insn);
        boolean hasOperand = insn.kind0 == Instruction.MEM || insn.kind1 == Instruction.MEM
                || insn.kind2 == Instruction.MEM;
        if (!hasOperand || insn.row.has(Attribute.STRING)) {
            return;
        }
        boolean noRegister = insn.base == Instruction.ABSENT && insn.index == Instruction.ABSENT;
        long rest = target - insn.displacement;
        if (insn.indexBytes != 0) {
            addressReg(insn, insn.base, rest);
            indexes(insn);
        } else if (insn.base == Instruction.RIP || noRegister) {
            target = centre;
        } else if (insn.index == Instruction.ABSENT) {
            addressReg(insn, insn.base, rest);
        } else if (insn.base == Instruction.ABSENT) {
            target &= -8;
            addressReg(insn, insn.index, target - insn.displacement >> insn.scaleShift);
        } else {
            long index = random.nextInt(256) - 128;
            addressReg(insn, insn.index, index);
            addressReg(insn, insn.base, rest - (index << insn.scaleShift));
        }
    }

    /// Indexes of a gather, near 0 as doublewords or as quadwords.
    private void indexes(Insn insn) {
        boolean qwords = (insn.row.opcode() & 1) != 0;
        for (int n = 0; n < 32; n += qwords ? 8 : 4) {
            long at = n < 16 ? fx() + FxImage.XMM + 16L * insn.index + n
                    : block + HostProcessor.YMM + 16L * insn.index + n - 16;
            HostMemory.store(at, qwords ? 8 : 4, random.nextInt(128) - 64);
        }
    }

    /// What the address has to be a multiple of.
    private int alignment(Insn insn) {
        if (extended(insn)) {
            return 64;
        }
        boolean fx = insn.mnemonic() == Mnemonic.FXSAVE || insn.mnemonic() == Mnemonic.FXRSTOR;
        if (fx || insn.row.has(Attribute.ALIGNED)) {
            return insn.vectorBytes == 32 ? 32 : 16;
        }
        boolean locked = insn.has(Instruction.LOCK) || insn.mnemonic() == Mnemonic.XCHG;
        boolean aligned = locked || insn.mnemonic() == Mnemonic.CMPXCHG8B || random.nextBoolean();
        int bytes = Math.max(insn.kind0 == Instruction.MEM ? insn.bytes0 : insn.bytes1, 1);
        return aligned ? Math.max(Integer.highestOneBit(bytes), 8) : 1;
    }

    private long reg(int reg) {
        return HostMemory.loadLong(block + 8L * reg);
    }

    private void reg(int reg, long value) {
        HostMemory.storeLong(block + 8L * reg, value & registerMask);
    }

    /// Sets a register that an address is made of. With 32-bit addresses its upper half does not matter.
    private void addressReg(Insn insn, int reg, long value) {
        long mask = Cpu.mask(insn.addressBytes);
        reg(reg, value & mask | random.nextLong() & ~mask);
    }

    // ---- what single instructions need ----

    private void constrain(Insn insn) {
        switch (insn.mnemonic()) {
            case DIV, IDIV -> divide(insn);
            case BT, BTS, BTR, BTC -> bitOffset(insn);
            case SHLD, SHRD -> {
                if (insn.bytes0 == 2 && insn.kind2 == Instruction.GPR) {
                    reg(RCX, reg(RCX) & ~0x10);
                }
            }
            case CMPXCHG -> {
                if (random.nextBoolean()) {
                    reg(RAX, operand(insn, 0));
                }
            }
            case CMPXCHG8B -> compareExchangeWide(insn);
            case PUSH, POP, PUSHA, POPA, PUSHF, CALL, LEAVE, ENTER, RET, POPF -> stack(insn);
            case JMP -> branchTarget(insn);
            case BOUND -> bounds(insn);
            case INTO -> HostMemory.storeLong(flagsAt(), HostMemory.loadLong(flagsAt()) & ~Flags.OF);
            case LOOP, LOOPE, LOOPNE, JCXZ -> {
                if (random.nextBoolean()) {
                    addressReg(insn, RCX, random.nextInt(3));
                }
            }
            case XLAT -> addressReg(insn, RBX, target - (reg(RAX) & 0xff));
            case MASKMOVQ, MASKMOVDQU, VMASKMOVDQU -> addressReg(insn, RDI, target);
            case MOVS, CMPS, STOS, LODS, SCAS -> string(insn);
            case PCMPESTRI, PCMPESTRM, VPCMPESTRI, VPCMPESTRM -> {
                reg(RAX, explicitLength());
                reg(RDX, explicitLength());
            }
            case LDMXCSR, VLDMXCSR -> HostMemory.storeInt(target, mxcsr());
            case FLDCW -> HostMemory.storeShort(target, (short) fcw());
            case FLDENV, FRSTOR -> environment(insn);
            case FBLD -> decimal();
            case FXRSTOR -> fxImage();
            case XSAVE, XSAVEC -> components();
            case XRSTOR -> {
                fxImage();
                header();
                components();
            }
            default -> { }
        }
    }

    private long flagsAt() {
        return block + HostProcessor.RFLAGS;
    }

    /// Bounds on both sides of the index.
    private void bounds(Insn insn) {
        int bytes = insn.bytes0;
        long index = Flags.signExtend(operand(insn, 0), bytes);
        long a = Flags.signExtend(operands.integer(), bytes);
        long b = Flags.signExtend(operands.integer(), bytes);
        HostMemory.store(target, bytes, Math.min(index, Math.min(a, b)));
        HostMemory.store(target + bytes, bytes, Math.max(index, Math.max(a, b)));
    }

    private long operand(Insn insn, int n) {
        int bytes = insn.bytes(n);
        return insn.kind(n) == Instruction.MEM ? HostMemory.load(target, bytes)
                : HostMemory.load(block + CpuLayout.gpr(insn.reg(n)), bytes);
    }

    private void operand(Insn insn, int n, long value) {
        long at = insn.kind(n) == Instruction.MEM ? target : block + CpuLayout.gpr(insn.reg(n));
        HostMemory.store(at, insn.bytes(n), value);
    }

    /// Draws again until the quotient fits.
    private void divide(Insn insn) {
        boolean signed = insn.mnemonic() == Mnemonic.IDIV;
        for (int attempt = 0; !fits(insn, signed); attempt++) {
            operand(insn, 0, operands.integer());
            if (insn.kind0 != Instruction.GPR || insn.reg0 != RAX && insn.reg0 != 16) {
                reg(RAX, operands.integer() >> random.nextInt(64));
            }
            long high = operands.integer();
            boolean small = random.nextBoolean() || attempt > 50;
            if (insn.kind0 != Instruction.GPR || insn.reg0 != RDX) {
                reg(RDX, small ? signed ? high >> 63 : high >>> random.nextInt(64) : high);
            }
            if (attempt > 2000) {
                reg(RAX, 100);
                reg(RDX, 0);
                operand(insn, 0, 7);
            }
            if (attempt > 2001) {
                // The divisor is part of the dividend.
                reg(RAX, 0x0101);
                reg(RDX, signed ? 1 : 3);
                return;
            }
        }
    }

    private boolean fits(Insn insn, boolean signed) {
        return Quotients.fit(signed, insn.bytes0, reg(RAX), reg(RDX), operand(insn, 0));
    }

    private void bitOffset(Insn insn) {
        if (insn.kind0 == Instruction.MEM && insn.kind1 == Instruction.GPR) {
            long offset = random.nextInt(4096) - 2048;
            reg(insn.reg1, insn.bytes1 == 8 ? offset : reg(insn.reg1) & ~Cpu.mask(insn.bytes1)
                    | offset & Cpu.mask(insn.bytes1));
        }
    }

    private void compareExchangeWide(Insn insn) {
        if (random.nextBoolean()) {
            int half = insn.bytes0 / 2;
            HostMemory.store(target, half, reg(RAX));
            HostMemory.store(target + half, half, reg(RDX));
        }
    }

    private void stack(Insn insn) {
        long top = centre + random.nextInt(256) - 128 & (random.nextBoolean() ? -8 : -1);
        if (insn.mnemonic() == Mnemonic.LEAVE || insn.mnemonic() == Mnemonic.ENTER) {
            reg(RBP, top + random.nextInt(128) - 64);
        }
        reg(RSP, top);
        switch (insn.mnemonic()) {
            case RET -> HostMemory.storeLong(top, taken);
            case POPF -> HostMemory.storeLong(top, random.nextInt() & FLAGS | 1 << 1 | Flags.IF);
            case CALL -> branchTarget(insn);
            default -> { }
        }
    }

    private void branchTarget(Insn insn) {
        if (insn.kind0 != Instruction.REL) {
            operand(insn, 0, taken);
        }
    }

    private void string(Insn insn) {
        long source = centre + random.nextInt(512) - 256;
        long destination = random.nextInt(4) == 0 ? source + random.nextInt(40) - 20
                : centre + random.nextInt(512) - 256;
        addressReg(insn, RSI, source);
        addressReg(insn, RDI, destination);
        if (insn.has(Instruction.REP | Instruction.REPNE)) {
            addressReg(insn, RCX, random.nextInt(12));
        }
        if (random.nextBoolean()) {
            // Something that compares equal.
            for (int n = -96; n < 96; n += 8) {
                long value = n < 24 * random.nextInt(4) ? reg(RAX) : random.nextLong();
                HostMemory.storeLong(source + n, value);
                HostMemory.storeLong(destination + n, value);
            }
        }
    }

    private long explicitLength() {
        return random.nextInt(4) == 0 ? operands.integer() : random.nextInt(40) - 20;
    }

    private void environment(Insn insn) {
        int word = insn.operandBytes == 2 ? 2 : 4;
        HostMemory.fill(target, 7L * word, (byte) 0);
        HostMemory.storeShort(target, (short) fcw());
        HostMemory.storeShort(target + word, (short) fsw());
        HostMemory.storeShort(target + 2L * word, (short) random.nextInt());
        if (insn.mnemonic() == Mnemonic.FRSTOR) {
            for (int n = 0; n < 8; n++) {
                extended(target + 7L * word + 10L * n);
            }
        }
    }

    private void decimal() {
        for (int n = 0; n < 9; n++) {
            HostMemory.storeByte(target + n, (byte) (random.nextInt(10) << 4 | random.nextInt(10)));
        }
        HostMemory.storeByte(target + 9, (byte) (random.nextBoolean() ? 0x80 : 0));
    }

    private static boolean extended(Insn insn) {
        return switch (insn.mnemonic()) {
            case XSAVE, XSAVEC, XRSTOR -> true;
            default -> false;
        };
    }

    /// Asks for x87, SSE and AVX state, or some of them: the host has components that we lack.
    private void components() {
        reg(RAX, random.nextInt(HostProcessor.HAS_YMM ? 8 : 4));
        reg(RDX, 0);
    }

    /// The header behind [#fxImage], in the standard or the compacted form.
    private void header() {
        HostMemory.fill(target + FxImage.XSTATE_BV, FxImage.HEADER_BYTES, (byte) 0);
        int all = HostProcessor.HAS_YMM ? 7 : 3;
        HostMemory.storeLong(target + FxImage.XSTATE_BV, random.nextInt(all + 1));
        if (random.nextBoolean()) {
            HostMemory.storeLong(target + FxImage.XCOMP_BV, Long.MIN_VALUE | all);
        }
    }

    private void fxImage() {
        HostMemory.fill(target, FxImage.BYTES, (byte) 0);
        HostMemory.storeShort(target + FxImage.FCW, (short) fcw());
        HostMemory.storeShort(target + FxImage.FSW, (short) fsw());
        HostMemory.storeByte(target + FxImage.FTW, (byte) random.nextInt());
        HostMemory.storeInt(target + FxImage.MXCSR, mxcsr());
        for (int n = 0; n < 8; n++) {
            extended(target + FxImage.ST + 16L * n);
        }
        for (int n = 0; n < 32; n++) {
            HostMemory.storeLong(target + FxImage.XMM + 8L * n, random.nextLong());
        }
    }
}
