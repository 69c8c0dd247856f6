// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConsoleSizeTest {
    private final List<String> sent = new ArrayList<>();
    private final ConsoleSize size = new ConsoleSize();

    ConsoleSizeTest() {
        size.connect(bytes -> sent.add(new String(bytes, StandardCharsets.US_ASCII)));
    }

    private void hear(String text) {
        size.write(text.getBytes(StandardCharsets.US_ASCII), 0, text.length());
    }

    @Test
    void nothingIsSentBeforeTheAgentListens() {
        size.resized(24, 80);
        hear("noise");
        assertEquals(List.of(), sent);

        hear(" rea");
        hear("dy\n");

        assertEquals(List.of("size 24 80\n"), sent);
    }

    @Test
    void changesAreSentAtOnceAfterThat() {
        hear("ready\n");
        size.resized(24, 80);
        size.resized(50, 132);

        assertEquals(List.of("size 24 80\n", "size 50 132\n"), sent);
    }
}
