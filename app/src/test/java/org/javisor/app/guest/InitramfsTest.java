// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.commons.compress.archivers.cpio.CpioArchiveEntry;
import org.apache.commons.compress.archivers.cpio.CpioArchiveInputStream;
import org.junit.jupiter.api.Test;

class InitramfsTest {
    /// Path to octal mode and content, in the order of the archive.
    private static Map<String, String> list(byte[] archive) throws IOException {
        Map<String, String> found = new LinkedHashMap<>();
        try (CpioArchiveInputStream in = new CpioArchiveInputStream(new ByteArrayInputStream(archive))) {
            for (CpioArchiveEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                found.put(entry.getName(), Long.toOctalString(entry.getMode()) + " "
                        + new String(in.readAllBytes(), StandardCharsets.UTF_8));
            }
        }
        return found;
    }

    @Test
    void parentsComeOnceAndBeforeTheirChildren() throws IOException {
        byte[] archive = new Initramfs().file("etc/a/one", 0644, "1").file("etc/a/two", 0755, "2").build();

        assertEquals(Map.of("etc", "40755 ", "etc/a", "40755 ", "etc/a/one", "100644 1", "etc/a/two", "100755 2"),
                list(archive));
        assertEquals("[etc, etc/a, etc/a/one, etc/a/two]", list(archive).keySet().toString());
    }

    @Test
    void linksAndDevicesKeepTheirKind() throws IOException {
        byte[] archive = new Initramfs().symbolicLink("init", "/bin/busybox")
                .characterDevice("console", 0600, 5, 1).build();

        assertEquals(Map.of("init", "120777 /bin/busybox", "console", "20600 "), list(archive));
    }
}
