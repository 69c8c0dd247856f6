// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelModulesTest {
    @TempDir
    private Path directory;

    private void module(String path, String depends) throws IOException {
        Path file = directory.resolve(path);
        Files.createDirectories(file.getParent());
        String content = "ELF...\0license=GPL\0depends=" + depends + "\0name=x\0";
        Files.write(file, content.getBytes(StandardCharsets.US_ASCII));
    }

    @Test
    void whatAModuleNeedsComesBeforeItAndOnlyOnce() throws IOException {
        module("kernel/a/ring.ko", "");
        module("kernel/a/bus-core.ko", "ring");
        module("kernel/b/disk.ko", "ring,bus_core");

        List<String> order = new ArrayList<>(new KernelModules(directory).closure(List.of("disk", "ring")).keySet());

        assertEquals(List.of("ring", "bus_core", "disk"), order);
    }

    @Test
    void whatIsBuiltInIsLeftOut() throws IOException {
        module("disk.ko", "builtin");

        assertEquals(List.of("disk"), new ArrayList<>(new KernelModules(directory).closure(List.of("disk")).keySet()));
    }

    @Test
    void aNameMayHaveEitherKindOfDash() throws IOException {
        module("kernel/sr-mod.ko", "");

        assertEquals(List.of("sr_mod"),
                new ArrayList<>(new KernelModules(directory).closure(List.of("sr-mod", "sr_mod")).keySet()));
    }

    @Test
    void whatIsBuiltInCountsAsThere() throws IOException {
        module("kernel/disk.ko", "");
        Files.writeString(directory.resolve("modules.builtin"), "kernel/drivers/tty/serial/8250-core.ko\n");
        KernelModules modules = new KernelModules(directory);

        assertTrue(modules.has("disk") && modules.has("8250_core"));
        assertFalse(modules.has("disc"));
    }
}
