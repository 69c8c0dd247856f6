// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class ConfigSpaceTest {
    private final ConfigSpace config = new ConfigSpace();

    @Test
    void guestsChangeOnlyWhatTheyMay() {
        config.set(0x50, 4, 0x1234_5678);
        config.allow(0x50, 4, 0x0000_ff00);
        config.allowClear(0x50, 4, 0x00f0_0000);

        config.write(0x50, 4, 0xffff_ffff);

        assertEquals(0x1204_ff78, config.get(0x50, 4));
    }

    @Test
    void writingZeroDoesNotClearWhatOnesClear() {
        config.set(0x50, 2, 0x00ff);
        config.allowClear(0x50, 2, 0x00ff);

        config.write(0x50, 2, 0x0f00);
        assertEquals(0xff, config.get(0x50, 2));
        config.write(0x50, 1, 0x0f);

        assertEquals(0xf0, config.get(0x50, 2));
    }

    @Test
    void capabilitiesAreLinkedInTheOrderTheyWereAdded() {
        int first = config.addCapability(5, 24);
        int second = config.addCapability(9, 13);
        int third = config.addCapability(9, 16);

        assertEquals(first, config.get(ConfigSpace.CAPABILITIES, 1));
        assertEquals(second, config.get(first + 1, 1));
        assertEquals(third, config.get(second + 1, 1));
        assertEquals(0, config.get(third + 1, 1));
        assertEquals(0, third % 4);
        assertEquals(0x10, config.get(ConfigSpace.STATUS, 2));
    }

    @Test
    void extendedCapabilitiesBeginBehindTheLegacySpace() {
        int first = config.addExtendedCapability(3, 1, 12);
        int second = config.addExtendedCapability(0x10, 2, 8);

        assertEquals(0x100, first);
        assertEquals(second << 20 | 1 << 16 | 3, config.get(first, 4));
        assertEquals(2 << 16 | 0x10, config.get(second, 4));
    }

    @Test
    void thereIsRoomForSoManyCapabilitiesOnly() {
        config.addCapability(9, 192);

        assertThrows(IllegalStateException.class, () -> config.addCapability(9, 4));
    }
}
