// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class AddressRangeTest {
    private final AddressRange.Converter converter = new AddressRange.Converter();

    @ParameterizedTest
    @ValueSource(strings = {"401000-401020", "0x401000-0x401020", "401000+32", "guest_401000+32"})
    void addressesAreHexadecimalAndLengthsDecimal(String text) {
        assertEquals(new AddressRange(0x40_1000, 0x40_1020), converter.convert(text));
    }

    @Test
    void theKernelsHalfCanBeNamed() {
        assertEquals(new AddressRange(0xffff_ffff_8100_0000L, 0xffff_ffff_8100_1000L),
                converter.convert("ffffffff81000000-ffffffff81001000"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "401000", "401000-", "main", "401000+0x20", "11111111111111111-2"})
    void anythingElseIsRefused(String text) {
        assertThrows(TypeConversionException.class, () -> converter.convert(text));
    }
}
