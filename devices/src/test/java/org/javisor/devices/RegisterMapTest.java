// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RegisterMapTest {
    private final RegisterMap map = new RegisterMap(16);
    private final List<String> writes = new ArrayList<>();

    RegisterMapTest() {
        map.define(0, 4, () -> 0x4433_2211L, (v, m) -> writes.add(String.format("a %x/%x", v, m)));
        map.define(4, 2, () -> 0x6655L, (v, m) -> writes.add(String.format("b %x/%x", v, m)));
        map.define(8, 8, () -> 0x0102_0304_0506_0708L, (v, m) -> writes.add(String.format("c %x/%x", v, m)));
    }

    @Test
    void readsAreCutAndJoinedAtTheBordersOfRegisters() {
        assertEquals(0x6655_4433L, map.read(2, 4));
        assertEquals(0x0000_6655_4433_2211L, map.read(0, 8));
        assertEquals(0x0102, map.read(14, 2));
        assertEquals(0x0102_0304_0506_0708L, map.read(8, 8));
    }

    @Test
    void writesTellWhichBytesTheyCover() {
        map.write(3, 2, 0xbbaa);
        map.write(8, 8, -1);

        assertEquals(List.of("a aa000000/ff000000", "b bb/ff", "c ffffffffffffffff/ffffffffffffffff"),
                writes);
    }

    @Test
    void accessesBeyondTheEndFindNothing() {
        assertEquals(0x01, map.read(15, 8));
    }

    @Test
    void twoRegistersCannotShareAByte() {
        assertThrows(IllegalArgumentException.class, () -> map.define(5, 1, () -> 0));
    }
}
