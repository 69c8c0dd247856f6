// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class KeptCodeTest {
    private static final long MAKER = 0x1234_5678_9abc_def1L;
    private static final int MODE = 64, STEP = 1 << 21;
    private static final byte[] CODE = {1, 2, 3, 4, 5};

    private static TestMachine machine;
    private static InstructionDecoder decoder;

    @BeforeAll
    static void open() {
        machine = TestMachine.in64BitMode();
        decoder = new InstructionDecoder(machine.cpu);
    }

    @AfterAll
    static void close() {
        machine.close();
    }

    /// A block of these instructions, at byte `start` of a page.
    private static Block block(int start, String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex.replace(" ", ""));
        int at = 0;
        int count = 0;
        Insn[] insns = new Insn[Block.MAX_INSTRUCTIONS];
        while (at < bytes.length) {
            Insn insn = decoder.decodeOne(bytes, at, bytes.length, MODE);
            at += insn.length;
            insn.end = (short) (start + at);
            insns[count++] = insn;
            insn.ordinal = (short) count;
        }
        Block block = new Block(Arrays.copyOf(insns, count), start, bytes, MODE, null);
        block.hash = HotCode.hash(block.insns, start, MODE);
        return block;
    }

    private static CodeImage image(Block... blocks) {
        return CodeImage.of(List.of(blocks), false, false, false);
    }

    private static KeptCode next(KeptCode code) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        code.writeTo(Channels.newChannel(bytes));
        KeptCode next = new KeptCode(ByteBuffer.wrap(bytes.toByteArray()));
        next.claim(MAKER);
        return next;
    }

    private static KeptCode with(Block... blocks) {
        KeptCode code = new KeptCode();
        code.claim(MAKER);
        code.keep(image(blocks[0]), image(blocks), false, CODE);
        return code;
    }

    private static byte[] code(KeptCode.Entry entry) {
        return Arrays.copyOfRange(entry.bytes(), entry.codeAt(), entry.bytes().length);
    }

    @Test
    void theNextRunFindsWhatThisOneKept() throws IOException {
        Block head = block(0x10, "ffc3 ffc9 7504"), second = block(0x1a, "83c303 f4");

        KeptCode.Entry entry = next(with(head, second)).find(image(block(0x10, "ffc3 ffc9 7504")), 0);

        assertArrayEquals(new int[] {0x10, 0x1a}, entry.starts());
        assertTrue(entry.isOf(image(head, second)));
        assertEquals(0, entry.distance());
        assertArrayEquals(CODE, code(entry));
    }

    @Test
    void otherCodeIsNotFound() throws IOException {
        KeptCode code = next(with(block(0x10, "ffc3 83c007 f4")));
        List<Block> same = List.of(block(0x10, "ffc3 83c007 f4"));

        assertNotNull(code.find(CodeImage.of(same, false, false, false), 0));
        assertNull(code.find(image(block(0x10, "ffc3 83c008 f4")), 0), "another number");
        assertNull(code.find(image(block(0x11, "ffc3 83c007 f4")), 0), "another place");
        assertNull(code.find(CodeImage.of(same, true, false, false), 0), "logged");
        assertNull(code.find(CodeImage.of(same, false, true, false), 0), "counted");
        assertNull(code.find(CodeImage.of(same, false, false, true), 0), "another treatment of LOCK");
    }

    @Test
    void whereALaterBlockDiffersItIsOtherCode() throws IOException {
        Block head = block(0x10, "ffc3 ffc9 7504");
        KeptCode code = next(with(head, block(0x1a, "83c303 f4")));

        assertFalse(code.find(image(head), 0).isOf(image(head, block(0x1a, "83c304 f4"))));
        assertFalse(code.find(image(head), 0).isOf(image(head)));
    }

    @Test
    void someThatBeginWithTheSameBlockAreKeptBesideEachOther() throws IOException {
        Block head = block(0x10, "ffc3 ffc9 7504");
        KeptCode code = with(head, block(0x1a, "83c301 f4"));
        for (int n = 2; n <= KeptCode.VARIANTS + 1; n++) {
            code.keep(image(head), image(head, block(0x1a, "83c30" + n + " f4")), false, new byte[] {(byte) n});
        }
        code.keep(image(head), image(head, block(0x1a, "83c302 f4")), false, new byte[] {20});
        code.keep(image(head), image(head, block(0x1a, "83c309 f4")), true, new byte[] {9});
        KeptCode next = next(code);

        byte[] made = {9, 20, 3, KeptCode.VARIANTS + 1};
        int[] addends = {9, 2, 3, KeptCode.VARIANTS + 1};
        for (int variant = 0; variant < KeptCode.VARIANTS; variant++) {
            KeptCode.Entry entry = next.find(image(head), variant);
            assertTrue(entry.isOf(image(head, block(0x1a, "83c30" + addends[variant] + " f4"))));
            assertArrayEquals(new byte[] {made[variant]}, code(entry));
        }
    }

    @Test
    void aKernelMayBeElsewhere() throws IOException {
        // mov rdi, address; mov rax, [address + rax * 8]; mov rax, address (64 bits); mov dword [address], 7;
        // mov eax, gs:[rip + what leads to the processor's data]
        String code = "48c7c7%1$s 488b04c5%1$s 48b8%1$sffffffff c70425%1$s07000000 658b05%2$s f4";
        Block here = block(0, String.format(code, "00010081", "0009007f")),
                there = block(0, String.format(code, "0001a081", "0009607e"));
        KeptCode.Entry entry = next(with(here)).find(image(there), 0);

        assertTrue(entry.isOf(image(there)));
        assertEquals(5 * STEP, entry.distance());
        assertEquals(5, image(here).values().length);
        Insn[] moved = here.moved(5 * STEP).insns;
        for (int n = 0; n < moved.length; n++) {
            assertEquals(there.insns[n].immediate, moved[n].immediate);
            assertEquals(there.insns[n].displacement, moved[n].displacement);
        }
    }

    @Test
    void butAllOfItByAsMuch() throws IOException {
        KeptCode code = next(with(block(0, "48c7c700010081 48c7c600020081 f4")));
        Block other = block(0, "48c7c70001a081 48c7c600028081 f4");

        assertFalse(code.find(image(other), 0).isOf(image(other)));
    }

    @Test
    void numbersThatAreNoAddressesInAKernelCount() {
        // mov eax, 0x80000008; and rax, -4096; mov rdi, 0x401000; mov rax, [rip - 1]
        for (String hex : new String[] {"b808000080", "482500f0ffff", "48c7c700104000", "488b05ffffffff"}) {
            assertFalse(image(block(0, hex)).moves(), hex);
        }
    }

    @Test
    void aMakerDoesNotBelieveAnother() throws IOException {
        KeptCode code = next(with(block(0, "ffc3 f4")));

        code.claim(MAKER + 2);

        assertNull(code.find(image(block(0, "ffc3 f4")), 0));
    }

    @Test
    void whatIsNotMetAgainStaysAndIsNoGrowth() throws IOException {
        KeptCode first = with(block(0, "ffc3 f4"));
        assertTrue(first.hasGrown());

        KeptCode second = next(first);
        assertFalse(second.hasGrown());
        second.keep(image(block(1, "ffc3 f4")), image(block(1, "ffc3 f4")), false, CODE);
        KeptCode third = next(second);

        assertNotNull(third.find(image(block(0, "ffc3 f4")), 0));
        assertNotNull(third.find(image(block(1, "ffc3 f4")), 0));
    }

    @Test
    void manyAreFoundAgain() throws IOException {
        KeptCode code = new KeptCode();
        code.claim(MAKER);
        for (int n = 0; n < 4000; n++) {
            Block block = block(n, "ffc3 f4");
            code.keep(image(block), image(block), false, new byte[] {(byte) n, (byte) (n >> 8)});
        }
        KeptCode next = next(code);
        for (int n = 0; n < 4000; n++) {
            KeptCode.Entry entry = next.find(image(block(n, "ffc3 f4")), 0);
            assertArrayEquals(new byte[] {(byte) n, (byte) (n >> 8)}, code(entry));
        }
    }

    @Test
    void whatIsDamagedIsNotBelieved() throws IOException {
        long seed = Long.getLong("javisor.seed", System.nanoTime());
        Random random = new Random(seed);
        KeptCode code = new KeptCode();
        code.claim(MAKER);
        for (int n = 0; n < 20; n++) {
            code.keep(image(block(n, "ffc3 f4")), image(block(n, "ffc3 f4")), false, CODE);
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        code.writeTo(Channels.newChannel(bytes));
        for (int round = 0; round < 5000; round++) {
            byte[] damaged = Arrays.copyOf(bytes.toByteArray(), random.nextInt(4) == 0
                    ? random.nextInt(bytes.size()) : bytes.size());
            for (int n = random.nextInt(8); n >= 0 && damaged.length > 0; n--) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
            }
            KeptCode next = new KeptCode(ByteBuffer.wrap(damaged));
            next.claim(MAKER);
            for (int n = 0; n < 20; n++) {
                CodeImage image = image(block(n, "ffc3 f4"));
                KeptCode.Entry entry = next.find(image, 0);
                if (entry != null) {
                    assertTrue(entry.isOf(image), () -> "seed " + seed);
                    assertArrayEquals(CODE, code(entry), () -> "seed " + seed);
                }
            }
            next(next);
        }
    }

    @Test
    void imagesOfDifferentCodeHaveDifferentKeys() {
        assertNotEquals(image(block(0, "83c007")).key(), image(block(0, "83c008")).key());
    }
}
