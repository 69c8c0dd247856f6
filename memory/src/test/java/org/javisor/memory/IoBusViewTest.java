// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class IoBusViewTest {
    private final IoBus shared = new IoBus("MMIO address", 0xffff_ffffL);
    private final IoBus view = new IoBus(shared);

    /// A device that reads as `value` everywhere.
    private static BusDevice constant(long value) {
        return new BusDevice() {
            @Override
            public long read(long offset, int size) {
                return value;
            }

            @Override
            public void write(long offset, int size, long written) { }
        };
    }

    @Test
    void aViewShowsWhatTheSharedBusHas() {
        shared.attach(0x1000, 16, constant(0x11), "shared");

        assertEquals(0x11, view.read(0x1004, 1));
        assertTrue(view.unclaimed(0x2000, 4));
    }

    @Test
    void aDeviceOfTheViewHidesTheSharedOneFromItsOwnerOnly() {
        shared.attach(0x1000, 16, constant(0x11), "shared");
        view.attach(0x1000, 16, constant(0x22), "own");

        assertEquals(0x22, view.read(0x1000, 1));
        assertEquals(0x11, shared.read(0x1000, 1));
    }

    @Test
    void detachingTheOwnDeviceUncoversTheSharedOne() {
        shared.attach(0x1000, 16, constant(0x11), "shared");
        view.detach(view.attach(0x1000, 16, constant(0x22), "own"));

        assertEquals(0x11, view.read(0x1000, 1));
    }
}
