// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.javisor.app.json.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class ImageCommandTest {
    @TempDir
    private Path directory;
    private String said;

    private int image(Object... arguments) {
        StringWriter out = new StringWriter();
        CommandLine command = org.javisor.app.TestCommand.commandLine().setOut(new PrintWriter(out))
                .setErr(new PrintWriter(out));
        String[] words = new String[arguments.length + 1];
        words[0] = "image";
        for (int i = 0; i < arguments.length; i++) {
            words[i + 1] = arguments[i].toString();
        }
        int status = command.execute(words);
        said = out.toString();
        return status;
    }

    @Test
    void anImageIsMadeShownAndResized() {
        Path file = directory.resolve("a.qcow2");

        assertEquals(0, image("create", file, "1.5G"));
        assertEquals(0, image("resize", file, "+512M"));
        assertEquals(0, image("info", file));

        assertTrue(said.contains("2 GiB (2147483648 bytes)") && said.contains("qcow2"), said);
        assertEquals(0, image("info", "--json", file));
        assertTrue(said.contains("\"virtual-size\": 2147483648,") && said.contains("\"refcount-bits\": 16"), said);
        assertEquals(0, image("check", file));
        assertTrue(said.contains("whole"), said);
    }

    @Test
    void contentsSurviveConversions() throws IOException {
        byte[] content = new byte[3_000_000];
        new Random(1).nextBytes(content);
        Arrays.fill(content, 500_000, 2_500_000, (byte) 0);
        Path raw = Files.write(directory.resolve("raw"), content);
        Path packed = directory.resolve("packed");
        Path back = directory.resolve("back");

        assertEquals(0, image("convert", "-c", "-o", "cluster_size=4k,compat=0.10", raw, packed));
        assertEquals(0, image("convert", "-O", "raw", packed, back));

        assertEquals(-1, Arrays.mismatch(content, Files.readAllBytes(back)));
        assertTrue(Files.size(packed) < 1_200_000);
    }

    @Test
    void mistakesAreOneLineAndStatusTwo() throws IOException {
        Path empty = Files.createFile(directory.resolve("empty"));

        for (Object[] wrong : new Object[][] {{"info", directory.resolve("missing")}, {"create", empty, "1G"},
            {"create", directory.resolve("x"), "1Q"}, {"create", directory.resolve("x")},
            {"create", "-f", "vmdk", directory.resolve("x"), "1G"}, {"check", empty}, {"convert", "-f", "no", "a", "b"},
            {"create", "-o", "cluster_size=3", directory.resolve("x"), "1G"}, {"create", directory.resolve("x"), "8E"},
            {"resize", directory.resolve("missing"), "1G"}}) {
            assertEquals(2, image(wrong), () -> Arrays.toString(wrong) + said);
            assertEquals(1, said.lines().count(), said);
            assertTrue(said.startsWith("javisor: "), said);
        }
        assertTrue(Files.notExists(directory.resolve("x")));
    }

    @Test
    void leaksAndErrorsHaveTheirOwnStatus() throws IOException {
        Path file = directory.resolve("a.qcow2");
        image("create", file, "1M");
        byte[] bytes = Files.readAllBytes(file);
        // The refcount block is the third cluster; cluster 9 is nobody's.
        bytes[2 * 65536 + 19] = 1;
        Files.write(file, bytes);
        assertEquals(4, image("check", file));
        bytes[2 * 65536 + 1] = 0;
        Files.write(file, bytes);
        assertEquals(3, image("check", "--json", file));
        assertTrue(said.contains("\"leaks\": 1,"), said);

        assertEquals(0, image("check", "--repair", file));
        assertEquals(0, image("check", file));
    }

    @Test
    void sizesAreReadAsTheyAreWritten() {
        assertEquals(new DiskSize(0, 10L << 30), DiskSize.parse("10G"));
        assertEquals(new DiskSize(1, 512), DiskSize.parse("+512"));
        assertEquals(new DiskSize(-1, 3L << 19), DiskSize.parse("-1.5MiB"));
        for (String wrong : new String[] {"", "G", "1.5", "5X", "99999999999G", "1..5G"}) {
            assertThrows(IllegalArgumentException.class, () -> DiskSize.parse(wrong), wrong);
        }
    }

    @Test
    void textForProgramsIsEscaped() {
        assertEquals("{\n    \"a\": \"x\\\"\\\\\\u0007\"\n}", new Json().with("a", "x\"\\\u0007").with("b", null)
                .toString());
    }
}
