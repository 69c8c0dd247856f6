// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;

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
}
