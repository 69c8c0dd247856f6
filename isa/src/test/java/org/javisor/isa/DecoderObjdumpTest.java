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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Decoder and disassembler against GNU objdump, on random bytes. Where the two differ for a reason, [ObjdumpDialect]
/// knows it.
class DecoderObjdumpTest {
    private static final int SEQUENCES = 4_000;
    private static final int BYTES = 48;
    private static final int NOP = 0x90, FWAIT = 0x9b;
    private static final int[] PREFIXES = {0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65};

    @ParameterizedTest
    @ValueSource(ints = {16, 32, 64})
    void randomBytesDecodeAsObjdumpDecodesThem(int codeBits) throws IOException, InterruptedException {
        assumeTrue(Objdump.isThere(), "objdump is not installed");
        long seed = Long.getLong("javisor.seed", System.nanoTime());
        System.out.println("objdump: seed " + seed);
        Random random = new Random(seed);
        List<byte[]> sequences = new ArrayList<>();
        for (int n = 0; n < SEQUENCES; n++) {
            sequences.add(sequence(random, codeBits));
        }

        List<Objdump.Line> lines = Objdump.disassemble(sequences, codeBits);

        List<String> differences = new ArrayList<>();
        int compared = 0;
        for (int n = 0; n < SEQUENCES; n++) {
            Instruction insn = new Instruction();
            byte[] code = sequences.get(n);
            int length = Decoder.decode(code, 0, code.length, codeBits, insn);
            if (!ObjdumpDialect.comparable(insn, lines.get(n).text())) {
                continue;
            }
            compared++;
            String ours = ObjdumpDialect.ours(insn, (long) BYTES * n);
            String theirs = ObjdumpDialect.theirs(insn, lines.get(n).text());
            if (length != lines.get(n).length() || !ours.equals(theirs)) {
                differences.add(Disassembler.bytes(code, 0, 15) + ": ours " + length + " \"" + ours + "\", objdump "
                        + lines.get(n).length() + " \"" + theirs + "\"");
            }
        }
        assertEquals(List.of(), differences.stream().limit(20).toList(), differences.size() + " differences");
        assertTrue(compared > SEQUENCES / 4, compared + " of " + SEQUENCES + " compared");
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
        int map = random.nextInt(5);
        if (map == 0) {
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
