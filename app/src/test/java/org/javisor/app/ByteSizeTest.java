// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class ByteSizeTest {
    private static long parse(String text) {
        return new ByteSize.Converter().convert(text).bytes();
    }

    @Test
    void unitsArePowersOfTwoAndPlainNumbersMebibytes() {
        assertEquals(512L << 20, parse("512M"));
        assertEquals(512L << 20, parse("512"));
        assertEquals(4L << 30, parse("4GiB"));
        assertEquals(64L << 10, parse("64k"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "M", "-1", "1.5G", "5X", "99999999999"})
    void anythingElseIsRefused(String text) {
        assertThrows(TypeConversionException.class, () -> parse(text));
    }
}
