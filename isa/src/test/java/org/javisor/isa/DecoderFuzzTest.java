// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What holds for any bytes.
class DecoderFuzzTest {
    private static final int CASES = 30_000;
    private static final int[] LIKELY =
            {0x0f, 0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x2e, 0x48, 0xc4, 0xc5, 0x38, 0x3a};

    private static byte[] bytes(Random random) {
        byte[] bytes = new byte[64];
        random.nextBytes(bytes);
        for (int n = 0; n < 16 && random.nextInt(3) != 0; n++) {
            bytes[n] = (byte) LIKELY[random.nextInt(LIKELY.length)];
        }
        return bytes;
    }

    private static String describe(Instruction insn) {
        return insn.row + " " + insn.length + " " + Disassembler.print(insn, 0) + " " + insn.prefixes + " "
                + insn.segment + " " + insn.displacement + " " + insn.immediate + " " + insn.immediate2;
    }

    @ParameterizedTest
    @ValueSource(ints = {16, 32, 64})
    void anInstructionIsMadeOfItsOwnBytesAlone(int codeBits) {
        long seed = Long.getLong("javisor.seed", System.nanoTime());
        System.out.println("decoder: seed " + seed + " (repeat with -Djavisor.seed=" + seed + ")");
        Random random = new Random(seed);
        Instruction insn = new Instruction();
        Instruction again = new Instruction();
        for (int n = 0; n < CASES; n++) {
            byte[] code = bytes(random);
            int length = Decoder.decode(code, 0, code.length, codeBits, insn);
            if (length == Decoder.TOO_LONG) {
                continue;
            }
            assertTrue(length > 0 && length <= Decoder.MAX_BYTES, () -> Disassembler.bytes(code, 0, 16));

            byte[] others = Arrays.copyOf(code, code.length);
            for (int at = length; at < others.length; at++) {
                others[at] = (byte) random.nextInt(256);
            }
            // Once in a longer array, once in one that ends with the instruction.
            assertEquals(length, Decoder.decode(others, 0, others.length, codeBits, again));
            assertEquals(describe(insn), describe(again), () -> Disassembler.bytes(code, 0, 16));
            byte[] exact = Arrays.copyOf(code, length);
            assertEquals(length, Decoder.decode(exact, 0, length, codeBits, again));
            assertEquals(describe(insn), describe(again), () -> Disassembler.bytes(code, 0, 16));

            int shorter = random.nextInt(length);
            assertEquals(Decoder.NEEDS_MORE, Decoder.decode(code, 0, shorter, codeBits, again));
        }
    }
}
