// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.javisor.isa.Decoder;
import org.javisor.isa.Disassembler;
import org.javisor.isa.Instruction;
import org.javisor.isa.Mnemonic;
import org.javisor.isa.OpcodeMaps;
import org.javisor.isa.OpcodeRow;
import org.javisor.isa.OperandSpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The bytes that [Assembler] writes for every form that is emitted as itself, beside those that GNU as makes of the
/// same instruction's text. Where there are several encodings objdump has to read both as the same.
class EncodingsTest {
    /// Each instruction begins at a multiple of that.
    private static final int SLOT = 16;
    private static final byte FILLER = (byte) 0xcc;
    private static final int ROUNDS = 4;

    private final long seed = Long.getLong("javisor.seed", System.nanoTime());
    private final Assembler asm = new Assembler();
    private final RandomForms forms = new RandomForms(asm, new Random(seed));
    private final List<byte[]> ours = new ArrayList<>();
    private final List<String> texts = new ArrayList<>();

    @TempDir
    private Path directory;

    @Test
    void gnuAsMakesTheSameBytes() throws IOException, InterruptedException {
        for (String tool : new String[] {"as", "objcopy", "objdump"}) {
            assumeTrue(Files.isExecutable(Path.of("/usr/bin", tool)), tool + " is not installed");
        }
        System.out.println("encodings: seed " + seed + " (repeat with -Djavisor.seed=" + seed + ")");
        for (int round = 0; round < ROUNDS; round++) {
            OpcodeMaps.rows().stream().filter(RandomForms::covers).forEach(this::addForms);
        }
        assertTrue(ours.size() > 1000 * ROUNDS, ours.size() + " instructions");

        compare(assemble());
    }

    private void addForms(OpcodeRow row) {
        for (int size : RandomForms.sizes(row)) {
            for (int place = 0; place < RandomForms.PLACES; place++) {
                asm.reset();
                forms.emit(row, size, place);
                add(asm.bytes());
            }
        }
    }

    private void add(byte[] code) {
        Instruction insn = new Instruction();
        Decoder.decode(Arrays.copyOf(code, SLOT), 0, SLOT, 64, insn);
        assertEquals(code.length, insn.length, HexFormat.of().formatHex(code));
        if (!isUnspeakable(insn)) {
            ours.add(code);
            texts.add(Disassembler.print(insn, 0));
        }
    }

    /// Legal, but its text does not tell all, or as does not take it: sizes that are undefined, or change nothing.
    private static boolean isUnspeakable(Instruction insn) {
        boolean sized = insn.row.operands().stream().anyMatch(OperandSpec::hasOperandSize);
        boolean undefined = insn.mnemonic() == Mnemonic.BSWAP || insn.mnemonic() == Mnemonic.MOVSXD;
        // as makes a NOP of it.
        boolean nothing = insn.mnemonic() == Mnemonic.XCHG && insn.operandBytes == 8 && insn.kind0 == Instruction.GPR
                && insn.kind1 == Instruction.GPR && insn.reg0 == 0 && insn.reg1 == 0;
        return nothing || insn.has(Instruction.REX_W) && !sized && !insn.row.has(OpcodeRow.Attribute.VEX_W1)
                || insn.operandBytes == 2 && (undefined || !sized);
    }

    /// What as makes of the texts: a slot for each.
    private byte[] assemble() throws IOException, InterruptedException {
        Path source = directory.resolve("code.s");
        Path object = directory.resolve("code.o");
        Path binary = directory.resolve("code.bin");
        List<String> lines = new ArrayList<>(List.of(".intel_syntax noprefix"));
        for (String text : texts) {
            lines.add(text);
            lines.add(".balign " + SLOT + ", 0xcc");
        }
        Files.write(source, lines);
        run("as", "--64", "-mmnemonic=intel", "-o", object.toString(), source.toString());
        run("objcopy", "-O", "binary", "-j", ".text", object.toString(), binary.toString());
        return Files.readAllBytes(binary);
    }

    private String run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes());
        assertEquals(0, process.waitFor(), output);
        return output;
    }

    private void compare(byte[] theirs) throws IOException, InterruptedException {
        assertEquals(ours.size() * SLOT, theirs.length);
        byte[] differentOurs = new byte[theirs.length];
        byte[] differentTheirs = new byte[theirs.length];
        Arrays.fill(differentOurs, FILLER);
        Arrays.fill(differentTheirs, FILLER);
        int different = 0;
        for (int n = 0; n < ours.size(); n++) {
            byte[] padded = Arrays.copyOf(ours.get(n), SLOT);
            Arrays.fill(padded, ours.get(n).length, SLOT, FILLER);
            byte[] slot = Arrays.copyOfRange(theirs, n * SLOT, (n + 1) * SLOT);
            if (!Arrays.equals(padded, slot)) {
                System.arraycopy(padded, 0, differentOurs, different * SLOT, SLOT);
                System.arraycopy(slot, 0, differentTheirs, different * SLOT, SLOT);
                different++;
            }
        }
        System.out.println("encodings: " + ours.size() + ", " + different + " with another choice of bytes");
        assertEquals(disassemble(differentOurs), disassemble(differentTheirs));
    }

    /// What objdump reads in each slot.
    private String disassemble(byte[] code) throws IOException, InterruptedException {
        Path file = directory.resolve("different");
        Files.write(file, code);
        return run("objdump", "-D", "-z", "-b", "binary", "-m", "i386:x86-64", "-M", "intel", "--no-show-raw-insn",
                file.toString()).lines().filter(line -> line.matches("\\s*[0-9a-f]+:\\s.*"))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .filter(line -> !line.equals("int3")).map(EncodingsTest::essence)
                .collect(Collectors.joining("\n"));
    }

    /// The same text for encodings that mean the same.
    private static String essence(String line) {
        String text = line.replaceAll("\\s+", " ").replaceFirst("^(rex(\\.[WRXB]+)?|data16) ", "")
                .replace("movabs", "mov").replaceFirst("^xchg ax,ax$", "nop")
                .replaceFirst("^xchg (\\w+),(r?ax|eax)$", "xchg $2,$1")
                .replaceFirst("^(r|s)(\\w\\w .*),0x1$", "$1$2,1");
        // VEX.L means nothing to these.
        return text.startsWith("vmovss") || text.startsWith("vmovsd") ? text.replace("ymm", "xmm") : text;
    }
}
