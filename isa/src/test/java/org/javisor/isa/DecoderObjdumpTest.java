// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.javisor.isa.OpcodeRow.Attribute;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Decoder and disassembler against GNU objdump. Where the two differ for a reason, [ObjdumpDialect] knows
/// it.
class DecoderObjdumpTest {
    private static final int SEQUENCES = 4_000;
    private static final int BYTES = 48;
    private static final int NOP = 0x90, FWAIT = 0x9b;
    private static final int[] PREFIXES = {0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65};

    @ParameterizedTest
    @ValueSource(ints = {16, 32, 64})
    void randomBytesDecodeAsObjdumpDecodesThem(int codeBits) throws IOException, InterruptedException {
        Random random = random();
        List<byte[]> sequences = new ArrayList<>();
        for (int n = 0; n < SEQUENCES; n++) {
            sequences.add(sequence(random, codeBits));
        }

        int compared = compare(sequences, codeBits, true);

        assertTrue(compared > SEQUENCES / 4, compared + " of " + SEQUENCES + " compared");
    }

    @ParameterizedTest
    @ValueSource(ints = {16, 32, 64})
    void everyRowDecodesAsObjdumpDecodesIt(int codeBits) throws IOException, InterruptedException {
        Random random = random();
        List<byte[]> sequences = new ArrayList<>();
        for (OpcodeRow row : OpcodeMaps.rows()) {
            boolean exists = !row.has(codeBits == 64 ? Attribute.NOT_64 : Attribute.ONLY_64);
            if (exists && row.mnemonic() != Mnemonic.FWAIT) {
                sequences.add(fromRow(random, row, codeBits));
                sequences.add(fromRow(random, row, codeBits));
            }
        }

        int compared = compare(sequences, codeBits, false);

        assertTrue(compared > sequences.size() / 2, compared + " of " + sequences.size() + " compared");
    }

    private static Random random() {
        assumeTrue(Objdump.isThere(), "objdump is not installed");
        long seed = Long.getLong("javisor.seed", System.nanoTime());
        System.out.println("objdump: seed " + seed + " (repeat with -Djavisor.seed=" + seed + ")");
        return new Random(seed);
    }

    /// @param anyBytes whether the sequences may be of extensions that we leave out; instances of rows are not
    /// @return how many could be compared
    private static int compare(List<byte[]> sequences, int codeBits, boolean anyBytes)
            throws IOException, InterruptedException {
        List<Objdump.Line> lines = Objdump.disassemble(sequences, codeBits);
        List<String> differences = new ArrayList<>();
        int compared = 0;
        for (int n = 0; n < sequences.size(); n++) {
            Instruction insn = new Instruction();
            byte[] code = sequences.get(n);
            int length = Decoder.decode(code, 0, code.length, codeBits, insn);
            Objdump.Line line = lines.get(n);
            if (!ObjdumpDialect.comparable(insn, line.text())
                    || anyBytes && isUndefinedVex(insn, code, length)) {
                continue;
            }
            compared++;
            String ours = ObjdumpDialect.ours(insn, (long) BYTES * n);
            String theirs = ObjdumpDialect.theirs(insn, line.text());
            if (length != line.length() || !ours.equals(theirs)) {
                differences.add(String.format("%s: ours %d \"%s\", objdump %d \"%s\"",
                        Disassembler.bytes(code, 0, 15), length, ours, line.length(), theirs));
            }
        }
        assertEquals(List.of(), differences.stream().limit(20).toList(), differences.size() + " differences");
        return compared;
    }

    /// VEX-coded bytes that are undefined for us: objdump knows extensions that we leave out (AMX, AVX-VNNI, mask
    /// registers and more to come), and ignores a REX prefix in front, which processors do not.
    private static boolean isUndefinedVex(Instruction insn, byte[] code, int length) {
        if (insn.mnemonic() != Mnemonic.UNDEFINED) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            if ((code[i] & 0xfe) == 0xc4) {
                return true;
            }
        }
        return false;
    }

    /// An instance of a row.
    private static byte[] fromRow(Random random, OpcodeRow row, int codeBits) {
        byte[] bytes = new byte[BYTES];
        Arrays.fill(bytes, (byte) NOP);
        int at = 0;
        if (row.isVex()) {
            int pp = List.of(0, 0x66, 0xf3, 0xf2).indexOf(row.mandatoryPrefix());
            boolean hasVvvv = row.operands().stream().anyMatch(OperandSpec::usesVvvv);
            int w = row.has(Attribute.VEX_W0 | Attribute.VEX_W1) ? row.has(Attribute.VEX_W1) ? 1 : 0
                    : random.nextInt(2);
            int l = row.has(Attribute.VEX_L0 | Attribute.VEX_L1) ? row.has(Attribute.VEX_L1) ? 1 : 0
                    : random.nextInt(2);
            bytes[at++] = (byte) 0xc4;
            // Outside 64-bit mode R and X are what tells the prefix from LES.
            int extensions = codeBits == 64 ? random.nextInt(8) << 5 : 0xe0;
            bytes[at++] = (byte) (extensions | row.map() - OpcodeRow.VEX_0F + 1);
            bytes[at++] = (byte) (w << 7 | (hasVvvv ? random.nextInt(16) : 15) << 3 | l << 2 | pp);
            bytes[at++] = (byte) row.opcode();
            return withOperands(random, row, bytes, at);
        }
        if (row.mandatoryPrefix() != 0) {
            bytes[at++] = (byte) row.mandatoryPrefix();
        }
        if (codeBits == 64 && random.nextBoolean()) {
            bytes[at++] = (byte) (0x40 + random.nextInt(16));
        }
        if (row.map() != OpcodeRow.ONE_BYTE && row.map() != OpcodeRow.X87) {
            bytes[at++] = 0x0f;
        }
        if (row.map() == OpcodeRow.THREE_BYTE_38 || row.map() == OpcodeRow.THREE_BYTE_3A) {
            bytes[at++] = (byte) (row.map() == OpcodeRow.THREE_BYTE_38 ? 0x38 : 0x3a);
        }
        bytes[at++] = (byte) row.opcode();
        return withOperands(random, row, bytes, at);
    }

    /// ModRM as the row wants it, and any bytes behind.
    private static byte[] withOperands(Random random, OpcodeRow row, byte[] bytes, int rest) {
        int at = rest;
        while (at < 16) {
            bytes[at++] = (byte) random.nextInt(256);
        }
        if (row.extension() >= 0xc0) {
            bytes[rest] = (byte) row.extension();
        } else {
            int mod = row.has(Attribute.REGISTER_ONLY) ? 3
                    : random.nextInt(row.has(Attribute.MEMORY_ONLY) ? 3 : 4);
            int reg = row.extension() >= 0 ? row.extension() : random.nextInt(8);
            bytes[rest] = (byte) (mod << 6 | reg << 3 | random.nextInt(8));
        }
        return bytes;
    }

    /// Up to two prefixes, perhaps REX, and the opcode map chosen so that each is visited.
    private static byte[] sequence(Random random, int codeBits) {
        byte[] bytes = new byte[BYTES];
        Arrays.fill(bytes, (byte) NOP);
        int at = 0;
        if (random.nextInt(3) == 0) {
            bytes[at++] = (byte) PREFIXES[random.nextInt(PREFIXES.length)];
            if (random.nextInt(4) == 0) {
                bytes[at++] = (byte) PREFIXES[random.nextInt(PREFIXES.length)];
            }
        }
        if (codeBits == 64 && random.nextInt(3) == 0) {
            bytes[at++] = (byte) (0x40 + random.nextInt(16));
        }
        int map = random.nextInt(6);
        if (map == 5) {
            bytes[at++] = (byte) (0xc4 + random.nextInt(2));
            bytes[at++] = (byte) (0xe0 | random.nextInt(4));
        } else if (map == 0) {
            bytes[at++] = (byte) oneByteOpcode(random, codeBits);
        } else if (map == 1) {
            bytes[at++] = (byte) (0xd8 + random.nextInt(8));
        } else {
            bytes[at++] = 0x0f;
            if (map == 2) {
                bytes[at++] = (byte) (random.nextBoolean() ? 0x38 : 0x3a);
            }
        }
        for (int n = at; n < 16; n++) {
            bytes[n] = (byte) random.nextInt(256);
        }
        return bytes;
    }

    /// Neither a prefix nor FWAIT, which objdump takes for the first part of an x87 instruction.
    private static int oneByteOpcode(Random random, int codeBits) {
        while (true) {
            int opcode = random.nextInt(256);
            boolean rex = codeBits == 64 && (opcode & 0xf0) == 0x40;
            if (!rex && opcode != FWAIT && Arrays.stream(PREFIXES).noneMatch(prefix -> prefix == opcode)) {
                return opcode;
            }
        }
    }
}
