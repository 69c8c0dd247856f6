// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/// GNU objdump, asked about many instructions at once.
final class Objdump {
    /// What it says about one sequence of bytes.
    ///
    /// @param text Intel syntax without redundant spaces; "(bad)" if it is no instruction
    record Line(int length, String text) { }

    private static final int SLOT = 48;
    private static final int NOP = 0x90;
    private static final Pattern LINE = Pattern.compile(
            "\\s*([0-9a-f]+):\\t((?:[0-9a-f]{2} )+)\\s*(?:\\t(.*))?");

    private Objdump() { }

    static boolean isThere() {
        return Files.isExecutable(Path.of("/usr/bin/objdump"));
    }

    /// Disassembles each sequence (of up to 16 bytes) as if NOPs followed it.
    static List<Line> disassemble(List<byte[]> sequences, int codeBits)
            throws IOException, InterruptedException {
        byte[] image = new byte[SLOT * sequences.size()];
        Arrays.fill(image, (byte) NOP);
        for (int n = 0; n < sequences.size(); n++) {
            System.arraycopy(sequences.get(n), 0, image, SLOT * n, sequences.get(n).length);
        }
        Path file = Files.createTempFile("instructions", ".bin");
        try {
            Files.write(file, image);
            Map<Integer, Line> lines = run(file, codeBits);
            return IntStream.range(0, sequences.size()).mapToObj(n -> lines.get(SLOT * n)).toList();
        } finally {
            Files.delete(file);
        }
    }

    private static Map<Integer, Line> run(Path file, int codeBits) throws IOException, InterruptedException {
        String machine = codeBits == 64 ? "i386:x86-64" : codeBits == 32 ? "i386" : "i8086";
        Process process = new ProcessBuilder("/usr/bin/objdump", "-D", "-z", "-w", "-b", "binary", "-m",
                machine, "-M", "intel", file.toString()).redirectErrorStream(true).start();
        Map<Integer, Line> lines = new HashMap<>();
        try (var output = process.inputReader()) {
            output.lines().forEach(line -> {
                Matcher matcher = LINE.matcher(line);
                if (matcher.matches()) {
                    String text = matcher.group(3) == null ? "" : matcher.group(3);
                    lines.put(Integer.parseInt(matcher.group(1), 16),
                            new Line(matcher.group(2).length() / 3, text.replaceAll("\\s+#.*", "").strip()
                                    .replaceAll("\\s+", " ")));
                }
            });
        }
        process.waitFor();
        return lines;
    }
}
