// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AcpiPciHotplugTest {
    private static final int DEVICE = 5, BIT = 1 << DEVICE;

    private final PciFixture pci = new PciFixture();
    private final int[] events = new int[1];
    private final AcpiPciHotplug hotplug = new AcpiPciHotplug(pci.bus, () -> events[0]++);
    private final HotplugSlot slot = hotplug.addSlot(DEVICE);
    private final List<PciFunction> emptied = new ArrayList<>();
    private final PciFunction card = PciFixture.function();

    @BeforeEach
    void listen() {
        hotplug.addSlot(9);
        slot.onEmptied(emptied::add);
    }

    private long register(int offset) {
        return hotplug.read(offset, 4);
    }

    @Test
    void aCardThatComesIsAnnouncedOnceAndIsThereAtOnce() {
        slot.insert(card);

        assertEquals(1, events[0]);
        assertEquals(BIT, register(AcpiPciHotplug.FILLED));
        assertEquals(0, register(AcpiPciHotplug.FILLED));
        assertSame(card, slot.occupant());
        assertEquals(0x1234, pci.readPorts(DEVICE << 3, 0, 2));
    }

    @Test
    void aCardLeavesWhenTheGuestEjectsIt() {
        slot.insert(card);

        slot.askForRemoval();
        assertEquals(2, events[0]);
        assertEquals(BIT, register(AcpiPciHotplug.TO_EMPTY));
        assertEquals(List.of(), emptied);
        hotplug.write(AcpiPciHotplug.EJECT, 4, BIT);

        assertEquals(List.of(card), emptied);
        assertEquals(0, register(AcpiPciHotplug.TO_EMPTY));
        assertEquals(0xffff, pci.readPorts(DEVICE << 3, 0, 2));
    }

    @Test
    void aPulledCardIsGoneAndItsSlotFreeWhenTheGuestKnows() {
        slot.insert(card);

        slot.pull();
        assertEquals(List.of(card), emptied);
        assertEquals(BIT, register(AcpiPciHotplug.TO_EMPTY));
        assertFalse(slot.isFree());
        assertThrows(IllegalStateException.class, () -> slot.insert(PciFixture.function()));
        hotplug.write(AcpiPciHotplug.EJECT, 4, BIT);

        assertTrue(slot.isFree());
        assertEquals(1, emptied.size());
    }

    @Test
    void onlySlotsForItAreEjected() {
        PciFunction fixed = pci.addFunction(6, 0);

        hotplug.write(AcpiPciHotplug.EJECT, 4, -1);

        assertSame(fixed, pci.bus.function(0, 6 << 3));
        assertEquals(BIT | 1 << 9, register(AcpiPciHotplug.REMOVABLE));
    }

    @Test
    void otherBusesHaveNoSlots() {
        slot.insert(card);
        hotplug.write(AcpiPciHotplug.BUS, 4, 1);

        assertEquals(0, register(AcpiPciHotplug.FILLED));
        hotplug.write(AcpiPciHotplug.EJECT, 4, BIT);
        assertSame(card, slot.occupant());
        hotplug.write(AcpiPciHotplug.BUS, 4, 0);

        assertEquals(BIT, register(AcpiPciHotplug.FILLED));
    }

    @Test
    void aResetTakesWhatWasToGo() {
        slot.insert(card);
        slot.askForRemoval();

        hotplug.reset();

        assertNull(slot.occupant());
        assertEquals(new AcpiPciHotplug.State(0, 0, 0), hotplug.save());
    }
}
