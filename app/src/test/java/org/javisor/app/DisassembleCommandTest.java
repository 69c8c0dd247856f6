// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DisassembleCommandTest {
    @TempDir
    private Path directory;

    @BeforeEach
    void onX86() {
        assumeTrue(System.getProperty("os.arch").equals("amd64"), "no translator for this host");
    }

    private String file(byte[] code) throws IOException {
        return Files.write(directory.resolve("code"), code).toString();
    }

    private CommandRun disassemble(String hex, String... options) throws IOException {
        String[] arguments = Arrays.copyOf(new String[] {"disassemble"}, 2 + options.length);
        System.arraycopy(options, 0, arguments, 1, options.length);
        arguments[arguments.length - 1] = file(HexFormat.of().parseHex(hex.replace(" ", "")));
        CommandRun run = CommandRun.of(arguments);
        assertEquals("", run.err());
        assertEquals(0, run.status());
        return run;
    }

    private static void assertLine(CommandRun run, String pattern) {
        assertTrue(run.out().lines().anyMatch(line -> line.matches(pattern)), () -> pattern + " in\n" + run.out());
    }

    @Test
    void hostCodeStandsBelowGuestCode() throws IOException {
        // 1: add rax, rdx; dec rcx; jnz 1b; ret
        CommandRun run = disassemble("4801d0 48ffc9 75f8 c3");

        assertLine(run, "  401000  add rax,rdx");
        assertLine(run, "          [0-9a-f]+  add rax,rdx");
        assertLine(run, "  401006  jne 0x401000");
        assertLine(run, "  401008  ret ?");
        assertFalse(run.out().contains("interpreted"), run.out());
    }

    @Test
    void whatHasNoHostCodeIsListedBehindAndWhatFollowsItHasSome() throws IOException {
        // add rax, rdx; cpuid; sub rax, rdx; ret
        CommandRun run = disassemble("4801d0 0fa2 4829d0 c3");

        assertTrue(run.out().endsWith("interpreted\n  401003  cpuid\n"), run.out());
        assertLine(run, "          [0-9a-f]+  sub rax,rdx");
    }

    @Test
    void aBranchLeadsOn() throws IOException {
        // jmp 1f; (bytes that are none of it); 1: inc eax; ret
        assertLine(disassemble("eb02 4801 ffc0 c3"), "  401004  inc eax");
    }

    @Test
    void placeLevelAndSizeOfTheCodeAreGiven() throws IOException {
        // The instruction lies across pages, and what follows has host code.
        CommandRun across = disassemble("90 4801d0 ffc0 c3 00", "--offset", "1", "--length", "6", "--address", "0xffe");
        assertTrue(across.out().endsWith("interpreted\n  ffe  add rax,rdx\n"), across.out());
        assertLine(across, "  1001  inc eax");
        assertLine(disassemble("90 4801d0 c3 00", "--offset", "1", "--length", "4", "--address", "0xffffffff81000ff8"),
                "  ffffffff81000ff8  add rax,rdx");
        // dec eax; add eax, edx
        assertLine(disassemble("4801d0 c3", "--bits", "32"), "  401001  add eax,edx");
        // A program may not, a kernel may: cli
        assertLine(disassemble("fa c3"), "interpreted");
        assertFalse(disassemble("fa c3", "--kernel").out().contains("interpreted"));
    }

    @Test
    void mistakesAreOneLine() throws IOException {
        String code = file(new byte[] {(byte) 0xc3});
        for (String[] arguments : new String[][] {{"disassemble", directory.resolve("none").toString()},
                {"disassemble", "--bits", "16", code}, {"disassemble", "--offset", "1", code},
                {"disassemble", "--length", "0", code}, {"disassemble", "--address", "x", code}, {"disassemble"}}) {
            CommandRun run = CommandRun.of(arguments);

            assertEquals(ExitStatus.USAGE, run.status(), () -> String.join(" ", arguments));
            assertEquals(1, run.err().lines().count(), run.err());
        }
    }

    @Test
    void anyBytesCanBeShown() throws IOException {
        long seed = Long.getLong("javisor.seed", System.nanoTime());
        Random random = new Random(seed);
        for (int n = 0; n < 20; n++) {
            byte[] code = new byte[1 + random.nextInt(6000)];
            random.nextBytes(code);
            String bits = random.nextBoolean() ? "64" : "32";

            CommandRun run = CommandRun.of("disassemble", "--bits", bits, "--address", "0x" + Integer.toHexString(
                    random.nextInt(1 << 30)), file(code));

            assertEquals(0, run.status(), () -> "seed " + seed + ": " + run.err());
        }
    }
}
