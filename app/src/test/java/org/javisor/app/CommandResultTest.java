// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class CommandResultTest {
    private int told;
    private final CommandResult result = new CommandResult();

    CommandResultTest() {
        result.whenKnown(() -> told++);
    }

    private void arrive(String text) {
        result.write(text.getBytes(StandardCharsets.US_ASCII), 0, text.length());
    }

    @Test
    void statusIsKnownOnceTheLineIsComplete() {
        arrive("ex");
        arrive("it 42");
        assertFalse(result.known());

        arrive("\n");

        assertTrue(result.known());
        assertEquals(42, result.status());
        assertEquals(1, told);
    }

    @Test
    void aSecondReportChangesNothing() {
        arrive("exit 1\nexit 2\n");
        arrive("exit 3\n");

        assertEquals(1, result.status());
        assertEquals(1, told);
    }

    @Test
    void noiseIsNoReport() {
        arrive("x".repeat(10_000) + "\nexit abc\n");

        assertFalse(result.known());
    }
}
