// SPDX-License-Identifier: Apache-2.0
package org.javisor.testkit;

import java.util.Random;
import org.javisor.isa.OpcodeRow;
import org.javisor.isa.OperandSpec;

/// Encodes [InstructionForm]s with registers, addressing mode, immediates and prefixes
/// without consequence at random.
public final class InstructionEncoder {
    private static final int RSP = 4, RBP = 5;
    /// Prefixes of ES, CS, SS and DS, which 64-bit mode ignores, and GS, whose base is 0.
    private static final int[] FLAT_SEGMENTS = {0x26, 0x2e, 0x36, 0x3e, 0x65};
    /// ES, SS and DS: in 32-bit code CS cannot be written and GS is null.
    private static final int[] FLAT_SEGMENTS_32 = {0x26, 0x36, 0x3e};

    private final Random random;
    private final byte[] bytes = new byte[32];
    private int length;
    private int rex;
    private boolean is64;
    private long operand;

    public InstructionEncoder(Random random) {
        this.random = random;
    }

    /// What was encoded last; [#encode] says how much of it.
    public byte[] bytes() {
        return bytes;
    }

    /// Encodes a form.
    ///
    /// @param address        of the instruction's first byte
    /// @param operand where operands lead whose address is in the instruction: RIP-relative, and absolute
    ///     ones of 4 or 8 bytes
    /// @param branchDistance where relative branches lead, from the instruction's first byte
    /// @return the length
    public int encode(InstructionForm form, long address, long operand, long branchDistance) {
        OpcodeRow row = form.row();
        this.operand = operand;
        is64 = form.codeBits() == 64;
        length = 0;
        rex = 0;
        prefixes(form);
        int rexAt = length;
        length += row.isVex() ? 3 : 1;
        opcode(row);
        int ripFieldAt = modrm(form, row) ? length - 4 : -1;
        for (OperandSpec spec : row.operands()) {
            immediate(spec, form);
        }
        if (row.isVex()) {
            vex(row, rexAt);
            if ((bytes[rexAt + 1] & 0x7f) == 0x61 && bytes[rexAt + 2] >= 0 && random.nextBoolean()) {
                shortenVex(rexAt);
                ripFieldAt--;
            }
        } else if (rex == 0) {
            System.arraycopy(bytes, rexAt + 1, bytes, rexAt, length - rexAt - 1);
            length--;
            ripFieldAt--;
        } else {
            bytes[rexAt] = (byte) rex;
        }
        if (ripFieldAt > 0) {
            putInt(ripFieldAt, (int) (operand - address - length));
        }
        branch(row, branchDistance);
        return length;
    }

    private void put(int value) {
        bytes[length++] = (byte) value;
    }

    private void putInt(int at, int value) {
        for (int n = 0; n < 4; n++) {
            bytes[at + n] = (byte) (value >> 8 * n);
        }
    }

    private void prefixes(InstructionForm form) {
        if (random.nextInt(8) == 0) {
            int[] segments = is64 ? FLAT_SEGMENTS : FLAT_SEGMENTS_32;
            put(segments[random.nextInt(segments.length)]);
        }
        if (random.nextInt(8) == 0 && hasAddress(form)) {
            put(0x67);
        }
        int mandatory = form.row().isVex() ? 0 : form.row().mandatoryPrefix();
        if (form.bytes() == 2 && mandatory != 0x66) {
            put(0x66);
        }
        if (form.prefix() != 0) {
            put(form.prefix());
        }
        if (mandatory != 0) {
            put(mandatory);
        }
        boolean needsW = is64 && form.bytes() == 8 && !form.row().has(OpcodeRow.Attribute.DEFAULT_64);
        rex = needsW ? 0x48 : is64 && random.nextInt(4) == 0 ? 0x40 : 0;
    }

    /// Fills in a VEX prefix of three bytes, with any register in vvvv.
    private void vex(OpcodeRow row, int at) {
        int pp = switch (row.mandatoryPrefix()) {
            case 0x66 -> 1;
            case 0xf3 -> 2;
            case 0xf2 -> 3;
            default -> 0;
        };
        bytes[at] = (byte) 0xc4;
        bytes[at + 1] = (byte) (~rex << 5 & 0xe0 | row.map() - OpcodeRow.VEX_0F + 1);
        bytes[at + 2] = (byte) (wide(row) << 7 | vvvv(row, at) << 3 | longer(row) << 2 | pp);
    }

    /// A prefix of three bytes to one of two, which has no room for X, B, W and another map.
    private void shortenVex(int at) {
        bytes[at] = (byte) 0xc5;
        bytes[at + 1] = (byte) (bytes[at + 1] & 0x80 | bytes[at + 2]);
        System.arraycopy(bytes, at + 3, bytes, at + 2, length - at - 3);
        length--;
    }

    /// VEX.W; any where it does not matter.
    private int wide(OpcodeRow row) {
        if (row.has(OpcodeRow.Attribute.VEX_W0 | OpcodeRow.Attribute.VEX_W1)) {
            return row.has(OpcodeRow.Attribute.VEX_W1) ? 1 : 0;
        }
        boolean general = row.operands().stream().anyMatch(OperandSpec::dependsOnRexW);
        return general || (rex & 8) != 0 ? rex >> 3 & 1 : random.nextInt(2);
    }

    /// VEX.L; any where it does not matter.
    private int longer(OpcodeRow row) {
        boolean ignored = !row.has(OpcodeRow.Attribute.VEX_L0 | OpcodeRow.Attribute.VEX_L1);
        return ignored ? random.nextInt(2) : row.has(OpcodeRow.Attribute.VEX_L1) ? 1 : 0;
    }

    /// Inverted; all ones where it names no register. The mask of a gather is neither destination nor index.
    private int vvvv(OpcodeRow row, int at) {
        if (row.operands().stream().noneMatch(OperandSpec::usesVvvv)) {
            return 15;
        }
        int registers = is64 ? 16 : 8;
        int reg = random.nextInt(registers);
        if (gathers(row)) {
            while (reg == register(at) || reg == index(at)) {
                reg = random.nextInt(registers);
            }
        }
        return ~reg & 15;
    }

    private static boolean gathers(OpcodeRow row) {
        return row.operands().stream().anyMatch(OperandSpec::hasVectorIndexes);
    }

    /// What ModRM.reg behind the VEX prefix at `at` names.
    private int register(int at) {
        return bytes[at + 4] >> 3 & 7 | (rex & 4) << 1;
    }

    /// What SIB.index names.
    private int index(int at) {
        return bytes[at + 5] >> 3 & 7 | (rex & 2) << 2;
    }

    /// Whether the instruction has an address, in ModRM or implied, whose size can be changed.
    private static boolean hasAddress(InstructionForm form) {
        if (form.codeBits() == 32) {
            // 16-bit addresses reach no memory of ours; as a counter CX is as good as ECX.
            return switch (form.row().mnemonic()) {
                case LOOP, LOOPE, LOOPNE, JCXZ -> true;
                default -> false;
            };
        }
        return form.memory() || switch (form.row().mnemonic()) {
            case MOVS, CMPS, STOS, LODS, SCAS, XLAT, MASKMOVQ, MASKMOVDQU, VMASKMOVDQU, LOOP, LOOPE, LOOPNE,
                    JCXZ -> true;
            default -> false;
        };
    }

    private void opcode(OpcodeRow row) {
        switch (row.map()) {
            case OpcodeRow.TWO_BYTE -> put(0x0f);
            case OpcodeRow.THREE_BYTE_38 -> {
                put(0x0f);
                put(0x38);
            }
            case OpcodeRow.THREE_BYTE_3A -> {
                put(0x0f);
                put(0x3a);
            }
            default -> { }
        }
        int opcode = row.opcode();
        if (row.operands().contains(OperandSpec.Zb) || row.operands().contains(OperandSpec.Zv)) {
            boolean eightOpcodes = opcode % 8 == 0;
            opcode += eightOpcodes ? random.nextInt(8) : 0;
            extend(1);
        }
        put(opcode);
    }

    /// Sets a bit of REX at random: R 4, X 2, B 1.
    private void extend(int bit) {
        if (is64 && random.nextBoolean()) {
            rex |= 0x40 | bit;
        }
    }

    /// @return whether a RIP-relative displacement has still to be filled in
    private boolean modrm(InstructionForm form, OpcodeRow row) {
        if (row.extension() >= 0xc0) {
            put(row.extension());
            return false;
        }
        boolean hasModrm = row.extension() >= 0 || row.operands().stream().anyMatch(OperandSpec::usesModrm)
                || row.has(OpcodeRow.Attribute.REGISTER_ONLY);
        if (!hasModrm) {
            return false;
        }
        int registers = row.operands().contains(OperandSpec.Sw) ? 6 : 8;
        int reg = row.extension() >= 0 ? row.extension() : random.nextInt(registers);
        if (row.extension() < 0) {
            extend(4);
        }
        if (!form.memory()) {
            extend(1);
            put(0xc0 | reg << 3 | random.nextInt(8));
            return false;
        }
        return memory(reg << 3, gathers(row));
    }

    /// @param indexed whether there must be an index, another register than ModRM.reg names
    private boolean memory(int regField, boolean indexed) {
        int mod = random.nextInt(3);
        int rm = indexed ? RSP : random.nextInt(8);
        boolean rip = mod == 0 && rm == RBP;
        extend(1);
        put(mod << 6 | regField | rm);
        boolean needsDisplacement32 = mod == 2 || rip;
        boolean absolute = rip && !is64;
        if (rm == RSP) {
            extend(2);
            int sib = random.nextInt(256);
            while (indexed && (sib & 0x38) == regField) {
                sib = random.nextInt(256);
            }
            put(sib);
            boolean baseless = mod == 0 && (sib & 7) == RBP;
            needsDisplacement32 |= baseless;
            absolute = baseless && (sib >> 3 & 7) == RSP && (rex & 2) == 0 && !indexed;
        }
        if (absolute) {
            putInt(length, (int) operand);
            length += 4;
        } else if (needsDisplacement32) {
            // A multiple of 8, so that scaled indexes can make up for it.
            putInt(length, random.nextInt() & ~7);
            length += 4;
        } else if (mod == 1) {
            put(random.nextInt(256));
        }
        return rip && is64;
    }

    private void immediate(OperandSpec spec, InstructionForm form) {
        if (spec == OperandSpec.Ob || spec == OperandSpec.Ov) {
            putInt(length, (int) operand);
            putInt(length + 4, (int) (operand >> 32));
            length += is64 ? 8 : 4;
            return;
        }
        int operandBytes = form.bytes() == 0 ? 4 : form.bytes();
        int count = switch (spec) {
            case Ib, IbSigned, Ib2, Jb -> 1;
            case Iw -> 2;
            case Iz -> Math.min(operandBytes, 4);
            case Iv -> operandBytes;
            case Jz -> 4;
            default -> 0;
        };
        if (spec.isImmediateRegister()) {
            put(random.nextInt(256));
        }
        boolean small = count > 1 && random.nextInt(3) == 0;
        for (int n = 0; n < count; n++) {
            put(small && n > 0 ? 0 : random.nextInt(3) == 0 ? random.nextInt(4) - 2 : random.nextInt(256));
        }
    }

    private void branch(OpcodeRow row, long branchDistance) {
        int distance = (int) (branchDistance - length);
        if (row.operands().contains(OperandSpec.Jb)) {
            bytes[length - 1] = (byte) distance;
        } else if (row.operands().contains(OperandSpec.Jz)) {
            putInt(length - 4, distance);
        }
    }
}
