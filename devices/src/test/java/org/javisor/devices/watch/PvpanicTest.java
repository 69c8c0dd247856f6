// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.watch;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.javisor.devices.watch.Pvpanic.Event;
import org.javisor.testkit.DeviceContract;
import org.junit.jupiter.api.Test;

class PvpanicTest extends DeviceContract<Pvpanic, Pvpanic.State> {
    PvpanicTest() {
        super(() -> new Pvpanic(_ -> { }), 1);
    }

    @Test
    void aReadSaysWhatMayBeTold() {
        assertEquals(7, new Pvpanic(_ -> { }).readByte(0));
    }

    @Test
    void eachBitThatIsKnownIsAnEvent() {
        List<Event> told = new ArrayList<>();
        Pvpanic device = new Pvpanic(told::add);

        device.writeByte(0, 1);
        device.writeByte(0, 0xf8);
        device.writeByte(0, 6);

        assertEquals(List.of(Event.PANICKED, Event.CRASH_LOADED, Event.SHUTDOWN), told);
    }
}
