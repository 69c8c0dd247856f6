// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class EscapeKeysTest {
    private final StringBuilder shown = new StringBuilder();
    private boolean left;
    private int pictures;
    private final EscapeKeys keys = new EscapeKeys(() -> left = true, shown::append,
            List.of(new EscapeCommand('s', "take a picture", () -> pictures++)));

    private String type(String text) {
        byte[] typed = text.getBytes(StandardCharsets.ISO_8859_1);
        return new String(keys.filter(typed, typed.length), StandardCharsets.ISO_8859_1);
    }

    @Test
    void ordinaryKeysPassThroughWithControlC() {
        assertEquals("ls\r\u0003", type("ls\r\u0003"));
    }

    @Test
    void controlAThenXLeavesEvenWhenTypedApart() {
        assertEquals("a", type("a\u0001"));
        assertFalse(left);

        assertEquals("b", type("xb"));

        assertTrue(left);
    }

    @Test
    void furtherCommandsHaveTheirKeysAndAreInTheHelp() {
        assertEquals("sb", type("s\u0001sb"));
        assertEquals(1, pictures);

        type("\u0001h");

        assertTrue(shown.toString().contains("Ctrl-A s  take a picture"), shown.toString());
    }

    @Test
    void controlATwiceSendsOne() {
        assertEquals("\u0001", type("\u0001\u0001"));
    }

    @Test
    void controlAThenHShowsHelpAndSendsNothing() {
        assertEquals("", type("\u0001h"));

        assertTrue(shown.toString().contains("Ctrl-A x"));
    }

    @Test
    void controlAThenAnotherKeySendsBothAlsoWhenTheyComeApart() {
        assertEquals("\u0001q", type("\u0001q"));

        assertEquals("", type("\u0001"));
        assertEquals("\u0001z", type("z"));
    }
}
