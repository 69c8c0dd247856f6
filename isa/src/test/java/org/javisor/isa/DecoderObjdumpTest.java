// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DecoderObjdumpTest {
    private static final int[] PREFIXES = {0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65};

    @ParameterizedTest
    @ValueSource(ints = {16, 32, 64})
    void randomBytesDecodeAsObjdumpDecodesThem(int codeBits) throws Exception {
        assumeTrue(Objdump.isThere(), "objdump is not installed");
        long seed = Long.getLong("javisor.seed", System.nanoTime());
        Random random = new Random(seed);
        List<byte[]> sequences = new ArrayList<>();
        for (int n = 0; n < 60_000; n++) {
            sequences.add(sequence(random, codeBits));
        }
        List<Objdump.Line> lines = Objdump.disassemble(sequences, codeBits);
        TreeMap<String, Integer> counts = new TreeMap<>();
        TreeMap<String, String> examples = new TreeMap<>();
        Instruction insn = new Instruction();
        for (int n = 0; n < sequences.size(); n++) {
            byte[] padded = new byte[48];
            java.util.Arrays.fill(padded, (byte) 0x90);
            System.arraycopy(sequences.get(n), 0, padded, 0, sequences.get(n).length);
            int length = Decoder.decode(padded, 0, 48, codeBits, insn);
            String ours = length <= 0 ? "toolong" : insn.mnemonic() == Mnemonic.UNDEFINED ? "(bad)" : Disassembler.print(insn, 48L * n);
            Objdump.Line theirs = lines.get(n);
            if (theirs == null) { continue; }
            String t = strip(theirs.text());
            String key = null;
            String on = strip(ours).split(" ")[0], tn = t.split(" ")[0];
            if (!on.equals(tn)) { key = "NAME " + on + " <> " + tn; }
            else if (length != theirs.length() && !on.equals("(bad)")) { key = "LENGTH " + on; }
            else if (!strip(ours).equals(t) && !on.equals("(bad)")) { key = "TEXT " + on; }
            if (key != null) {
                counts.merge(key, 1, Integer::sum);
                examples.putIfAbsent(key, Disassembler.bytes(padded, 0, Math.max(length, theirs.length())) + " | " + ours + " | " + theirs.text());
            }
        }
        examples.forEach((k, v) -> System.out.println(counts.get(k) + " " + k + ": " + v));
    }

    static String strip(String text) {
        String s = text;
        while (true) {
            String r = s.replaceFirst("^(lock|repz|repnz|rep|data16|data32|addr16|addr32|[cdefgs]s|rex(\\.[WRXB]+)?|bnd|notrack|xacquire|xrelease) ", "");
            if (r.equals(s)) { return s; }
            s = r;
        }
    }

    private static byte[] sequence(Random random, int codeBits) {
        byte[] bytes = new byte[16];
        random.nextBytes(bytes);
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
        switch (random.nextInt(5)) {
            case 0 -> { }
            case 1, 2 -> bytes[at++] = 0x0f;
            case 3 -> {
                bytes[at++] = 0x0f;
                bytes[at++] = (byte) (random.nextBoolean() ? 0x38 : 0x3a);
            }
            default -> bytes[at++] = (byte) (0xd8 + random.nextInt(8));
        }
        return bytes;
    }
}
