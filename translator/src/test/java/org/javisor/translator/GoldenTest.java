// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import org.javisor.cpu.BlockTranslator;
import org.javisor.cpu.CpuRegisters;
import org.javisor.cpu.Translation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The host code for a list of guest sequences, as objdump shows it, without the exits behind it: a translation that
/// becomes longer shows as a difference. `-Djavisor.golden=accept` writes the files anew.
class GoldenTest {
    private static final Path GOLDEN = Path.of(System.getProperty("javisor.golden.directory", "src/test/golden"));
    private static final long CODE = 0x10_0000, DATA = 0x20_0000;
    private static final int RBX = 3, RSI = 6;
    private static final int EXECUTIONS = 70;

    /// Name and bytes; HLT follows.
    private static final List<String[]> SEQUENCES = List.of(
            new String[] {"add-registers", "4801d8"},
            new String[] {"load", "488b4610"},
            new String[] {"load-indexed", "8b44860c"},
            new String[] {"load-by-r12", "498b4424f8"},
            new String[] {"store-immediate", "c7460400000000"},
            new String[] {"add-to-memory", "480146f8"},
            new String[] {"compare-and-set", "4839d80f94c1"},
            new String[] {"increment", "48ffc0"},
            new String[] {"push-and-pop", "5059"},
            // push rbp; mov rbp, rsp; push r12; push rbx; sub rsp, 24; mov [rsp + 8], rdi; mov rax, [rdi];
            // add rax, [rdi + 8]; mov [rdi + 16], rax; mov rsi, [rbp - 24]; add rsp, 24; pop rbx; pop r12; pop rbp
            new String[] {"function",
                "554889e54154534883ec1848897c2408488b0748034708488947104889f0488b75e84883c4185b415c5d"},
            // mov rax, [rsi]; mov [rdi], rax; mov rax, [rsi + 8]; mov [rdi + 8], rax
            new String[] {"copy-16", "488b06488907488b460848894708"},
            // movaps xmm0, [rsi]; movaps [rsi + 16], xmm0; mov rax, fs:[40]; mov ecx, [r12 + r13*4 + 8]
            new String[] {"aligned-and-based", "0f2806 0f294610 64488b042528000000 438b4cac08"},
            new String[] {"move-r12-to-r13", "4d89e5"},
            // mov ecx, 9; 1: add rax, [rsi]; add rsi, 8; dec ecx; jnz 1b
            new String[] {"loop", "b909000000 480306 4883c608 ffc9 75f5"},
            // 1: mov rax, [rsi]; cmp rax, rbx; mov rdx, [rsi + 8]; jb 2f; mov rdx, rax; 2: add rsi, rdx
            new String[] {"compare-load-and-branch", "488b06 4839d8 488b5608 7203 4889c2 4801d6"},
            // call 1f; hlt; 1: ret
            new String[] {"call-and-return", "e801000000 f4 c3"},
            // cmp rsi, rbx; jb to byte 0xff2 of the page; add rax, rbx
            new String[] {"jump-near-the-end", "4839de 0f82e90f0000 4801d8"},
            new String[] {"add-double", "f20f580e"},
            // fld qword [rsi]; fmul qword [rsi + 8]; fstp qword [rsi + 16]
            new String[] {"x87-multiply", "dd06 dc4e08 dd5e10"},
            new String[] {"store-string", "48ab"},
            new String[] {"serialize", "0f01e8"},
            new String[] {"interrupt-return", "48cf"},
            new String[] {"software-interrupt", "cd40"},
            new String[] {"write-key-rights", "0f01ef"},
            new String[] {"invalidate-page", "0f013e"});

    @TempDir
    private Path directory;

    /// Remembers the longest translation.
    private static final class Recorder implements BlockTranslator {
        private final BlockTranslator inner;
        private Translation longest;

        Recorder(BlockTranslator inner) {
            this.inner = inner;
        }

        @Override
        public Outcome translate(Translation translation, boolean logged, boolean counted) {
            Outcome outcome = inner.translate(translation, logged, counted);
            boolean longer = outcome == Outcome.DONE && (longest == null
                    || inner.describe(translation).length() > inner.describe(longest).length());
            longest = longer ? translation : longest;
            return outcome;
        }

        @Override
        public Draft draft(Translation translation, boolean logged, boolean counted) {
            return inner.draft(translation, logged, counted);
        }

        @Override
        public Outcome place(Translation translation, Draft draft) {
            return inner.place(translation, draft);
        }

        @Override
        public Translation victim() {
            return inner.victim();
        }

        @Override
        public boolean isUnsettled() {
            return inner.isUnsettled();
        }

        @Override
        public void settle() {
            inner.settle();
        }

        @Override
        public long enter(long state, long entry) {
            return inner.enter(state, entry);
        }

        @Override
        public void link(Translation from, int index, Translation to) {
            inner.link(from, index, to);
        }

        @Override
        public void unlink(Translation translation) { }

        @Override
        public String describe(Translation translation) {
            return inner.describe(translation);
        }

        @Override
        public String list(long from, long to) {
            return inner.list(from, to);
        }

        @Override
        public long bytes() {
            return inner.bytes();
        }

        @Override
        public long restored() {
            return inner.restored();
        }

        @Override
        public long links() {
            return inner.links();
        }

        @Override
        public long dropped() {
            return inner.dropped();
        }

        @Override
        public void close() {
            inner.close();
        }
    }

    @Test
    void hostCodeIsWhatWasAccepted() throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/objdump")), "objdump is not installed");
        for (String[] sequence : SEQUENCES) {
            BlockTranslator translator = new HostTranslatorProvider().create(1 << 20);
            assumeTrue(translator != null, "this host runs no translated code");
            String shown = translate(translator, sequence[1]);
            Path golden = GOLDEN.resolve(sequence[0] + ".txt");
            if (System.getProperty("javisor.golden", "").equals("accept")) {
                Files.createDirectories(GOLDEN);
                Files.writeString(golden, shown);
            }
            assertEquals(Files.readString(golden), shown, sequence[0]);
        }
    }

    private String translate(BlockTranslator translator, String hex) throws IOException, InterruptedException {
        Recorder recorder = new Recorder(translator);
        try (BareProcessor guest = new BareProcessor(recorder, false)) {
            guest.memory().store(CODE, HexFormat.of().parseHex(hex.replace(" ", "") + "f4"));
            for (int n = 0; n < EXECUTIONS; n++) {
                guest.start(CODE);
                new CpuRegisters(guest.cpu).general(RSI, DATA);
                new CpuRegisters(guest.cpu).general(12, DATA + 8);
                new CpuRegisters(guest.cpu).general(RBX, n);
                guest.cpu.run();
            }
            return disassemble(HexFormat.of().parseHex(recorder.describe(recorder.longest)));
        } finally {
            translator.close();
        }
    }

    /// Up to the first exit, which begins with MOV R15D.
    private String disassemble(byte[] code) throws IOException, InterruptedException {
        Path file = directory.resolve("code");
        Files.write(file, code);
        Process objdump = new ProcessBuilder("objdump", "-D", "-b", "binary", "-m", "i386:x86-64", "-M", "intel",
                "--no-show-raw-insn", file.toString()).start();
        StringBuilder text = new StringBuilder();
        new String(objdump.getInputStream().readAllBytes()).lines()
                .filter(line -> line.matches("\\s*[0-9a-f]+:\\s.*"))
                .map(line -> line.substring(line.indexOf(':') + 1).strip().replaceAll("\\s+", " "))
                .takeWhile(line -> !line.startsWith("mov r15d,0x"))
                .forEach(line -> text.append(line).append('\n'));
        assertEquals(0, objdump.waitFor());
        return text.toString();
    }
}
