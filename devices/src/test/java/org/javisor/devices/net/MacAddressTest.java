// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.javisor.memory.ConfigurationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MacAddressTest {
    @Test
    void isReadAndWrittenAsPeopleDo() {
        MacAddress address = MacAddress.parse("52:54:00:ab:CD:ef");

        assertEquals("52:54:00:ab:cd:ef", address.toString());
        assertArrayEquals(new byte[] {0x52, 0x54, 0, (byte) 0xab, (byte) 0xcd, (byte) 0xef}, address.toBytes());
        assertEquals(address, MacAddress.of(address.toBytes(), 0));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "52:54:00:ab:cd", "52-54-00-ab-cd-ef", "52:54:00:ab:cd:ef:01", "01:00:5e:00:00:01",
        "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", "5g:54:00:ab:cd:ef"})
    void whatIsNoStationsAddressIsRefused(String text) {
        assertThrows(ConfigurationException.class, () -> MacAddress.parse(text));
    }
}
