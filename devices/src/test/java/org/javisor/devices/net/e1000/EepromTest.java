// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net.e1000;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The EEPROM through both ways that drivers take.
class EepromTest {
    private static final int CLOCK = 1, SELECT = 2, IN = 4, OUT = 8;

    private static void shift(CardFixture it, int bits, int count) {
        for (int n = count - 1; n >= 0; n--) {
            int in = (bits >>> n & 1) != 0 ? IN : 0;
            it.set(Layout.EECD, SELECT | in);
            it.set(Layout.EECD, SELECT | in | CLOCK);
            it.set(Layout.EECD, SELECT | in);
        }
    }

    private static int readSerially(CardFixture it, int word) {
        shift(it, 6 << 6 | word, 9);
        int value = 0;
        for (int n = 0; n < 16; n++) {
            it.set(Layout.EECD, SELECT | CLOCK);
            value = value << 1 | ((it.get(Layout.EECD) & OUT) != 0 ? 1 : 0);
            it.set(Layout.EECD, SELECT);
        }
        it.set(Layout.EECD, 0);
        return value;
    }

    @Test
    void theSerialBusReadsWordsWhoseSumIsRight() {
        try (CardFixture it = new CardFixture(Model.I82540EM)) {
            int sum = 0;
            for (int word = 0; word < Eeprom.WORDS; word++) {
                sum += readSerially(it, word);
            }

            assertEquals(0xbaba, sum & 0xffff);
            assertEquals(0x5452, readSerially(it, 0));
        }
    }

    @Test
    void aWordIsWrittenOnlyWhenThatIsEnabled() {
        try (CardFixture it = new CardFixture(Model.I82540EM)) {
            int before = readSerially(it, 9);
            shift(it, 5 << 6 | 9, 9);
            shift(it, 0x1234, 16);
            it.set(Layout.EECD, 0);
            assertEquals(before, readSerially(it, 9));

            shift(it, 4 << 6 | 3 << 4, 9);
            it.set(Layout.EECD, 0);
            shift(it, 5 << 6 | 9, 9);
            shift(it, 0x1234, 16);
            it.set(Layout.EECD, 0);

            assertEquals(0x1234, readSerially(it, 9));
        }
    }

    @ParameterizedTest
    @EnumSource(Model.class)
    void theReadRegisterGivesTheAddress(Model model) {
        try (CardFixture it = new CardFixture(model)) {
            boolean express = model == Model.I82574L;
            int[] words = new int[3];
            for (int n = 0; n < 3; n++) {
                it.set(Layout.EERD, 1 | n << (express ? 2 : 8));
                int value = it.get(Layout.EERD);
                assertEquals(express ? 2 : 16, value & (express ? 2 : 16));
                words[n] = value >>> 16;
            }

            assertEquals(0x5452, words[0]);
            assertEquals(0x1200, words[1]);
            assertEquals(0x5634, words[2]);
        }
    }
}
