// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class IoBusTest {
    private final IoBus bus = new IoBus("port", 0xffff);
    private final List<String> seen = new ArrayList<>();

    private BusDevice device(String name) {
        return new BusDevice() {
            @Override
            public long read(long offset, int size) {
                seen.add(name + " read " + offset + "/" + size);
                return 0x1122_3344_5566_7788L;
            }

            @Override
            public void write(long offset, int size, long value) {
                seen.add(name + " write " + offset + "/" + size + "=" + Long.toHexString(value));
            }
        };
    }

    @Test
    void accessesReachTheDeviceRelativeToItsRange() {
        bus.attach(0x60, 5, device("a"), "a");

        assertEquals(0x7788, bus.read(0x62, 2));
        bus.write(0x64, 1, 0x1ff);

        assertEquals(List.of("a read 2/2", "a write 4/1=ff"), seen);
    }

    @Test
    void whatNobodyClaimsReadsAsOnesAndLosesWrites() {
        assertEquals(0xffff_ffffL, bus.read(0x80, 4));
        assertEquals(-1, bus.read(0x80, 8));
        bus.write(0x80, 4, 1);

        assertTrue(bus.unclaimed(0x80, 4));
        assertNull(bus.find(0x80));
    }

    @Test
    void anAccessAcrossTheEdgeIsSplitIntoBytes() {
        bus.attach(0x10, 2, device("a"), "a");

        assertEquals(0xffff_88_88L, bus.read(0x10, 4) & 0xffff_ffffL);
        bus.write(0x11, 2, 0xbbaa);

        assertEquals(List.of("a read 0/1", "a read 1/1", "a write 1/1=aa"), seen);
        assertFalse(bus.unclaimed(0xf, 2));
    }

    @Test
    void rangesNeverOverlapAndStayOnTheBus() {
        bus.attach(0x100, 0x10, device("a"), "a");

        assertThrows(IllegalArgumentException.class, () -> bus.attach(0x10f, 1, device("b"), "b"));
        assertThrows(IllegalArgumentException.class, () -> bus.attach(0xf0, 0x100, device("b"), "b"));
        assertThrows(IllegalArgumentException.class, () -> bus.attach(0xfff0, 0x11, device("b"), "b"));
        assertThrows(IllegalArgumentException.class, () -> bus.attach(0x200, 0, device("b"), "b"));
        bus.attach(0x110, 0x10, device("c"), "c");
        bus.attach(0xf0, 0x10, device("d"), "d");
        assertEquals(3, bus.ranges().length);
    }

    @Test
    void aRangeThatIsGivenUpCanBeClaimedAgain() {
        IoBus.Range range = bus.attach(0x100, 0x10, device("a"), "a");
        bus.detach(range);
        bus.detach(range);

        bus.attach(0x108, 0x10, device("b"), "b");

        assertEquals("b", bus.find(0x10c).name());
        assertNull(bus.find(0x104));
    }

    @Test
    void manyRangesAreAllFound() {
        for (int n = 99; n >= 0; n--) {
            bus.attach(n * 16L, 8, device("d" + n), "d" + n);
        }
        for (int n = 0; n < 100; n++) {
            assertEquals("d" + n, bus.find(n * 16L + 7).name());
            assertNull(bus.find(n * 16L + 8));
        }
    }
}
