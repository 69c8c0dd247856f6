// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine.boot;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.GZIPOutputStream;
import org.javisor.memory.ConfigurationException;
import org.junit.jupiter.api.Test;

class InitrdFileTest {
    private static void entry(ByteArrayOutputStream out, String name, String content) {
        String header = "070701" + "00000000".repeat(6) + String.format("%08x", content.length())
                + "00000000".repeat(4) + String.format("%08x", name.length() + 1) + "00000000";
        String padded = header + name + "\0".repeat(1 + (-(header.length() + name.length() + 1) & 3)) + content
                + "\0".repeat(-content.length() & 3);
        out.writeBytes(padded.getBytes(StandardCharsets.US_ASCII));
    }

    private static byte[] archive() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        entry(out, "hello", "world, this is content");
        entry(out, "TRAILER!!!", "");
        out.writeBytes(new byte[64]);
        return out.toByteArray();
    }

    private static byte[] gzipped(byte[] content) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(content);
        }
        return out.toByteArray();
    }

    private static void assertRefused(byte[] file) {
        String message = assertThrows(ConfigurationException.class, () -> InitrdFile.check("initrd x", file))
                .getMessage();
        assertTrue(message.startsWith("initrd x: "), message);
    }

    @Test
    void wholeArchivesPassPlainCompressedAndOneBehindTheOther() throws IOException {
        ByteArrayOutputStream both = new ByteArrayOutputStream();
        both.writeBytes(archive());
        both.writeBytes(gzipped(archive()));

        assertDoesNotThrow(() -> InitrdFile.check("initrd x", archive()));
        assertDoesNotThrow(() -> InitrdFile.check("initrd x", gzipped(archive())));
        assertDoesNotThrow(() -> InitrdFile.check("initrd x", both.toByteArray()));
    }

    @Test
    void formatsThatOnlyTheGuestKnowsPass() {
        assertDoesNotThrow(() -> InitrdFile.check("initrd x", new byte[] {(byte) 0xfd, '7', 'z', 'X', 'Z'}));
    }

    @Test
    void whatIsCutShortIsRefused() throws IOException {
        assertRefused(new byte[0]);
        assertRefused(Arrays.copyOf(archive(), 130));
        assertRefused(Arrays.copyOf(archive(), 40));
        byte[] gzip = gzipped(archive());
        assertRefused(Arrays.copyOf(gzip, gzip.length - 9));
    }
}
