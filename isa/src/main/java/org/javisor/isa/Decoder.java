// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

import static org.javisor.isa.Instruction.ABSENT;
import static org.javisor.isa.Instruction.ADDRESS_SIZE;
import static org.javisor.isa.Instruction.CS;
import static org.javisor.isa.Instruction.DS;
import static org.javisor.isa.Instruction.ES;
import static org.javisor.isa.Instruction.FS;
import static org.javisor.isa.Instruction.GS;
import static org.javisor.isa.Instruction.LOCK;
import static org.javisor.isa.Instruction.MEM;
import static org.javisor.isa.Instruction.NONE;
import static org.javisor.isa.Instruction.OPERAND_SIZE;
import static org.javisor.isa.Instruction.REP;
import static org.javisor.isa.Instruction.REPNE;
import static org.javisor.isa.Instruction.REX;
import static org.javisor.isa.Instruction.REX_W;
import static org.javisor.isa.Instruction.SEGMENT_OVERRIDE;
import static org.javisor.isa.Instruction.SS;

import java.util.Arrays;
import org.javisor.isa.OpcodeRow.Attribute;

/// Turns bytes into [Instruction]s. Stateless; any thread.
///
/// An instruction is read in the order of its parts: prefixes, opcode, ModRM and SIB ([AddressDecoder]),
/// immediates and the operands ([OperandDecoder]; [VexDecoder] where a VEX prefix replaces others). Each part
/// advances [Instruction#length], without looking at the limits: that is checked once, at the end, over a
/// copy of the bytes when the array is too short to be read beyond the limit.
///
/// @sdm vol. 2A, chapter 2 "Instruction Format"
public final class Decoder {
    /// The longest instruction; a longer one is #GP(0).
    public static final int MAX_BYTES = 15;

    /// Results of [#decode] that are no length.
    public static final int NEEDS_MORE = 0, TOO_LONG = -1;

    /// More than can be read from the start of an instruction: 15 prefixes, 3 opcode bytes, ModRM, SIB,
    /// displacement and immediates.
    private static final int MAX_READ = 40;

    private Decoder() { }

    /// Decodes the instruction at `code[from]`.
    ///
    /// @param limit    the end of the bytes at hand (exclusive)
    /// @param codeBits 16, 32 or 64
    /// @return its length; [#NEEDS_MORE] when it does not end before `limit`; [#TOO_LONG] when it is longer
    ///     than [#MAX_BYTES]. Bytes that are no instruction yield [OpcodeRow#UNDEFINED] and the length read
    ///     so far.
    public static int decode(byte[] code, int from, int limit, int codeBits, Instruction into) {
        byte[] bytes = code;
        int start = from;
        if (code.length - from < MAX_READ) {
            bytes = Arrays.copyOfRange(code, from, from + MAX_READ);
            start = 0;
        }
        clear(into, codeBits);
        OpcodeRow row = decodeRow(bytes, start, into);
        int length = into.length;
        int atHand = limit - from;
        if (length > atHand && atHand < MAX_BYTES) {
            return NEEDS_MORE;
        }
        if (length > MAX_BYTES) {
            return TOO_LONG;
        }
        if (into.has(LOCK) && !(row.has(Attribute.LOCKABLE) && into.kind0 == MEM)) {
            row = OpcodeRow.UNDEFINED;
        }
        into.row = row;
        return length;
    }

    private static void clear(Instruction into, int codeBits) {
        into.length = 0;
        into.codeBits = (byte) codeBits;
        into.prefixes = 0;
        into.modrm = -1;
        into.vex = 0;
        into.vectorBytes = 0;
        into.indexBytes = 0;
        into.segment = DS;
        into.base = ABSENT;
        into.index = ABSENT;
        into.scaleShift = 0;
        into.displacement = 0;
        into.immediate = 0;
        into.immediate2 = 0;
        into.kind0 = NONE;
        into.kind1 = NONE;
        into.kind2 = NONE;
        into.kind3 = NONE;
        into.reg0 = 0;
        into.reg1 = 0;
        into.reg2 = 0;
        into.reg3 = 0;
        into.bytes0 = 0;
        into.bytes1 = 0;
        into.bytes2 = 0;
        into.bytes3 = 0;
    }

    /// Reads the whole instruction; what follows the opcode only if it is defined.
    private static OpcodeRow decodeRow(byte[] code, int start, Instruction into) {
        int rex = readPrefixes(code, start, into);
        if (into.length >= MAX_BYTES) {
            into.length = MAX_BYTES + 1;
            return OpcodeRow.UNDEFINED;
        }
        if (VexDecoder.isVex(code, start + into.length, into.codeBits)) {
            return VexDecoder.decodeRow(code, start, into);
        }
        OpcodeEntry entry = readOpcode(code, start, into);
        int opcode = code[start + into.length - 1] & 0xff;
        if (entry.hasModrm) {
            into.modrm = (short) (code[start + into.length++] & 0xff);
        }
        OpcodeRow row = entry.select(mandatoryPrefix(into.prefixes), into.modrm);
        if (opcode == 0x90 && (rex & 1) != 0 && entry == DecodeTable.LONG.oneByte[0x90]) {
            // XCHG R8, RAX, and no NOP or PAUSE.
            row = DecodeTable.LONG.oneByte[0x91].select(OpcodeEntry.NO_PREFIX, -1);
        }
        sizes(row, into);
        if (row == OpcodeRow.UNDEFINED) {
            return row;
        }
        if (entry.hasModrm && into.modrm < 0xc0 && !OperandDecoder.ignoresMod(row)) {
            AddressDecoder.decode(code, start, rex, into);
        }
        return OperandDecoder.decode(row, code, start, opcode, rex, into) ? row : OpcodeRow.UNDEFINED;
    }

    /// Reads prefixes up to the opcode, or more than fit in an instruction.
    ///
    /// @return the REX prefix directly before the opcode, or 0
    private static int readPrefixes(byte[] code, int start, Instruction into) {
        boolean is64 = into.codeBits == 64;
        int rex = 0;
        int at = 0;
        for (; at < MAX_BYTES; at++) {
            int prefix = code[start + at] & 0xff;
            if (is64 && (prefix & 0xf0) == 0x40) {
                rex = prefix;
            } else if (legacyPrefix(prefix, is64, into)) {
                // A REX prefix before another prefix is ignored.
                rex = 0;
            } else {
                break;
            }
        }
        if (rex != 0) {
            into.prefixes |= (short) ((rex & 8) != 0 ? REX | REX_W : REX);
        }
        into.length = (byte) at;
        return rex;
    }

    /// Notes a legacy prefix; false if the byte is none.
    private static boolean legacyPrefix(int prefix, boolean is64, Instruction into) {
        switch (prefix) {
            case 0xf0 -> into.prefixes |= LOCK;
            case 0xf2 -> into.prefixes = (short) (into.prefixes & ~REP | REPNE);
            case 0xf3 -> into.prefixes = (short) (into.prefixes & ~REPNE | REP);
            case 0x66 -> into.prefixes |= OPERAND_SIZE;
            case 0x67 -> into.prefixes |= ADDRESS_SIZE;
            case 0x26 -> override(ES, is64, into);
            case 0x2e -> override(CS, is64, into);
            case 0x36 -> override(SS, is64, into);
            case 0x3e -> override(DS, is64, into);
            case 0x64 -> override(FS, false, into);
            case 0x65 -> override(GS, false, into);
            default -> {
                return false;
            }
        }
        return true;
    }

    /// @param ignored 64-bit mode ignores overrides to segments that it treats as flat
    private static void override(int segment, boolean ignored, Instruction into) {
        if (!ignored) {
            into.prefixes |= SEGMENT_OVERRIDE;
            into.segment = (byte) segment;
        }
    }

    // An EVEX prefix (62 in 64-bit mode, or with ModRM.mod = 3 in others) would be recognised here. Without
    // AVX-512 these bytes are undefined, as BOUND with a register operand is, so the maps need not tell them.
    private static OpcodeEntry readOpcode(byte[] code, int start, Instruction into) {
        DecodeTable table = DecodeTable.of(into);
        int opcode = code[start + into.length++] & 0xff;
        if (opcode != 0x0f) {
            return table.oneByte[opcode];
        }
        opcode = code[start + into.length++] & 0xff;
        return switch (opcode) {
            case 0x38 -> table.threeByte38[code[start + into.length++] & 0xff];
            case 0x3a -> table.threeByte3A[code[start + into.length++] & 0xff];
            default -> table.twoByte[opcode];
        };
    }

    /// F2 and F3 come before 66, and of the two the later one counts.
    private static int mandatoryPrefix(int prefixes) {
        if ((prefixes & (REP | REPNE)) != 0) {
            return (prefixes & REP) != 0 ? OpcodeEntry.PREFIX_F3 : OpcodeEntry.PREFIX_F2;
        }
        return (prefixes & OPERAND_SIZE) != 0 ? OpcodeEntry.PREFIX_66 : OpcodeEntry.NO_PREFIX;
    }

    static void sizes(OpcodeRow row, Instruction into) {
        boolean toggled = into.has(OPERAND_SIZE) && row.mandatoryPrefix() != 0x66;
        boolean addressToggled = into.has(ADDRESS_SIZE);
        if (into.codeBits == 64) {
            into.addressBytes = (byte) (addressToggled ? 4 : 8);
            boolean wide = row.has(Attribute.FORCE_64) || into.has(REX_W);
            into.operandBytes = (byte) (wide ? 8 : toggled ? 2 : row.has(Attribute.DEFAULT_64) ? 8 : 4);
        } else {
            boolean is32 = into.codeBits == 32;
            into.addressBytes = (byte) (is32 != addressToggled ? 4 : 2);
            into.operandBytes = (byte) (is32 != toggled ? 4 : 2);
        }
    }
}
