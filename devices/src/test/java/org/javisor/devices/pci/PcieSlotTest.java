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

class PcieSlotTest {
    private static final int DEVICE = 4, DEVFN = DEVICE << 3;
    private static final int LINK_STATUS = 0x12, CONTROL = 0x18, STATUS = 0x1a;
    private static final int WATCH_ALL = PcieSlot.ATTENTION_PRESSED | PcieSlot.PRESENCE_CHANGED
            | PcieSlot.INTERRUPT_ENABLE | PcieSlot.LINK_CHANGED_ENABLE;
    private static final int OFF = PcieSlot.POWER_OFF | PcieSlot.INDICATOR_OFF | PcieSlot.ATTENTION_OFF,
            ON = PcieSlot.INDICATOR_ON | PcieSlot.ATTENTION_OFF;

    private final PciFixture pci = new PciFixture();
    private final PcieRootPort port = new PcieRootPort(3);
    private final HotplugSlot slot = port.slot();
    private final List<PciFunction> emptied = new ArrayList<>();
    private int at;

    @BeforeEach
    void build() {
        slot.onEmptied(emptied::add);
        pci.bus.add(DEVICE, 0, port.function());
        at = capability(0x10);
        port.function().writeConfig(ConfigSpace.COMMAND, 2, 7);
        pci.writePorts(DEVFN, PciBridge.PRIMARY, 4, 1 << 16 | 1 << 8);
    }

    private int capability(int id) {
        int found = pci.readPorts(DEVFN, ConfigSpace.CAPABILITIES, 1);
        while (pci.readPorts(DEVFN, found, 1) != id) {
            found = pci.readPorts(DEVFN, found + 1, 1);
        }
        return found;
    }

    private int status() {
        return pci.readPorts(DEVFN, at + STATUS, 2);
    }

    private void clear() {
        pci.writePorts(DEVFN, at + STATUS, 2, 0xffff);
    }

    private void control(int value) {
        pci.writePorts(DEVFN, at + CONTROL, 2, value);
    }

    private boolean linkIsActive() {
        return (pci.readPorts(DEVFN, at + LINK_STATUS, 2) & 0x2000) != 0;
    }

    private int vendorBehind() {
        return (int) pci.mmio.read(PciFixture.ECAM + (1 << 20), 2);
    }

    private void useMsi() {
        int msi = capability(5);
        pci.writePorts(DEVFN, msi + 4, 4, 0xfee0_0000);
        pci.writePorts(DEVFN, msi + 12, 2, 0x55);
        pci.writePorts(DEVFN, msi + 2, 2, 1);
    }

    private PciFunction runningCard() {
        PciFunction card = PciFixture.function();
        slot.insert(card);
        control(ON | WATCH_ALL);
        clear();
        pci.messages.clear();
        return card;
    }

    @Test
    void theCapabilityTellsOfASlotWithItsNumber() {
        assertEquals(0x142, pci.readPorts(DEVFN, at + 2, 2));
        assertEquals(3 << 19 | 0x7b, pci.readPorts(DEVFN, at + 0x14, 4));
        assertEquals(0, status());
        assertFalse(linkIsActive());
    }

    @Test
    void aCardThatComesIsAnnouncedAndHasALinkOnceItHasPower() {
        useMsi();
        control(OFF | WATCH_ALL);
        clear();
        PciFunction card = PciFixture.function();

        slot.insert(card);

        assertEquals(PcieSlot.PRESENT | PcieSlot.PRESENCE_CHANGED | PcieSlot.ATTENTION_PRESSED, status());
        assertEquals(List.of("fee00000:55"), pci.messages);
        assertEquals(0xffff, vendorBehind());
        clear();
        control(ON | WATCH_ALL);
        assertTrue(linkIsActive());
        assertEquals(0x1234, vendorBehind());
        assertEquals(PcieSlot.PRESENT | PcieSlot.LINK_CHANGED | PcieSlot.COMMAND_COMPLETED, status());
        assertEquals(2, pci.messages.size());
    }

    @Test
    void withoutMessagesThePinIsAssertedUntilTheEventsAreSeen() {
        control(OFF | WATCH_ALL);
        clear();

        slot.insert(PciFixture.function());

        int gsi = PirqWiring.ICH9.gsi(PirqWiring.ICH9.line(DEVICE, 1));
        assertTrue(pci.gsis[gsi].high());
        clear();
        assertFalse(pci.gsis[gsi].high());
    }

    @Test
    void aCardLeavesWhenTheGuestHasTurnedThePowerOff() {
        PciFunction card = runningCard();

        slot.askForRemoval();
        assertEquals(PcieSlot.ATTENTION_PRESSED | PcieSlot.PRESENT, status());
        control(PcieSlot.POWER_OFF | PcieSlot.INDICATOR_ON | PcieSlot.ATTENTION_OFF | WATCH_ALL);
        assertFalse(linkIsActive());
        assertEquals(List.of(), emptied);
        clear();
        control(OFF | WATCH_ALL);

        assertEquals(List.of(card), emptied);
        assertNull(slot.occupant());
        assertEquals(PcieSlot.PRESENCE_CHANGED | PcieSlot.COMMAND_COMPLETED, status());
        assertEquals(0xffff, vendorBehind());
    }

    @Test
    void aGuestThatTurnsThePowerOffItselfKeepsTheCardWhichForgetsEverything() {
        PciFunction card = runningCard();
        card.writeConfig(ConfigSpace.COMMAND, 2, 7);

        control(OFF);
        assertEquals(List.of(), emptied);
        assertSame(card, slot.occupant());
        control(ON);

        assertEquals(0x1234, vendorBehind());
        assertEquals(0, card.readConfig(ConfigSpace.COMMAND, 2));
        control(OFF);
        slot.askForRemoval();
        assertEquals(List.of(card), emptied);
    }

    @Test
    void aCardMayBePulledWithoutAsking() {
        useMsi();
        PciFunction card = runningCard();

        slot.pull();
        slot.pull();

        assertEquals(List.of(card), emptied);
        assertEquals(PcieSlot.PRESENCE_CHANGED | PcieSlot.LINK_CHANGED, status());
        assertEquals(1, pci.messages.size());
        assertFalse(linkIsActive());
    }

    @Test
    void aSlotHoldsOneCard() {
        runningCard();

        assertThrows(IllegalStateException.class, () -> slot.insert(PciFixture.function()));
    }

    @Test
    void aDisabledLinkIsDown() {
        runningCard();

        pci.writePorts(DEVFN, at + 0x10, 2, 0x10);
        assertEquals(0xffff, vendorBehind());
        pci.writePorts(DEVFN, at + 0x10, 2, 0);

        assertEquals(0x1234, vendorBehind());
    }

    @Test
    void afterAResetACardHasPowerAndOneThatWasToGoIsGone() {
        PciFunction card = runningCard();
        control(OFF);

        pci.bus.reset();
        assertTrue(linkIsActive());
        assertEquals(PcieSlot.PRESENT, status());
        slot.askForRemoval();
        pci.bus.reset();

        assertEquals(List.of(card), emptied);
        assertFalse(linkIsActive());
    }

    @Test
    void aLoadedStateIsTheSavedOneAndSendsNothing() {
        useMsi();
        runningCard();
        slot.askForRemoval();
        PciFunction.State saved = port.save();
        PcieSlotTest other = new PcieSlotTest();
        other.slot.insert(PciFixture.function());
        other.build();

        other.port.load(saved);

        assertEquals(status(), other.status());
        assertTrue(other.linkIsActive());
        assertEquals(0x1234, other.vendorBehind());
        assertEquals(List.of(), other.pci.messages);
    }
}
