// SPDX-License-Identifier: Apache-2.0
package org.javisor.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class MappingTest {
    @Test
    void sharedMemoryIsZeroedAndReachableThroughItsFile() throws Exception {
        try (Mapping mapping = Mapping.shared("javisor-test", 8192)) {
            assertEquals(0, HostMemory.loadLong(mapping.hva()));
            HostMemory.storeLong(mapping.hva() + 4096, 0x1234);

            byte[] file = Files.readAllBytes(Path.of("/proc/self/fd/" + mapping.fd()));

            assertEquals(8192, file.length);
            assertEquals(0x34, file[4096]);
            assertEquals(0x12, file[4097]);
        }
    }

    @Test
    void sizesThatAreNotWholePagesAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> Mapping.anonymous(100));
        assertThrows(IllegalArgumentException.class, () -> Mapping.anonymous(0));
    }

    @Test
    void whatTheHostRefusesSaysWhy() {
        HostException e = assertThrows(HostException.class, () -> Mapping.anonymous(1L << 60));

        assertTrue(e.getMessage().contains("mmap") && e.errno() != 0, e.getMessage());
    }

    @Test
    void viewsAreBounded() {
        try (Mapping mapping = Mapping.anonymous(4096)) {
            assertThrows(IndexOutOfBoundsException.class,
                    () -> mapping.segment().get(java.lang.foreign.ValueLayout.JAVA_BYTE, 4096));
        }
    }

    @Test
    void loadsAndStoresOfEverySizeAgree() {
        try (Mapping mapping = Mapping.anonymous(4096)) {
            for (int size : new int[] {1, 2, 4, 8}) {
                long all = -1L >>> 64 - 8 * size;
                HostMemory.storeLong(mapping.hva() + 3, 0);
                HostMemory.store(mapping.hva() + 3, size, 0xfedc_ba98_7654_3210L);
                assertEquals(0xfedc_ba98_7654_3210L & all, HostMemory.load(mapping.hva() + 3, size));
                assertEquals(0xfedc_ba98_7654_3210L & all, HostMemory.loadLong(mapping.hva() + 3));
            }
        }
    }
}
